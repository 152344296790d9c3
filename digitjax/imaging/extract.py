"""A picture to the digits in it, each in the form of MNIST: the way of every picture, be it read or trained on."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float32, UInt8
from scipy import ndimage

from digitjax.imaging.binarize import binarize
from digitjax.imaging.decode import Picture, Source, decode
from digitjax.imaging.letterbox import crop_letterbox
from digitjax.imaging.normalize import SIDE, to_mnist
from digitjax.imaging.segmentation import Region, find_digits


class Extraction(NamedTuple):
    """The digits of a picture in reading order, and every step on the way."""

    picture: Picture
    ink: Float32[np.ndarray, "h w"]
    """Amount of ink, 0 to 1."""
    regions: list[Region]
    """Where each digit is in the ink."""

    @property
    def images(self) -> UInt8[np.ndarray, "n 28 28"]:
        """What a network sees of each digit."""
        return to_images(self.ink, self.regions)


def extract(source: Source) -> Extraction:
    """Find the digits of a picture.

    Args:
        source: a path, the bytes of a file, an open file, or pixels: uint8 (h, w) or (h, w, 3).

    Raises:
        InputError: it is no picture that can be decoded.
    """
    picture = decode(source)
    rows, columns = crop_letterbox(picture.pixels)
    ink = binarize(picture.pixels[rows, columns])
    amount = np.zeros(picture.pixels.shape[:2], np.float32)
    amount[rows, columns] = ink.amount
    return Extraction(
        picture, amount, [region.moved(columns.start, rows.start) for region in find_digits(ink)]
    )


def to_images(ink: Float32[np.ndarray, "h w"], regions: Sequence[Region]) -> UInt8[np.ndarray, "n 28 28"]:
    """Return what a network sees of each region."""
    images = np.zeros((len(regions), SIDE, SIDE), np.uint8)
    for image, region in zip(images, regions, strict=True):
        image[:] = to_mnist(cut(ink, region))
    return images


def cut(ink: Float32[np.ndarray, "h w"], region: Region) -> Float32[np.ndarray, "h2 w2"]:
    """Cut one digit out, with the soft edges of its strokes and nothing of its neighbours."""
    near = ndimage.binary_dilation(np.pad(region.mask, 1), np.ones((3, 3), bool))
    window = ink[max(region.y0 - 1, 0) : region.y1 + 1, max(region.x0 - 1, 0) : region.x1 + 1]
    top, left = int(region.y0 == 0), int(region.x0 == 0)
    alone = np.zeros(near.shape, np.float32)
    alone[top : top + window.shape[0], left : left + window.shape[1]] = window
    return alone * near
