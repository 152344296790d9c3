"""Fixtures of the tests of exports: a calibrated run, and images."""

import io
import shutil
import tarfile
from pathlib import Path

import numpy as np
import pytest
from scipy.special import softmax

from digitjax.model import calibration, classifier
from digitjax.model.calibration import Calibration
from digitjax.model.export import web_runtime
from digitjax.runs import Run

TEMPERATURE = 1.7


@pytest.fixture(scope="session")
def calibrated_run(able_run: Run, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run with a temperature. Read it only."""
    run = Run(tmp_path_factory.mktemp("calibrated") / "able")
    shutil.copytree(able_run.path, run.path)
    _, [step] = classifier.load([run])
    calibration.write(run, Calibration(temperature=TEMPERATURE, step=step))
    return run


@pytest.fixture(scope="session")
def images() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (5, 28, 28)).astype(np.uint8)


@pytest.fixture(scope="session")
def probabilities(calibrated_run: Run, images: np.ndarray) -> np.ndarray:
    """Probabilities that the calibrated run predicts for the images."""
    classify, _ = classifier.load([calibrated_run])
    return softmax(classify(images) / TEMPERATURE, axis=1)


@pytest.fixture
def fake_runtime(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache with a package of the files that a web export takes, as large as a word each."""
    cache = tmp_path_factory.mktemp("cache")
    monkeypatch.setenv("DIGITJAX_CACHE", str(cache))
    archive = cache / "npm" / f"{web_runtime.PACKAGE}-{web_runtime.VERSION}.tgz"
    archive.parent.mkdir()
    with tarfile.open(archive, "w:gz") as package:
        for name in web_runtime.FILES:
            content = name.encode()
            member = tarfile.TarInfo(f"package/dist/{name}")
            member.size = len(content)
            package.addfile(member, io.BytesIO(content))
    monkeypatch.setattr(web_runtime, "_SHA512", web_runtime.digest(archive))
    return archive
