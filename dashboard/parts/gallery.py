"""A gallery of small images, sent to the browser as one sprite sheet; mouse or keyboard select an image."""

import base64
import hashlib
import io
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import streamlit as st
from PIL import Image

_COLUMNS = 32  # images per row of the sprite sheet; the page shows as many as fit


def show_gallery(
    key: str,
    images: np.ndarray,
    captions: Sequence[str],
    alts: Sequence[str],
    label: str,
    on_select: Callable[[int], None] | None = None,
    selected: int | None = None,
    *,
    arrows_select: bool = True,
) -> None:
    """Show images, of which one can be selected.

    Args:
        key: of the gallery in the session.
        images: uint8 (n, 28, 28) or (n, 28, 28, 4), some hundreds at most.
        captions: below the images, short.
        alts: alternative texts, also shown as tooltips.
        label: of the gallery, for screen readers.
        on_select: called with the index of a newly selected image, before the page reruns; without it, none can be
            selected.
        selected: index to mark; the browser marks a selection of its own at once.
        arrows_select: whether the arrow keys select, or only mark the image that Enter selects.
    """
    sheet = _sprite_sheet(images)
    name = hashlib.sha256(sheet + repr((captions, alts, label)).encode()).hexdigest()[:16]

    def handle_selection() -> None:
        event = st.session_state[key]["selected"]
        if (
            on_select and event and event["name"] == name
        ):  # else it is late, and belongs to images that were replaced
            on_select(event["index"])

    component = st.components.v2.component(
        "digitjax_gallery",
        html='<div class="gallery" role="listbox" tabindex="0"></div>',
        css=_read_asset("gallery.css"),
        js=_read_asset("gallery.js"),
    )
    component(
        key=key,
        data={
            "sheet": "data:image/png;base64," + base64.b64encode(sheet).decode(),
            "name": name,
            "columns": _COLUMNS,
            "captions": list(captions),
            "alts": list(alts),
            "label": label,
            "selectable": on_select is not None,
            "selected": selected,
            "arrowsSelect": arrows_select,
        },
        on_selected_change=handle_selection,
    )


def select_from_gallery(
    key: str, images: np.ndarray, captions: Sequence[str], alts: Sequence[str], label: str
) -> int | None:
    """Show images of which one can be selected, and keep the selection until other images are shown.

    Args:
        key: of the gallery in the session.
        images: uint8 (n, 28, 28) or (n, 28, 28, 4), some hundreds at most.
        captions: below the images, short.
        alts: alternative texts, also shown as tooltips.
        label: of the gallery, for screen readers.

    Returns:
        The index of the selected image, if any.
    """
    content = hash((images.tobytes(), *captions))

    def keep(index: int) -> None:
        st.session_state[f"{key}-selected"] = (content, index)

    selected_content, index = st.session_state.get(f"{key}-selected", (content, None))
    selected = index if selected_content == content else None
    show_gallery(key, images, captions, alts, label, keep, selected)
    return selected


def _sprite_sheet(images: np.ndarray) -> bytes:
    """Return a PNG with the images in rows."""
    rows = max(1, -(-len(images) // _COLUMNS))
    side, channels = images.shape[1], images.shape[3:]
    cells = np.zeros((rows * _COLUMNS, side, side, *channels), np.uint8)
    cells[: len(images)] = images
    sheet = cells.reshape(rows, _COLUMNS, side, side, *channels).swapaxes(1, 2)
    with io.BytesIO() as file:
        Image.fromarray(sheet.reshape(rows * side, _COLUMNS * side, *channels)).save(file, "PNG")
        return file.getvalue()


def _read_asset(name: str) -> str:
    return Path(__file__).with_name(name).read_text()
