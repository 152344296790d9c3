import numpy as np

from digitjax.recognition.recognizer import load
from digitjax.visualization.steps import SIDE, draw_steps
from tests.recognition.drawing import digit_picture


def test_the_steps_lead_from_the_picture_to_what_the_network_saw():
    page = np.concatenate([digit_picture(4), digit_picture(0), np.full((160, 160), 255, np.uint8)], axis=1)
    reading = load().read(page)
    for number, digit in enumerate(reading.digits):
        steps = draw_steps(reading, number)
        assert list(steps) == ["the picture", "its ink", "the digit alone", "what the network saw"]
        assert {image.shape for image in steps.values()} == {(SIDE, SIDE, 3)}
        picture, ink, alone, seen = steps.values()
        np.testing.assert_array_equal(seen[3::6, 3::6, 0], digit.image)
        assert np.corrcoef(picture.ravel(), ink.ravel())[0, 1] < -0.5  # dark ink becomes bright
        assert (alone == 255).any()
        assert (alone == 255).mean() > (ink == 255).mean()  # as nothing is left around it


def test_a_digit_at_the_edge_has_nothing_beyond_it():
    page = np.full((100, 300), 255, np.uint8)
    page[0:60, 140:160] = 0
    reading = load().read(page)
    assert draw_steps(reading, 0)["the picture"].shape == (SIDE, SIDE, 3)
