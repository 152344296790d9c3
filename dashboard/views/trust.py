"""The page "Trust": whether the probabilities can be believed, and what corruptions do to them."""

import streamlit as st
from parts import selection
from parts.selection import Selection


def show(chosen: Selection) -> None:
    """Show the page."""
    st.title("Trust")


show(selection.current())
