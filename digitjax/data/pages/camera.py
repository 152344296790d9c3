"""What a camera, a scanner or a drawing program makes of a page: blur, noise, JPEG, two levels, the negative."""

import io

import numpy as np
from PIL import Image
from scipy import ndimage

from digitjax.data.pages.fields import Pixels, Step, grid_noise
from digitjax.data.pages.layout import Sheet


def negative() -> Step:
    """Swap light and dark."""

    def step(pixels: Pixels, sheet: Sheet, rng: np.random.Generator) -> Pixels:
        return 1 - pixels

    return step


def blur(sigma: float) -> Step:
    """Blur by a Gaussian whose standard deviation is given in heights of a digit."""

    def step(pixels: Pixels, sheet: Sheet, rng: np.random.Generator) -> Pixels:
        width = sigma * sheet.height
        return ndimage.gaussian_filter(pixels, (width, width, 0), mode="nearest", truncate=3)

    return step


def motion_blur(length: float) -> Step:
    """Move the camera sideways while it takes the page, by so many heights of a digit."""

    def step(pixels: Pixels, sheet: Sheet, rng: np.random.Generator) -> Pixels:
        return ndimage.uniform_filter1d(pixels, max(1, round(length * sheet.height)), axis=1, mode="nearest")

    return step


def noise(deviation: float, size: float | int = 1, colored: bool = False) -> Step:
    """Add noise.

    Args:
        deviation: standard deviation, in shares of white.
        size: of its grains, in pixels.
        colored: whether each channel has noise of its own.

    Returns:
        The step.
    """

    def step(pixels: Pixels, sheet: Sheet, rng: np.random.Generator) -> Pixels:
        if colored and pixels.shape[2] == 1:
            pixels = np.repeat(pixels, 3, axis=2)
        channels = pixels.shape[2] if colored else 1
        grains = np.stack([grid_noise(pixels.shape, size, rng) for _ in range(channels)], axis=2)
        return pixels + np.float32(deviation) * grains

    return step


def salt_and_pepper(share: float) -> Step:
    """Turn such a share of the pixels black or white."""

    def step(pixels: Pixels, sheet: Sheet, rng: np.random.Generator) -> Pixels:
        chance = rng.random(pixels.shape[:2], np.float32)[..., None]
        return np.where(chance < share / 2, 0, np.where(chance > 1 - share / 2, 1, pixels)).astype(np.float32)

    return step


def jpeg(quality: int) -> Step:
    """Save and load the page as JPEG of a quality from 1 to 95."""

    def step(pixels: Pixels, sheet: Sheet, rng: np.random.Generator) -> Pixels:
        file = io.BytesIO()
        Image.fromarray(to_uint8(pixels)).save(file, "JPEG", quality=quality)
        loaded = np.asarray(Image.open(file), np.float32) / 255
        return loaded.reshape(pixels.shape)

    return step


def two_levels(threshold: float = 0.5, dither: bool = False) -> Step:
    """Keep black and white alone.

    Args:
        threshold: light from which a pixel becomes white.
        dither: whether greys become patterns of dots (Floyd and Steinberg 1976).

    Returns:
        The step.
    """

    def step(pixels: Pixels, sheet: Sheet, rng: np.random.Generator) -> Pixels:
        grey = pixels.mean(axis=2)
        if dither:
            grey = np.asarray(Image.fromarray(to_uint8(grey[..., None])).convert("1"), np.float32)
        return (grey >= threshold).astype(np.float32)[..., None]

    return step


def levels(black: float, white: float) -> Step:
    """Stretch the contrast, as scanners and apps for documents do.

    Args:
        black: light that becomes black.
        white: light that becomes white.

    Returns:
        The step.
    """

    def step(pixels: Pixels, sheet: Sheet, rng: np.random.Generator) -> Pixels:
        return np.clip((pixels - black) / (white - black), 0, 1)

    return step


def to_uint8(pixels: Pixels) -> np.ndarray:
    """Return pixels as uint8, (h, w) where they are grey and (h, w, 3) where they have a color."""
    whole = np.rint(np.clip(pixels, 0, 1) * 255).astype(np.uint8)
    return whole[..., 0] if whole.shape[2] == 1 else whole
