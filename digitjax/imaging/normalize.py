"""A digit's ink to the form of MNIST, which is all that a network has seen (LeCun et al. 1998)."""

import numpy as np
from jaxtyping import Bool, Float32, UInt8
from PIL import Image
from scipy import ndimage
from skimage.morphology import skeletonize

SIDE = 28
FITTED = 20
"""Longer side of the digit, in pixels."""
STROKE_WIDTH = 2.8
"""Width that strokes are brought to, in pixels: what a pen, a mouse or a marker draws is 0.3 to 8."""
COARSE = 14
"""Longer side, in pixels, under which a digit's strokes have no edges to measure."""
_THICK, _NARROW = 6.0, 0.6  # stroke in pixels of the result, width over height: what can only be a bold 1
_LIGHT = 0.05  # ink that is missing between two strokes, at least
_DRAFT = 80  # longer side at which strokes are measured and changed
_HAIR = 0.05  # share of ink in a pixel of the draft that makes it a stroke
_SOFT = 2.0  # width of a stroke's soft edge there


def to_mnist(ink: Float32[np.ndarray, "h w"]) -> UInt8[np.ndarray, "28 28"]:
    """Bring a digit to the stroke width, the size and the place of MNIST's.

    Args:
        ink: the digit alone, 0 to 1 with stroke edges at 0.5.
    """
    strokes = np.pad(_enlarge(ink) > 0.5 if max(ink.shape) < _DRAFT else _reduce(ink), _DRAFT // 10)
    width = strokes.sum() / max(1, skeletonize(strokes).sum()) * FITTED / _DRAFT
    bold_one = width > _THICK and strokes.any(0).sum() < _NARROW * strokes.any(1).sum()
    if max(ink.shape) < COARSE and not (bold_one and _is_solid(ink)):
        return fit(_enlarge(ink))  # a stroke is a pixel or two wide, and its grey says more than its edge
    return fit(_set_width(strokes, width) if strokes.any() else ink)


def _is_solid(ink: Float32[np.ndarray, "h w"]) -> bool:
    """Whether the ink of each row rises and falls once, as that of a 1 does: no light shows between two strokes."""
    left, right = (np.maximum.accumulate(ink[:, ::step], axis=1)[:, ::step] for step in (1, -1))
    return bool((np.minimum(left, right) - ink).max() < _LIGHT)


def _set_width(strokes: Bool[np.ndarray, "h w"], width: float) -> Float32[np.ndarray, "h w"]:
    """Return a draft with strokes of one width and soft edges."""
    change = (STROKE_WIDTH - width) / 2 * _DRAFT / FITTED
    beyond = np.zeros(strokes.shape, np.float32)  # distance from the edge, negative inside
    if change > -_SOFT / 2:
        beyond += np.maximum(ndimage.distance_transform_edt(~strokes) - 0.5, 0)
    if change < _SOFT / 2:
        inside = ndimage.distance_transform_edt(strokes)
        change = max(change, -0.6 * float(inside.max()))  # never thinner than leaves a stroke
        beyond -= np.maximum(inside - 0.5, 0)
    return np.clip(0.5 + (change - beyond) / _SOFT, 0, 1).astype(np.float32)


def _enlarge(ink: Float32[np.ndarray, "h w"]) -> Float32[np.ndarray, "h2 w2"]:
    enlarged = Image.fromarray(ink).resize(_size(ink, _DRAFT), Image.Resampling.BICUBIC)
    return np.asarray(enlarged).clip(0, 1)


def _reduce(ink: Float32[np.ndarray, "h w"]) -> Bool[np.ndarray, "h2 w2"]:
    """Reduce the strokes, the hair-thin ones too."""
    solid = Image.fromarray((ink > 0.5).astype(np.float32))
    return np.asarray(solid.resize(_size(ink, _DRAFT), Image.Resampling.BOX)) > _HAIR


def _size(ink: Float32[np.ndarray, "h w"], side: int) -> tuple[int, int]:
    """Return the width and the height of a digit whose longer side is so long."""
    height, width = ink.shape
    scale = side / max(height, width)
    return max(1, round(width * scale)), max(1, round(height * scale))


def fit(ink: Float32[np.ndarray, "h w"]) -> UInt8[np.ndarray, "28 28"]:
    """Fit the ink into 20x20 keeping its shape, and put its centre of mass in the middle of 28x28."""
    rows, columns = (np.flatnonzero((ink > 0.3).any(axis)) for axis in (1, 0))
    if not rows.size:
        return np.zeros((SIDE, SIDE), np.uint8)
    ink = ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    filter_ = Image.Resampling.BOX if max(ink.shape) > FITTED else Image.Resampling.BILINEAR
    fitted = np.asarray(Image.fromarray(ink).resize(_size(ink, FITTED), filter_))
    fitted = fitted / float(fitted.max())
    centre_y, centre_x = ndimage.center_of_mass(fitted)
    top = _place((SIDE - 1) / 2 - centre_y, fitted.shape[0])
    left = _place((SIDE - 1) / 2 - centre_x, fitted.shape[1])
    framed = np.zeros((SIDE, SIDE), np.float32)
    framed[top : top + fitted.shape[0], left : left + fitted.shape[1]] = fitted
    return np.rint(framed * 255).astype(np.uint8)


def _place(offset: float, size: int) -> int:
    return min(max(round(offset), 0), SIDE - size)
