"""The trained network that finds the strokes of digits, as a function of any picture.

The network knows digits from 12 to 80 pixels high, so the picture is looked at in a few sizes, and then in the one
that suits the digits that were seen.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
from jaxtyping import Float32, UInt8
from scipy import ndimage

from digitjax.imaging.local_contrast import CHANNELS, local_contrast, resize_picture
from digitjax.model.onnx_model import OnnxModel
from digitjax.runs import PRETRAINED_FOLDER

PRETRAINED = PRETRAINED_FOLDER / "ink.onnx"
"""The network that comes with digitjax; no folder, since those beside it are runs."""


@dataclass(frozen=True)
class InkParams:
    """Parameters of `InkModel.predict`. Chosen on generated pages; times on one core of an AMD EPYC."""

    first_sides: tuple[int, ...] = (40, 80, 200, 384)
    """Shorter sides, in pixels, at which a picture is looked at first."""
    max_side: int = 960
    """Largest longer side, in pixels: four tiles of the largest size for a photo, 0.15 seconds."""
    clear_side: int = 200
    """Shorter side from which no larger look is needed where the digits were `clear_height` pixels high."""
    clear_height: float = 18.0
    """See `clear_side`."""
    max_zoom: float = 8.0
    """Largest enlargement."""
    max_first_zoom: float = 1.5
    """Largest enlargement of a further look at the beginning, where digits were seen before."""
    max_search_zoom: float = 4.0
    """The same where none were."""
    height: float = 36.0
    """Height of most digits, in pixels, at which they are looked at in the end."""
    tolerance: float = 1.2
    """Factor by which that height may be missed."""
    max_refinements: int = 2
    """Further looks at the size that suits the digits."""
    min_pixels: int = 6
    """Fewest pixels at half the resolution that are a digit."""
    large_share: float = 0.25
    """Share of all strokes from which what hangs together is as high as it looks, whatever it votes for."""
    min_new_share: float = 0.3
    """Share of the strokes that a look at a smaller size must have missed, for the larger one to be preferred."""


class InkPrediction(NamedTuple):
    """What the network sees in a picture, in pixels of the size at which it looked."""

    pixels: UInt8[np.ndarray, "h w 3"]
    """The picture in that size."""
    probability: Float32[np.ndarray, "h w"]
    """Probability that a pixel is part of the stroke of a digit."""
    votes: Float32[np.ndarray, "h2 w2 3"]
    """At half the resolution: the way to the middle of the pixel's digit, to the right and down, and its height, in
    pixels; meaningless where there is no stroke."""
    height: float
    """Usual height of the digits, in pixels; 0 where there is none."""
    digits: float
    """About how many digits there are."""


class InkModel:
    """The network, and how it looks at pictures of any size."""

    TILES = (128, 256, 512)
    """Sides of the tiles, in pixels."""
    MARGIN = 32
    """Width of the border of a tile, in pixels, in which the next one is believed."""

    def __init__(
        self, network: Callable[[np.ndarray], Sequence[np.ndarray]], params: InkParams = InkParams()
    ):
        """Prepare.

        Args:
            network: function of local contrast, float32 (batch, h, w, 5), that returns the probability of strokes,
                float32 (batch, h, w), and votes in pixels, float32 (batch, h / 2, w / 2, 3).
            params: of the looks at a picture.
        """
        self._network = network
        self._params = params

    def predict(self, pixels: UInt8[np.ndarray, "h w 3"]) -> InkPrediction:
        """Find the strokes of digits in a picture, at the size that suits them.

        Args:
            pixels: the picture in RGB.

        Returns:
            What is seen at that size; its shape is that of `pixels`, enlarged or reduced.
        """
        params = self._params
        pixels = self._limit_size(pixels)
        short, long = min(pixels.shape[:2]), max(pixels.shape[:2])
        limit = min(params.max_side / long, params.max_zoom)
        best_zoom = min(params.first_sides[0] / short, limit)
        best = self.look(pixels, best_zoom)
        seen = best
        for side in params.first_sides[1:]:
            zoom = min(side / short, limit)
            if zoom <= best_zoom or zoom > (params.max_first_zoom if best.height else params.max_search_zoom):
                break
            if side > params.clear_side and seen.height > params.clear_height:
                break
            seen = self.look(pixels, zoom)
            if _new_share(best, seen) > params.min_new_share:
                best, best_zoom = seen, zoom
        for _ in range(params.max_refinements):
            if not best.height:
                break
            zoom = min(limit, best_zoom * params.height / best.height)
            if 1 / params.tolerance < zoom / best_zoom < params.tolerance:
                break
            seen = self.look(pixels, zoom)
            if not seen.height:
                break
            best, best_zoom = seen, zoom
        return best

    def _limit_size(self, pixels: UInt8[np.ndarray, "h w 3"]) -> UInt8[np.ndarray, "h2 w2 3"]:
        """Reduce a picture once to the largest size at which it is looked at; smaller ones are made of that."""
        factor = self._params.max_side / max(pixels.shape[:2])
        if factor >= 1:
            return pixels
        height, width = (max(1, round(side * factor)) for side in pixels.shape[:2])
        return resize_picture(pixels, height, width)

    def look(self, pixels: UInt8[np.ndarray, "h w 3"], zoom: float) -> InkPrediction:
        """Look at a picture in one size.

        Args:
            pixels: the picture in RGB.
            zoom: pixels to look at to one of the picture.

        Returns:
            What is seen.
        """
        height, width = (max(1, round(side * zoom)) for side in pixels.shape[:2])
        resized = resize_picture(pixels, height, width)
        probability, votes = self._tiled(local_contrast(resized))
        usual, digits = _measure(probability, votes, self._params)
        return InkPrediction(resized, probability, votes, usual, digits)

    def _tiled(
        self, contrast: Float32[np.ndarray, "h w 5"]
    ) -> tuple[Float32[np.ndarray, "h w"], Float32[np.ndarray, "h2 w2 3"]]:
        """Run the network on tiles that overlap, and put its outputs together."""
        shape = contrast.shape[:2]
        side = min(self.TILES, key=lambda side: _tile_count(shape, side) * side**2)
        probability = np.empty(shape, np.float32)
        votes = np.empty(((shape[0] + 1) // 2, (shape[1] + 1) // 2, 3), np.float32)
        for top in _starts(shape[0], side):
            for left in _starts(shape[1], side):
                tile = np.zeros((1, side, side, CHANNELS), np.float32)
                part = contrast[top : top + side, left : left + side]
                tile[0, : part.shape[0], : part.shape[1]] = part
                found, voted = (output[0] for output in self._network(tile))
                y, x = (self.MARGIN if start else 0 for start in (top, left))
                rows, columns = slice(y, part.shape[0]), slice(x, part.shape[1])
                probability[top + y : top + part.shape[0], left + x : left + part.shape[1]] = found[
                    rows, columns
                ]
                half_rows, half_columns = (
                    slice(y // 2, (part.shape[0] + 1) // 2),
                    slice(x // 2, (part.shape[1] + 1) // 2),
                )
                target = votes[(top + y) // 2 :, (left + x) // 2 :]
                target[: half_rows.stop - half_rows.start, : half_columns.stop - half_columns.start] = voted[
                    half_rows, half_columns
                ]
        return probability, votes


@lru_cache(maxsize=1)
def load(path: Path = PRETRAINED) -> InkModel:
    """Load a trained network.

    Args:
        path: of the network that `digitjax.model.training.train_ink` exported.

    Returns:
        The model, the same one for the same path.

    Raises:
        InputError: there is no network, or it is damaged.
    """
    return InkModel(OnnxModel(path))


def _starts(length: int, side: int) -> range:
    """Return where tiles begin along an axis."""
    step = side - 2 * InkModel.MARGIN
    return range(0, max(1, length - 2 * InkModel.MARGIN), step)


def _tile_count(shape: tuple[int, ...], side: int) -> int:
    return len(_starts(shape[0], side)) * len(_starts(shape[1], side))


def _new_share(small: InkPrediction, large: InkPrediction) -> float:
    """Return which share of the strokes that are seen at a larger size were not seen at a smaller one."""
    strokes = large.probability[::2, ::2] > 0.5
    seen = ndimage.binary_dilation(small.probability > 0.5, iterations=2)
    rows, columns = (np.arange(n) * m // n for n, m in zip(strokes.shape, seen.shape, strict=True))
    return float((strokes & ~seen[np.ix_(rows, columns)]).sum() / max(1, strokes.sum()))


def _measure(
    probability: Float32[np.ndarray, "h w"], votes: Float32[np.ndarray, "h2 w2 3"], params: InkParams
) -> tuple[float, float]:
    """Return the usual height of digits, in pixels, and about how many there are."""
    seen = probability[::2, ::2]
    strokes = seen > 0.5
    if strokes.sum() < params.min_pixels:
        return 0.0, 0.0
    # Digits larger than any in training vote for smaller ones, but hang together.
    labels, _ = ndimage.label(strokes)
    is_large = np.bincount(labels.ravel()) > params.large_share * strokes.sum()
    tall = [0, *(2 * (place[0].stop - place[0].start) for place in ndimage.find_objects(labels))]
    grown = (np.array(tall, np.float32) * is_large)[labels]
    heights = np.clip(np.maximum(votes[..., 2], grown)[strokes], 4, 400)
    # Strokes are about 2.5 heights long and a tenth of one wide: each pixel is a share of a digit.
    shares = 4 / (0.25 * heights**2) * seen[strokes]
    order = np.argsort(heights)
    middle = np.searchsorted(np.cumsum(shares[order]), shares.sum() / 2)
    return float(heights[order[min(middle, len(order) - 1)]]), float(shares.sum())
