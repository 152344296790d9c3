"""A labeled data set of one's own: what is saved in it, and that recognition and training use it."""

import csv
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from digitjax import runs
from digitjax.config import CNNConfig, Config, Data, Training
from digitjax.data import personal
from digitjax.data.manifest import LABEL, read_manifest
from digitjax.errors import InputError
from digitjax.imaging.box import Box
from digitjax.imaging.extract import extract
from digitjax.model.training.train import train
from digitjax.recognition.recognizer import load
from digitjax.recognition.scoring import evaluate_pictures
from tests.recognition.drawing import digit_picture


def rows(folder: Path) -> list[dict[str, str]]:
    with (folder / "manifest.csv").open() as file:
        return list(csv.DictReader(file))


def test_a_picture_is_saved_with_its_label(tmp_path: Path):
    saved = personal.save(tmp_path / "mine", digit_picture(3), " 3 ", " Ada ")
    (row,) = read_manifest(tmp_path / "mine")
    assert (row.file, row.lines, row.split) == (saved.file.name, ("3",), "test")
    assert row.groups == {"writer": "Ada"}
    assert (saved.file.parent, saved.previous_label, personal.count(tmp_path / "mine")) == (
        tmp_path / "mine",
        None,
        1,
    )
    assert sorted(path.name for path in saved.file.parent.iterdir()) == [saved.file.name, "manifest.csv"]


def test_a_saved_picture_is_recognized_as_the_original(tmp_path: Path):
    large = np.kron(digit_picture(7), np.ones((12, 13), np.uint8))
    saved = personal.save(tmp_path, large, "7")
    np.testing.assert_array_equal(extract(saved.file).images, extract(large).images)


def test_boxes_are_saved_in_pixels_of_the_saved_picture(tmp_path: Path):
    large = np.kron(digit_picture(7), np.ones((20, 20), np.uint8))  # reduced to 1,400 pixels
    (digit,) = load().read(large).digits
    personal.save(tmp_path, large, "7", boxes=[Box(*digit.box)])
    (row,) = read_manifest(tmp_path)
    (found,) = extract(large).regions
    np.testing.assert_allclose(row.boxes[0].corners, found.corners, atol=8)


def test_boxes_that_cannot_be_used_are_refused(tmp_path: Path):
    for boxes, reason in (
        ([Box(0, 0, 160, 160)] * 2, "there are 2 boxes for the 1 digits of the label: draw one for each"),
        ([Box(0, 0, 5, 5)], "box 1 holds no strokes"),
        ([Box(0, 0, 900, 5)], "box 1 is outside"),
    ):
        with pytest.raises(InputError, match=reason):
            personal.save(tmp_path / "mine", digit_picture(3), "3", boxes=boxes)
    assert not (tmp_path / "mine").exists()


def test_a_picture_that_is_saved_again_takes_the_new_boxes(tmp_path: Path):
    picture = digit_picture(1, count=2)
    both = [Box(0, 0, 160, 160), Box(160, 0, 320, 160)]
    personal.save(tmp_path, picture, "11", "Ada", both)
    for label, boxes in (("1", both[:1]), ("11", [])):
        personal.save(tmp_path, picture, label, boxes=boxes)
        (row,) = read_manifest(tmp_path)
        assert (row.lines, row.boxes, row.groups) == ((label,), tuple(boxes), {"writer": "Ada"})


def test_the_same_picture_takes_the_new_label_and_keeps_its_split(tmp_path: Path):
    first = personal.save(tmp_path, digit_picture(1), "7", "Ada")
    personal.save(tmp_path, digit_picture(2), "2")
    again = personal.save(tmp_path, digit_picture(1), "1")
    assert (first.file, again.previous_label) == (again.file, "7")
    assert [(row["label"], row["writer"], row["split"]) for row in rows(tmp_path)] == [
        ("1", "Ada", "test"),
        ("2", "", "train"),
    ]


@given(
    st.lists(st.from_regex(r"[0-9]{1,9}(\|[0-9]{1,9}){0,3}", fullmatch=True), min_size=1, max_size=6),
    st.text(st.characters(exclude_categories=("C",)), max_size=20),
)
@example(["0"], '"')
@example(["00|0"], ",a;'")
@settings(max_examples=30, deadline=None)
def test_any_valid_label_and_writer_are_read_back(labels: list[str], writer: str):
    with tempfile.TemporaryDirectory() as folder:
        for number, label in enumerate(labels):
            personal.save(Path(folder), np.full((2, 2 + number), 9, np.uint8), label, writer)
        saved = read_manifest(Path(folder))
        assert ["|".join(row.lines) for row in saved] == labels
        assert {row.groups.get("writer", "") for row in saved} == {" ".join(writer.split())}
        assert [row.split for row in saved] == ["test", *["train"] * 4, "test"][: len(labels)]


