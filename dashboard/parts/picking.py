"""Pictures in pages, of which one is picked: by a click, by arrow keys, or by its number."""

import hashlib
from collections.abc import Callable

import numpy as np
import streamlit as st

from parts.gallery import gallery

_PAGE = 200  # pictures
PICTURE, PAGE = "picture", "page"  # in the address, and as keys of the boxes


def pick_picture(
    scope: str,
    images: np.ndarray,
    numbers: np.ndarray,
    describe: Callable[[int], tuple[str, str]],
    label: str,
) -> int | None:
    """Show pictures of a split, and return the number of the one that is picked.

    Other pictures than before clear the choice. By its number any picture of the split can be picked.

    Args:
        scope: what the numbers are of: as long as it and the numbers stay, the choice stays.
        images: uint8 (n, 28, 28), all of the split.
        numbers: int, of those that are shown, in this order.
        describe: returns the caption of a number, and what its picture shows.
        label: what all of them are, for those who cannot see them.
    """
    _clear_for_new_pictures(scope, numbers)
    state = st.session_state
    pages = max(1, -(-len(numbers) // _PAGE))
    with st.container(horizontal=True):
        picked = st.number_input(
            "Picture number",
            0,
            len(images) - 1,
            None,
            key=PICTURE,
            bind="query-params",
            placeholder="click or type",
            width=165,
        )
        page = 1
        if pages > 1:
            page = st.number_input(f"Page, 1 to {pages}", 1, pages, key=PAGE, width=165)
    shown = numbers[_PAGE * (page - 1) : _PAGE * page]
    places = np.flatnonzero(shown == picked) if picked is not None else []
    captions, alts = zip(*map(describe, shown.tolist()), strict=True) if len(shown) else ((), ())

    def take(place: int) -> None:
        state[PICTURE] = int(shown[place])

    gallery(
        "gallery",
        images[shown],
        captions,
        alts,
        label,
        on_pick=take,
        picked=int(places[0]) if len(places) else None,
    )
    return picked


def _clear_for_new_pictures(scope: str, numbers: np.ndarray) -> None:
    """Begin at the first page with nothing picked, unless these are the pictures of before or the first."""
    state = st.session_state
    name = hashlib.sha256(scope.encode() + numbers.tobytes()).hexdigest()
    if state.get("shown-pictures", name) != name:
        state[PICTURE], state[PAGE] = None, 1
    state["shown-pictures"] = name
