"""A form that saves a picture with its correct label, and commands that use the saved pictures."""

import shlex
from pathlib import Path

import streamlit as st

from digitjax.data import personal
from digitjax.recognition.recognizer import Reading
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
            with show_errors():
                show_form(folder, result, key)
                show_commands(folder)
        else:
            st.info(
                "Saving is disabled: other machines can reach this dashboard. Start it with `digitjax dashboard`, "
                "or with `--server.address 127.0.0.1`."
            )


def show_form(folder: Path, result: Reading, key: str) -> None:
    """Ask for the label, and save the picture with it.

    Args:
        folder: of the saved pictures.
        result: of recognizing the picture.
        key: identifies the picture in the session.

    Raises:
        InputError: the picture cannot be saved.
    """
    with st.form(f"label-{key}"):
        label = st.text_input("Correct digits, with | between lines", "|".join(result.lines))
        writer = st.text_input("Writer (optional)", st.session_state.get("writer", ""))
        submitted = st.form_submit_button("Save")
    if not submitted:
        return
    saved = personal.save(folder, result.picture.pixels, label, writer)
    st.session_state["writer"] = writer
    st.success(
        f"Saved as {escape(str(saved.file))}."
        if saved.previous_label is None
        else f"Label changed from {escape(saved.previous_label)} to {escape(label.strip())}."
    )


def show_commands(folder: Path) -> None:
    """Show the number of saved pictures, and the commands that evaluate a model and fine-tune with them.

    Raises:
        InputError: the folder is damaged.
    """
    st.caption(f"Saved pictures in {escape(str(folder))}: {personal.count(folder):,}.")
    st.caption("Evaluate the pretrained model on them:")
    st.code(evaluate_command(folder), language="shell", wrap_lines=True)
    st.caption("Fine-tune the pretrained model on them:")
    st.code(train_command(folder), language="shell", wrap_lines=True)


def evaluate_command(folder: Path) -> str:
    """Return the command that evaluates the pretrained model on a folder of pictures."""
    return f"digitjax evaluate-pictures {shlex.quote(str(folder))}"


def train_command(folder: Path) -> str:
    """Return the command that fine-tunes the pretrained model on a folder of pictures."""
    return (
        f"digitjax train handwriting --name mine --data.name folder --data.folder {shlex.quote(str(folder))} "
        "--training.init-from handwriting --training.epochs 5 --optimizer.lr 5e-4"
    )
