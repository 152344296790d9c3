"""One digit, drawn at any size with any pen, from an image in the form of MNIST."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32, UInt8
from PIL import Image
from scipy import ndimage
from skimage.morphology import skeletonize

UNIT = 20
"""Longer side of a digit in an MNIST image, in pixels; the height of digits on a page refers to it."""

_EDGE = 0.43  # intensity at the edge of a stroke in an MNIST image
_RAMP = 1.25  # slope of intensity across a sharpened edge, beside one of the width of a pixel
_DRAFT = 4.0  # pixels of the draft, in which strokes are thinned, to one of the image; more for finer pens
_DRAFT_PEN = 1.5  # width of a pen in the draft, in pixels, from which its strokes do not fall apart
_MIN_PEN = 1.4  # the same on the page; finer pens are fainter instead

Range = tuple[float | int, float | int]
"""Lowest and highest value of a number that is drawn evenly between them."""
Coverage = Float32[np.ndarray, "_ _"]
"""Share of each pixel that the pen covers, 0 to 1."""


@dataclass(frozen=True)
class Style:
    """How one digit is written."""

    slant: float = 0.0
    """Shift to the right, in heights of the digit, from its foot to its head."""
    turn: float = 0.0
    """Rotation in degrees, counterclockwise."""
    width: float | None = None
    """Width of the pen in heights of a digit; None for the strokes of the image."""
    growth: float = 0.0
    """How far strokes grow on each side, in heights of a digit, where the width of the pen is not given."""
    sharp: bool = True
    """Whether edges are as sharp as those of a pen, not as soft as those of an enlarged image."""


@dataclass(frozen=True)
class Hand:
    """How the digits of a page are written: ranges from which the style of a page, or of each digit, is drawn."""

    slant: Range = (0.0, 0.0)
    turn: Range = (0.0, 0.0)
    size: Range = (1.0, 1.0)
    """Factor of the height of a digit."""
    width: Range | None = None
    """See `Style.width`; drawn evenly on a logarithmic scale."""
    growth: Range = (0.0, 0.0)
    sharp: bool = True
    baseline: float = 0.0
    """Standard deviation of the distance of a digit from its line, in heights of a digit."""
    mixed: bool = False
    """Whether each digit has a style of its own."""

    def draw_style(self, rng: np.random.Generator) -> Style:
        """Draw one style."""
        width = None if self.width is None else float(np.exp(rng.uniform(*np.log(self.width))))
        return Style(
            rng.uniform(*self.slant), rng.uniform(*self.turn), width, rng.uniform(*self.growth), self.sharp
        )


PLAIN = Hand()
"""Digits as they are in their images, with sharp edges."""
ENLARGED = Hand(sharp=False)
"""Digits as they are in their images, with the soft edges of an enlargement."""


def crop_digit(image: UInt8[np.ndarray, "h w"]) -> UInt8[np.ndarray, "h2 w2"]:
    """Cut off the empty rows and columns around a digit; an empty image stays as it is."""
    rows, columns = (np.flatnonzero(image.any(axis)) for axis in (1, 0))
    return image[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1] if rows.size else image


def enlarge(image: UInt8[np.ndarray, "h w"], scale: float) -> Coverage:
    """Resize an image.

    Args:
        image: uint8 (h, w).
        scale: pixels of the result to one of the image.

    Returns:
        Float32 (h * scale, w * scale), 0 to 1, with the soft edges of bicubic interpolation.
    """
    size = (max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale)))
    return np.asarray(Image.fromarray(image).resize(size, Image.Resampling.BICUBIC), np.float32) / 255


def draw_digit(image: UInt8[np.ndarray, "h w"], scale: float, style: Style) -> Coverage:
    """Draw a digit.

    Args:
        image: light strokes on a dark ground, uint8 (h, w).
        scale: pixels of the page to one of the image.
        style: how it is written.

    Returns:
        Where its strokes are, without empty rows and columns around them.
    """
    with_pen = style.width is not None or style.growth > 0
    if with_pen:
        strokes = _draw_with_pen(crop_digit(image), scale, style)
    elif style.slant or style.turn:
        soft = _transform(crop_digit(image).astype(np.float32) / 255, max(scale, 1.0), style, 0.0)
        strokes = soft if scale >= 1 else _resize(soft, scale)
    else:
        strokes = enlarge(crop_digit(image), scale)
    if style.sharp and not with_pen and scale > 1:
        strokes = np.clip((strokes - _EDGE) * (_RAMP * scale) + 0.5, 0, 1)
    strokes = strokes.clip(0, 1)
    visible = strokes > 0.02
    rows, columns = (np.flatnonzero(visible.any(axis)) for axis in (1, 0))
    return strokes[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1] if rows.size else strokes


def _draw_with_pen(image: UInt8[np.ndarray, "h w"], scale: float, style: Style) -> Coverage:
    """Draw the middle line of the strokes with a pen of another width, or let the strokes grow."""
    width = (2 * style.growth if style.width is None else style.width) * UNIT
    draft_scale = float(np.clip(_DRAFT_PEN / width, _DRAFT, max(scale, _DRAFT)))
    draft = enlarge(np.pad(image, int(np.ceil(width / 2)) + 2), draft_scale) > _EDGE
    drawn = draft if style.width is None else skeletonize(draft)
    distance = ndimage.distance_transform_edt(~drawn).astype(np.float32)
    if not draft.any():
        distance[:] = draft.size
    reduction = scale / draft_scale
    distance = _transform(distance, max(scale, 1.0) / draft_scale, style, float(distance.max())) * reduction
    distance = distance if scale >= 1 else _resize(distance, scale)
    pen = max(width * scale, _MIN_PEN)
    return np.clip(0.5 + pen / 2 - distance, 0, 1) * np.float32(min(1.0, max(width * scale, 0.5)))


def _transform(
    values: Float32[np.ndarray, "h w"], scale: float, style: Style, outside: float
) -> Float32[np.ndarray, "h2 w2"]:
    """Enlarge, slant and turn, with `outside` for what was not there."""
    height, width = values.shape
    angle = np.radians(style.turn)
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    matrix = turn @ np.array([[1.0, -style.slant], [0.0, 1.0]]) * scale
    corners = matrix @ (np.array([[-1, 1, -1, 1], [-1, -1, 1, 1]]) * [[width / 2], [height / 2]])
    size = np.ceil(np.ptp(corners, axis=1)).astype(int) + 2
    inverse = np.linalg.inv(matrix)
    shift = np.array([width / 2, height / 2]) - inverse @ (size / 2)
    coefficients = (*inverse[0], shift[0], *inverse[1], shift[1])
    image = Image.fromarray(values).transform(
        (int(size[0]), int(size[1])),
        Image.Transform.AFFINE,
        tuple(map(float, coefficients)),
        Image.Resampling.BICUBIC,
        fillcolor=outside,
    )
    return np.asarray(image, np.float32).clip(0, None)


def _resize(values: Float32[np.ndarray, "h w"], scale: float) -> Float32[np.ndarray, "h2 w2"]:
    size = (max(1, round(values.shape[1] * scale)), max(1, round(values.shape[0] * scale)))
    return np.asarray(Image.fromarray(values).resize(size, Image.Resampling.BICUBIC), np.float32).clip(
        0, None
    )
