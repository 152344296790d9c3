"""An editor of the boxes around the digits of a picture, and of the digit of each."""

import base64
import hashlib
import io
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple

import streamlit as st
from PIL import Image

from digitjax.imaging.box import Box
from digitjax.recognition.recognizer import Reading

HELP = "Type the correct digits. Fix wrong boxes: split, merge, delete or resize them, or drag to add one."
KEYS = (
    "On a box: Left and Right select another, 0 to 9 label it, S splits it, M merges it with the next, N adds one, "
    "Delete deletes it, Shift and arrows move it, Ctrl and arrows resize it, Ctrl+Z undoes."
)
_HTML = f"""
<div class="editor">
  <div class="tools">
    <label>Correct digits <input type="text" inputmode="numeric" autocomplete="off" spellcheck="false"></label>
  </div>
  <div class="page" role="group" aria-label="Boxes of the digits. {KEYS}">
    <img alt="The picture" draggable="false">
  </div>
  <div class="tools" title="{KEYS}">
    <button type="button" data-action="split">Split (S)</button>
    <button type="button" data-action="merge">Merge with next (M)</button>
    <button type="button" data-action="add">Add (N)</button>
    <button type="button" data-action="remove">Delete (Del)</button>
    <button type="button" data-action="undo">Undo (Ctrl+Z)</button>
  </div>
  <p class="status" role="status"></p>
</div>
"""
_MAX_SIDE = 1000
"""Longer side of the picture in the browser, in pixels."""
_MIN_SIDE = 480
"""Shortest longer side, in pixels, to which smaller pictures are enlarged."""


class Correction(NamedTuple):
    """The digits of a picture as a person marked them."""

    label: str
    """The digits in reading order, with `|` between lines."""
    boxes: list[Box]
    """The box of each, in pixels of the reduced picture."""
    pending: str
    """Text that was typed, but has another number of digits than there are boxes; empty if there is none."""


def edit_boxes(key: str, result: Reading) -> Correction:
    """Show the boxes of a picture's digits to be corrected.

    Args:
        key: of the editor in the session.
        result: of recognizing the picture; what was edited belongs to it alone.

    Returns:
        The digits as they are marked now.
    """
    height, width = result.picture.pixels.shape[:2]
    name = hashlib.sha256(result.picture.pixels.tobytes() + repr(result.digits).encode()).hexdigest()[:16]
    edited = _latest_edit(key, name) or {"boxes": _recognized_boxes(result), "pending": ""}
    component = st.components.v2.component(
        "digitjax_box_editor", html=_HTML, css=_read_asset("box_editor.css"), js=_read_asset("box_editor.js")
    )
    component(
        key=key,
        data={
            "name": name,
            "picture": _to_url(Image.fromarray(result.picture.pixels)),
            "width": width,
            "height": height,
            "boxes": edited["boxes"],
            "pending": edited["pending"],
        },
        on_edited_change=lambda: None,
    )
    labelled = [box for box in edited["boxes"] if box["digit"]]
    lines = groupby(labelled, key=lambda box: box["line"])
    return Correction(
        "|".join("".join(box["digit"] for box in line) for _, line in lines),
        [Box(*map(int, box["corners"])) for box in labelled],
        edited["pending"],
    )


def _latest_edit(key: str, name: str) -> dict[str, Any] | None:
    """Return what the browser sent last for a reading: the component forgets it while another page is open."""
    kept = f"{key}-kept"
    received = st.session_state.get(key, {}).get("edited")
    if received:
        st.session_state[kept] = received
    edit = st.session_state.get(kept)
    return edit if edit and edit["name"] == name else None


def _recognized_boxes(result: Reading) -> list[dict[str, Any]]:
    """Return the boxes of the recognized digits in reading order; the rejected ones without a digit."""
    boxes = result.picture.reduce_boxes(Box(*digit.box) for digit in result.digits)
    return sorted(
        (
            {
                "corners": list(box.corners),
                "line": digit.line,
                "digit": "" if digit.rejected else str(digit.digit),
            }
            for box, digit in zip(boxes, result.digits, strict=True)
        ),
        key=lambda box: (box["line"], box["corners"][0]),
    )


def _to_url(picture: Image.Image) -> str:
    side = max(picture.size)
    if side > _MAX_SIDE:
        picture.thumbnail((_MAX_SIDE, _MAX_SIDE))
    elif side < _MIN_SIDE:
        zoom = _MIN_SIDE // side
        picture = picture.resize((picture.width * zoom, picture.height * zoom), Image.Resampling.NEAREST)
    with io.BytesIO() as file:
        picture.save(file, "JPEG", quality=85)
        return "data:image/jpeg;base64," + base64.b64encode(file.getvalue()).decode()


def _read_asset(name: str) -> str:
    return Path(__file__).with_name(name).read_text()
