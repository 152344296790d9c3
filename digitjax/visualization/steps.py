"""The preprocessing steps of a digit, from the picture to the input of the network."""

import numpy as np
from jaxtyping import Float32, UInt8
from PIL import Image, ImageOps

from digitjax.imaging.normalize import crop_digit
from digitjax.recognition.recognizer import Reading

SIDE = 168
"""Side of the square that each step is drawn in, in pixels: six times the 28 of the network's input."""
_MARGIN = 0.25  # context shown around the digit, as a share of its size


def draw_steps(reading: Reading, number: int) -> dict[str, UInt8[np.ndarray, "side side 3"]]:
    """Return an image of each preprocessing step of a digit by its caption, from the first to the last.

    Args:
        reading: what was read in a picture.
        number: index of the digit in `reading.digits`.
    """
    region, digit = reading.regions[number], reading.digits[number]
    margin = max(2, round(_MARGIN * region.size))
    window = (
        slice(max(0, region.y0 - margin), region.y1 + margin),
        slice(max(0, region.x0 - margin), region.x1 + margin),
    )
    height, width = reading.intensity.shape
    pixels = reading.picture.pixels
    if pixels.shape[:2] != (height, width):
        pixels = np.asarray(Image.fromarray(pixels).resize((width, height), Image.Resampling.BOX))
    steps = {"picture": _fit(pixels[window])}
    if reading.ink is not None:
        steps["stroke probability"] = _fit(_to_uint8(reading.ink[window]))
    return steps | {
        "foreground": _fit(_to_uint8(reading.intensity[window])),
        "segmented digit": _fit(_to_uint8(crop_digit(reading.intensity, region))),
        "network input": _fit(digit.image),
    }


def _to_uint8(intensity: Float32[np.ndarray, "h w"]) -> UInt8[np.ndarray, "h w"]:
    return np.rint(255 * intensity).astype(np.uint8)


def _fit(
    pixels: UInt8[np.ndarray, "h w"] | UInt8[np.ndarray, "h w 3"],
) -> UInt8[np.ndarray, "side side 3"]:
    """Fit an image into the square, enlarged without interpolation so that its pixels stay visible."""
    method = Image.Resampling.NEAREST if max(pixels.shape) < SIDE else Image.Resampling.BOX
    image = Image.fromarray(pixels).convert("RGB")
    return np.asarray(ImageOps.pad(image, (SIDE, SIDE), method, color="#808080"))
