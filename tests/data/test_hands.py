"""Generated handwriting: the same for the same seed, consistent in one hand, different between hands."""

from itertools import pairwise

import numpy as np
import pytest

from digitjax.data.hands import draw_hand, write_digit, write_digits


def test_the_seed_alone_decides_the_digits():
    def draw(seed: int):
        rng = np.random.default_rng(seed)
        return write_digits(draw_hand(rng), 2, rng)

    (images, labels), (again, _), (others, _) = draw(0), draw(0), draw(1)
    np.testing.assert_array_equal(images, again)
    assert (images != others).any(axis=(1, 2)).all()
    assert labels.tolist() == [*range(10), *range(10)]
    assert (images[:10] != images[10:]).any(axis=(1, 2)).all()  # nobody writes a digit twice alike


@pytest.mark.parametrize("seed", range(12))
def test_every_digit_is_drawn_whole_inside_a_margin(seed):
    rng = np.random.default_rng(seed)
    hand = draw_hand(rng)
    for digit in range(10):
        strokes = write_digit(hand, digit, rng)
        assert strokes.max() == 1
        assert not strokes[[0, -1]].any()
        assert not strokes[:, [0, -1]].any()


def test_digits_of_one_hand_are_more_alike_than_those_of_two():
    def mean_ones(seed: int):
        rng = np.random.default_rng(seed)
        hand = draw_hand(rng)
        return [np.mean([write_digits(hand, 1, rng)[0][1] for _ in range(8)], axis=0) for _ in range(2)]

    means = [mean_ones(seed) for seed in range(6)]
    within = np.mean([np.abs(a - b).mean() for a, b in means])
    between = np.mean([np.abs(a - c).mean() for (a, _), (c, _) in pairwise(means)])
    assert between > 3 * within
