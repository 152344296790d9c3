"""Normalization of a digit to MNIST's format: its size, its position and its stroke width (LeCun et al. 1998)."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float32, UInt8
from PIL import Image
from scipy import ndimage
from skimage.morphology import skeletonize

from digitjax.imaging.binarize import EDGE_INTENSITY
from digitjax.imaging.segmentation import Region

SIDE = 28
"""Side of a normalized image, in pixels, as in MNIST."""
DIGIT_SIDE = 20
"""Longer side of the digit in it, in pixels, as in MNIST."""


@dataclass(frozen=True)
class NormalizeParams:
    """Parameters of `to_mnist`.

    Chosen while recognition was developed on the development pictures of people's handwriting (README).
    """

    stroke_width: float = 2.8
    """Stroke width of the result, in pixels, as in MNIST; a pen, a mouse or a marker leaves 0.3 to 8."""
    draft_side: int = 80
    """Longer side, in pixels, of the draft on which strokes are measured and changed."""
    draft_padding: int = 8
    """Background around the draft, in pixels."""
    min_coverage: float = 0.05
    """Share of a draft's pixel that is covered by strokes from which it counts as stroke, so that hairlines stay."""
    edge_width: float = 2.0
    """Width of a stroke's soft edge, in pixels of the draft."""
    max_thinning: float = 0.6
    """Share of a stroke's half width that may be taken away on each side."""
    low_res_side: int = 14
    """Longer side, in pixels, under which a digit's strokes have no edges to measure, so their width is kept."""
    bold_one_width: float = 6.0
    """Stroke width from which a narrow digit is a bold 1, in pixels of the result."""
    bold_one_aspect: float = 0.6
    """Width over height below which a digit is narrow."""
    min_gap_depth: float = 0.05
    """Drop of intensity between two strokes of a row from which they are two; chosen on scikit-learn's 8x8 digits."""
    min_box_intensity: float = 0.3
    """Intensity from which a pixel belongs to the digit's box."""


def to_images(
    intensity: Float32[np.ndarray, "h w"],
    regions: Sequence[Region],
    params: NormalizeParams = NormalizeParams(),
) -> UInt8[np.ndarray, "n 28 28"]:
    """Normalize the digits of a picture.

    Args:
        intensity: foreground intensity of the picture, 0 to 1.
        regions: the digits in it.
        params: parameters of the normalization.

    Returns:
        The image of each digit, 0 for background to 255 for strokes.
    """
    images = np.zeros((len(regions), SIDE, SIDE), np.uint8)
    for image, region in zip(images, regions, strict=True):
        image[:] = to_mnist(crop_digit(intensity, region), params)
    return images


def crop_digit(intensity: Float32[np.ndarray, "h w"], region: Region) -> Float32[np.ndarray, "h2 w2"]:
    """Crop one digit, with the soft edges of its strokes and nothing of its neighbors.

    Args:
        intensity: foreground intensity of the picture, 0 to 1.
        region: the digit in it.

    Returns:
        The intensity in the region's box and one pixel around it.
    """
    near = region.dilate()
    window = intensity[max(region.y0 - 1, 0) : region.y1 + 1, max(region.x0 - 1, 0) : region.x1 + 1]
    top, left = int(region.y0 == 0), int(region.x0 == 0)
    cropped = np.zeros(near.shape, np.float32)
    cropped[top : top + window.shape[0], left : left + window.shape[1]] = window
    return cropped * near


def to_mnist(
    intensity: Float32[np.ndarray, "h w"], params: NormalizeParams = NormalizeParams()
) -> UInt8[np.ndarray, "28 28"]:
    """Normalize a digit to the stroke width, the size and the position of MNIST's.

    Args:
        intensity: the digit alone, 0 to 1 with stroke edges at 0.5.
        params: parameters of the normalization.

    Returns:
        The image, 0 for background to 255 for strokes.
    """
    draft_side, is_reduced = params.draft_side, max(intensity.shape) >= params.draft_side
    draft = _reduce(intensity, params) if is_reduced else _enlarge(intensity, draft_side) > EDGE_INTENSITY
    strokes = np.pad(draft, params.draft_padding)
    width = strokes.sum() / max(1, skeletonize(strokes).sum()) * DIGIT_SIDE / draft_side
    is_bold_one = (
        width > params.bold_one_width and strokes.any(0).sum() < params.bold_one_aspect * strokes.any(1).sum()
    )
    is_low_res = max(intensity.shape) < params.low_res_side
    if is_low_res and not (is_bold_one and _is_solid(intensity, params.min_gap_depth)):
        # A stroke is a pixel or two wide, and its gray says more than its edge.
        return center_in_frame(_enlarge(intensity, draft_side), params)
    return center_in_frame(_set_stroke_width(strokes, width, params) if strokes.any() else intensity, params)


