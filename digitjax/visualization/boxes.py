"""A picture with what was read in it: a box around each digit, dashed where it was rejected."""

from itertools import pairwise

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from digitjax.recognition.recognizer import Digit, Reading

READ, REJECTED = "#0072B2", "#D55E00"  # blue and vermillion of Okabe and Ito
_HALO = "#FFFFFF"  # around lines and letters, which would be lost on some pictures
_SIDE = 480  # pixels; smaller pictures are enlarged, so that boxes and pixels can be told apart
_DASH = 6  # widths of the line


def colour_of(digit: Digit) -> str:
    """Return the colour of the box around a digit."""
    return REJECTED if digit.rejected else READ


def label_of(digit: Digit) -> str:
    """Return what a digit was read as, with a question mark where it was rejected."""
    return f"{digit.digit}{'?' * digit.rejected}"


def draw_boxes(reading: Reading) -> Image.Image:
    """Draw a box around each digit, and above it what it was read as; `4?` in a dashed box was rejected."""
    height, width = reading.picture.pixels.shape[:2]
    zoom = max(1, _SIDE // max(height, width))
    size = (width * zoom, height * zoom)
    picture = Image.fromarray(reading.picture.pixels).resize(size, Image.Resampling.NEAREST)
    scale = size[0] / reading.picture.width
    canvas = ImageDraw.Draw(picture)
    line = max(2, max(size) // 300)
    letter = max(16, max(size) // 30)
    font = ImageFont.load_default(letter)
    for digit in reading.digits:
        box = tuple(side * scale for side in digit.box)
        colour = colour_of(digit)
        canvas.rectangle([box[0] - 1, box[1] - 1, box[2] + 1, box[3] + 1], outline=_HALO, width=line + 2)
        if digit.rejected:
            _dashed(canvas, box, colour, line)
        else:
            canvas.rectangle(box, outline=colour, width=line)
        place = (box[0] + line, max(box[1] - 2 * line, letter))  # of a box at the upper edge it is inside
        canvas.text(place, label_of(digit), colour, font, anchor="ls", stroke_width=line, stroke_fill=_HALO)
    return picture


def _dashed(canvas: ImageDraw.ImageDraw, box: tuple[float, ...], colour: str, width: int) -> None:
    x0, y0, x1, y1 = box
    corners = [(x0, y0), (x1, y0), (x1, y1), (x0, y1), (x0, y0)]
    for start, end in pairwise(np.array(corners)):
        # An odd number of parts, of which each second one is left out: corners are whole.
        parts = 2 * int(np.abs(end - start).max() // (2 * _DASH * width)) + 1
        ends = np.linspace(start, end, parts + 1)
        for i in range(0, parts, 2):
            canvas.line([tuple(ends[i]), tuple(ends[i + 1])], fill=colour, width=width)
