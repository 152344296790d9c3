"""Binarization: which pixels belong to strokes, whatever the paper, the pen and the light.

Drawings, scans and exports have a uniform background, and whatever differs from it is foreground. The background of a
photo is shaded, so its brightness is estimated locally, and foreground is what is darker, or lighter, than that.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float32, UInt8
from PIL import Image
from scipy import ndimage
from skimage.filters import threshold_otsu

EDGE_INTENSITY = 0.5
"""Foreground intensity at the edge of a stroke, by definition of the scale."""
_MAD_TO_STD = 1.4826  # standard deviation over median absolute deviation of a normal distribution


@dataclass(frozen=True)
class BinarizeParams:
    """Parameters of `binarize`.

    Chosen while recognition was developed on the development pictures of people's handwriting (README).
    Contrasts are of the full range of brightness, 0 to 1.
    """

    uniform_tolerance: int = 8
    """Gray levels, of 256, by which a uniform background may vary."""
    uniform_border_share: float = 0.6
    """Share of the border's pixels that must have the background's brightness in a uniform picture."""
    uniform_picture_share: float = 0.35
    """Share of all pixels that must have the background's brightness in a uniform picture."""
    min_shaded_side: int = 48
    """Shorter side, in pixels, below which shading cannot be separated from strokes and is not estimated."""
    map_side: int = 72
    """Longer side, in pixels, of the reduced picture on which the background is estimated."""
    window_share: float = 0.22
    """Side of the window that estimates the background at a pixel, as a share of the map's longer side."""
    min_window: int = 15
    """Smallest side of that window, in pixels of the map."""
    window_sigmas: float = 5.0
    """Side of that window, in standard deviations of the Gaussian that smooths the estimate."""
    background_percentile: float = 0.75
    """Percentile (0 to 1) of the window's brightness that is taken for the background."""
    min_background: float = 0.15
    """Brightness below which the background is not estimated, so that no contrast is divided by almost nothing."""
    polarity_percentile: float = 0.5
    """The same percentile where only the polarity, dark on light or light on dark, is decided."""
    polarity_min_contrast: float = 0.06
    """Contrast to the background from which a pixel has a say in the polarity."""
    polarity_border_divisor: int = 25
    """The border that has no say in the polarity is the shorter side divided by this."""
    tight_percentile: float = 90
    """Percentile (0 to 100) of the border's brightness that is taken for the background of dark strokes."""
    same_brightness: int = 3
    """Gray levels, of 256, up to which a stroke of another color may be as bright as a uniform background."""
    sample_pixels: int = 100_000
    """Number of pixels that suffice for statistics of the whole picture."""
    noise_sigmas: float = 4.0
    """Standard deviations of the background above which something is not noise."""
    min_contrast: float = 0.03
    """Contrast of strokes and background, 1 for black on white, below which a picture counts as blank."""
    full_percentile: float = 95
    """Percentile (0 to 100) of the contrast above noise that has an intensity of 1."""
    otsu_floor_share: float = 0.5
    """Share of the noise level from which pixels take part in Otsu's threshold."""
    min_edge_share: float = 0.3
    """Smallest contrast of a stroke's edge, as a share of the contrast of intensity 1."""
    max_edge_share: float = 0.55
    """Largest contrast of a stroke's edge, as a share of the contrast of intensity 1."""
    edge_factor: float = 0.85
    """Factor by which the contrast of the edge is lowered afterwards."""


class Foreground(NamedTuple):
    """The strokes of a picture, separated from its background."""

    intensity: Float32[np.ndarray, "h w"]
    """From 0 for background to 1 for a full stroke; the edges of strokes are at `EDGE_INTENSITY`."""
    uniform_background: bool
    """Whether the background has one color, as in drawings; otherwise its shading may look like strokes."""

    @property
    def mask(self) -> Bool[np.ndarray, "h w"]:
        """True where the strokes are."""
        return self.intensity > EDGE_INTENSITY


class Contrast(NamedTuple):
    """How much a picture differs from its background."""

    values: Float32[np.ndarray, "h w"]
    """From 0 for background to 1 for black on white or white on black."""
    uniform_background: bool
    """Whether the background has one color."""
    noise: float
    """Contrast up to which a difference is noise."""
    full: float
    """Contrast of a full stroke; 0 if nothing is above the noise."""


def binarize(pixels: UInt8[np.ndarray, "h w 3"], params: BinarizeParams = BinarizeParams()) -> Foreground:
    """Separate the strokes of a picture from its background.

    Args:
        pixels: the picture in RGB.
        params: parameters of the binarization.

    Returns:
        The foreground; that of a blank picture is empty.
    """
    return threshold(estimate_contrast(pixels, params=params), params)


