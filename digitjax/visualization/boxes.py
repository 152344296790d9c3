"""A picture with the bounding boxes of its digits, dashed where a digit was rejected."""

from itertools import pairwise

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from digitjax.recognition.recognizer import Digit, Reading

ACCEPTED_COLOR, REJECTED_COLOR = "#0072B2", "#D55E00"
"""Blue and orange of Okabe and Ito's palette, which people of every color vision can tell apart."""
_HALO = "#FFFFFF"  # around lines and letters, so that they stand out on dark pictures
_MIN_SIDE = 480  # pixels; smaller pictures are enlarged, so that boxes and pixels can be told apart
_DASH = 6  # widths of the line


def box_color(digit: Digit) -> str:
    """Return the color of the box around a digit."""
    return REJECTED_COLOR if digit.rejected else ACCEPTED_COLOR


def box_label(digit: Digit) -> str:
    """Return the predicted digit, with a question mark if it was rejected."""
    return f"{digit.digit}{'?' * digit.rejected}"


def draw_boxes(reading: Reading) -> Image.Image:
    """Draw a box around each digit and its label above; rejected digits have dashed boxes and labels like `4?`."""
    height, width = reading.picture.pixels.shape[:2]
    zoom = max(1, _MIN_SIDE // max(height, width))
    size = (width * zoom, height * zoom)
    image = Image.fromarray(reading.picture.pixels).resize(size, Image.Resampling.NEAREST)
    scale = size[0] / reading.picture.width
    canvas = ImageDraw.Draw(image)
    line_width = max(2, max(size) // 300)
    font_size = max(16, max(size) // 30)
    font = ImageFont.load_default(font_size)
    for digit in reading.digits:
        box = tuple(side * scale for side in digit.box)
        color = box_color(digit)
        canvas.rectangle(
            [box[0] - 1, box[1] - 1, box[2] + 1, box[3] + 1], outline=_HALO, width=line_width + 2
        )
        if digit.rejected:
            _draw_dashed(canvas, box, color, line_width)
        else:
            canvas.rectangle(box, outline=color, width=line_width)
        # The label of a box at the upper edge of the picture stands inside the box.
        anchor = (box[0] + line_width, max(box[1] - 2 * line_width, font_size))
        canvas.text(
            anchor, box_label(digit), color, font, anchor="ls", stroke_width=line_width, stroke_fill=_HALO
        )
    return image


def _draw_dashed(canvas: ImageDraw.ImageDraw, box: tuple[float, ...], color: str, width: int) -> None:
    x0, y0, x1, y1 = box
    corners = [(x0, y0), (x1, y0), (x1, y1), (x0, y1), (x0, y0)]
    for start, end in pairwise(np.array(corners)):
        # An odd number of segments, of which every second is left out, so that the corners are drawn.
        segments = 2 * int(np.abs(end - start).max() // (2 * _DASH * width)) + 1
        ends = np.linspace(start, end, segments + 1)
        for i in range(0, segments, 2):
            canvas.line([tuple(ends[i]), tuple(ends[i + 1])], fill=color, width=width)
