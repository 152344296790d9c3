"""Foreground proposals: a picture binarized in several ways, since no threshold suits every pen, paper and light."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from jaxtyping import Float32, UInt8
from PIL import Image
from scipy import ndimage

from digitjax.imaging.binarize import (
    BinarizeParams,
    Contrast,
    Foreground,
    estimate_contrast,
    scale_contrast,
)
from digitjax.imaging.segmentation import Region

_EIGHT_NEIGHBORS = np.ones((3, 3), bool)


@dataclass(frozen=True)
class ProposalParams:
    """Parameters of `propose_foregrounds`.

    Chosen on the development pictures of people's handwriting and on generated pages. Contrasts are shares of that of a
    full stroke.
    """

    binarize: BinarizeParams = field(default_factory=BinarizeParams)
    """Parameters of the contrast."""
    edges: tuple[float, ...] = (0.15, 0.27, 0.45, 0.65)
    """Contrasts of a stroke's edge, one for each proposal with a global threshold."""
    uncleaned_edges: tuple[float, ...] = (0.27, 0.45)
    """Those that are proposed without cleaning as well, since a digit may look like a page edge or a shadow."""
    gray_edges: tuple[float, ...] = (0.45, 0.65)
    """The same in gray, for pictures with colors."""
    hysteresis: tuple[float, float] = (0.18, 0.5)
    """Contrast that a stroke has everywhere, and somewhere, in the proposal with hysteresis (Canny 1986)."""
    local_window: float = 0.06
    """Side of the window of the local threshold, as a share of the picture's longer side."""
    local_floor: float = 0.2
    """Contrast below which nothing is taken for the strongest in its window."""
    tight_percentile: float = 98
    """Percentile (0 to 100) of the contrast of a full stroke where all is above the noise, as in a tight crop."""
    min_chroma: int = 40
    """Largest difference between the channels of a pixel, of 256 levels, from which a picture has colors."""
    bold_edge: float = 0.35
    """Contrast of the edge of strokes from which thin ones are removed."""
    min_bold_radius: float = 3.0
    """Half width of the boldest stroke, in pixels, from which thin ones are removed."""
    thin_share: float = 0.5
    """Half width of a stroke, over the boldest one's, below which it is removed."""


class Proposal(NamedTuple):
    """One way to see the strokes of a picture."""

    name: str
    foreground: Foreground
    clean: bool = True
    """Whether page edges, ruled lines and frames are removed from it."""
    regions: list[Region] | None = None
    """Its digits, in no order, where they are known; None has them found in the foreground."""


def find_contrast(
    pixels: UInt8[np.ndarray, "h w 3"], dark: bool, params: ProposalParams = ProposalParams()
) -> Contrast:
    """Estimate the contrast of one polarity; in a tight crop, where no background tells the noise, too.

    Args:
        pixels: the picture in RGB.
        dark: whether strokes are darker than the background, or lighter.
        params: parameters of the proposals.

    Returns:
        The contrast; that of a full stroke is 0 where the picture is blank.
    """
    contrast = estimate_contrast(pixels, dark, params.binarize)
    if contrast.full:
        return contrast
    full = float(np.percentile(contrast.values, params.tight_percentile))
    noise = params.binarize.min_contrast
    return contrast._replace(noise=noise, full=full if full > 2 * noise else 0.0)


def propose_foregrounds(
    pixels: UInt8[np.ndarray, "h w 3"],
    dark: bool,
    contrast: Contrast,
    params: ProposalParams = ProposalParams(),
) -> Iterator[Proposal]:
    """Binarize a picture in several ways, one after the other.

    Args:
        pixels: the picture in RGB.
        dark: whether strokes are darker than the background, or lighter.
        contrast: the contrast of this polarity, not blank.
        params: parameters of the proposals.

    Yields:
        The proposals.
    """
    uniform = contrast.uniform_background
    for edge in params.edges:
        foreground = _threshold(contrast, edge, params)
        yield Proposal(f"threshold {edge}", foreground)
        if edge in params.uncleaned_edges:
            yield Proposal(f"threshold {edge}, uncleaned", foreground, clean=False)
    hysteresis = Foreground(_apply_hysteresis(contrast, params), uniform)
    yield Proposal("hysteresis", hysteresis)
    yield Proposal("hysteresis, uncleaned", hysteresis, clean=False)
    yield Proposal("local threshold", Foreground(_scale_locally(contrast, params), uniform))
    if int((pixels.max(axis=2) - pixels.min(axis=2)).max()) > params.min_chroma:
        gray = np.asarray(Image.fromarray(pixels).convert("L"))
        gray_contrast = find_contrast(np.repeat(gray[..., None], 3, axis=2), dark, params)
        if gray_contrast.full:
            for edge in params.gray_edges:
                yield Proposal(f"gray, threshold {edge}", _threshold(gray_contrast, edge, params))
    if (bold := _remove_thin_strokes(contrast, params)) is not None:
        yield Proposal("bold strokes", Foreground(bold, uniform))


def _threshold(contrast: Contrast, edge: float, params: ProposalParams) -> Foreground:
    """Return the foreground whose strokes' edges have a contrast."""
    level = max(edge * contrast.full, params.binarize.min_contrast)
    intensity = scale_contrast(contrast.values, level, contrast.full)
    return Foreground(intensity.astype(np.float32), contrast.uniform_background)


def _apply_hysteresis(contrast: Contrast, params: ProposalParams) -> Float32[np.ndarray, "h w"]:
    """Keep what has a low contrast everywhere and a high one somewhere."""
    low, high = (share * contrast.full for share in params.hysteresis)
    low = max(low, params.binarize.min_contrast)
    labels, count = ndimage.label(contrast.values > low, _EIGHT_NEIGHBORS)
    keep = np.zeros(count + 1, bool)
    keep[labels[contrast.values > high]] = True
    keep[0] = False
    return (scale_contrast(contrast.values, low, contrast.full) * keep[labels]).astype(np.float32)


def _scale_locally(contrast: Contrast, params: ProposalParams) -> Float32[np.ndarray, "h w"]:
    """Scale each pixel's contrast by the strongest around it, so that a pen may press unevenly."""
    size = max(3, int(max(contrast.values.shape) * params.local_window) | 1)
    strongest = ndimage.gaussian_filter(ndimage.maximum_filter(contrast.values, size), size / 2)
    floor = params.local_floor * contrast.full + 1e-3
    return np.clip(contrast.values / np.maximum(strongest, floor), 0, 1).astype(np.float32)


def _remove_thin_strokes(contrast: Contrast, params: ProposalParams) -> Float32[np.ndarray, "h w"] | None:
    """Remove strokes that are thin beside the boldest, such as lines across a digit; None if no stroke is bold."""
    mask = contrast.values > params.bold_edge * contrast.full
    if not mask.any():
        return None
    radii = ndimage.distance_transform_edt(mask)
    thin = params.thin_share * float(np.percentile(radii[mask], 99))
    if thin < params.thin_share * params.min_bold_radius:
        return None
    bold = ndimage.distance_transform_edt(radii <= thin) < thin + 0.5
    intensity = scale_contrast(contrast.values, params.bold_edge * contrast.full, contrast.full)
    return (intensity * bold).astype(np.float32)
