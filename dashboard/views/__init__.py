"""What the pages share: how reasons and small pictures are shown."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import streamlit as st

from digitjax.errors import InputError


def escape(text: str) -> str:
    """Return Markdown that shows this text as it is: names and reasons hold what files and people wrote."""
    return re.sub(r"([!-/:-@\[-`{-~])", r"\\\1", " ".join(text.split()))


@contextmanager
def reasons_shown() -> Iterator[None]:
    """Show why something cannot be read, in one line, in place of what stands inside the `with`."""
    try:
        yield
    except InputError as error:
        st.error(escape(str(error)))
    except (AttributeError, LookupError, OSError, TypeError, ValueError) as error:
        st.error(escape(f"a file of this run is missing or not as expected ({error!r})"))


def enlarge(image: np.ndarray) -> np.ndarray:
    """Enlarge a small picture uint8 (h, w) six times, each pixel to a square, so that browsers need not blur it."""
    return image.repeat(6, axis=0).repeat(6, axis=1)
