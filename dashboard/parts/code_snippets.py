"""Code that recognizes pictures without the dashboard: command line, Python and HTTP."""

import shlex

import streamlit as st

from digitjax import runs
from digitjax.runs import RunEntry


def show(entry: RunEntry) -> None:
    """Show how to use a model from the command line, from Python and over HTTP."""
    with st.expander("Use from code"):
        st.caption("Command line:")
        st.code(read_command(entry), language=None, wrap_lines=True)
        st.caption("Python:")
        st.code(python_code(entry), language="python", wrap_lines=True)
        st.caption("HTTP: start the server, then send it pictures.")
        st.code(f"{serve_command(entry)}\n{request_command()}", language=None, wrap_lines=True)


def read_command(entry: RunEntry) -> str:
    """Return the command that reads a picture."""
    return f"digitjax read picture.png{_model_option(entry)}"


def python_code(entry: RunEntry) -> str:
    """Return Python code that reads a picture."""
    model = "" if _is_default(entry) else repr(str(entry.path))
    return (
        f'import digitjax\n\nrecognizer = digitjax.load({model})\nprint(recognizer.read("picture.png").text)'
    )


def serve_command(entry: RunEntry) -> str:
    """Return the command that starts the HTTP server."""
    return f"digitjax serve{_model_option(entry)}"


def request_command() -> str:
    """Return the command that sends a picture to the HTTP server."""
    return "curl --form files=@picture.png http://127.0.0.1:8000/read"


def _model_option(entry: RunEntry) -> str:
    return "" if _is_default(entry) else f" --model {shlex.quote(str(entry.path))}"


def _is_default(entry: RunEntry) -> bool:
    return entry.path == runs.PRETRAINED_FOLDER / runs.PRETRAINED
