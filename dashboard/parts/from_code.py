"""How to read pictures without the dashboard: lines to copy, with the name of the model."""

import shlex

import streamlit as st

from digitjax import runs
from digitjax.recognition.recognizer import PRETRAINED
from digitjax.runs import RunEntry


def show(entry: RunEntry) -> None:
    """Show the lines for the command line, for Python and for other programs."""
    with st.expander("Use this from code"):
        st.caption("On the command line:")
        st.code(reading(entry), language="shell", wrap_lines=True)
        st.caption("In Python:")
        st.code(python(entry), language="python", wrap_lines=True)
        st.caption("From any program, over HTTP: start the server, then send it pictures.")
        st.code(f"{serving(entry)}\n{sending()}", language="shell", wrap_lines=True)


def reading(entry: RunEntry) -> str:
    """Return the command that reads a picture."""
    return f"digitjax read picture.png{_model_option(entry)}"


def python(entry: RunEntry) -> str:
    """Return the lines of Python that read a picture."""
    model = "" if _is_default(entry) else repr(str(entry.path))
    return f'import digitjax\n\nreader = digitjax.load({model})\nprint(reader.read("picture.png").text)'


def serving(entry: RunEntry) -> str:
    """Return the command that serves a model."""
    return f"digitjax serve{_model_option(entry)}"


def sending() -> str:
    """Return the command that sends a picture to the server."""
    return "curl --form files=@picture.png http://127.0.0.1:8000/read"


def _model_option(entry: RunEntry) -> str:
    return "" if _is_default(entry) else f" --model {shlex.quote(str(entry.path))}"


def _is_default(entry: RunEntry) -> bool:
    return entry.path == runs.PRETRAINED_FOLDER / PRETRAINED
