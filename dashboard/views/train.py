"""The page "Train": start an experiment, see how far it is, stop it."""

import streamlit as st
from parts import selection
from parts.selection import Selection


def show(chosen: Selection) -> None:
    """Show the page."""
    st.title("Train")


show(selection.current())