def threshold(contrast: Contrast, params: BinarizeParams = BinarizeParams()) -> Foreground:
    """Separate strokes from the background by their contrast.

    Args:
        contrast: of a picture.
        params: parameters of the binarization.

    Returns:
        The foreground; that of a blank picture is empty.
    """
    if not contrast.full:
        return Foreground(np.zeros(contrast.values.shape, np.float32), contrast.uniform_background)
    intensity = scale_contrast(contrast.values, _find_edge(contrast, params), contrast.full)
    return Foreground(intensity, contrast.uniform_background)


def estimate_contrast(
    pixels: UInt8[np.ndarray, "h w 3"], dark: bool | None = None, params: BinarizeParams = BinarizeParams()
) -> Contrast:
    """Estimate the contrast of a picture to its background.

    Args:
        pixels: the picture in RGB.
        dark: whether strokes are darker than the background, or lighter; None finds out, and takes both on a uniform
            background.
        params: parameters of the binarization.

    Returns:
        The contrast at each pixel, and its levels.
    """
    gray = np.asarray(Image.fromarray(pixels).convert("L"))
    uniform = _has_uniform_background(gray, params)
    background = float(np.median(_border(gray)))
    if uniform:
        values = max_channel_difference(pixels, _border_color(pixels)).astype(np.float32) / 255
        if dark is not None:
            tolerance = params.same_brightness
            values[gray > background + tolerance if dark else gray < background - tolerance] = 0
    elif min(gray.shape) < params.min_shaded_side:
        if dark is None:
            is_dark = _is_mostly_darker(gray, background)
        else:  # strokes may cover most of the border of a tight crop
            is_dark = dark
            background = float(
                np.percentile(
                    _border(gray), params.tight_percentile if dark else 100 - params.tight_percentile
                )
            )
        values = (background - gray if is_dark else gray - background) / np.float32(255)
        values = np.clip(values, 0, 1).astype(np.float32)
    else:
        is_dark = _is_dark_on_light(gray, params) if dark is None else dark
        values = _contrast_to_background(pixels, is_dark, params)
    return Contrast(values, uniform, *_find_levels(values, uniform, params))


def is_dark_on_light(pixels: UInt8[np.ndarray, "h w 3"], params: BinarizeParams = BinarizeParams()) -> bool:
    """Decide whether a picture shows dark strokes on a light background.

    Args:
        pixels: the picture in RGB.
        params: parameters of the binarization.

    Returns:
        True for dark on light.
    """
    gray = np.asarray(Image.fromarray(pixels).convert("L"))
    if _has_uniform_background(gray, params) or min(gray.shape) < params.min_shaded_side:
        return _is_mostly_darker(gray, float(np.median(_border(gray))))
    return _is_dark_on_light(gray, params)


def _is_mostly_darker(gray: UInt8[np.ndarray, "h w"], background: float) -> bool:
    difference = gray - background
    return bool(np.abs(difference[difference < 0]).sum() > np.abs(difference[difference > 0]).sum())


def _has_uniform_background(gray: UInt8[np.ndarray, "h w"], params: BinarizeParams) -> bool:
    """Whether most of the border, and much of the picture, has one brightness."""
    border = _border(gray)
    near = np.abs(np.arange(256) - np.median(border)) < params.uniform_tolerance
    return bool(
        near[border].mean() > params.uniform_border_share and near[gray].mean() > params.uniform_picture_share
    )


def _border(pixels: np.ndarray) -> np.ndarray:
    return np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])


def _border_color(pixels: UInt8[np.ndarray, "h w 3"]) -> UInt8[np.ndarray, " 3"]:
    return np.median(_border(pixels), axis=0).astype(np.uint8)


def max_channel_difference(
    pixels: UInt8[np.ndarray, "h w 3"], color: UInt8[np.ndarray, " 3"]
) -> UInt8[np.ndarray, "h w"]:
    """Return the difference to a color in the channel where it is largest, so that no pen is too pale.

    Args:
        pixels: a picture in RGB.
        color: the RGB color to compare with.
    """
    channels = [pixels[..., i] for i in range(3)]
    differences = [np.maximum(x, c) - np.minimum(x, c) for x, c in zip(channels, color, strict=True)]
    return np.maximum(np.maximum(*differences[:2]), differences[2])


