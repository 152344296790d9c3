"""Folders of own pictures: their layouts, which pictures are used, and in which split each is."""

import inspect
import os
import re
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from PIL import Image
from sklearn.datasets import load_digits

import digitjax
from digitjax import cli
from digitjax.config import CNNConfig, Config, Data, Training
from digitjax.data import folder, pipeline
from digitjax.data.cache import LOCK_FILE, Arrays
from digitjax.errors import InputError
from digitjax.evaluation import evaluate as evaluation
from digitjax.imaging.extract import extract
from digitjax.model.training.train import train
from tests.recognition.drawing import digit_picture, strokes

DIGITS = load_digits()


@pytest.fixture(autouse=True)
def empty_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    cache = tmp_path_factory.mktemp("cache")
    monkeypatch.setenv("DIGITJAX_CACHE", str(cache))
    return cache


def cached(cache: Path) -> list[str]:
    return [path.name for path in cache.iterdir() if path.name != LOCK_FILE]


def save(path: Path, pixels: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)


def digit_on_paper(index: int) -> np.ndarray:
    """One of scikit-learn's digits on white paper: uint8 (64, 64)."""
    strokes = Image.fromarray((DIGITS.images[index] * 15).astype(np.uint8)).resize((40, 40))
    return np.pad(255 - np.asarray(strokes), 12, constant_values=255)


def sort_into_sub_folders(path: Path, indices: Iterable[int]) -> Path:
    for i in indices:
        save(path / str(DIGITS.target[i]) / f"{i}.png", digit_on_paper(i))
    return path


def write_manifest(path: Path, *lines: str, pictures: int = 0) -> Path:
    """Write a manifest, and the pictures 0.png, 1.png, ... of the digits 0, 1, ..."""
    path.mkdir(parents=True, exist_ok=True)
    for digit in range(pictures):
        save(path / f"{digit}.png", digit_picture(digit))
    (path / "manifest.csv").write_text("\n".join(lines) + "\n")
    return path


def read(path: Path) -> Arrays:
    return folder.to_arrays(path, folder.list_samples(path))


def rows(images: np.ndarray) -> set[bytes]:
    return {image.tobytes() for image in images}


# --------------------------------------------------------------------------------------- layouts


def test_sub_folders_give_the_labels_and_recognition_gives_the_images(tmp_path: Path):
    sort_into_sub_folders(tmp_path, range(40))
    save(tmp_path / "drafts" / "1.png", digit_on_paper(1))
    (tmp_path / "3" / ".hidden").touch()
    assert len(folder.list_samples(tmp_path)) == 40
    arrays = read(tmp_path)
    assert {key: array.dtype for key, array in arrays.items()} == {
        "train_images": np.uint8,
        "train_labels": np.int32,
        "test_images": np.uint8,
        "test_labels": np.int32,
    }
    labels = np.concatenate([arrays["train_labels"], arrays["test_labels"]])
    assert sorted(labels) == sorted(DIGITS.target[:40])
    reader = digitjax.load()
    seen = rows(arrays["train_images"][arrays["train_labels"] == 3])
    seen |= rows(arrays["test_images"][arrays["test_labels"] == 3])
    assert seen == {reader.read(path).digits[0].image.tobytes() for path in (tmp_path / "3").glob("*.png")}


def test_a_manifest_gives_labels_and_splits_and_may_have_other_columns(tmp_path: Path):
    write_manifest(
        tmp_path,
        "\ufefffile, label, mood, split",  # as spreadsheets write it
        "0.png, 0, glad, train",
        "1.png, 1, sad, test",
        "2.png, 2, glad, train",
        pictures=4,
    )
    arrays = read(tmp_path)
    np.testing.assert_array_equal(arrays["train_labels"], [0, 2])
    np.testing.assert_array_equal(arrays["test_labels"], [1])
    np.testing.assert_array_equal(arrays["test_images"], extract(tmp_path / "1.png").images)


def test_a_picture_of_several_digits_gives_an_image_of_each(tmp_path: Path):
    write_manifest(tmp_path, "file,label,split", "s.png,01|2,train", "0.png,0,test", pictures=1)
    save(tmp_path / "s.png", np.concatenate([digit_picture(digit) for digit in (0, 1, 2)], axis=1))
    arrays = read(tmp_path)
    np.testing.assert_array_equal(arrays["train_labels"], [0, 1, 2])
    np.testing.assert_array_equal(arrays["train_images"], extract(tmp_path / "s.png").images)


