"""The preprocessing steps of a digit as images."""

import numpy as np

from digitjax.recognition.recognizer import load
from digitjax.visualization.steps import SIDE, draw_steps
from tests.recognition.drawing import digit_picture


def test_the_steps_lead_from_the_picture_to_the_network_input():
    page = np.concatenate([digit_picture(4), digit_picture(0), np.full((160, 160), 255, np.uint8)], axis=1)
    reading = load().read(page)
    for number, digit in enumerate(reading.digits):
        steps = draw_steps(reading, number)
        assert list(steps) == ["picture", "foreground", "segmented digit", "network input"]
        assert {image.shape for image in steps.values()} == {(SIDE, SIDE, 3)}
        picture, foreground, segmented, network_input = steps.values()
        np.testing.assert_array_equal(network_input[3::6, 3::6, 0], digit.image)
        assert np.corrcoef(picture.ravel(), foreground.ravel())[0, 1] < -0.5  # dark strokes become bright
        assert (segmented == 255).any()
        assert (segmented == 255).mean() > (foreground == 255).mean()  # without a margin


def test_a_digit_at_the_edge_of_the_picture_can_be_drawn():
    page = np.full((100, 300), 255, np.uint8)
    page[0:60, 140:160] = 0
    reading = load().read(page)
    assert draw_steps(reading, 0)["picture"].shape == (SIDE, SIDE, 3)