def _is_dark_on_light(gray: UInt8[np.ndarray, "h w"], params: BinarizeParams) -> bool:
    """Whether more of the picture is much darker than what surrounds it than is much lighter.

    Unlike a threshold this holds under shading, where dark paper is darker than light strokes elsewhere.
    """
    step = _sampling_step(gray.size, params)
    margin = max(1, min(gray.shape) // params.polarity_border_divisor)  # borders show what is not paper
    sample = (slice(margin, -margin, step), slice(margin, -margin, step))

    def total_excess(light: UInt8[np.ndarray, "h w"]) -> float:
        excess = _estimate_background(light, params.polarity_percentile, params)[sample] - light[sample]
        median, deviation = _robust_statistics(excess)
        noise = max(params.noise_sigmas * deviation, params.polarity_min_contrast * 255)
        return float(np.maximum(excess - median - noise, 0).sum())

    return total_excess(gray) >= total_excess(255 - gray)


def _contrast_to_background(
    pixels: UInt8[np.ndarray, "h w 3"], dark: bool, params: BinarizeParams
) -> Float32[np.ndarray, "h w"]:
    """Return the share of the background's light that each pixel lacks, in the channel where the pen takes most of it.

    The ratio is taken, not the difference, since a shadow dims paper and strokes alike.
    """
    channels = [pixels[..., i] if dark else 255 - pixels[..., i] for i in range(3)]
    light = np.minimum(np.minimum(*channels[:2]), channels[2])
    background = np.maximum(
        _estimate_background(light, params.background_percentile, params), params.min_background * 255
    )
    return np.clip((background - light) / background, 0, 1)


def _estimate_background(
    light: UInt8[np.ndarray, "h w"], share: float, params: BinarizeParams
) -> Float32[np.ndarray, "h w"]:
    """Return the brightness of the background around each pixel, for dark strokes.

    It is a smoothed local percentile, but never more than a morphological closing leaves, which removes strokes and
    keeps what is dark and broad: the edge of the page, a shadow.
    """
    from skimage.filters.rank import percentile  # only here, as drawings on plain ground do not need it

    height, width = light.shape
    step = max(1, max(height, width) // params.map_side)
    mean = np.array(Image.fromarray(light).reduce(step))
    window = max(params.min_window, int(max(mean.shape) * params.window_share) | 1)
    local = percentile(mean, np.ones((window, window), bool), p0=share)
    smooth = ndimage.gaussian_filter(local.astype(np.float32), window / params.window_sigmas, mode="nearest")
    # Padding is dark, so that at a border, too, what is dark and broad remains.
    rows, columns = np.arange(0, height, step), np.arange(0, width, step)
    brightest = np.maximum.reduceat(np.maximum.reduceat(light, rows, axis=0), columns, axis=1)
    brightest = np.pad(brightest, window)
    closed = ndimage.grey_closing(brightest, (window, window))[window:-window, window:-window]
    # An edge of the page lies within a pixel of the map: take its darker side.
    closed = ndimage.minimum_filter(closed, 3)
    background = Image.fromarray(np.minimum(smooth, closed, dtype=np.float32))
    return np.asarray(background.resize((width, height), Image.Resampling.BILINEAR))


def _find_levels(
    contrast: Float32[np.ndarray, "h w"], uniform: bool, params: BinarizeParams
) -> tuple[float, float]:
    """Return the contrast up to which a difference is noise, and that of a full stroke, 0 if there is none."""
    step = _sampling_step(contrast.size, params)
    sample = contrast[::step, ::step]
    # A thick digit may cover most of a uniform background.
    background = sample[sample < 2 * params.uniform_tolerance / 255] if uniform else sample
    median, deviation = _robust_statistics(background if background.size else sample)
    noise = max(median + params.noise_sigmas * deviation, params.min_contrast)
    above_noise = contrast[contrast > noise]
    return noise, float(np.percentile(above_noise, params.full_percentile)) if above_noise.size else 0.0


def _find_edge(contrast: Contrast, params: BinarizeParams) -> float:
    """Return the contrast of a stroke's edge: Otsu's threshold (1979) among what is above the noise, within limits."""
    values, _, noise, full = contrast
    step = _sampling_step(values.size, params)
    sample = values[::step, ::step]
    candidates = sample[sample > noise * params.otsu_floor_share]
    edge = threshold_otsu(candidates) if np.ptp(candidates) else full / 2
    limits = max(noise, params.min_edge_share * full), max(noise, params.max_edge_share * full)
    return float(np.clip(edge, *limits)) * params.edge_factor


def scale_contrast(
    values: Float32[np.ndarray, "h w"], edge: float, full: float
) -> Float32[np.ndarray, "h w"]:
    """Scale contrast to foreground intensity.

    Args:
        values: the contrast of each pixel.
        edge: the contrast of a stroke's edge, which becomes `EDGE_INTENSITY`.
        full: the contrast of a full stroke, which becomes 1.

    Returns:
        The intensity, 0 to 1.
    """
    return np.where(
        values < edge,
        values * (EDGE_INTENSITY / edge),
        EDGE_INTENSITY + (values - edge) * ((1 - EDGE_INTENSITY) / max(full - edge, 1e-3)),
    ).clip(0, 1)


def _sampling_step(size: int, params: BinarizeParams) -> int:
    """Return the stride, in pixels of each axis, that leaves about as many pixels as statistics need."""
    return max(1, round((size / params.sample_pixels) ** 0.5))


def _robust_statistics(values: Float32[np.ndarray, "..."]) -> tuple[float, float]:
    """Return the median, and the standard deviation of the bulk from the median absolute deviation."""
    median = np.median(values)
    return float(median), _MAD_TO_STD * float(np.median(np.abs(values - median)))
