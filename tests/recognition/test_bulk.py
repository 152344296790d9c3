"""Pictures are found in folders and lists, and split into shards."""

import itertools
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digitjax.errors import InputError
from digitjax.recognition import bulk
from digitjax.recognition.bulk import Shard
from tests.recognition import bulk_100k

NAMES = st.text(
    st.characters(blacklist_characters="/\0", max_codepoint=0x2FF), min_size=1, max_size=5
).filter(lambda name: name not in (".", ".."))
PATHS = st.lists(NAMES, min_size=1, max_size=4).map("/".join)


@given(st.lists(st.text(st.characters()), max_size=50), st.integers(1, 9))
def test_shards_partition_any_names(names: list[str], count: int):
    shards = [Shard(number, count) for number in range(1, count + 1)]
    assert all([name in shard for shard in shards].count(True) == 1 for name in names)


def test_shards_are_the_same_on_every_machine_and_of_similar_size():
    assert bulk.hash_name("a/0.png") == 0xD6D521CAD454D62C
    sizes = [sum(f"{n}.png" in Shard(number, 4) for n in range(4000)) for number in range(1, 5)]
    assert all(900 < size < 1100 for size in sizes)


@given(folders=st.lists(PATHS, max_size=6), files=st.lists(PATHS, max_size=12))
def test_a_folder_is_walked_in_sorted_order(
    tmp_path_factory: pytest.TempPathFactory, folders: list[str], files: list[str]
):
    root = tmp_path_factory.mktemp("walk")
    for name in folders:
        (root / name).mkdir(parents=True, exist_ok=True)
    for name in files:
        for suffix in (".png", ".JPEG", ".txt"):
            (root / f"{name}{suffix}").parent.mkdir(parents=True, exist_ok=True)
            (root / f"{name}{suffix}").touch()
    expected = sorted(p for p in root.rglob("*") if p.suffix in (".png", ".JPEG") and p.is_file())
    assert [root / path for path in bulk.walk_pictures(str(root))] == expected


def test_links_to_pictures_are_followed_and_links_to_folders_are_not(tmp_path: Path):
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner" / "a.png").touch()
    (tmp_path / "loop").symlink_to(tmp_path)
    (tmp_path / "b.png").symlink_to(tmp_path / "inner" / "a.png")
    (tmp_path / "c.png").symlink_to(tmp_path / "nowhere")
    os.mkfifo(tmp_path / "d.png")
    assert list(bulk.walk_pictures(str(tmp_path))) == ["b.png", "inner/a.png"]
    assert list(bulk.walk_pictures(str(tmp_path / "loop" / "inner"))) == ["a.png"]


def test_the_shard_of_a_picture_does_not_depend_on_where_its_folder_is(tmp_path: Path):
    for folder in ("here", "there"):
        (tmp_path / folder).mkdir()
        for n in range(20):
            (tmp_path / folder / f"{n}.png").touch()
    first, second = ([str(tmp_path / folder), "gone.png"] for folder in ("here", "there"))
    shards = [list(bulk.find_pictures(first, Shard(n, 3))) for n in (1, 2, 3)]
    assert sorted(itertools.chain(*shards)) == sorted(bulk.find_pictures(first))
    assert len(list(bulk.find_pictures(first))) == 21
    assert [s.replace("here", "there", 1) for s in shards[1]] == list(bulk.find_pictures(second, Shard(2, 3)))


def test_no_pictures_at_all_are_an_error_and_an_empty_shard_is_not(tmp_path: Path):
    with pytest.raises(InputError, match=r"there are no pictures: .* \.png, "):
        list(bulk.find_pictures([str(tmp_path)]))
    assert sum(len(list(bulk.find_pictures(["a.png"], Shard(n, 5)))) for n in range(1, 6)) == 1


def test_a_list_has_one_name_per_line_in_any_encoding(tmp_path: Path):
    path = tmp_path / "list.txt"
    path.write_bytes(b"a b.png\r\n\n\xffc.png\n d.png")
    with bulk.open_list(str(path)) as names:
        assert list(names) == ["a b.png", os.fsdecode(b"\xffc.png"), " d.png"]


@pytest.mark.parametrize("text", ["0/2", "3/2", "1/0", "1", "a/b", "1/2/3", "-1/2", ""])
def test_an_invalid_shard_is_refused(text: str):
    with pytest.raises(InputError, match=r"it must be I/N with I from 1 to N, such as 1/2"):
        Shard.parse(text)


def test_a_shard_is_named_by_its_number_and_their_count():
    assert Shard.parse("2/12") == Shard(2, 12)


@pytest.mark.slow
@pytest.mark.long
def test_two_shards_one_of_them_killed_read_every_picture_once_in_constant_memory(tmp_path: Path):
    result = bulk_100k.measure(tmp_path, 3000)
    assert 750 < result["killed_at"] < 1500
    assert (result["lines"], result["different"], result["missing"]) == (3000, 3000, 0)
    assert result["exit_codes"] == [0, 0]
    for early, _, late in result["megabytes"]:
        assert late - early < 60
