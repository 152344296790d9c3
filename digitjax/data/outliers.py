"""Generated outliers in the form of MNIST: letters, symbols, scribbles, lines, blobs and noise.

A classifier that is trained to give them uniform probabilities becomes less confident on unknown inputs: outlier
exposure (Hendrycks et al. 2019, arXiv 1812.04606). Letters that a person could take for a digit are left out: O, Q
and D look like a 0, I and l like a 1, Z like a 2, S like a 5, b and G like a 6, T like a 7, B and & like an 8, g and
q like a 9.
"""

from collections.abc import Callable

import numpy as np
from jaxtyping import Bool, Float, Float32, Shaped, UInt8
from PIL import Image, ImageDraw
from scipy import ndimage
from scipy.interpolate import CubicSpline

from digitjax.imaging.normalize import to_mnist

OUTLIER_LABEL = -1
"""Label of every outlier."""

Points = Float[np.ndarray, "_ 2"]
"""Points (x, y), with y downwards."""
Intensities = Float[np.ndarray, "_ _"]
"""One image on any scale; its background is 0."""

_CANVAS_SIDE = 112
"""Side of the canvas in pixels: four times that of the result, so that edges are antialiased."""

GLYPHS = {
    "A": "08 40 88, 25 65",
    "E": "80 00 08 88, 04 64",
    "F": "80 00 08, 04 64",
    "H": "00 08, 80 88, 04 84",
    "K": "00 08, 70 04 78",
    "M": "08 00 45 80 88",
    "N": "08 00 88 80",
    "P": "08 00, ~00 60 82 64 04",
    "R": "08 00, ~00 60 82 64 04, 34 88",
    "V": "00 48 80",
    "W": "00 28 42 68 80",
    "X": "00 88, 80 08",
    "Y": "00 44 80, 44 48",
    "d": "60 68, ~63 42 24 26 48 66",
    "f": "~70 41 38, 14 64",
    "h": "00 08, ~05 33 65 68",
    "k": "00 08, 62 05 68",
    "m": "02 08, ~04 22 44 48, ~44 62 84 88",
    "n": "02 08, ~05 33 65 68",
    "p": "02 08, ~03 32 53 55 36 05",
    "r": "02 08, ~05 23 52",
    "t": "~30 36 48 77, 03 63",
    "w": "~02 17 38 44 58 77 82",
    "x": "~02 33 57 88, 72 08",
    "Ж": "00 44 08, 80 44 88, 40 48",
    "П": "08 00 80 88",
    "Ш": "00 08 88 80, 40 48",
    "Ψ": "~00 35 55 80, 40 48",
    "+": "40 48, 04 84",
    "=": "02 82, 06 86",
    "#": "20 18, 60 58, 03 83, 06 86",
    "*": "40 48, 12 76, 72 16",
    "%": "80 08, ~10 32 14 02 10, ~65 87 68 57 65",
    "@": "~64 42 24 46 64 65 86 73 40 03 06 38 78",
    "right arrow": "04 84, 51 84 57",
    "left arrow": "04 84, 31 04 37",
    "double arrow": "04 84, 22 04 26, 62 84 66",
    "star": "08 40 88 03 83 08",
    "heart": "~42 20 02 15 48, ~42 60 82 75 48",
    "house": "08 03 40 83 88 08, 38 35 55 58",
    "tree": "48 40, 14 40 74, 07 43 87",
    "window": "00 80 88 08 00, 40 48, 04 84",
    "envelope": "01 81 87 07 01 45 81",
    "crossed box": "00 80 88 08 00 88, 80 08",
    "face": "~40 82 86 48 06 02 40, 33 34, 53 54, ~25 47 65",
    "fish": "~06 32 63 85, ~02 36 65 83",
    "flag": "08 00 81 52 84 05",
    "fork": "00 03 83 80, 40 48",
    "ladder": "20 28, 60 68, 21 61, 23 63, 25 65, 27 67",
}
"""Strokes of each glyph, as points x and y on a grid from 0 to 8; a stroke that starts with ~ is curved."""


