"""TensorBoard: the log of a training, read back from the event files."""

import os
import shutil
import struct
from pathlib import Path

import pytest
from tensorboardX.crc32c import crc32c
from tensorboardX.proto.event_pb2 import Event

from digitjax.errors import InputError
from digitjax.model.export import export
from digitjax.runs import Run


def read_events(folder: Path) -> list[Event]:
    """Read the only event file of a folder: records of length, checksum, content, checksum."""
    [file] = folder.iterdir()
    assert file.name.startswith("events.out.tfevents.")
    content, events = file.read_bytes(), []
    while content:
        [length] = struct.unpack("<Q", content[:8])
        record = content[12 : 12 + length]
        checksum = crc32c(record)
        masked = ((checksum >> 15 | checksum << 17) + 0xA282EAD8) & 0xFFFFFFFF
        assert content[12 + length : 16 + length] == struct.pack("<I", masked)
        events.append(Event.FromString(record))
        content = content[16 + length :]
    return events


def test_every_number_of_the_log_is_exported(able_run: Run, tmp_path: Path):
    export(able_run, "tensorboard", tmp_path / "curves")
    assert {path.name for path in (tmp_path / "curves").iterdir()} == {"train", "validation"}
    lines = able_run.metrics()
    end = able_run.metrics_file.stat().st_mtime
    last = max(line["seconds"] for line in lines)
    for split, tags in {
        "train": ["accuracy", "learning_rate", "loss", "images_per_second"],
        "validation": ["loss", "accuracy"],
    }.items():
        first, *events = read_events(tmp_path / "curves" / split)
        assert first.file_version == "brain.Event:2"
        found = [
            (event.step, value.tag, value.simple_value, event.wall_time)
            for event in events
            for value in event.summary.value
        ]
        expected = [
            (
                line["step"],
                tag,
                pytest.approx(line[tag]),
                pytest.approx(end - last + line["seconds"], rel=0, abs=1e-3),
            )
            for line in lines
            if line["split"] == split
            for tag in tags
        ]
        assert found == expected


def test_event_files_do_not_have_the_host_name(tiny_run: Run, tmp_path: Path):
    export(tiny_run, "tensorboard", tmp_path / "curves")
    names = [path.name for path in (tmp_path / "curves").rglob("*")]
    assert not any(os.uname().nodename in name for name in names)


def test_a_run_without_a_log_has_no_curves(tiny_run: Run, tmp_path: Path):
    run = Run(tmp_path / "new")
    shutil.copytree(tiny_run.path, run.path, ignore=shutil.ignore_patterns("metrics.jsonl"))
    with pytest.raises(InputError, match=r"metrics\.jsonl: nothing is logged yet: train it first"):
        export(run, "tensorboard", tmp_path / "curves")
    assert [path.name for path in tmp_path.iterdir()] == ["new"]


def test_a_folder_with_other_files_is_never_replaced(tiny_run: Run, tmp_path: Path):
    file = tmp_path / "mine" / "train" / "thesis.txt"
    file.parent.mkdir(parents=True)
    file.write_text("years")
    with pytest.raises(InputError, match="mine holds more than an earlier export"):
        export(tiny_run, "tensorboard", tmp_path / "mine", overwrite=True)
    assert file.read_text() == "years"
