"""TensorBoard: the curves of a run as event files, a sub-run for each split."""

import itertools
from pathlib import Path

from tensorboardX.proto.event_pb2 import Event
from tensorboardX.record_writer import RecordWriter
from tensorboardX.summary import scalar

from digitjax.errors import InputError
from digitjax.runs import Run
from digitjax.runs.folders import atomic_folder

_FILE = "events.out.tfevents.0.digitjax"
_AXES = ("step", "epoch", "seconds")
"""Fields of the log that are axes and not curves."""


def write(run: Run, folder: Path, step: int | str = "best") -> None:
    """Export every number of the training log by step.

    The log has the seconds since the start of the training. The wall times of the events assume that the last line
    was written when the file was last changed, which is true for a run that was never interrupted.

    Args:
        run: a trained run.
        folder: folder to write; may hold an earlier export alone.
        step: not used: the curves are those of all steps.

    Raises:
        InputError: the log is empty, or the folder holds other files.
    """
    lines = sorted(run.metrics(), key=lambda line: line["split"])
    if not lines:
        raise InputError(f"{run.metrics_file}: nothing is logged yet: train it first")
    if folder.exists() and not _is_export(folder):
        raise InputError(f"{folder} holds more than an earlier export: name another with --out")
    start = run.metrics_file.stat().st_mtime - max(line["seconds"] for line in lines)
    with atomic_folder(folder) as partial:
        for split, lines_of_split in itertools.groupby(lines, key=lambda line: line["split"]):
            events = [Event(wall_time=start, file_version="brain.Event:2")]
            for line in lines_of_split:
                for tag, value in line.items():
                    if tag not in _AXES and isinstance(value, int | float):
                        event = Event(wall_time=start + line["seconds"], step=line["step"])
                        event.summary.CopyFrom(scalar(tag, value))
                        events.append(event)
            (partial / split).mkdir()
            _write_events(partial / split / _FILE, events)


def _write_events(path: Path, events: list[Event]) -> None:
    # Not `SummaryWriter`, which puts the host name into the file name.
    writer = RecordWriter(str(path))
    for event in events:
        writer.write(event.SerializeToString())
    writer.close()


def _is_export(folder: Path) -> bool:
    return folder.is_dir() and all(path.is_dir() or path.name == _FILE for path in folder.rglob("*"))
