"""Recognition of the digits in pictures, by the pretrained model and by small ones."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import load_digits

import digitjax
from digitjax.config import CNNConfig, Config, Training
from digitjax.data import normalize
from digitjax.errors import InputError
from digitjax.imaging.normalize import crop_digit, to_mnist
from digitjax.model.training.train import train
from digitjax.recognition.recognizer import Recognizer, load
from digitjax.recognition.scoring import evaluate_pictures
from digitjax.runs import Run
from tests.recognition.drawing import digit_picture


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    config = Config(
        name="reader", model=CNNConfig(channels=(8, 16), dense=()), training=Training(epochs=8, batch_size=32)
    )
    return train(config, tmp_path_factory.mktemp("runs"))


@pytest.fixture(scope="module")
def reader() -> Recognizer:
    """The pretrained model."""
    return load()


@pytest.mark.parametrize("dark_pen", [True, False])
def test_digits_are_read_dark_on_light_and_light_on_dark(reader: Recognizer, dark_pen: bool):
    texts = [reader.read(digit_picture(d, dark_pen=dark_pen)).text for d in range(10)]
    assert sum(text == str(d) for d, text in enumerate(texts)) >= 8, texts


def test_a_string_and_two_lines_are_read_in_order(reader: Recognizer):
    row = np.concatenate([digit_picture(d) for d in (4, 0, 6)], axis=1)
    assert reader.read(row).lines == ["406"]
    page = np.concatenate([row, row[:, ::1][:, np.r_[160:480, 0:160]]])
    reading = reader.read(page)
    assert reading.lines == ["406", "064"]
    assert reading.text == "406 064"
    assert [d.line for d in reading.digits] == [0, 0, 0, 1, 1, 1]


def test_a_reading_has_the_fields_of_the_json_interface(reader: Recognizer):
    result = reader.read(digit_picture(3)).to_dict()
    assert set(result) == {"text", "lines", "digits"}
    [digit] = result["digits"]
    assert set(digit) == {"digit", "confidence", "probabilities", "box", "line", "rejected"}
    assert sum(digit["probabilities"]) == pytest.approx(1, abs=1e-5)
    assert digit["confidence"] == max(digit["probabilities"])
    x0, y0, x1, y1 = digit["box"]
    assert 30 <= x0 < x1 <= 130
    assert 30 <= y0 < y1 <= 130


def test_boxes_are_in_pixels_of_the_whole_picture(reader: Recognizer):
    small, large = digit_picture(3), np.kron(digit_picture(3), np.ones((20, 20), np.uint8))
    [expected], [found] = reader.read(small).digits, reader.read(large).digits
    np.testing.assert_allclose(np.array(found.box) / 20, expected.box, atol=2)


@pytest.mark.parametrize("level", [0, 128, 255])
def test_a_blank_page_reads_as_nothing(reader: Recognizer, level: int):
    reading = reader.read(np.full((50, 80), level, np.uint8))
    assert (reading.text, reading.lines, reading.digits) == ("", [], ())
    assert reader.read(np.full((1, 1), level, np.uint8)).text == ""


def test_a_rejected_digit_is_left_out_of_the_text(reader: Recognizer):
    reading = reader.read(np.concatenate([digit_picture(4), digit_picture(2)], axis=1))
    rejected = dataclasses.replace(reading.digits[0], rejected=True)
    shortened = dataclasses.replace(reading, digits=(rejected, *reading.digits[1:]))
    assert (reading.text, shortened.text) == ("42", "2")


def stub(narrow: float, wide: float = 0.2, threshold: float = 0.9, low_res: float = 0.5) -> Recognizer:
    """Return a recognizer whose digits are a 1 with these probabilities, by their shape, and else any other."""

    def classify(images: np.ndarray) -> np.ndarray:
        is_narrow = (images > 64).any(axis=1).sum(axis=1) < 14
        shares = np.where(is_narrow, narrow, wide)[:, None]
        return np.log(np.where(np.arange(10) == 1, shares, (1 - shares) / 9)).astype(np.float32)

    return Recognizer(classify, "stub", threshold, low_res)


STROKES = np.full((60, 200), 255, np.uint8)
STROKES[10:50, 20:28] = STROKES[10:50, 100:132] = 0
STROKES[12:48, 102:130] = 255


def test_a_reading_explains_why_a_digit_was_rejected():
    reading = stub(0.991, 0.5).read(STROKES)
    accepted, rejected = reading.digits[0], reading.digits[-1]
    assert accepted.top2_probability == pytest.approx(0.991 + 0.009 / 9)
    assert (reading.reject_threshold, reading.low_res) == (0.9, False)
    assert reading.explain(accepted) == "Accepted: top-2 probability 99.20% (threshold 90.00%)."
    assert reading.explain(rejected) == (
        "Rejected: low confidence, top-2 probability 55.56% (threshold 90.00%)."
    )


def test_a_reading_explains_why_an_unsure_digit_was_accepted():
    reading = stub(0.991, 0.5).read(STROKES)
    beside_others = dataclasses.replace(reading, reject_threshold=0.995)
    assert beside_others.explain(reading.digits[0]).startswith(
        "Accepted: low confidence, but as tall as the confident digits"
    )


def test_a_small_picture_has_its_own_threshold():
    reading = stub(0.6, low_res=0.3).read(STROKES[10:50:2, 8:34:2])
    assert reading.low_res
    assert "(threshold 30.00% for small pictures)" in reading.explain(reading.digits[0])


def test_a_picture_with_too_few_accepted_digits_is_rejected_as_a_whole():
    page = np.concatenate([STROKES[:, :80], *[STROKES[:, 80:160]] * 10], axis=1)
    reading = stub(0.99, 0.2).read(page)
    assert all(digit.rejected for digit in reading.digits)
    assert reading.explain(reading.digits[0]).startswith("Rejected: the picture has too few likely digits")
    assert "low confidence" in reading.explain(reading.digits[1])


def test_a_reading_keeps_the_regions_of_its_digits(reader: Recognizer):
    reading = reader.read(np.concatenate([digit_picture(4), digit_picture(2)], axis=1))
    for digit, region in zip(reading.digits, reading.regions, strict=True):
        assert digit.box == region.corners
        np.testing.assert_array_equal(to_mnist(crop_digit(reading.intensity, region)), digit.image)


def test_training_and_recognition_share_one_normalization(run: Run, monkeypatch: pytest.MonkeyPatch):
    reader = load(run.path)
    images = load_digits().images[:4]
    pixels = np.pad(np.kron(images, np.ones((1, 2, 2))) * 15, ((0, 0), (6, 6), (6, 6))).astype(np.uint8)
    before = reader.probabilities(pixels)
    assert before.shape == (4, 10)
    monkeypatch.setattr(normalize, "STD", 10.0)
    assert not np.allclose(load(run.path).probabilities(pixels), before)


def test_a_run_is_loaded_by_name_or_path(tiny_run: Run):
    folder = tiny_run.path.parent
    assert load("tiny", folder).name == "tiny"
    assert digitjax.load(tiny_run.path).name == "tiny"
    with pytest.raises(InputError, match="no run 'other'"):
        load("other", folder)


@pytest.mark.slow
def test_real_handwriting_is_read(reader: Recognizer, test_data: Path):
    """These are development figures: recognition was developed on these pictures."""
    summary = evaluate_pictures(test_data / "handwriting-dev", reader).summary
    assert summary["singles"]["accuracy"] >= 0.995
    assert summary["strings"]["accuracy"] >= 0.7
    assert summary["strings"]["digit_error_rate"] <= 0.06


@pytest.mark.slow
def test_unseen_digits_of_8x8_pixels_are_read(reader: Recognizer):
    images, labels = load_digits().images[::3], load_digits().target[::3]
    texts = [reader.read(np.rint(image * 255 / 16).astype(np.uint8)).text for image in images]
    assert np.mean([text == str(label) for text, label in zip(texts, labels, strict=True)]) >= 0.975
