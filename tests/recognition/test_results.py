"""The file of readings is complete after any kill, and has each picture once."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digitjax.errors import InputError
from digitjax.recognition.results import NameSet, ResultFile

ALL = [f"{n}-ä\udcff.png" for n in range(6)]


def reading(name: str) -> dict[str, Any]:
    return {"file": name, "text": "1\n", "error": "it is empty" if name == ALL[0] else None}


def read_all(path: Path) -> int:
    """Read the pictures that the file lacks, and return how many those were."""
    with ResultFile(path) as file:
        before = file.pictures
        for name in ALL:
            if name not in file:
                file.write(reading(name))
        assert (file.pictures, file.failed) == (len(ALL), 1)
        return file.pictures - before


@given(st.data())
def test_a_file_cut_at_any_byte_is_completed(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject):
    path = tmp_path_factory.mktemp("cut") / "out.jsonl"
    read_all(path)
    whole = path.read_bytes()
    cut = data.draw(st.integers(0, len(whole)))
    path.write_bytes(whole[:cut])
    assert read_all(path) == len(ALL) - whole[:cut].count(b"\n")
    assert path.read_bytes() == whole


def test_lines_are_on_disk_at_once_and_their_order_does_not_matter(tmp_path: Path):
    path = tmp_path / "out.jsonl"
    with ResultFile(path) as file:
        file.write(reading(ALL[3]))
        assert json.loads(path.read_text()) == reading(ALL[3])
    assert read_all(path) == len(ALL) - 1
    assert sorted(json.loads(line)["file"] for line in path.read_text().splitlines()) == ALL


@pytest.mark.parametrize(
    "content",
    [b"\x89PNG", b"notes\n", b"[1]\n", b'{"file": 1, "error": null}\n', b'{"file": "a"}\n', b"\xff\n", b"\0"],
)
def test_a_file_of_something_else_is_left_alone(tmp_path: Path, content: bytes):
    path = tmp_path / "out.jsonl"
    read_all(path)
    mixed = path.read_bytes() + content
    path.write_bytes(mixed)
    with pytest.raises(InputError, match=r"out\.jsonl: line 7 is not of digitjax read: name another"):
        ResultFile(path)
    assert path.read_bytes() == mixed


def test_a_second_process_is_refused(tmp_path: Path):
    path = tmp_path / "out.jsonl"
    with ResultFile(path) as file:
        with pytest.raises(InputError, match="another process is writing it"):
            ResultFile(path)
        file.write(reading("a.png"))
    with ResultFile(path) as file:
        assert "a.png" in file


@given(st.lists(st.text(), max_size=60))
def test_names_are_a_set(names: list[str]):
    name_set = NameSet(max_recent=7)
    for n, name in enumerate(names):
        assert (name in name_set) == (name in names[:n])
        name_set.add(name)
    assert all(name in name_set for name in names)
    assert len(name_set) == len(set(names))
