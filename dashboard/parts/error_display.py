"""How reasons are shown: one line in place of what they keep from being shown."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from digitjax.errors import InputError


def escape(text: str) -> str:
    """Return Markdown that shows this text as it is: names and reasons hold what files and people wrote."""
    return re.sub(r"([!-/:-@\[-`{-~])", r"\\\1", " ".join(text.split()))


@contextmanager
def show_errors() -> Iterator[None]:
    """Show why something cannot be read, in one line, in place of what stands inside the `with`."""
    try:
        yield
    except InputError as error:
        st.error(escape(str(error)))
    except (AttributeError, LookupError, OSError, TypeError, ValueError) as error:
        st.error(escape(f"a file of this run is missing or not as expected ({error!r})"))
