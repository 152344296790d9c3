"""A form that corrects the digits of a picture and saves it, and commands that use the saved pictures."""

import shlex
from pathlib import Path

import streamlit as st

from digitjax.data import personal
from digitjax.errors import InputError
from digitjax.recognition.recognizer import Reading
from parts.box_editor import HELP, KEYS, Correction, edit_boxes
from parts.error_display import escape, show_errors
from parts.permissions import is_local


def show(folder: Path, result: Reading, key: str) -> None:
    """Offer to save a picture in a folder; the content of the expander is rendered when it is opened.

    Args:
        folder: of the saved pictures.
        result: of recognizing the picture.
        key: identifies the picture in the session.
    """
    expander = st.expander("Correct and save", key=f"save-{key}", on_change="rerun")
    if not expander.open:
        return
    with expander:
        if is_local():
            show_form(folder, result, key)
        else:
            st.info(
                "Saving is disabled: other machines can reach this dashboard. Start it with `digitjax dashboard`, "
                "or with `--server.address 127.0.0.1`."
            )


@st.fragment
def show_form(folder: Path, result: Reading, key: str) -> None:
    """Show the boxes and digits to be corrected, and save the picture with them; an edit reruns this fragment alone.

    Args:
        folder: of the saved pictures.
        result: of recognizing the picture.
        key: identifies the picture in the session.
    """
    st.caption(HELP, help=KEYS)
    correction = edit_boxes(f"boxes-{key}", result)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        writer = st.text_input(
            "Writer (optional)", st.session_state.get("writer", ""), key=f"writer-{key}", width=240
        )
        submitted = st.button("Save", key=f"submit-{key}", type="primary")
    with show_errors():
        if submitted:
            save(folder, result, correction, writer)
        show_commands(folder)


def save(folder: Path, result: Reading, correction: Correction, writer: str) -> None:
    """Save a picture with its corrected digits, and report it.

    Args:
        folder: of the saved pictures.
        result: of recognizing the picture.
        correction: its digits.
        writer: who wrote it, or empty.

    Raises:
        InputError: digits lack boxes, or the picture cannot be saved.
    """
    label, boxes, pending = correction
    if pending:
        raise InputError(
            f"{pending!r} and the boxes differ in their number of digits: give each digit one box"
        )
    if not boxes:
        raise InputError("no digit has a box: add one around each digit, then type the digits")
    saved = personal.save(folder, result.picture.pixels, label, writer, boxes)
    st.session_state["writer"] = writer
    st.success(
        f"Saved {escape(label)} as {escape(str(saved.file))}."
        if saved.previous_label is None
        else f"Label changed from {escape(saved.previous_label)} to {escape(label)}."
    )


def show_commands(folder: Path) -> None:
    """Show the number of saved pictures, a link to teach the model with them, and commands that use them.

    Raises:
        InputError: the folder is damaged.
    """
    st.caption(f"Saved pictures in {escape(str(folder))}: {personal.count(folder):,}.")
    st.page_link(
        "views/my_handwriting.py", label="Teach the model your handwriting", icon=":material/school:"
    )
    st.caption("On the command line, evaluate the pretrained model on them, or adapt it to them:")
    st.code(f"{evaluate_command(folder)}\n{adapt_command(folder)}", language=None, wrap_lines=True)


def evaluate_command(folder: Path) -> str:
    """Return the command that evaluates the pretrained model on a folder of pictures."""
    return f"digitjax evaluate-pictures {shlex.quote(str(folder))}"


def adapt_command(folder: Path) -> str:
    """Return the command that adapts the pretrained model to a folder of pictures."""
    return f"digitjax adapt {shlex.quote(str(folder))} --name mine"
