"""Exports of a run in formats of other libraries, each in a module of its own."""

import importlib
import importlib.util
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from digitjax.errors import InputError
from digitjax.runs import Run


class Format(NamedTuple):
    """A format of another library."""

    module: str
    """Module whose `write(run, path, step)` writes the export atomically."""
    packages: tuple[str, ...]
    """Optional packages that it needs."""
    use: str
    """Line of Python or shell that uses the export at `{path}`."""
    folder: bool = False
    """Whether the export is a folder of files."""


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
    "web": Format("to_web", ("onnx",), "python -m http.server --directory {path}", folder=True),
}


def export(run: Run, to: str, path: Path, step: int | str = "best", *, overwrite: bool = False) -> str:
    """Export a run atomically.

    Args:
        run: a trained run; an autoencoder is exported as the function that reconstructs images.
        to: one of `FORMATS`.
        path: file to write; a folder for `tensorboard` and `web`.
        step: a step, `latest`, or `best` on the validation split; `tensorboard` always exports the curves of all steps.
        overwrite: whether an earlier export may be replaced.

    Returns:
        A line of Python or shell that uses the export.

    Raises:
        InputError: there is no such format, its packages are missing, the path exists or cannot be written, or
            the run has no usable checkpoint, or is no classifier and exported as `web`.
    """
    if to not in FORMATS:
        raise InputError(f"no format {to!r}: choose one of {', '.join(FORMATS)}")
    format_ = FORMATS[to]
    if missing := [name for name in format_.packages if importlib.util.find_spec(name) is None]:
        raise InputError(f"export to {to} needs {', '.join(missing)}: pip install 'digitjax[export]'")
    if not path.absolute().parent.is_dir():
        raise InputError(f"{path}: there is no folder {path.parent}: make it first")
    if path.exists() and not overwrite:
        raise InputError(f"{path} exists: name another with --out, or replace it with --overwrite")
    if path.exists() and path.is_dir() != format_.folder:
        raise InputError(f"{path} is {'no' if format_.folder else 'a'} folder: name another path with --out")
    importlib.import_module(f"{__name__}.{format_.module}").write(run, path, step)
    return format_.use.format(path=path)
