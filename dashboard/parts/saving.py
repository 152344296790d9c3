"""A form that saves a picture with its right label, and what the pictures that were saved are good for."""

import shlex
from pathlib import Path

import streamlit as st

from digitjax.data import personal
from digitjax.recognition.recognizer import Reading
from parts.error_display import escape, show_errors
from parts.writing import is_local


def show(folder: Path, reading: Reading, key: str) -> None:
    """Offer to save a picture in a folder; what is inside is made when it is opened."""
    box = st.expander("Save it with its right label", key=f"save-{key}", on_change="rerun")
    if not box.open:
        return
    with box:
        if is_local():
            with show_errors():
                show_form(folder, reading, key)
                show_use(folder)
        else:
            st.info(
                "Pictures are saved only by a dashboard that this machine alone can reach: "
                "start it with `digitjax dashboard`, or with `--server.address 127.0.0.1`."
            )


def show_form(folder: Path, reading: Reading, key: str) -> None:
    """Ask for the label, and save the picture with it.

    Raises:
        InputError: it cannot be saved.
    """
    with st.form(f"label-{key}"):
        label = st.text_input("Its digits, with | between lines", "|".join(reading.lines))
        writer = st.text_input("Who wrote it, if you like", st.session_state.get("writer", ""))
        asked = st.form_submit_button("Save")
    if not asked:
        return
    saved = personal.save(folder, reading.picture.pixels, label, writer)
    st.session_state["writer"] = writer
    st.success(
        f"Saved as {escape(str(saved.file))}."
        if saved.before is None
        else f"It was saved before, as {escape(saved.before)}: its label is {escape(label.strip())} now."
    )


def show_use(folder: Path) -> None:
    """Tell how many pictures there are, and how to measure a reader and train with them.

    Raises:
        InputError: the folder is damaged.
    """
    st.caption(f"Pictures in {escape(str(folder))}: {personal.count(folder):,}. How well they are read:")
    st.code(measuring(folder), language="shell", wrap_lines=True)
    st.caption("Fine-tune the model in the box on them:")
    st.code(training(folder), language="shell", wrap_lines=True)


def measuring(folder: Path) -> str:
    """Return the command that measures a reader on a test set."""
    return f"digitjax evaluate-pictures {shlex.quote(str(folder))}"


def training(folder: Path) -> str:
    """Return the command that fine-tunes the model in the box on a test set."""
    return (
        f"digitjax train handwriting --name mine --data.name folder --data.folder {shlex.quote(str(folder))} "
        "--training.init-from handwriting --training.epochs 5 --optimizer.lr 5e-4"
    )
