"""Tags are read as written, for their data set alone; damaged files are reported and never overwritten."""

import json
import tempfile
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digitjax.errors import InputError
from digitjax.evaluation import tags
from digitjax.runs import annotations
from digitjax.runs.annotations import Annotations

SHA = "ab" * 32
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)
SPLITS = st.sampled_from(["train", "validation", "test"])
EXAMPLE_TAGS = st.builds(
    Annotations,
    tags=st.lists(
        TEXTS.map(str.strip).filter(lambda tag: 0 < len(tag) <= annotations.MAX_TAG_LENGTH), max_size=8
    ),
    note=TEXTS,
)


@given(st.lists(st.tuples(SPLITS, st.integers(0, 9), EXAMPLE_TAGS), max_size=12))
def test_the_last_written_tags_are_read(changes: list[tuple[str, int, Annotations]]):
    expected: dict[str, tags.Tags] = {"train": {}, "validation": {}, "test": {}}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for split, index, example_tags in changes:
            tags.write(folder, split, index, example_tags, SHA)
            expected[split] |= {index: example_tags}
        for split, split_tags in expected.items():
            stored = {
                index: example_tags
                for index, example_tags in split_tags.items()
                if example_tags != Annotations()
            }
            assert tags.read(folder, split, SHA) == stored
        assert [path.name for path in folder.iterdir()] == ["tags.json"] * bool(changes)


def test_the_file_can_be_read_by_people(tmp_path: Path):
    tags.write(tmp_path, "test", 947, Annotations(tags=["label error"], note=" an open 9 "), SHA)
    assert json.loads(tags.tags_file(tmp_path).read_text()) == {
        "data_sha256": SHA,
        "splits": {"test": {"947": {"tags": ["label error"], "note": "an open 9"}}},
    }


def test_tags_are_not_applied_to_other_data(tmp_path: Path):
    tags.write(tmp_path, "test", 3, Annotations(tags=["cut off"]), SHA)
    before = tags.tags_file(tmp_path).read_bytes()
    for act in (
        lambda: tags.read(tmp_path, "test", "cd" * 32),
        lambda: tags.write(tmp_path, "test", 3, Annotations(), "cd" * 32),
    ):
        with pytest.raises(InputError, match=r"tags\.json: its tags are of another version of the data set"):
            act()
    assert tags.tags_file(tmp_path).read_bytes() == before


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("", "invalid JSON"),
        ('{"data_sha256": "ab"', "invalid JSON"),
        ("[]", "input should be an object"),
        ('{"data_sha256": "ab"}', "splits: field required"),
        ('{"data_sha256": "ab", "splits": {"test": {"-1": {}}}}', r"test\.-1"),
        ('{"data_sha256": "ab", "splits": {"test": {"1": {"tags": [""]}}}}', r"tags\.0: string should have"),
        ('{"data_sha256": "ab", "splits": {"test": {"1": {"tags": ["' + 41 * "a" + '"]}}}}', "at most 40"),
        (
            '{"data_sha256": "ab", "splits": {"test": {"1": {"other": 1}}}}',
            r"unknown field splits\.test\.1\.other",
        ),
    ],
)
def test_damaged_files_are_reported_and_not_overwritten(tmp_path: Path, content: str, reason: str):
    file = tags.tags_file(tmp_path)
    file.write_text(content)
    for act in (
        lambda: tags.read(tmp_path, "test", SHA),
        lambda: tags.write(tmp_path, "test", 1, Annotations(note="new"), SHA),
    ):
        with pytest.raises(InputError, match=rf"tags\.json: .*{reason}.*: repair it, or move it away$"):
            act()
    assert file.read_text() == content


@pytest.mark.parametrize(
    ("names", "note", "reason"),
    [
        (["x" * 41], "", r"tags\.0: string should have at most 40"),
        ([str(i) for i in range(9)], "", "tags: tuple should have at most 8"),
        ([" "], "", r"tags\.0: string should have at least 1"),
        ([], "x" * 501, "note: string should have at most 500"),
    ],
)
def test_tags_and_notes_are_limited(names: list[str], note: str, reason: str):
    with pytest.raises(InputError, match=rf"^{reason}.*: use fewer or shorter ones$"):
        annotations.create(names, note)
    assert annotations.create([" fine "], " too ") == Annotations(tags=("fine",), note="too")


def test_a_folder_that_cannot_be_written_is_reported(tmp_path: Path):
    with pytest.raises(InputError, match=r"missing/tags\.json: No such file"):
        tags.write(tmp_path / "missing", "test", 1, Annotations(note="new"), SHA)


def test_concurrent_writes_lose_nothing(tmp_path: Path):
    threads = [
        threading.Thread(target=tags.write, args=(tmp_path, "test", i, Annotations(note=str(i)), SHA))
        for i in range(20)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {index: example_tags.note for index, example_tags in tags.read(tmp_path, "test", SHA).items()} == {
        i: str(i) for i in range(20)
    }


def test_suggestions_come_before_other_tags_in_use():
    in_use = {1: Annotations(tags=["odd seven", "cut off"]), 2: Annotations(tags=["a 4 or a 9", "odd seven"])}
    assert tags.tag_names(in_use) == [*tags.SUGGESTIONS, "a 4 or a 9", "odd seven"]
    assert tags.find_tagged(in_use, "odd seven") == [1, 2]
    assert tags.find_tagged(in_use, "ambiguous") == []
