"""The page "Predictions": any split, picture by picture, with what was made of each."""

import streamlit as st
from parts import selection
from parts.selection import Selection


def show(chosen: Selection) -> None:
    """Show the page."""
    st.title("Predictions")


show(selection.current())