@pytest.mark.parametrize("text", ["88", "4490"])
def test_touching_digits_with_boxes_are_used_and_without_are_left_out(
    tmp_path: Path, text: str, capsys: pytest.CaptureFixture[str]
):
    write_manifest(tmp_path, "file,label,split", "0.png,0,train", "1.png,1,train", "2.png,2,test", pictures=3)
    save(tmp_path / "t.png", np.where(strokes(text, gap=0), 20, 240).astype(np.uint8))
    boxes = "; ".join(f"{45 + 40 * i} 40 {85 + 40 * i} 140" for i in range(len(text)))
    manifest = (tmp_path / "manifest.csv").read_text()
    for row, used in ((f"t.png,{text},train\n", 2), (f"t.png,{text},train,{boxes}\n", 2 + len(text))):
        header = manifest.replace("split\n", "split,boxes\n")
        (tmp_path / "manifest.csv").write_text(header + row)
        arrays = read(tmp_path)
        assert len(arrays["train_images"]) == used
    assert arrays["train_labels"].tolist() == [0, 1, *map(int, text)]
    assert capsys.readouterr().err.count("left out") == 1


def test_pictures_that_are_left_out_are_reported_with_the_reason(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    lines = [
        "file,label,split",
        *(f"{digit}.png,{digit},{'test' if digit else 'train'}" for digit in range(3)),
    ]
    bad = ["blank.png,1,train", "two.png,1,train", "text.png,1,train"]
    write_manifest(tmp_path, *lines, "two.png,00,train", *bad, pictures=4)
    save(tmp_path / "blank.png", np.full((50, 50), 255, np.uint8))
    save(tmp_path / "two.png", digit_picture(0, count=2))
    (tmp_path / "text.png").write_text("no picture")
    cli.main(["data", "prepare", "folder", "--folder", str(tmp_path)])
    printed = capsys.readouterr()
    assert Path(printed.out.strip(), "train_images.npy").exists()
    assert printed.err.splitlines() == [
        "left out blank.png: digits found: 0, where its label is 1",
        "left out two.png: digits found: 2, where its label is 1",
        "left out text.png: it is not a picture that can be read: use PNG, JPEG, WebP, BMP, TIFF or GIF",
        "used 4 of 7 pictures: 3 digits to train on, 2 to test with",
    ]


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        ([], "manifest.csv: it has no column 'file': its first line must name"),
        (
            ["file,digit", "0.png,0"],
            "manifest.csv: it has no column 'label': its first line must name",
        ),
        (["file,label"], "manifest.csv: it names no pictures: add a line"),
        (["file,label", "0.png,0", "9.png,9"], "manifest.csv, line 3: there is no file '9.png'"),
        (
            ["file,label,split", "0.png,0,dev"],
            "manifest.csv, line 2: the split of 0.png is 'dev': it must be train or test",
        ),
        (
            ["file,label,split", "0.png,0,train", "1.png,1,test"],
            "1 digits to train on and 1 to test with are too few",
        ),
        (
            ["file,label,split", "0.png,0,train", "1.png,1,train"],
            "2 digits to train on and 0 to test with are too few",
        ),
        (["file,label", "0.png,zero"], "the label of 0.png is 'zero': it must be digits"),
        (["file,label", "0" * 200_000], "it cannot be read (field larger than field limit (131072)): save"),
    ],
)
def test_an_unusable_folder_is_refused(tmp_path: Path, empty_cache: Path, lines: list[str], reason: str):
    path = write_manifest(tmp_path / "own", *lines, pictures=3)
    with pytest.raises(InputError) as error:
        pipeline.load(Data(name="folder", folder=str(path)))
    assert str(error.value).startswith(str(path))
    assert reason in str(error.value)
    assert "\n" not in str(error.value)
    assert not cached(empty_cache)


def test_a_missing_or_empty_folder_and_an_unreadable_manifest_are_refused(tmp_path: Path):
    with pytest.raises(InputError, match="it has no pictures: put them into sub-folders 0 to 9"):
        pipeline.load(Data(name="folder", folder=str(tmp_path)))
    with pytest.raises(InputError, match=r"data\.folder: there is no folder nowhere"):
        pipeline.load(Data(name="folder", folder="nowhere"))
    (tmp_path / "manifest.csv").write_bytes(b"file,label\n\xff,0\n")
    with pytest.raises(InputError, match=r"manifest\.csv: it cannot be read .*: save it as CSV in UTF-8"):
        pipeline.load(Data(name="folder", folder=str(tmp_path)))


def test_a_sub_folder_of_no_class_is_refused_once(tmp_path: Path):
    sort_into_sub_folders(tmp_path, range(20))
    save(tmp_path / "10" / "1.png", digit_on_paper(1))
    with pytest.raises(InputError, match=r"its sub-folder 10 is no class: name sub-folders 0 to 9, and list"):
        folder.list_samples(tmp_path)


# ---------------------------------------------------------------------------------------- splits


