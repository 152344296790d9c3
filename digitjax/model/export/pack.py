"""Packing a run for publication: what recognition needs, and nothing else."""

import importlib.util
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from digitjax import runs
from digitjax.config import to_json
from digitjax.errors import InputError
from digitjax.model import calibration, checkpoint
from digitjax.model.network import Network, Weights, load_weights
from digitjax.runs import Run, integrity
from digitjax.runs.checkpoints import find_checkpoint
from digitjax.runs.files import read_artifact
from digitjax.runs.folders import atomic_folder
from digitjax.runs.summary import summarize_run

_COPIED = ("metrics.jsonl", calibration.FILE, runs.CHANGES_FILE)
"""Files that are copied as they are, where they exist."""
_PUBLIC = ("run_id", "packages", "python", "commit", "backend", "cpus", "data_sha256")
"""Fields of `environment.json` that are kept: the others describe the machine."""


def pack(run: Run, folder: Path, step: int | str = "best") -> Run:
    """Copy a run with the weights of one step alone, without optimizer state and without details of the machine.

    The copy takes a fraction of the space. It predicts as the run does, but cannot be resumed. With the extra
    `export` a classifier also has a program that reads pictures without JAX: see `digitjax.model.onnx_model`.

    Args:
        run: a finished run.
        folder: folder of the copy, which must not exist.
        step: a step, `latest`, or `best` on the validation split.

    Returns:
        The packed run.

    Raises:
        InputError: `folder` exists, or the run is not finished or has no usable checkpoint.
    """
    if folder.exists():
        raise InputError(f"{folder} exists: name another folder, or delete it first")
    if obstacle := summarize_run(run, check=False).obstacle:
        raise InputError(f"{run.path}: {obstacle}")
    network = Network(run.config.model)
    used_step, weights = load_weights(run, network, step)
    metrics = find_checkpoint(run, used_step).metrics
    with atomic_folder(folder) as partial:
        packed = Run(partial)
        _write(run, packed, used_step, {"weights": weights}, metrics)
        add_program(packed, network, weights, used_step)
    return Run(folder)


def add_program(run: Run, network: Network, weights: Weights, step: int) -> None:
    """Add the program that reads pictures without JAX, if the run is a classifier and the extra `export` is installed.

    Args:
        run: whose folder it is added to.
        network: of the run.
        weights: of the network.
        step: of the weights.

    Raises:
        InputError: its probabilities are not those of JAX.
    """
    if run.config.task == "classification" and importlib.util.find_spec("onnx"):
        from digitjax.model.export import packed_program  # only here, as it needs the extra

        packed_program.write(run, network, weights, step)


def _write(run: Run, packed: Run, step: int, parts: Mapping[str, Any], metrics: Mapping[str, float]) -> None:
    """Write the files of a packed run into its folder."""
    runs.write_text(packed.path / "config.json", to_json(run.config))
    environment = run.environment
    runs.write_json(
        packed.path / "environment.json", {name: environment[name] for name in _PUBLIC if name in environment}
    )
    with checkpoint.Writer(
        packed.checkpoints, description=to_json(run.config), run_id=integrity.find_run_id(run)
    ) as writer:
        writer.save(step, parts, metrics)
    checkpoint.forget_paths(packed.checkpoints)
    for name in _COPIED:
        if (run.path / name).exists():
            shutil.copy(run.path / name, packed.path)
    finished = read_artifact(run.path / integrity.FINISHED)
    integrity.write_own(packed, packed.path / integrity.FINISHED, finished, integrity.FINAL)
