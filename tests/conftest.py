"""Shared by all tests: run-time checks of shapes, a cache folder of their own, and small trained runs."""

import os
import signal
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import settings
from jaxtyping import install_import_hook

# Only the tests check shapes and dtypes at run time, at every call of an annotated function of the library.
install_import_hook("digitjax", "beartype.beartype")

from digitjax.config import Adam, CNNConfig, Config, Data, Training, VAEConfig
from digitjax.environment import configure_jax
from digitjax.evaluation.evaluate import evaluate
from digitjax.evaluation.evaluate_group import evaluate_group
from digitjax.model.training.train import train
from digitjax.model.training.train_seeds import train_seeds
from digitjax.runs import Group, Run

# A shell that runs the tests in the background has them ignore Ctrl-C, and so would every process that they start.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

settings.register_profile("digitjax", deadline=None, max_examples=50)  # the first example may compile
settings.load_profile("digitjax")

TINY = Config(
    name="tiny",
    data=Data(name="digits"),
    model=CNNConfig(channels=(4, 8), dense=(16,)),
    training=Training(epochs=1, batch_size=64),
)
ABLE = replace(
    TINY,
    name="able",
    model=CNNConfig(channels=(8, 16), dense=(32,), dropout=0.0),
    optimizer=Adam(lr=1e-2),
    training=Training(epochs=2, batch_size=64, keep_weights_every=1),
)


@pytest.fixture(scope="session", autouse=True)
def cache_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Keep prepared data and compiled programs apart from the user's, in one folder for all that run the tests."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "cache"
    folder.mkdir(exist_ok=True)
    before = os.environ.get("DIGITJAX_CACHE")
    os.environ["DIGITJAX_CACHE"] = str(folder)
    configure_jax(folder / "compiled")
    yield folder
    if before is None:
        del os.environ["DIGITJAX_CACHE"]
    else:
        os.environ["DIGITJAX_CACHE"] = before


@pytest.fixture(scope="session")
def tiny_run(tmp_path_factory: pytest.TempPathFactory, cache_folder: Path) -> Run:
    """A run of one epoch on scikit-learn's digits, evaluated on the test split. Tests must not modify it."""
    run = train(TINY, tmp_path_factory.mktemp("runs"))
    evaluate(run)
    return run


@pytest.fixture(scope="session")
def able_run(tmp_path_factory: pytest.TempPathFactory, cache_folder: Path) -> Run:
    """A run of high accuracy that kept its weights of each epoch, evaluated on test. Tests must not modify it."""
    run = train(ABLE, tmp_path_factory.mktemp("able"))
    evaluate(run)
    return run


@pytest.fixture(scope="session")
def tiny_vae(tmp_path_factory: pytest.TempPathFactory, cache_folder: Path) -> Run:
    """A variational autoencoder of one epoch on scikit-learn's digits, evaluated on test. Tests must not modify it."""
    config = replace(TINY, name="tiny-vae", model=VAEConfig(channels=(4, 8), latent=5))
    run = train(config, tmp_path_factory.mktemp("vae"))
    evaluate(run)
    return run


@pytest.fixture(scope="session")
def tiny_group(tmp_path_factory: pytest.TempPathFactory, cache_folder: Path) -> Group:
    """Two seeds of the tiny run, evaluated on the test split. Tests must not modify it."""
    group = train_seeds(TINY, 2, tmp_path_factory.mktemp("groups"))
    evaluate_group(group)
    return group


@pytest.fixture(scope="session")
def test_data() -> Path:
    """Folder with `mnist/` and `handwriting-dev/`; tests find it only through DIGITJAX_TEST_DATA."""
    folder = os.environ.get("DIGITJAX_TEST_DATA")
    if not folder:
        pytest.skip("DIGITJAX_TEST_DATA is not set: MNIST and real handwriting are not here")
    return Path(folder)