@settings(max_examples=10)
@given(st.sets(st.integers(0, 599), min_size=15, max_size=25), st.integers(600, 999))
def test_a_new_picture_changes_the_split_of_no_other(indices: set[int], new: int):
    with tempfile.TemporaryDirectory() as root:
        path = sort_into_sub_folders(Path(root), indices)
        try:
            before = read(path)
        except InputError:
            assume(False)
        again = read(path)
        after = read(sort_into_sub_folders(path, [new]))
    for key, array in before.items():
        np.testing.assert_array_equal(array, again[key])
    for split in ("train", "test"):
        assert rows(before[f"{split}_images"]) <= rows(after[f"{split}_images"])
    used = [sum(len(arrays[f"{split}_labels"]) for split in ("train", "test")) for arrays in (before, after)]
    assert used[1] - used[0] in (0, 1)  # a few look like two digits, and are left out


def test_a_fifth_is_in_the_test_split(tmp_path: Path):
    arrays = read(sort_into_sub_folders(tmp_path, range(400)))
    assert len(arrays["test_labels"]) == pytest.approx(80, abs=24)  # three standard deviations


def test_no_writer_is_in_both_splits(tmp_path: Path):
    lines = [f"{i}.png,{DIGITS.target[i]},w{i % 20}" for i in range(60)]
    write_manifest(tmp_path, "file,label,writer", *lines)
    for i in range(60):
        save(tmp_path / f"{i}.png", digit_on_paper(i))
    arrays = read(tmp_path)
    writer_of = {extract(tmp_path / f"{i}.png").images.tobytes(): i % 20 for i in range(60)}
    writers = [{writer_of[row] for row in rows(arrays[f"{split}_images"])} for split in ("train", "test")]
    assert not writers[0] & writers[1]
    assert writers[0] | writers[1] == set(range(20))


# ----------------------------------------------------------------------------------------- cache


def test_a_folder_is_prepared_again_only_when_it_changes(
    tmp_path: Path, empty_cache: Path, monkeypatch: pytest.MonkeyPatch
):
    data = Data(name="folder", folder=str(sort_into_sub_folders(tmp_path, range(30))))
    calls = []
    original = folder.to_arrays
    monkeypatch.setattr(folder, "to_arrays", lambda *arguments: calls.append(1) or original(*arguments))
    first = pipeline.load(data)
    assert pipeline.load(data).sha256 == first.sha256
    assert len(calls) == 1

    os.utime(tmp_path / "0" / "0.png", ns=(0, 0))
    assert pipeline.load(data).sha256 == first.sha256
    sort_into_sub_folders(tmp_path, [30])
    assert pipeline.load(data).sha256 != first.sha256
    (tmp_path / "0" / "0.png").rename(tmp_path / "1" / "0.png")
    pipeline.load(data)
    monkeypatch.setattr(folder.inspect, "getsource", lambda module: "other code")
    pipeline.load(data)
    assert len(calls) == len(cached(empty_cache)) == 5


def test_whatever_decides_how_digits_are_extracted_has_the_folder_prepared_again():
    name = "digitjax.imaging."
    used, new = set(), {f"{name}extract"}
    while new:
        used |= new
        new = {n for u in used for n in re.findall(rf"{name}\w+", inspect.getsource(sys.modules[u]))} - used
    assert used - {f"{name}source"} == {module.__name__ for module in folder.EXTRACTION_MODULES}


def test_an_interrupted_preparation_leaves_nothing_behind(
    tmp_path: Path, empty_cache: Path, monkeypatch: pytest.MonkeyPatch
):
    def interrupt(path: Path) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(folder.extract, "extract", interrupt)
    with pytest.raises(KeyboardInterrupt):
        pipeline.load(Data(name="folder", folder=str(sort_into_sub_folders(tmp_path, range(3)))))
    assert not cached(empty_cache)


# ----------------------------------------------------------------------------------------- a run


def test_a_run_on_three_classes_is_trained_and_evaluated(tmp_path: Path):
    indices = np.flatnonzero(np.isin(DIGITS.target, (3, 5, 8)))[:60]
    path = sort_into_sub_folders(tmp_path / "own", indices)
    config = Config(
        data=Data(name="folder", folder=str(path)),
        model=CNNConfig(channels=(4,), dense=()),
        training=Training(epochs=1, batch_size=16),
    )
    with pytest.warns(UserWarning, match=r"there is no image of 0, 1, 2, 4, 6, 7, 9 to train on"):
        run = train(config, tmp_path / "runs")
    result = evaluation.evaluate(run)
    assert {row["digit"] for row in result.summary["per_class"] if row["examples"]} == {3, 5, 8}
    sort_into_sub_folders(path, [0])
    with pytest.raises(InputError, match="it was trained on other data than the folder that is here"):
        evaluation.evaluate(run)