def generate(count: int, seed: int) -> UInt8[np.ndarray, "count 28 28"]:
    """Generate outliers, scaled and centered as digits are; the same arguments always give the same images.

    Args:
        count: number of images.
        seed: seed of the random numbers.

    Returns:
        Images, uint8 (count, 28, 28), bright strokes on dark background.
    """
    return generate_kinds(count, seed)[0]


def generate_kinds(
    count: int, seed: int
) -> tuple[UInt8[np.ndarray, "count 28 28"], Shaped[np.ndarray, " count"]]:
    """Generate the same outliers as `generate`, and name the kind of each.

    Args:
        count: number of images.
        seed: seed of the random numbers.

    Returns:
        Images, uint8 (count, 28, 28), and the names of their kinds, str (count,).
    """
    rng = np.random.default_rng([seed, count])
    weights = np.array(list(_KINDS.values()))
    kinds = rng.choice(np.array(list(_KINDS)), count, p=weights / weights.sum())
    images = np.zeros((count, 28, 28), np.uint8)
    for image, draw in zip(images, kinds, strict=True):
        outlier = _crop(draw(rng))
        narrow = outlier.shape[1] < 0.7 * outlier.shape[0]  # it could be taken for a 1: lay it on its side
        image[:] = to_mnist(np.ascontiguousarray(outlier.T) if narrow else outlier)
    return images, np.array([draw.__name__.strip("_") for draw in kinds], str)


def _crop(image: Intensities) -> Float32[np.ndarray, "_ _"]:
    rows, columns = np.flatnonzero(image.any(axis=1)), np.flatnonzero(image.any(axis=0))
    return image[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1].astype(np.float32)


# --------------------------------------------------------------------------------------- strokes


def _glyph(rng: np.random.Generator) -> Intensities:
    """Draw a letter or a symbol with random distortions."""
    strokes = list(GLYPHS.values())[rng.integers(len(GLYPHS))].split(", ")
    lines = []
    for stroke in strokes:
        corners = np.array([list(map(int, point)) for point in stroke.removeprefix("~").split()]) / 8
        corners += rng.normal(0, 0.04, corners.shape)
        lines.append(_curve(corners) if stroke.startswith("~") else corners)
    return _draw(rng, lines)


def _scribble(rng: np.random.Generator) -> Intensities:
    """Draw a smooth curve through many random points."""
    return _draw(rng, [_curve(rng.random((rng.integers(9, 18), 2)))])


def _zigzag(rng: np.random.Generator) -> Intensities:
    """Draw a zigzag, wide or as close as hatching."""
    corners = rng.integers(6, 16)
    x = np.arange(corners) % 2 + rng.normal(0, 0.08, corners)
    y = np.linspace(0, rng.uniform(0.4, 1.5), corners) + rng.normal(0, 0.03, corners)
    return _draw(rng, [np.stack([x, y], axis=1)], max_rotation=30.0)


def _spiral(rng: np.random.Generator) -> Intensities:
    """Draw a spiral of two to five turns."""
    turns = rng.uniform(2, 5)
    angles = np.linspace(0, 2 * np.pi * turns, 80) * rng.choice([-1, 1])
    radii = np.linspace(rng.uniform(0, 0.2), 1, 80)
    return _draw(
        rng, [np.stack([radii * np.cos(angles), radii * np.sin(angles)], axis=1)], max_rotation=180.0
    )


def _loops(rng: np.random.Generator) -> Intensities:
    """Draw a row of loops, as when a pen is tried out."""
    angles = np.linspace(0, 2 * np.pi * rng.uniform(3, 6), 120)
    x = angles * rng.uniform(0.1, 0.6) + np.sin(angles)
    return _draw(rng, [np.stack([x, rng.uniform(0.6, 2) * np.cos(angles)], axis=1)], max_rotation=30.0)


