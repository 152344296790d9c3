"""Whether a page may write files, or start trainings: only for who sits at this machine."""

import ipaddress

import streamlit as st

from digitjax import runs
from digitjax.runs import Ensemble, Run


def is_local() -> bool:
    """Whether the dashboard can be reached from this machine alone, so that who writes is its user."""
    address = st.get_option("server.address") or ""
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return address == "localhost"


def find_refusal(model: Run | Ensemble) -> str | None:
    """Say in a sentence why nothing may be written into the folder of a model; nothing where it may."""
    if model.path.resolve().is_relative_to(runs.PRETRAINED_FOLDER.resolve()):
        return "The folder of the model in the box belongs to the package: nothing is written into it."
    if not is_local():
        return "Other machines can reach this page, so it writes nothing: `digitjax dashboard` serves this one alone."
    return None
