"""A gallery of small pictures: one sheet for the browser, to be walked through by mouse or keyboard."""

import base64
import hashlib
import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import streamlit as st
from PIL import Image

_COLUMNS = 32  # of the sheet; the page shows as many as fit


def gallery(
    key: str, images: np.ndarray, captions: Sequence[str], alts: Sequence[str], label: str
) -> int | None:
    """Show pictures, and return the place of the one that is picked; none is at first, and none in a new gallery.

    Args:
        key: of the element in the session.
        images: uint8 (n, 28, 28) or (n, 28, 28, 3), some hundreds at most.
        captions: below each, short.
        alts: what each shows, for those who cannot see it, and as its tooltip.
        label: what all of them are.
    """
    sheet = _sheet(images)
    name = hashlib.sha256(sheet + repr(captions).encode()).hexdigest()[:16]
    show = st.components.v2.component(
        "digitjax_gallery",
        html='<div class="gallery" role="listbox" tabindex="0"></div>',
        css=_read("gallery.css"),
        js=_read("gallery.js"),
    )
    state = show(
        key=key,
        data={
            "sheet": "data:image/png;base64," + base64.b64encode(sheet).decode(),
            "name": name,
            "columns": _COLUMNS,
            "captions": list(captions),
            "alts": list(alts),
            "label": label,
        },
        on_picked_change=lambda: None,
    )
    picked = state.picked
    return picked["place"] if picked and picked["sheet"] == name else None


def _sheet(images: np.ndarray) -> bytes:
    """Return a PNG with the pictures in rows, ink bright as it is."""
    rows = max(1, -(-len(images) // _COLUMNS))
    side, rest = images.shape[1], images.shape[3:]
    cells = np.zeros((rows * _COLUMNS, side, side, *rest), np.uint8)
    cells[: len(images)] = images
    sheet = cells.reshape(rows, _COLUMNS, side, side, *rest).swapaxes(1, 2)
    with io.BytesIO() as file:
        Image.fromarray(sheet.reshape(rows * side, _COLUMNS * side, *rest)).save(file, "PNG")
        return file.getvalue()


def _read(name: str) -> str:
    return Path(__file__).with_name(name).read_text()
