"""The page "Try it": pictures that people upload, read by the chosen run."""

import streamlit as st
from parts import selection
from parts.models import Weights, find_weights, load_recognizer
from parts.pictures import enlarge
from parts.reasons import escape, reasons_shown
from parts.selection import Selection
from PIL import Image, ImageDraw, ImageFont

from digitjax import runs
from digitjax.recognition.decode import MAX_BYTES
from digitjax.recognition.recognizer import PRETRAINED, Digit, Reading
from digitjax.runs import Run
from digitjax.visualization import charts

TYPES = ["png", "jpg", "jpeg", "webp", "bmp", "tif", "tiff", "gif", "heic", "heif"]
MOST_DIGITS = 40  # shown one by one: more would make the page slow
SHOWN_SIDE = 480  # pixels; smaller pictures are enlarged, so that boxes and pixels can be told apart
READ, REJECTED = "#0072B2", "#D55E00"


def show(chosen: Selection) -> None:
    """Show the uploader, and what is read in each picture."""
    st.title("Try it")
    with reasons_shown():
        weights = find_weights(choose_reader(selection.as_run(chosen.entry)))
        load_recognizer(weights)  # says at once if the model cannot be used, and makes the first picture fast
        for file in st.file_uploader(
            "Pictures of handwritten digits",
            type=TYPES,
            accept_multiple_files=True,
            max_upload_size=MAX_BYTES // 2**20,
        ):
            st.subheader(escape(file.name), divider="grey")
            with reasons_shown():
                show_reading(read(weights, file.getvalue()))


def choose_reader(run: Run) -> Run:
    """Return the run that is to read: the model in the box unless the one in the sidebar is asked for."""
    boxed = runs.find(PRETRAINED, runs.PRETRAINED_FOLDER)
    if run == boxed:
        return boxed
    readers = {f"{boxed.name}, the model in the box": boxed, f"{run.name}, chosen in the sidebar": run}
    return readers[st.radio("Read by", readers, horizontal=True)]


@st.cache_resource(max_entries=16, show_spinner="Reading")
def read(weights: Weights, content: bytes) -> Reading:
    """Read the bytes of a picture.

    Raises:
        InputError: it is no picture that can be decoded.
    """
    return load_recognizer(weights).read(content)


# --------------------------------------------------------------------------------------- reading


def show_reading(reading: Reading) -> None:
    """Show a picture with its boxes beside the text, then the digits one by one."""
    picture, text = st.columns([2, 1])
    picture.image(
        draw_boxes(reading),
        output_format="PNG",
        alt=f"The picture, with a box around each of {len(reading.digits)} digits",
    )
    if not reading.digits:
        text.info("No digits were found in this picture.")
        return
    text.metric("Read as", reading.text or "-")
    if any(digit.rejected for digit in reading.digits):
        text.caption("Left out, in red: too doubtful to be counted as read.")
    if len(reading.digits) > MOST_DIGITS:
        text.caption(f"{len(reading.digits)} digits, the first {MOST_DIGITS} of them below.")
    st.caption("Each digit as the network saw it, and the probabilities that it gave:")
    with st.container(horizontal=True):
        for digit in reading.digits[:MOST_DIGITS]:
            show_digit(digit)


def show_digit(digit: Digit) -> None:
    """Show what the network saw of one digit, and what it made of it."""
    with st.container(border=True, width=260):
        with st.container(horizontal=True):
            st.image(
                enlarge(digit.image),
                width=84,
                output_format="PNG",
                alt=f"The digit as the network saw it, 28 by 28 pixels: read as {digit.digit}",
            )
            st.metric(
                "Left out" if digit.rejected else "Digit",
                digit.digit,
                f"{digit.confidence:.1%} confident",
                delta_color="off",
                delta_arrow="off",
                width="content",
            )
        st.altair_chart(
            charts.probabilities(digit.probabilities),
            alt=f"Probability of each digit: {digit.digit} has {digit.confidence:.1%}",
        )


def draw_boxes(reading: Reading) -> Image.Image:
    """Draw a box around each digit, and above it what it was read as."""
    height, width = reading.picture.pixels.shape[:2]
    zoom = max(1, SHOWN_SIDE // max(height, width))
    size = (width * zoom, height * zoom)
    picture = Image.fromarray(reading.picture.pixels).resize(size, Image.Resampling.NEAREST)
    scale = size[0] / reading.picture.width
    canvas = ImageDraw.Draw(picture)
    stroke = max(2, max(size) // 300)
    letter = max(16, max(size) // 30)
    for digit in reading.digits:
        colour = REJECTED if digit.rejected else READ
        box = [side * scale for side in digit.box]
        canvas.rectangle(box, outline=colour, width=stroke)
        bottom = max(box[1] - stroke, letter)  # a box at the upper edge has its label inside
        font = ImageFont.load_default(letter)
        canvas.text((box[0] + stroke, bottom), str(digit.digit), fill=colour, font=font, anchor="ls")
    return picture


show(selection.current())
