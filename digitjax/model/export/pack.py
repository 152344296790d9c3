"""Packing a run: what others need to read with it, and nothing else."""

import shutil
from pathlib import Path

from digitjax import runs
from digitjax.config import to_json
from digitjax.errors import InputError
from digitjax.model import calibration, checkpoint
from digitjax.model.network import Network, load_weights
from digitjax.runs import Run
from digitjax.runs.summary import summarize_run

_COPIED = ("metrics.jsonl", "finished.json")
_PUBLIC = ("packages", "python", "commit", "backend", "cpus", "data_sha256")


def pack(run: Run, folder: Path, step: int | str = "best") -> Run:
    """Copy a run with the weights of one checkpoint alone: a tenth of its size, and nothing of its machine.

    The copy evaluates and reads as the run does, but cannot be resumed.

    Raises:
        InputError: `folder` exists, or the run is not finished, or none of its checkpoints can be used.
    """
    if folder.exists():
        raise InputError(f"{folder} exists: name another folder, or delete it first")
    if problem := summarize_run(run).problem:
        raise InputError(f"{run.path}: {problem}")
    used, weights = load_weights(run, Network(run.config.model), step)
    metrics = next(c.metrics for c in checkpoint.list_checkpoints(run.checkpoints) if c.step == used)
    packed = Run(folder)
    folder.mkdir(parents=True)
    runs.write_text(folder / "config.json", to_json(run.config))
    environment = run.environment
    runs.write_json(
        folder / "environment.json", {name: environment[name] for name in _PUBLIC if name in environment}
    )
    with checkpoint.Writer(packed.checkpoints, description=to_json(run.config)) as writer:
        writer.save(used, {"weights": weights}, metrics)
    checkpoint.forget_paths(packed.checkpoints)
    for name in _COPIED:
        shutil.copy(run.path / name, folder)
    if (run.path / calibration.FILE).exists():
        shutil.copy(run.path / calibration.FILE, folder)
    return packed
