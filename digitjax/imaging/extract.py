"""Extraction of the digits of a picture, each as a 28x28 image: the same for pictures that are read and trained on."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from jaxtyping import Float32, UInt8

from digitjax.errors import InputError
from digitjax.imaging.binarize import BinarizeParams, binarize
from digitjax.imaging.box import Box
from digitjax.imaging.boxes import find_regions
from digitjax.imaging.components import find_components
from digitjax.imaging.decode import DecodeParams, Picture, decode
from digitjax.imaging.letterbox import LetterboxParams, crop_letterbox
from digitjax.imaging.normalize import to_images
from digitjax.imaging.segmentation import Region, SegmentationParams, find_digits
from digitjax.imaging.source import Source


@dataclass(frozen=True)
class ExtractParams:
    """Parameters of the stages of `extract`, in their order."""

    decode: DecodeParams = field(default_factory=DecodeParams)
    """File to pixels."""
    letterbox: LetterboxParams = field(default_factory=LetterboxParams)
    """Pixels to pixels without bars around them."""
    binarize: BinarizeParams = field(default_factory=BinarizeParams)
    """Pixels to foreground."""
    segmentation: SegmentationParams = field(default_factory=SegmentationParams)
    """Foreground to digits."""


class Extraction(NamedTuple):
    """The digits of a picture in reading order, and the intermediate results."""

    picture: Picture
    """The picture as displayed."""
    intensity: Float32[np.ndarray, "h w"]
    """Foreground intensity of the whole picture, 0 to 1."""
    regions: list[Region]
    """The digits in the picture."""

    @property
    def images(self) -> UInt8[np.ndarray, "n 28 28"]:
        """The normalized image of each digit, which a network classifies."""
        return to_images(self.intensity, self.regions)


def extract(source: Source, params: ExtractParams = ExtractParams()) -> Extraction:
    """Find the digits of a picture.

    Args:
        source: a path, the bytes of a file, an open file, or pixels: uint8 (h, w), (h, w, 3) or (h, w, 4).
        params: parameters of each stage.

    Returns:
        The digits and the intermediate results.

    Raises:
        InputError: the source is no picture that can be decoded.
    """
    picture = decode(source, params.decode)
    rows, columns = crop_letterbox(picture.pixels, params.letterbox)
    foreground = binarize(picture.pixels[rows, columns], params.binarize)
    regions = find_digits(foreground, params.segmentation)
    intensity = np.zeros(picture.pixels.shape[:2], np.float32)
    intensity[rows, columns] = foreground.intensity
    return Extraction(picture, intensity, [region.translate(columns.start, rows.start) for region in regions])


def extract_boxes(
    source: Source, boxes: Sequence[Box], params: ExtractParams = ExtractParams()
) -> Extraction:
    """Cut the digits of a picture out of known boxes.

    Args:
        source: a path, the bytes of a file, an open file, or pixels: uint8 (h, w), (h, w, 3) or (h, w, 4).
        boxes: one for each digit, in pixels of the picture reduced to `params.decode.working_side`.
        params: parameters of each stage.

    Returns:
        The digits, in the order of the boxes, and the intermediate results.

    Raises:
        InputError: the source is no picture that can be decoded, or a box lies outside of it or holds no strokes.
    """
    picture = decode(source, params.decode)
    height, width = picture.pixels.shape[:2]
    for number, box in enumerate(boxes, start=1):
        if not (0 <= box.x0 < box.x1 <= width and 0 <= box.y0 < box.y1 <= height):
            raise InputError(f"box {number} is outside of the picture of {width} x {height} pixels: move it")
    rows, columns = crop_letterbox(picture.pixels, params.letterbox)
    foreground = binarize(picture.pixels[rows, columns], params.binarize)
    labels, _ = find_components(foreground, params.segmentation.components)  # without ruled lines
    intensity = np.zeros((height, width), np.float32)
    intensity[rows, columns] = foreground.intensity
    mask = np.zeros((height, width), bool)
    mask[rows, columns] = labels > 0
    for box, region in zip(boxes, find_regions(mask, boxes), strict=True):
        if region is None:  # strokes that are faint beside others stand out in their box
            window = np.s_[box.y0 : box.y1, box.x0 : box.x1]
            foreground = binarize(picture.pixels[window], params.binarize)
            intensity[window], mask[window] = foreground.intensity, foreground.mask
    regions = find_regions(mask, boxes)
    found = [region for region in regions if region is not None]
    if len(found) < len(boxes):
        raise InputError(f"box {regions.index(None) + 1} holds no strokes: draw it around a digit")
    return Extraction(picture, intensity, found)
