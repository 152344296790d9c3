"""Crops of one picture are classified once each, whatever proposals they come from."""

import numpy as np
import pytest

from digitjax.imaging.normalize import NormalizeParams, center_in_frame, to_mnist
from digitjax.recognition.crop_classifier import CropClassifier

PARAMS = NormalizeParams()


class Network:
    """A network that is unsure of thin strokes, and counts what it classifies."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, images: np.ndarray) -> np.ndarray:
        self.count += len(images)
        sure = images.mean(axis=(1, 2)) > 30
        return np.where(sure[:, None], np.eye(10, dtype=np.float32)[3], np.float32(0.1))


def crop(width: int, height: int = 40) -> np.ndarray:
    """Return a vertical stroke."""
    values = np.zeros((height, 30), np.float32)
    values[:, 15 : 15 + width] = 1
    return values


def test_equal_crops_are_classified_once() -> None:
    network = Network()
    classify = CropClassifier(network, PARAMS)
    thin, thick = crop(2), crop(8)
    images, rows = classify([thin, thick, thin.copy()], None)
    assert network.count == classify.count == 2
    assert np.array_equal(images, [to_mnist(c, PARAMS) for c in (thin, thick, thin)])
    assert np.array_equal(rows[0], rows[2])
    again, _ = classify([thick], None)
    assert network.count == 2
    assert np.array_equal(again[0], images[1])


def test_crops_of_the_same_bytes_and_another_shape_differ() -> None:
    network = Network()
    values = np.ones((20, 30), np.float32)
    CropClassifier(network, PARAMS)([values, values.reshape(30, 20)], None)
    assert network.count == 2


def test_what_is_rejected_is_classified_with_its_own_stroke_width_where_that_is_surer() -> None:
    network = Network()
    bold = crop(14)
    sure_of_bold = CropClassifier(network, PARAMS)
    [image], [row] = sure_of_bold([bold], 0.9)
    normalized, plain = to_mnist(bold, PARAMS), center_in_frame(bold, PARAMS)
    assert normalized.mean() < 30 < plain.mean()  # only the plain image passes
    assert np.array_equal(image, plain)
    assert row.max() == pytest.approx(1)
    assert network.count == 2
    [image], _ = sure_of_bold([bold], None)  # what the first answer was is still known
    assert np.array_equal(image, normalized)
    assert network.count == 2


def test_no_crops_give_no_rows() -> None:
    images, rows = CropClassifier(Network(), PARAMS)([], 0.5)
    assert images.shape == (0, 28, 28)
    assert rows.shape == (0, 10)
