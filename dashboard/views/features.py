"""The page "Filters and features": what a network learned, from its filters to the map of its features."""

import streamlit as st
from parts import selection
from parts.selection import Selection


def show(chosen: Selection) -> None:
    """Show the page."""
    st.title("Filters and features")


show(selection.current())
