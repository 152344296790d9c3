"""Exports: a run in the formats of others, each written in a file of its own."""

import importlib
import importlib.util
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from digitjax.errors import InputError
from digitjax.runs import Run


class Format(NamedTuple):
    """How a run is written for others."""

    module: str
    """Its `write(run, path, step)` leaves the path whole or not at all."""
    packages: tuple[str, ...]
    """What it needs beyond the library."""
    use: str
    """How the export at `{path}` is used."""
    folder: bool = False
    """Whether it is a folder of files."""


FORMATS: Mapping[str, Format] = {
    "stablehlo": Format(
        "to_stablehlo",
        ("flatbuffers",),
        "jax.export.deserialize(pathlib.Path('{path}').read_bytes()).call(images)  # uint8 (n, 28, 28)",
    ),
    "onnx": Format(
        "to_onnx",
        ("onnx",),
        "onnxruntime.InferenceSession('{path}').run(None, {{'images': images}})  # uint8 (n, 28, 28)",
    ),
    "safetensors": Format("to_safetensors", ("safetensors",), "safetensors.numpy.load_file('{path}')"),
    "tensorboard": Format("to_tensorboard", ("tensorboardX",), "tensorboard --logdir {path}", folder=True),
}


def export(run: Run, to: str, path: Path, step: int | str = "best", *, overwrite: bool = False) -> str:
    """Write a run in a format of others, whole or not at all.

    Args:
        run: a trained run; of an autoencoder its reconstruction is exported.
        to: one of `FORMATS`.
        path: the file to write; of `tensorboard` a folder.
        step: a step, `latest`, or `best` on the validation split; the curves of `tensorboard` are of all steps.
        overwrite: whether an earlier export may be replaced.

    Returns:
        A line that shows how it is used.

    Raises:
        InputError: there is no such format, its packages are missing, the path is taken or cannot be written, or
            none of the run's checkpoints can be used.
    """
    if to not in FORMATS:
        raise InputError(f"no format {to!r}: choose one of {', '.join(FORMATS)}")
    chosen = FORMATS[to]
    if missing := [name for name in chosen.packages if importlib.util.find_spec(name) is None]:
        raise InputError(f"export to {to} needs {', '.join(missing)}: pip install 'digitjax[export]'")
    if not path.absolute().parent.is_dir():
        raise InputError(f"{path}: there is no folder {path.parent}: make it first")
    if path.exists() and not overwrite:
        raise InputError(f"{path} exists: name another with --out, or replace it with --overwrite")
    if path.exists() and path.is_dir() != chosen.folder:
        raise InputError(f"{path} is {'no' if chosen.folder else 'a'} folder: name another path with --out")
    importlib.import_module(f"{__name__}.{chosen.module}").write(run, path, step)
    return chosen.use.format(path=path)