def _rosette(rng: np.random.Generator) -> Intensities:
    """Draw a closed curve that crosses itself, with more lobes than any digit has."""
    angles = np.linspace(0, 2 * np.pi, 160)
    orders = rng.integers(2, 6, 2) + np.array([0, 1])
    x, y = (
        np.sin(order * angles + rng.uniform(0, 6)) + rng.uniform(0, 0.6) * np.sin(angles + rng.uniform(0, 6))
        for order in orders
    )
    return _draw(rng, [np.stack([x, y], axis=1)], max_rotation=180.0)


def _lines(rng: np.random.Generator) -> Intensities:
    """Draw straight lines between random points."""
    return _draw(rng, list(rng.random((rng.integers(4, 9), 2, 2))))


def _grid(rng: np.random.Generator) -> Intensities:
    """Draw a grid, as on squared paper."""
    across, down = (np.linspace(0, rng.uniform(0.5, 1), rng.integers(3, 7)) for _ in range(2))
    upright = [np.array([[x, 0], [x, 1]]) for x in across]
    level = [np.array([[0, y], [1, y]]) for y in down]
    return _draw(rng, upright + level)


def _rules(rng: np.random.Generator) -> Intensities:
    """Draw horizontal lines, straight or wavy, as on ruled paper."""
    x = np.linspace(0, 2, 30)
    wave = rng.uniform(0, 0.15) * np.sin(rng.uniform(2, 8) * x + rng.uniform(0, 6))
    return _draw(rng, [np.stack([x, wave + 0.3 * i], axis=1) for i in range(rng.integers(1, 5))])


def _pieces(rng: np.random.Generator) -> Intensities:
    """Draw short strokes apart from each other."""
    starts = rng.random((rng.integers(4, 9), 1, 2))
    return _draw(rng, list(starts + rng.normal(0, 0.08, (len(starts), 3, 2)).cumsum(axis=1)))


def _curve(points: Points) -> Points:
    """Return points on a cubic spline through the given points."""
    distances = np.hypot(*np.diff(points, axis=0).T)
    along = np.concatenate([[0], np.cumsum(np.maximum(distances, 1e-3))])
    return CubicSpline(along, points)(np.linspace(0, along[-1], 12 * len(points)))


def _draw(rng: np.random.Generator, lines: list[Points], max_rotation: float = 12.0) -> Intensities:
    """Draw lines with a pen of random width, rotated by up to `max_rotation` degrees, sheared, scaled to the canvas."""
    angle, shear, aspect = rng.uniform(-1, 1, 3) * [np.radians(max_rotation), 0.25, 0.25]
    matrix = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    matrix = np.array([[np.exp(aspect), shear], [0, np.exp(-aspect)]]) @ matrix
    lines = [line @ matrix.T for line in lines]
    points = np.concatenate(lines)
    low, width = points.min(axis=0), rng.uniform(3, 18)
    scale = (_CANVAS_SIDE - 2 * width) / (points.max(axis=0) - low).max()
    canvas = Image.new("L", (_CANVAS_SIDE, _CANVAS_SIDE))
    pen = ImageDraw.Draw(canvas)
    for line in lines:
        corners = [tuple(point) for point in (line - low) * scale + width]
        pen.line(corners, 255, round(width), joint="curve")
        for x, y in (corners[0], corners[-1]):
            pen.ellipse((x - width / 2, y - width / 2, x + width / 2, y + width / 2), 255)
    return ndimage.gaussian_filter(np.asarray(canvas, np.float32), rng.uniform(0, 2))


# -------------------------------------------------------------------------------------- textures


