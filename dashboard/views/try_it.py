"""The page "Try it": digits that people draw, upload or hold before the camera, read by a model of their choice."""

from pathlib import Path

import streamlit as st
from parts import from_code, readings, saving, selection
from parts.canvas import HELP, canvas, drawn
from parts.error_display import escape, show_errors
from parts.models import Reader, find_reader, load_recognizer
from parts.selection import Selection

from digitjax import runs
from digitjax.imaging.decode import MAX_BYTES
from digitjax.recognition.bulk import SUFFIXES
from digitjax.recognition.recognizer import PRETRAINED
from digitjax.runs import RunEntry

DRAWING = "drawing"  # the key of the canvas


def show(chosen: Selection) -> None:
    """Offer the ways to give a picture, and show what is read in it."""
    st.title("Try it")
    with show_errors():
        entry = choose_model(chosen.entry)
        reader = find_reader(entry)
        load_recognizer(reader)  # says at once if the model cannot be used, and makes the first picture fast
        ways = {"Draw": draw, "Upload": upload, "Camera": photograph}
        way = st.segmented_control("Picture", list(ways), default="Draw", required=True, key="way")
        ways[way](reader, chosen.folder.parent / "handwriting")
        from_code.show(entry)


def choose_model(entry: RunEntry) -> RunEntry:
    """Return what is to read: the model in the box unless what is chosen in the sidebar is asked for."""
    boxed = runs.find_run(PRETRAINED, runs.PRETRAINED_FOLDER)
    if entry == boxed:
        return boxed
    models = {f"{boxed.name}, the model in the box": boxed, f"{entry.name}, chosen in the sidebar": entry}
    return models[st.radio("Read by", models, horizontal=True)]


@st.fragment
def draw(reader: Reader, own: Path) -> None:
    """Show a page to draw on; each stroke redraws this part alone. What is saved goes into the folder `own`."""
    reading = None
    with show_errors():
        if content := drawn(DRAWING):
            reading = readings.read(reader, content)
    page, text = st.columns([2, 1])
    with page:
        canvas(DRAWING, reading)
    with text:
        if reading:
            readings.show_text(reading)
        else:
            st.info("Draw digits on the page: what they are read as stands here.")
    st.caption(HELP)
    if reading:
        readings.show_digits(reader, reading, DRAWING)
        saving.show(own, reading, DRAWING)


def upload(reader: Reader, own: Path) -> None:
    """Show what is read in each uploaded picture; of a bad one, why it cannot be read."""
    for file in st.file_uploader(
        "Pictures of handwritten digits",
        type=SUFFIXES,
        accept_multiple_files=True,
        max_upload_size=MAX_BYTES // 2**20,
    ):
        st.subheader(escape(file.name), divider="grey")
        show_picture(reader, own, file.getvalue(), file.file_id)


def photograph(reader: Reader, own: Path) -> None:
    """Show what is read in a picture from the camera."""
    photo = st.camera_input("Hold digits before the camera")
    if photo:
        show_picture(reader, own, photo.getvalue(), photo.file_id)


@st.fragment
def show_picture(reader: Reader, own: Path, content: bytes, key: str) -> None:
    """Show what is read in a picture, or why it cannot be read."""
    with show_errors():
        reading = readings.read(reader, content)
        readings.show_picture(reading)
        readings.show_digits(reader, reading, key)
        saving.show(own, reading, key)


show(selection.current())
