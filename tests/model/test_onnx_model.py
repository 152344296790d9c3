"""Packed networks: read without JAX, with the same answers, or with JAX and a warning where they are damaged."""

import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("onnx")

from digitjax import runs
from digitjax.config import Data
from digitjax.data import pipeline
from digitjax.errors import InputError
from digitjax.evaluation.verify import verify
from digitjax.model import classifier, onnx_model
from digitjax.model.calibration import softmax
from digitjax.model.export import packed_program
from digitjax.model.export.pack import pack
from digitjax.recognition import recognizer
from digitjax.runs import Run
from tests.recognition.drawing import digit_picture

IMAGES = np.random.default_rng(0).integers(0, 256, (70, 28, 28)).astype(np.uint8)


def refuse_jax() -> None:
    raise AssertionError("JAX is used")


@pytest.fixture(scope="module")
def original(able_run: Run, tmp_path_factory: pytest.TempPathFactory) -> Run:
    return pack(able_run, tmp_path_factory.mktemp("packed") / "able")


@pytest.fixture
def packed(original: Run, tmp_path: Path) -> Run:
    return Run(Path(shutil.copytree(original.path, tmp_path / "able")))


def test_a_packed_run_is_read_without_jax(packed: Run):
    by_onnx, steps = classifier.load([packed], prepare_jax=refuse_jax)
    by_jax, jax_steps = classifier.load([packed])
    assert steps == jax_steps
    for n in (1, 32, 70):
        np.testing.assert_allclose(softmax(by_onnx(IMAGES[:n])), softmax(by_jax(IMAGES[:n])), atol=1e-5)
    assert verify(packed) == []


def test_an_ensemble_of_packed_runs_is_read_without_jax(packed: Run):
    one, _ = classifier.load([packed], prepare_jax=refuse_jax)
    both, _ = classifier.load([packed, packed], prepare_jax=refuse_jax)
    np.testing.assert_allclose(softmax(both(IMAGES)), softmax(one(IMAGES)), atol=1e-6)


@pytest.mark.parametrize(("step", "tta"), [("best", "shifts"), (21, "none")])
def test_other_steps_and_augmentations_are_left_to_jax(able_run: Run, packed: Run, step: int | str, tta: str):
    shutil.copytree(able_run.checkpoints, packed.checkpoints, dirs_exist_ok=True)
    prepared: list[bool] = []
    _, steps = classifier.load([packed], step, tta, lambda: prepared.append(True))
    assert prepared == [True]
    assert step in ("best", *steps)


def cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-100])


def flip(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)


@pytest.mark.parametrize("name", [onnx_model.FILE, onnx_model.RECORD])
@pytest.mark.parametrize("damage", [cut, flip, Path.unlink])
def test_a_damaged_program_is_told_and_jax_gives_the_same_answers(packed: Run, name: str, damage):
    expected = recognizer.load(packed.path).probabilities(IMAGES)
    damage(packed.path / name)
    with pytest.warns(UserWarning, match=r"model\.(onnx|json).*: JAX reads its checkpoint instead"):
        reader = recognizer.load(packed.path)
    np.testing.assert_allclose(reader.probabilities(IMAGES), expected, atol=1e-5)
    [problem] = verify(packed)
    assert str(packed.path / "model.") in problem


def test_a_program_of_another_run_is_not_used(packed: Run, tiny_run: Run, tmp_path: Path):
    other = pack(tiny_run, tmp_path / "other")
    for name in (onnx_model.FILE, onnx_model.RECORD):
        shutil.copy(other.path / name, packed.path / name)
    with pytest.warns(UserWarning, match=r"model\.json: it is that of another run: JAX reads"):
        recognizer.load(packed.path)


def test_a_program_that_differs_from_jax_is_not_packed(able_run: Run, tmp_path: Path, monkeypatch):
    monkeypatch.setattr(packed_program, "MAX_DIFFERENCE", -1.0)
    with pytest.raises(InputError, match="probabilities differ from JAX's by up to"):
        pack(able_run, tmp_path / "packed")
    assert not (tmp_path / "packed").exists()


def test_a_picture_is_read_without_importing_jax(tmp_path: Path):
    Image.fromarray(digit_picture(5)).save(tmp_path / "5.png")
    program = (
        "import sys; from digitjax import cli; cli.main(sys.argv[1:]); "
        "assert not {'jax', 'flax', 'orbax', 'tensorflow_datasets', 'sklearn', 'optax'} & set(sys.modules)"
    )
    command = [sys.executable, "-c", program, "read", str(tmp_path / "5.png")]
    result = subprocess.run(command, capture_output=True, text=True)
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.endswith(": 5\n")


@pytest.mark.slow
def test_the_pretrained_program_reads_mnist_as_jax_does(test_data: Path, cache_folder: Path):
    images = pipeline.load(Data(manual_dir=str(test_data / "mnist"))).test.images
    run = runs.find_run(runs.PRETRAINED, runs.PRETRAINED_FOLDER)
    program = onnx_model.load(run)
    assert program is not None
    classify, steps = classifier.load([run])
    by_jax = softmax(classify(images))
    by_onnx = softmax(program(images))
    assert np.abs(by_jax - by_onnx).max() < 1e-4
    assert (by_jax.argmax(axis=1) == by_onnx.argmax(axis=1)).all()
    assert [program.step] == steps
