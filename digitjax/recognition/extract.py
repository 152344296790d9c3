"""A picture to the digits in it, each in the form of MNIST: the way of every picture, be it read or trained on."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float32, UInt8

from digitjax.recognition.decode import Picture, Source, decode
from digitjax.recognition.ink import find_ink, ink_mask
from digitjax.recognition.normalize import SIDE, to_mnist
from digitjax.recognition.segment import Region, find_digits


class Extraction(NamedTuple):
    """The digits of a picture in reading order, and every step on the way."""

    picture: Picture
    ink: Float32[np.ndarray, "h w"]
    """Amount of ink, 0 to 1."""
    regions: list[Region]
    """Where each digit is in the ink."""
    images: UInt8[np.ndarray, "n 28 28"]
    """What a network sees of each digit."""


def extract(source: Source) -> Extraction:
    """Find the digits of a picture.

    Args:
        source: a path, the bytes of a file, an open file, or pixels: uint8 (h, w) or (h, w, 3).

    Raises:
        InputError: it is no picture that can be decoded.
    """
    picture = decode(source)
    ink = find_ink(picture.grey)
    regions = find_digits(ink_mask(ink))
    images = np.zeros((len(regions), SIDE, SIDE), np.uint8)
    for image, region in zip(images, regions, strict=True):
        image[:] = to_mnist(ink[region.y0 : region.y1, region.x0 : region.x1] * region.mask)
    return Extraction(picture, ink, regions, images)
