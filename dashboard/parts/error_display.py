"""What could not be shown: one line in its place, and a button where there is a remedy."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from digitjax.data.cache import DataNotPreparedError
from digitjax.errors import InputError
from parts.permissions import is_local


class NotAvailableError(InputError):
    """What a page shows does not exist for this model, which is no error."""


def escape(text: str) -> str:
    """Return Markdown that shows a text literally, such as a name that a user chose."""
    return re.sub(r"([!-/:-@\[-`{-~])", r"\\\1", " ".join(text.split()))


@contextmanager
def show_errors() -> Iterator[None]:
    """Show an error of the `with` block in one line, and continue after the block."""
    try:
        yield
    except DataNotPreparedError as error:
        _offer_download(error)
    except NotAvailableError as error:
        st.info(escape(str(error)))
    except InputError as error:
        st.error(escape(str(error)))
    except (AttributeError, LookupError, OSError, TypeError, ValueError) as error:
        st.error(escape(f"a file of this run is missing or damaged ({error!r})"))


def _offer_download(error: DataNotPreparedError) -> None:
    """Offer to download a data set, or show the command that does."""
    st.info(f"This needs the images of {error.data.name}, which are not on this machine yet.")
    if not error.download or not is_local():
        st.code(f"digitjax data prepare {error.data.name}", language=None, wrap_lines=True)
    elif st.button(f"Download {error.data.name} ({error.download})", icon=":material/download:"):
        from digitjax.data import pipeline

        with show_errors(), st.spinner(f"Downloading {error.data.name}"):
            pipeline.prepare(error.data)
            st.rerun()
