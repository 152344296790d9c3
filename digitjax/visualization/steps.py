"""What becomes of a digit on its way from the picture to the network."""

import numpy as np
from jaxtyping import Float32, UInt8
from PIL import Image, ImageOps

from digitjax.imaging.extract import cut
from digitjax.recognition.recognizer import Reading

SIDE = 168
"""Of the square that each step is fitted into, in pixels."""
_MARGIN = 0.25  # of the digit's size, that is shown around it


def draw_steps(reading: Reading, number: int) -> dict[str, UInt8[np.ndarray, "side side 3"]]:
    """Return pictures of the steps of one digit, by what they are, the first step first."""
    region, digit = reading.regions[number], reading.digits[number]
    margin = max(2, round(_MARGIN * region.size))
    around = (
        slice(max(0, region.y0 - margin), region.y1 + margin),
        slice(max(0, region.x0 - margin), region.x1 + margin),
    )
    return {
        "the picture": _fitted(reading.picture.pixels[around]),
        "its ink": _fitted(_grey(reading.ink[around])),
        "the digit alone": _fitted(_grey(cut(reading.ink, region))),
        "what the network saw": _fitted(digit.image),
    }


def _grey(ink: Float32[np.ndarray, "h w"]) -> UInt8[np.ndarray, "h w"]:
    return np.rint(255 * ink).astype(np.uint8)


def _fitted(
    pixels: UInt8[np.ndarray, "h w"] | UInt8[np.ndarray, "h w 3"],
) -> UInt8[np.ndarray, "side side 3"]:
    """Fit a picture into the square, its pixels in sight where they are few."""
    method = Image.Resampling.NEAREST if max(pixels.shape) < SIDE else Image.Resampling.BOX
    image = Image.fromarray(pixels).convert("RGB")
    return np.asarray(ImageOps.pad(image, (SIDE, SIDE), method, color="#808080"))
