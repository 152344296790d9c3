"""StableHLO: a run as a program that JAX runs without digitjax, on CPUs, NVIDIA GPUs and TPUs."""

from pathlib import Path

import jax
from jax import export

from digitjax import runs
from digitjax.model.export import program
from digitjax.runs import Run

PLATFORMS = ("cpu", "cuda", "tpu")
"""Platforms of JAX that an export runs on."""


def write(run: Run, path: Path, step: int | str = "best") -> None:
    """Export a run as StableHLO for any number of images.

    JAX guarantees to load an export for six months after the release of JAX that wrote it.

    Args:
        run: a trained run.
        path: file to write.
        step: a step, `latest`, or `best` on the validation split.

    Raises:
        InputError: the run has no usable checkpoint.
    """
    function = jax.jit(program.load(run, step).function)
    exported = export.export(function, platforms=PLATFORMS)(program.abstract_images())
    runs.write_bytes(path, bytes(exported.serialize()))
