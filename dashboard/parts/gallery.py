"""A gallery of small pictures: one sheet for the browser, to be walked through by mouse or keyboard."""

import base64
import hashlib
import io
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import streamlit as st
from PIL import Image

_COLUMNS = 32  # of the sheet; the page shows as many as fit


def gallery(
    key: str,
    images: np.ndarray,
    captions: Sequence[str],
    alts: Sequence[str],
    label: str,
    on_pick: Callable[[int], None],
    picked: int | None = None,
) -> None:
    """Show pictures, of which one can be picked.

    Args:
        key: of the element in the session.
        images: uint8 (n, 28, 28) or (n, 28, 28, 3), some hundreds at most.
        captions: below each, short.
        alts: what each shows, for those who cannot see it, and as its tooltip.
        label: what all of them are.
        on_pick: is told the place of what is picked, before the page is drawn again.
        picked: place to mark; that it was picked here is seen before this is told.
    """
    sheet = _sheet(images)
    name = hashlib.sha256(sheet + repr((captions, alts, label)).encode()).hexdigest()[:16]

    def hear() -> None:
        told = st.session_state[key]["picked"]
        if told and told["name"] == name:  # else it is late, and of pictures that are gone
            on_pick(told["place"])

    show = st.components.v2.component(
        "digitjax_gallery",
        html='<div class="gallery" role="listbox" tabindex="0"></div>',
        css=_read("gallery.css"),
        js=_read("gallery.js"),
    )
    show(
        key=key,
        data={
            "sheet": "data:image/png;base64," + base64.b64encode(sheet).decode(),
            "name": name,
            "columns": _COLUMNS,
            "captions": list(captions),
            "alts": list(alts),
            "label": label,
            "picked": picked,
        },
        on_picked_change=hear,
    )


def pick(
    key: str, images: np.ndarray, captions: Sequence[str], alts: Sequence[str], label: str
) -> int | None:
    """Show pictures as `gallery` does, and return the place of the one that is picked; in other pictures none is."""
    shown = hash((images.tobytes(), *captions))

    def keep(place: int) -> None:
        st.session_state[f"{key}-picked"] = (shown, place)

    of, place = st.session_state.get(f"{key}-picked", (shown, None))
    picked = place if of == shown else None
    gallery(key, images, captions, alts, label, keep, picked)
    return picked


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
