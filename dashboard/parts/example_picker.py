"""A paged gallery of the images of a split, where one is selected by click, arrow keys or index."""

import hashlib
from collections.abc import Callable

import numpy as np
import streamlit as st

from parts.gallery import show_gallery

_PAGE_SIZE = 200  # images
IMAGE, PAGE = "image", "page"
"""Query parameters, and keys of the number inputs."""


def pick_example(
    scope: str,
    images: np.ndarray,
    indices: np.ndarray,
    describe: Callable[[int], tuple[str, str]],
    label: str,
) -> int | None:
    """Show images of a split of which one can be selected.

    The selection is cleared when other images are shown. Any image of the split can be selected by its index.

    Args:
        scope: identifies model, split and step; the selection is kept while it and the indices stay the same.
        images: uint8 (n, 28, 28), all of the split.
        indices: int (k,), of the images to show, in order.
        describe: returns the caption and the alternative text of the image at an index.
        label: of the gallery, for screen readers.

    Returns:
        The index of the selected image in the split, if any.
    """
    _clear_for_new_images(scope, indices)
    state = st.session_state
    pages = max(1, -(-len(indices) // _PAGE_SIZE))
    with st.container(horizontal=True):
        selected = st.number_input(
            "Image index",
            0,
            len(images) - 1,
            None,
            key=IMAGE,
            bind="query-params",
            placeholder="click or type",
            width=165,
        )
        page = 1
        if pages > 1:
            page = st.number_input(f"Page (1 to {pages})", 1, pages, key=PAGE, bind="query-params", width=165)
    shown = indices[_PAGE_SIZE * (page - 1) : _PAGE_SIZE * page]
    positions = np.flatnonzero(shown == selected) if selected is not None else np.array([], int)
    captions, alts = zip(*map(describe, shown.tolist()), strict=True) if len(shown) else ((), ())

    def select(position: int) -> None:
        state[IMAGE] = int(shown[position])

    show_gallery(
        "gallery",
        images[shown],
        captions,
        alts,
        label,
        on_select=select,
        selected=int(positions[0]) if len(positions) else None,
    )
    return selected


def _clear_for_new_images(scope: str, indices: np.ndarray) -> None:
    """Return to the first page without a selection, unless the images are the same as before or the first."""
    state = st.session_state
    name = hashlib.sha256(scope.encode() + indices.tobytes()).hexdigest()
    if state.get("shown-images", name) != name:
        state[IMAGE], state[PAGE] = None, 1
    state["shown-images"] = name