@given(st.text(max_size=8).filter(lambda label: not LABEL.fullmatch(label.strip())))
@settings(max_examples=50, deadline=None)
def test_an_invalid_label_is_refused_before_anything_is_written(label: str):
    with tempfile.TemporaryDirectory() as folder:
        with pytest.raises(InputError, match=r"^the label is .*\Z"):
            personal.save(Path(folder, "mine"), digit_picture(3), label)
        assert not list(Path(folder).iterdir())


@pytest.mark.parametrize(
    ("label", "writer", "reason"),
    [
        ("", "", "label is ''"),
        ("1" * 201, "", "at most 200"),
        ("1", "a\0b", "writer is"),
        ("1", "\ud800", "writer is"),
    ],
)
def test_invalid_labels_and_writers_are_refused(tmp_path: Path, label, writer, reason):
    with pytest.raises(InputError, match=reason):
        personal.save(tmp_path / "mine", digit_picture(3), label, writer)
    assert not (tmp_path / "mine").exists()


def test_a_file_that_is_no_picture_is_refused(tmp_path: Path):
    with pytest.raises(InputError):
        personal.save(tmp_path / "mine", b"hello", "3")
    assert not (tmp_path / "mine").exists()


def test_a_manifest_of_others_keeps_its_columns(tmp_path: Path):
    personal.save(tmp_path, digit_picture(3), "3").file.rename(tmp_path / "three.png")
    (tmp_path / "manifest.csv").write_text("label,kind,file\n3,photo,three.png\n")
    personal.save(tmp_path, digit_picture(4), "4")
    assert [(row["label"], row["kind"]) for row in rows(tmp_path)] == [("3", "photo"), ("4", "")]


def test_pictures_in_sub_folders_are_not_hidden_by_a_manifest(tmp_path: Path):
    (tmp_path / "7").mkdir()
    with pytest.raises(InputError, match="sub-folders"):
        personal.save(tmp_path, digit_picture(7), "7")
    assert [path.name for path in tmp_path.iterdir()] == ["7"]


def test_a_damaged_manifest_is_left_alone(tmp_path: Path):
    (tmp_path / "manifest.csv").write_text("file,label\nmissing.png,1\n")
    with pytest.raises(InputError, match=r"missing\.png"):
        personal.save(tmp_path, digit_picture(7), "7")
    assert len(list(tmp_path.iterdir())) == 1


def test_a_full_folder_takes_no_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(personal, "MAX_PICTURES", 1)
    personal.save(tmp_path, digit_picture(1), "1")
    with pytest.raises(InputError, match="the maximum"):
        personal.save(tmp_path, digit_picture(2), "2")
    assert personal.save(tmp_path, digit_picture(1), "7").previous_label == "1"


def test_a_failed_save_leaves_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    personal.save(tmp_path, digit_picture(1), "1")
    before = sorted((path.name, path.read_bytes()) for path in tmp_path.iterdir())

    def fail(path: Path, text: str) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(runs, "write_text", fail)
    with pytest.raises(InputError, match="No space left"):
        personal.save(tmp_path, digit_picture(2), "2")
    assert sorted((path.name, path.read_bytes()) for path in tmp_path.iterdir()) == before


def test_pictures_that_are_saved_at_once_are_all_kept(tmp_path: Path):
    with ThreadPoolExecutor(8) as executor:
        list(executor.map(lambda digit: personal.save(tmp_path, digit_picture(digit), str(digit)), range(10)))
    assert sorted(row["label"] for row in rows(tmp_path)) == [str(digit) for digit in range(10)]


def test_the_data_set_is_evaluated_and_trained_on(tmp_path: Path, cache_folder: Path):
    for digit in range(6):
        personal.save(tmp_path / "mine", digit_picture(digit), str(digit), "Ada")
    personal.save(tmp_path / "mine", np.concatenate([digit_picture(4), digit_picture(0)]), "4|0")
    summary = evaluate_pictures(tmp_path / "mine", load()).summary
    assert (summary["pictures"], summary["singles"]["pictures"], summary["strings"]["digits"]) == (7, 6, 2)
    start = Config(name="start", model=CNNConfig(channels=(4,), dense=()), training=Training(epochs=0.1))
    config = Config(
        name="tuned",
        data=Data(name="folder", folder=str(tmp_path / "mine")),
        model=start.model,
        training=Training(epochs=1, init_from=str(train(start, tmp_path / "runs").path)),
    )
    with pytest.warns(
        UserWarning, match=r"there is no image of .*9 to train on: the model will not know them"
    ):
        run = train(config, tmp_path / "runs")
    assert run.metrics()[-1]["step"] == 1
