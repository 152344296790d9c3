"""The contact sheet shows every error up to its limits, also of pictures that cannot be decoded."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from digitjax.data.manifest import ManifestRow
from digitjax.recognition.recognizer import Digit
from digitjax.recognition.scoring import PictureResult, PicturesEvaluation
from digitjax.visualization import contact_sheet as sheets
from tests.recognition.drawing import digit_picture

SEEN = np.full((28, 28), 77, np.uint8)


def found(digits: str, rejected: bool = False) -> tuple[Digit, ...]:
    return tuple(Digit(int(d), 0.9, (0.1,) * 10, (160, 160, 480, 480), 0, rejected, SEEN) for d in digits)


def draw(folder: Path, *results: PictureResult) -> np.ndarray:
    Image.fromarray(digit_picture(3, side=640)).save(folder / "three.png")
    return np.asarray(sheets.contact_sheet(PicturesEvaluation(folder, "run", results)))


def error(digits: str = "8", file: str = "three.png", **options: bool) -> PictureResult:
    return PictureResult(
        ManifestRow(file, ("3",), "single", "", {}), (digits,), found(digits, **options), None
    )


def digits_shown(sheet: np.ndarray) -> int:
    return int((sheet == 77).all(axis=2).sum()) // 56**2


def boxes_shown(sheet: np.ndarray, color: tuple[int, int, int]) -> bool:
    return bool((sheet == color).all(axis=2).sum() > 4 * 80)  # a quarter of the size


def test_only_errors_are_shown(tmp_path: Path):
    right = PictureResult(ManifestRow("three.png", ("3",), "single", "", {}), ("3",), found("3"), None)
    empty = draw(tmp_path, right)
    assert empty.shape == (40, 1800, 3)
    assert digits_shown(draw(tmp_path, right, error(), error("88"))) == 3


def test_each_picture_has_its_boxes(tmp_path: Path):
    blue, orange = (0, 114, 178), (213, 94, 0)
    read, rejected = draw(tmp_path, error()), draw(tmp_path, error(rejected=True))
    assert boxes_shown(read, blue)
    assert not boxes_shown(read, orange)
    assert boxes_shown(rejected, orange)
    corner = read[40:204, 8:172]
    assert corner.max() > 200 > 60 > corner.min()  # strokes and background of the picture


def test_a_tile_grows_with_its_digits_up_to_a_limit(tmp_path: Path):
    one, twenty = draw(tmp_path, error()), draw(tmp_path, error("8" * 20))
    assert len(twenty) > len(one)
    assert digits_shown(twenty) == 20
    assert digits_shown(draw(tmp_path, error("8" * 99))) == sheets.MAX_DIGITS


def test_errors_fill_rows_up_to_a_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    assert digits_shown(draw(tmp_path, *[error()] * 5)) == 5
    monkeypatch.setattr(sheets, "MAX_TILES", 4)
    assert digits_shown(draw(tmp_path, *[error()] * 5)) == 4


def test_a_picture_that_cannot_be_decoded_has_a_tile(tmp_path: Path):
    damaged = PictureResult(
        ManifestRow("ü" * 99 + ".png", ("3",), "single", "", {}), (), (), "it is damaged " * 20
    )
    sheet = draw(tmp_path, damaged)
    assert (sheet[40:204, 8:172] == 128).all()
