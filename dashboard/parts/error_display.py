"""Errors on the pages: one line in place of what could not be shown."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from digitjax.errors import InputError


def escape(text: str) -> str:
    """Return Markdown that shows a text literally, such as a name that a user chose."""
    return re.sub(r"([!-/:-@\[-`{-~])", r"\\\1", " ".join(text.split()))


@contextmanager
def show_errors() -> Iterator[None]:
    """Show an error of the `with` block in one line, and continue after the block."""
    try:
        yield
    except InputError as error:
        st.error(escape(str(error)))
    except (AttributeError, LookupError, OSError, TypeError, ValueError) as error:
        st.error(escape(f"a file of this run is missing or damaged ({error!r})"))
