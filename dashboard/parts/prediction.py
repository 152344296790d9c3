"""The predicted text of a picture, in large type."""

import streamlit as st

from parts.formatting import MISSING


def show_prediction(lines: list[str]) -> None:
    """Show the predicted digits of each line; unlike `st.metric`, whole and one line below the other."""
    text = "<br>".join(lines) or MISSING
    with st.container(gap=None, width="content"):
        st.caption("Prediction")
        style = "font-size: 2.25rem; line-height: 1.3; overflow-wrap: anywhere"
        st.html(f'<div class="prediction" style="{style}">{text}</div>')
