"""The page "Runs": all runs of the folder, and the chosen one from its headline to its config."""

import streamlit as st
from parts import selection
from parts.selection import Selection


def show(chosen: Selection) -> None:
    """Show the page."""
    st.title("Runs")


show(selection.current())
