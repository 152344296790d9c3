"""The page "Try it": recognize digits that are drawn, uploaded, or photographed with the camera."""

from pathlib import Path

import streamlit as st
from parts import (
    batch,
    code_snippets,
    digit_detail,
    evaluations,
    label_correction,
    recognition_display,
    uploads,
)
from parts.canvas import HELP, read_drawing, show_canvas
from parts.error_display import escape, show_errors
from parts.model_selection import select_model
from parts.recognizers import RecognizerKey, find_recognizer, recognize, wait_for_recognizer
from parts.run_selection import Selection, current_selection
from parts.uploads import Upload

# Key of the canvas in the session.
DRAWING = "drawing"
# Most uploaded pictures that are shown in detail, one below the other; more are a table.
MAX_DETAILED = 5


def show(selection: Selection) -> None:
    """Offer the sources of a picture, and show the predictions for it."""
    st.title("Try it")
    st.caption("Draw, upload or photograph digits, and see how each was recognized.")
    with show_errors():
        entry = select_model(selection.entry)
        evaluations.require_classifier(entry)
        model = find_recognizer(entry)
        sources = {"Draw": show_drawing, "Upload": show_upload, "Camera": show_camera}
        source = st.segmented_control("Picture", list(sources), default="Draw", required=True, key="source")
        sources[source](model, selection.folder.parent / "handwriting")
        code_snippets.show(entry)
        wait_for_recognizer(model)  # compiled before the first picture; a damaged model is reported
        digit_detail.prepare(model)


@st.fragment
def show_drawing(model: RecognizerKey, folder: Path) -> None:
    """Show a canvas to draw on, and the predictions; each stroke reruns this fragment alone.

    Args:
        model: that recognizes the digits.
        folder: where corrected pictures are saved.
    """
    result = None
    page, text = st.columns([2, 1])
    page.caption("Draw digits here; predictions appear after each stroke.", help=HELP)
    canvas = page.container()  # above the progress bar of the reading, which would move it under the pen
    with page.container(), show_errors():
        if content := read_drawing(DRAWING):
            result = recognize(model, content)
    with canvas:
        show_canvas(DRAWING, result)
    if result:
        with text:
            recognition_display.show_text(result)
        label_correction.show(folder, result, DRAWING)
        recognition_display.show_digits(model, result, DRAWING)


def show_upload(model: RecognizerKey, folder: Path) -> None:
    """Show the predictions for each uploaded picture, or a table of many, or why it cannot be read.

    Args:
        model: that recognizes the digits.
        folder: where corrected pictures are saved.
    """

    def show_details(upload: Upload) -> None:
        st.subheader(escape(upload.name), divider="grey")
        show_picture(model, folder, upload)

    pictures = uploads.select_files()
    if len(pictures) <= MAX_DETAILED:
        for upload in pictures:
            show_details(upload)
    else:
        batch.show_table(batch.read_all(model, pictures), lambda index: show_details(pictures[index]))


def show_camera(model: RecognizerKey, folder: Path) -> None:
    """Show the predictions for a picture from the camera.

    Args:
        model: that recognizes the digits.
        folder: where corrected pictures are saved.
    """
    photo = st.camera_input("Hold handwritten digits in front of the camera")
    if photo:
        show_picture(model, folder, Upload(photo.name, photo.file_id, photo.getvalue))


@st.fragment
def show_picture(model: RecognizerKey, folder: Path, upload: Upload) -> None:
    """Show a picture with its predictions, or why it cannot be read.

    Args:
        model: that recognizes the digits.
        folder: where corrected pictures are saved.
        upload: the picture.
    """
    with show_errors():
        result = recognize(model, upload.read())
        recognition_display.show_picture(result)
        label_correction.show(folder, result, upload.key)
        recognition_display.show_digits(model, result, upload.key)


show(current_selection())
