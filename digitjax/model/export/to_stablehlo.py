"""StableHLO: the compiled form of a run, which JAX alone loads and runs on CPUs, NVIDIA GPUs and TPUs."""

from pathlib import Path

import jax
from jax import export

from digitjax import runs
from digitjax.model.export import program
from digitjax.runs import Run

PLATFORMS = ("cpu", "cuda", "tpu")


def write(run: Run, path: Path, step: int | str = "best") -> None:
    """Write the program of a run for any number of pictures: see `digitjax.model.export.export`.

    JAX promises to load it for six months after its own release that wrote it.
    """
    function = jax.jit(program.load(run, step).function)
    exported = export.export(function, platforms=PLATFORMS)(program.pictures())
    runs.write_bytes(path, bytes(exported.serialize()))