def center_in_frame(
    intensity: Float32[np.ndarray, "h w"], params: NormalizeParams = NormalizeParams()
) -> UInt8[np.ndarray, "28 28"]:
    """Fit a digit into 20x20 pixels, keeping its aspect ratio, and put its center of mass into the middle of 28x28.

    Args:
        intensity: the digit alone, 0 to 1.
        params: parameters of the normalization.

    Returns:
        The image, 0 for background to 255 for strokes.
    """
    rows, columns = (np.flatnonzero((intensity > params.min_box_intensity).any(axis)) for axis in (1, 0))
    if not rows.size:
        return np.zeros((SIDE, SIDE), np.uint8)
    digit = intensity[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    method = Image.Resampling.BOX if max(digit.shape) > DIGIT_SIDE else Image.Resampling.BILINEAR
    fitted = np.asarray(Image.fromarray(digit).resize(_scaled_size(digit, DIGIT_SIDE), method))
    fitted = fitted / float(fitted.max())
    center_y, center_x = ndimage.center_of_mass(fitted)
    top = _offset((SIDE - 1) / 2 - center_y, fitted.shape[0])
    left = _offset((SIDE - 1) / 2 - center_x, fitted.shape[1])
    frame = np.zeros((SIDE, SIDE), np.float32)
    frame[top : top + fitted.shape[0], left : left + fitted.shape[1]] = fitted
    return np.rint(frame * 255).astype(np.uint8)


def _is_solid(intensity: Float32[np.ndarray, "h w"], min_gap_depth: float) -> bool:
    """Whether the intensity of each row rises and falls once, as that of a 1 does."""
    left, right = (np.maximum.accumulate(intensity[:, ::step], axis=1)[:, ::step] for step in (1, -1))
    return bool((np.minimum(left, right) - intensity).max() < min_gap_depth)


def _set_stroke_width(
    strokes: Bool[np.ndarray, "h w"], width: float, params: NormalizeParams
) -> Float32[np.ndarray, "h w"]:
    """Return a draft with strokes of one width and soft edges."""
    edge_width = params.edge_width
    change = (params.stroke_width - width) / 2 * params.draft_side / DIGIT_SIDE
    distance = np.zeros(strokes.shape, np.float32)  # from the edge, in pixels, negative inside
    if change > -edge_width / 2:
        distance += np.maximum(ndimage.distance_transform_edt(~strokes) - 0.5, 0)
    if change < edge_width / 2:
        depth = ndimage.distance_transform_edt(strokes)
        change = max(change, -params.max_thinning * float(depth.max()))
        distance -= np.maximum(depth - 0.5, 0)
    return np.clip(EDGE_INTENSITY + (change - distance) / edge_width, 0, 1).astype(np.float32)


def _enlarge(intensity: Float32[np.ndarray, "h w"], side: int) -> Float32[np.ndarray, "h2 w2"]:
    """Enlarge a digit to a longer side in pixels."""
    enlarged = Image.fromarray(intensity).resize(_scaled_size(intensity, side), Image.Resampling.BICUBIC)
    return np.asarray(enlarged).clip(0, 1)


def _reduce(intensity: Float32[np.ndarray, "h w"], params: NormalizeParams) -> Bool[np.ndarray, "h2 w2"]:
    """Reduce a digit's strokes to the size of the draft, hairlines included."""
    strokes = Image.fromarray((intensity > EDGE_INTENSITY).astype(np.float32))
    size = _scaled_size(intensity, params.draft_side)
    return np.asarray(strokes.resize(size, Image.Resampling.BOX)) > params.min_coverage


def _scaled_size(intensity: Float32[np.ndarray, "h w"], side: int) -> tuple[int, int]:
    """Return the width and the height of a digit whose longer side is scaled to so many pixels."""
    height, width = intensity.shape
    scale = side / max(height, width)
    return max(1, round(width * scale)), max(1, round(height * scale))


def _offset(offset: float, size: int) -> int:
    """Round an offset so that something of a size, in pixels, stays in the frame."""
    return min(max(round(offset), 0), SIDE - size)
