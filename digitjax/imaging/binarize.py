"""Colours to ink: what the paper looks like, which of light and dark is the pen, and how much of it is where.

An even paper (a drawing, a scan, an export) has one colour, and whatever differs from it is ink. The paper of a photo
is shaded: its brightness is followed from place to place, and ink is what is darker, or lighter, than the paper around
it.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float32, UInt8
from PIL import Image
from scipy import ndimage
from skimage.filters import threshold_otsu
from skimage.filters.rank import percentile

EDGE = 0.5
"""Amount of ink at the edge of a stroke."""
MIN_CONTRAST = 0.03
"""Contrast of pen and paper, 1 for black on white, below which a picture counts as blank."""
_SMALL = 48  # shorter side, in pixels, below which shades are not told from strokes
_TOLERANCE = 8  # grey levels by which an even paper may vary
_MAP_SIDE = 72  # of the reduced picture on which the paper is followed
_WINDOW = 0.22  # how far the surroundings of a pixel reach, as a share of the longer side
_SAMPLE = 100_000  # pixels that are enough for what holds of the whole picture
_NOISE = 4.0  # standard deviations above which something is not noise


class Foreground(NamedTuple):
    """How much ink is where."""

    amount: Float32[np.ndarray, "h w"]
    """0 for paper to 1 for a full stroke; its edge is at `EDGE`."""
    even: bool
    """Whether the paper has one colour, as that of drawings has; else its shades may look like ink at the borders."""

    @property
    def mask(self) -> Bool[np.ndarray, "h w"]:
        """Where the strokes are."""
        return self.amount > EDGE


def binarize(pixels: UInt8[np.ndarray, "h w 3"]) -> Foreground:
    """Return the ink of a picture; a blank one has none."""
    grey = np.asarray(Image.fromarray(pixels).convert("L"))
    even = _is_even(grey)
    if even:
        contrast = difference(pixels, _border_colour(pixels)).astype(np.float32) / 255
    elif min(grey.shape) < _SMALL:
        paper = float(np.median(_border(grey)))
        dark = bool(np.abs(grey - paper)[grey < paper].sum() > np.abs(grey - paper)[grey > paper].sum())
        contrast = np.clip((paper - grey if dark else grey - paper) / np.float32(255), 0, 1).astype(
            np.float32
        )
    else:
        contrast = _contrast_to_paper(pixels, dark=_pen_is_dark(grey))
    return Foreground(_amount(contrast, even=even), even)


def _is_even(grey: UInt8[np.ndarray, "h w"]) -> bool:
    """Whether most of the border, and much of the picture, has one brightness."""
    border = _border(grey)
    near = np.abs(np.arange(256) - np.median(border)) < _TOLERANCE
    return bool(near[border].mean() > 0.6 and near[grey].mean() > 0.35)


def _border(pixels: np.ndarray) -> np.ndarray:
    return np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])


def _border_colour(pixels: UInt8[np.ndarray, "h w 3"]) -> UInt8[np.ndarray, " 3"]:
    return np.median(_border(pixels), axis=0).astype(np.uint8)


def difference(
    pixels: UInt8[np.ndarray, "h w 3"], colour: UInt8[np.ndarray, " 3"]
) -> UInt8[np.ndarray, "h w"]:
    """Return the difference to a colour in the channel where it is largest, so that no pen is too pale."""
    channels = [pixels[..., i] for i in range(3)]
    differences = [np.maximum(x, c) - np.minimum(x, c) for x, c in zip(channels, colour, strict=True)]
    return np.maximum(np.maximum(*differences[:2]), differences[2])


def _pen_is_dark(grey: UInt8[np.ndarray, "h w"]) -> bool:
    """Whether more of the picture is much darker than what surrounds it than is much lighter.

    Unlike a threshold this holds under shades, where dark paper is darker than light strokes elsewhere.
    """
    step = max(1, round((grey.size / _SAMPLE) ** 0.5))
    margin = max(1, min(grey.shape) // 25)  # borders show what is not paper

    def ink_of(light: UInt8[np.ndarray, "h w"]) -> float:
        sample = (slice(margin, -margin, step), slice(margin, -margin, step))
        excess = _paper(light, 0.5)[sample] - light[sample]
        middle, spread = _middle(excess)
        return float(np.maximum(excess - middle - max(_NOISE * spread, 0.06 * 255), 0).sum())

    return ink_of(grey) >= ink_of(255 - grey)


def _contrast_to_paper(pixels: UInt8[np.ndarray, "h w 3"], *, dark: bool) -> Float32[np.ndarray, "h w"]:
    """Return how much of the light of the paper around it each pixel lacks, where the pen takes most of it.

    The ratio, not the difference, since a shadow dims paper and ink alike.
    """
    channels = [pixels[..., i] if dark else 255 - pixels[..., i] for i in range(3)]
    light = np.minimum(np.minimum(*channels[:2]), channels[2])
    paper = np.maximum(_paper(light, 0.75), 0.15 * 255)
    return np.clip((paper - light) / paper, 0, 1)


def _paper(light: UInt8[np.ndarray, "h w"], share: float) -> Float32[np.ndarray, "h w"]:
    """Return the light of the paper around each pixel, for a dark pen.

    A percentile of the surroundings, smoothed; but never more than a closing leaves, which removes strokes and keeps
    what is dark and broad: the edge of the page, a shadow.
    """
    height, width = light.shape
    step = max(1, max(height, width) // _MAP_SIDE)
    mean = np.array(Image.fromarray(light).reduce(step))
    window = max(15, int(max(mean.shape) * _WINDOW) | 1)
    around = percentile(mean, np.ones((window, window), bool), p0=share)
    smooth = ndimage.gaussian_filter(around.astype(np.float32), window / 5, mode="nearest")
    # Dark outside, so that at a border, too, what is dark and broad remains.
    rows, columns = np.arange(0, height, step), np.arange(0, width, step)
    brightest = np.maximum.reduceat(np.maximum.reduceat(light, rows, axis=0), columns, axis=1)
    brightest = np.pad(brightest, window)
    closed = ndimage.grey_closing(brightest, (window, window))[window:-window, window:-window]
    # At an edge, which lies within a pixel of the map, the darker side.
    closed = ndimage.minimum_filter(closed, 3)
    paper = Image.fromarray(np.minimum(smooth, closed, dtype=np.float32))
    return np.asarray(paper.resize((width, height), Image.Resampling.BILINEAR))


def _amount(contrast: Float32[np.ndarray, "h w"], *, even: bool) -> Float32[np.ndarray, "h w"]:
    """Scale contrast so that the edges of strokes are at `EDGE`: above noise, and by Otsu (1979) among what remains."""
    step = max(1, round((contrast.size / _SAMPLE) ** 0.5))
    sample = contrast[::step, ::step]
    paper = sample[sample < 2 * _TOLERANCE / 255] if even else sample  # a thick digit may cover most of it
    middle, spread = _middle(paper)
    floor = max(middle + _NOISE * spread, MIN_CONTRAST)
    marks = contrast[contrast > floor]
    if not marks.size:
        return np.zeros(contrast.shape, np.float32)
    full = float(np.percentile(marks, 95))
    rest = sample[sample > floor / 2]
    edge = threshold_otsu(rest) if np.ptp(rest) else full / 2
    edge = float(np.clip(edge, max(floor, 0.3 * full), max(floor, 0.55 * full))) * 0.85
    return np.where(
        contrast < edge,
        contrast * (EDGE / edge),
        EDGE + (contrast - edge) * ((1 - EDGE) / max(full - edge, 1e-3)),
    ).clip(0, 1)


def _middle(values: Float32[np.ndarray, "..."]) -> tuple[float, float]:
    """Return the median, and the standard deviation of the bulk from the median absolute deviation."""
    middle = np.median(values)
    return float(middle), 1.4826 * float(np.median(np.abs(values - middle)))
