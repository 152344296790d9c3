"""StableHLO: a program that needs neither this library nor Flax."""

import subprocess
import sys
from pathlib import Path

import jax
import numpy as np
import pytest
from jax import export

from digitjax.model import reconstructor
from digitjax.model.export import to_stablehlo
from digitjax.runs import Run
from digitjax.runs.checkpoints import saved_steps

ALONE = """
import pathlib, sys
for name in ("digitjax", "flax", "orbax"):
    sys.modules[name] = None
import jax, numpy as np
model = jax.export.deserialize(pathlib.Path("able.stablehlo").read_bytes())
for n in (1, 5):
    np.save(f"{n}.npy", model.call(np.load("images.npy")[:n]))
"""


def test_jax_alone_gives_the_same_probabilities(
    calibrated_run: Run, images: np.ndarray, probabilities: np.ndarray, tmp_path: Path
):
    to_stablehlo.write(calibrated_run, tmp_path / "able.stablehlo")
    np.save(tmp_path / "images.npy", images)
    subprocess.run([sys.executable, "-c", ALONE], cwd=tmp_path, check=True, timeout=120)
    for n in (1, 5):
        result = np.load(tmp_path / f"{n}.npy")
        assert result.dtype == np.float32
        np.testing.assert_allclose(result, probabilities[:n], rtol=1e-5, atol=1e-7)


def test_an_export_is_for_every_platform_and_any_number_of_images(tiny_run: Run, tmp_path: Path):
    to_stablehlo.write(tiny_run, tmp_path / "tiny")
    model = export.deserialize(bytearray((tmp_path / "tiny").read_bytes()))
    assert model.platforms == ("cpu", "cuda", "tpu")
    assert [str(shape) for shape in model.in_avals] == ["uint8[n,28,28]"]
    assert [str(shape) for shape in model.out_avals] == ["float32[n,10]"]


def test_an_autoencoder_is_exported_as_its_reconstruction(tiny_vae: Run, images: np.ndarray, tmp_path: Path):
    to_stablehlo.write(tiny_vae, tmp_path / "vae")
    reconstructions = export.deserialize(bytearray((tmp_path / "vae").read_bytes())).call(images)
    autoencoder, _ = reconstructor.load(tiny_vae)
    assert isinstance(reconstructions, jax.Array)
    np.testing.assert_array_equal(
        np.rint(255 * np.asarray(reconstructions)), autoencoder.decode(autoencoder.encode(images))
    )


def test_the_step_selects_the_weights(able_run: Run, tmp_path: Path):
    first, last = saved_steps(able_run)
    with pytest.warns(UserWarning, match=f"calibration.json is of step {last}, not {first}"):
        to_stablehlo.write(able_run, tmp_path / str(first), first)
    for step in (last, "latest"):
        to_stablehlo.write(able_run, tmp_path / str(step), step)
    contents = [(tmp_path / str(step)).read_bytes() for step in (first, last, "latest")]
    assert contents[0] != contents[1] == contents[2]