def _blob(rng: np.random.Generator) -> Intensities:
    """Draw overlapping filled polygons, like stains and shadows."""
    canvas = Image.new("L", (_CANVAS_SIDE, _CANVAS_SIDE))
    for _ in range(rng.integers(1, 4)):
        angles = np.linspace(0, 2 * np.pi, rng.integers(4, 12))[1:] + rng.uniform(0, 6)
        radii = rng.uniform(0.1, 0.4) * rng.uniform(0.4, 1, len(angles))
        corners = rng.uniform(0.4, 0.6, 2) + radii[:, None] * np.stack(
            [np.cos(angles), np.sin(angles)], axis=1
        )
        ImageDraw.Draw(canvas).polygon([tuple(corner) for corner in corners * _CANVAS_SIDE], 255)
    return ndimage.gaussian_filter(np.asarray(canvas, np.float32), rng.uniform(0, 6))


def _shade(rng: np.random.Generator) -> Intensities:
    """Draw a gradient, sometimes with lines across it, like the shaded edge or corner of a page."""
    height, width = rng.integers(40, 100, 2)
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    middle = rng.uniform(-1.5, 1.5, 2)
    distance = np.abs(x - middle[0]) ** 2 + rng.uniform(0, 1) * np.abs(y - middle[1]) ** 2
    image = distance / distance.max() if rng.random() < 0.5 else 1 - distance / distance.max()
    image *= image > rng.uniform(0, 0.3)
    image[:: rng.integers(4, 20)] *= rng.uniform(0, 1.3)
    return image * rng.uniform(0.7, 1, image.shape)


def _clouds(rng: np.random.Generator) -> Intensities:
    """Draw smooth noise, whole or thresholded."""
    height, width = rng.integers(28, 80, 2)
    clouds = ndimage.gaussian_filter(rng.normal(size=(height, width)), rng.uniform(0.5, 5))
    image = (clouds - clouds.min()) / np.ptp(clouds)
    return (
        image
        if rng.random() < 0.3
        else image * _largest_component(image > np.quantile(image, rng.uniform(0.4, 0.8)))
    )


def _noise(rng: np.random.Generator) -> Intensities:
    """Draw independent random pixels, sparse or dense."""
    height, width = rng.integers(4, 30, 2)
    noise = rng.random((height, width)) ** rng.uniform(0.3, 3)
    noise *= rng.random((height, width)) < rng.uniform(0.2, 1)
    noise[0, 0] = 1
    return noise


def _speck(rng: np.random.Generator) -> Intensities:
    """Draw one component of a few pixels, about as high as wide, like the noise in a photo."""
    mask = _largest_component(rng.random((rng.integers(3, 8),) * 2) < rng.uniform(0.4, 0.9))
    return mask * rng.uniform(0.3, 1, mask.shape) if mask.any() else _noise(rng)


def _speckle(rng: np.random.Generator) -> Intensities:
    """Draw many dots."""
    canvas = Image.new("L", (_CANVAS_SIDE, _CANVAS_SIDE))
    for x, y in rng.uniform(0, _CANVAS_SIDE, (rng.integers(10, 80), 2)):
        radius = rng.uniform(1, 7)
        ImageDraw.Draw(canvas).ellipse(
            (x - radius, y - radius, x + radius, y + radius), int(rng.integers(80, 256))
        )
    return np.asarray(canvas, np.float32)


def _largest_component(mask: Bool[np.ndarray, "h w"]) -> Bool[np.ndarray, "h w"]:
    """Return the largest connected component of a mask."""
    labels, count = ndimage.label(mask, np.ones((3, 3)))
    return labels == np.bincount(labels.ravel())[1:].argmax() + 1 if count else mask


_KINDS: dict[Callable[[np.random.Generator], np.ndarray], float] = {
    _glyph: 14,
    _scribble: 6,
    _zigzag: 2,
    _spiral: 1,
    _loops: 1,
    _rosette: 3,
    _lines: 2,
    _grid: 1,
    _rules: 1,
    _pieces: 1,
    _blob: 2,
    _shade: 2,
    _clouds: 2,
    _noise: 2,
    _speck: 2,
    _speckle: 1,
}
"""Functions that draw an outlier, with their relative frequencies."""
