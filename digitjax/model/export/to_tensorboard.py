"""TensorBoard: the curves of a run as event files, a sub-run for each split."""

import itertools
from pathlib import Path

from tensorboardX.proto.event_pb2 import Event
from tensorboardX.record_writer import RecordWriter
from tensorboardX.summary import scalar

from digitjax.errors import InputError
from digitjax.runs import Run
from digitjax.runs.evaluation_files import replaced_whole

_FILE = "events.out.tfevents.0.digitjax"
# Where in a line of the log a curve has its place: the axes, and no curves themselves.
_AXES = ("step", "epoch", "seconds")


def write(run: Run, folder: Path, step: int | str = "best") -> None:
    """Write every number of the training log by step: see `digitjax.model.export.export`.

    The log counts the seconds of training. They become times of day as if the last line was written when the file
    was, which is so for a run that never stopped.
    """
    lines = sorted(run.metrics(), key=lambda line: line["split"])
    if not lines:
        raise InputError(f"{run.metrics_file}: nothing is logged yet: train it first")
    if folder.exists() and not _is_export(folder):
        raise InputError(f"{folder} holds more than an earlier export: name another with --out")
    start = run.metrics_file.stat().st_mtime - max(line["seconds"] for line in lines)
    with replaced_whole(folder) as partial:
        for split, of_split in itertools.groupby(lines, key=lambda line: line["split"]):
            events = [Event(wall_time=start, file_version="brain.Event:2")]
            for line in of_split:
                for tag, value in line.items():
                    if tag not in _AXES and isinstance(value, int | float):
                        event = Event(wall_time=start + line["seconds"], step=line["step"])
                        event.summary.CopyFrom(scalar(tag, value))
                        events.append(event)
            (partial / split).mkdir()
            _write_events(partial / split / _FILE, events)


def _write_events(path: Path, events: list[Event]) -> None:
    # Not `SummaryWriter`, which puts the name of this machine into that of the file.
    writer = RecordWriter(str(path))
    for event in events:
        writer.write(event.SerializeToString())
    writer.close()


def _is_export(folder: Path) -> bool:
    return folder.is_dir() and all(path.is_dir() or path.name == _FILE for path in folder.rglob("*"))
