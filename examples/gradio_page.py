"""A Gradio page that reads the digits in an uploaded picture.

pip install digitjax gradio
python examples/gradio_page.py
"""

from typing import Any

import gradio as gr

import digitjax
from digitjax.imaging.box import Box

reader = digitjax.load()


def read(path: str) -> tuple[str, Any]:
    """Return the text of a picture, and its pixels with the box of each digit."""
    reading = reader.read(path)
    digits = [digit for digit in reading.digits if not digit.rejected]
    boxes = [box.corners for box in reading.picture.reduce_boxes(Box(*digit.box) for digit in digits)]
    labels = [f"{digit.digit}, {digit.confidence:.0%}" for digit in digits]
    return reading.text, (reading.picture.pixels, list(zip(boxes, labels, strict=True)))


page = gr.Interface(
    read,
    gr.Image(type="filepath", label="Picture"),
    [gr.Textbox(label="Text"), gr.AnnotatedImage(label="Digits")],
    title="Read handwritten digits",
    flagging_mode="never",
)

if __name__ == "__main__":
    page.launch()
