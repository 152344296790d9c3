"""Web: a static folder that reads drawn digits in a browser, without a server that computes and without a network."""

import shutil
from pathlib import Path

from digitjax.errors import InputError
from digitjax.model import calibration
from digitjax.model.export import packed_program, web_runtime
from digitjax.model.network import Network, load_weights
from digitjax.runs import Run, write_bytes, write_json
from digitjax.runs.folders import atomic_folder

_PAGE = Path(__file__).with_name("web")
MODEL, DESCRIPTION, RUNTIME = "model.onnx", "model.json", "runtime"
"""What the page loads beside its own files: the network, its calibration, and the folder of what runs it."""


def write(run: Run, folder: Path, step: int | str = "best") -> None:
    """Export a classifier as a page on which digits are drawn and read.

    Args:
        run: a trained run.
        folder: folder to write; may hold an earlier export alone.
        step: a step, `latest`, or `best` on the validation split.

    Raises:
        InputError: the run is no classifier or has no usable checkpoint, the runtime cannot be fetched, or the folder
            holds other files.
    """
    if run.config.task != "classification":
        raise InputError(
            f"{run.path}: its {run.config.model.kind} is not a classifier, and a page only reads digits: "
            "name a run of one, or export it with --to onnx"
        )
    if folder.exists() and not _is_export(folder):
        raise InputError(f"{folder} holds more than an earlier export: name another with --out")
    network = Network(run.config.model)
    used_step, weights = load_weights(run, network, step)
    fitted = calibration.read(run, used_step)
    with atomic_folder(folder) as partial:
        shutil.copytree(_PAGE, partial, dirs_exist_ok=True)
        web_runtime.copy_runtime(partial / RUNTIME)
        write_bytes(partial / MODEL, packed_program.build(network, weights))
        description = {
            "name": run.name,
            "step": used_step,
            "temperature": fitted.temperature,
            "reject_threshold": fitted.reject_threshold,
        }
        write_json(partial / DESCRIPTION, description)


def _is_export(folder: Path) -> bool:
    """Whether a folder holds nothing but files of an export."""
    own = {path.relative_to(_PAGE) for path in _PAGE.rglob("*")}
    own |= {Path(MODEL), Path(DESCRIPTION), *(Path(RUNTIME, name) for name in web_runtime.FILES)}
    return folder.is_dir() and all(
        path.is_dir() or path.relative_to(folder) in own for path in folder.rglob("*")
    )
