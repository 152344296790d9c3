"""Tags: what is written is read, of these data alone, and damage is named and never written over."""

import json
import tempfile
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digitjax.errors import InputError
from digitjax.evaluation import tags
from digitjax.evaluation.tags import Tagged

SHA = "ab" * 32
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)
SPLITS = st.sampled_from(["train", "validation", "test"])
TAGGED = st.builds(
    Tagged,
    tags=st.lists(TEXTS.map(str.strip).filter(lambda tag: 0 < len(tag) <= tags.LONGEST_TAG), max_size=8),
    note=TEXTS,
)


@given(st.lists(st.tuples(SPLITS, st.integers(0, 9), TAGGED), max_size=12))
def test_what_was_written_last_is_read(changes: list[tuple[str, int, Tagged]]):
    expected: dict[str, tags.Tags] = {"train": {}, "validation": {}, "test": {}}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for split, number, tagged in changes:
            tags.write(folder, split, number, tagged, SHA)
            expected[split] |= {number: tagged}
        for split, those in expected.items():
            kept = {number: tagged for number, tagged in those.items() if tagged != Tagged()}
            assert tags.read(folder, split, SHA) == kept
        assert [path.name for path in folder.iterdir()] == ["tags.json"] * bool(changes)


def test_the_file_can_be_read_by_people(tmp_path: Path):
    tags.write(tmp_path, "test", 947, Tagged(tags=["label error"], note=" an open 9 "), SHA)
    assert json.loads(tags.tags_file(tmp_path).read_text()) == {
        "data_sha256": SHA,
        "splits": {"test": {"947": {"tags": ["label error"], "note": "an open 9"}}},
    }


def test_tags_do_not_move_to_other_data(tmp_path: Path):
    tags.write(tmp_path, "test", 3, Tagged(tags=["cut off"]), SHA)
    before = tags.tags_file(tmp_path).read_bytes()
    for act in (
        lambda: tags.read(tmp_path, "test", "cd" * 32),
        lambda: tags.write(tmp_path, "test", 3, Tagged(), "cd" * 32),
    ):
        with pytest.raises(InputError, match=r"tags\.json: its tags are of other data"):
            act()
    assert tags.tags_file(tmp_path).read_bytes() == before


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("", "it: Invalid JSON"),
        ('{"data_sha256": "ab"', "it: Invalid JSON"),
        ("[]", "it: Input should be an object"),
        ('{"data_sha256": "ab"}', "splits: Field required"),
        ('{"data_sha256": "ab", "splits": {"test": {"-1": {}}}}', r"test\.-1"),
        ('{"data_sha256": "ab", "splits": {"test": {"1": {"tags": [""]}}}}', r"tags\.0: String should have"),
        ('{"data_sha256": "ab", "splits": {"test": {"1": {"tags": ["' + 41 * "a" + '"]}}}}', "at most 40"),
        ('{"data_sha256": "ab", "splits": {"test": {"1": {"other": 1}}}}', "other: Extra inputs"),
    ],
)
def test_damage_is_named_and_not_written_over(tmp_path: Path, content: str, reason: str):
    file = tags.tags_file(tmp_path)
    file.write_text(content)
    for act in (
        lambda: tags.read(tmp_path, "test", SHA),
        lambda: tags.write(tmp_path, "test", 1, Tagged(note="new"), SHA),
    ):
        with pytest.raises(InputError, match=rf"tags\.json: .*{reason}.*: repair it, or move it away$"):
            act()
    assert file.read_text() == content


@pytest.mark.parametrize(
    ("said", "note", "reason"),
    [
        (["x" * 41], "", r"tags\.0: String should have at most 40"),
        ([str(i) for i in range(9)], "", "tags: Tuple should have at most 8"),
        ([" "], "", r"tags\.0: String should have at least 1"),
        ([], "x" * 501, "note: String should have at most 500"),
    ],
)
def test_lengths_are_bounded(said: list[str], note: str, reason: str):
    with pytest.raises(InputError, match=rf"^{reason}.*: use fewer or shorter ones$"):
        tags.make(said, note)
    assert tags.make([" fine "], " too ") == Tagged(tags=("fine",), note="too")


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path):
    with pytest.raises(InputError, match=r"missing/tags\.json: No such file"):
        tags.write(tmp_path / "missing", "test", 1, Tagged(note="new"), SHA)


def test_several_at_once_lose_nothing(tmp_path: Path):
    threads = [
        threading.Thread(target=tags.write, args=(tmp_path, "test", i, Tagged(note=str(i)), SHA))
        for i in range(20)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {number: tagged.note for number, tagged in tags.read(tmp_path, "test", SHA).items()} == {
        i: str(i) for i in range(20)
    }


def test_suggestions_come_before_what_people_thought_of():
    given_tags = {1: Tagged(tags=["odd seven", "cut off"]), 2: Tagged(tags=["a 4 or a 9", "odd seven"])}
    assert tags.names(given_tags) == [*tags.SUGGESTIONS, "a 4 or a 9", "odd seven"]
    assert tags.tagged_with(given_tags, "odd seven") == [1, 2]
    assert tags.tagged_with(given_tags, "ambiguous") == []
