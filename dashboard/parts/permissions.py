"""Whether a page may write files or start jobs: only if no other machine can reach the dashboard."""

import ipaddress

import streamlit as st

from digitjax import runs
from digitjax.runs import RunEntry


def is_local() -> bool:
    """Whether the dashboard listens on this machine's loopback interface alone."""
    address = st.get_option("server.address") or ""
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return address == "localhost"


def find_refusal(model: RunEntry) -> str | None:
    """Return why the page may not write into the folder of a model; None if it may."""
    if model.path.resolve().is_relative_to(runs.PRETRAINED_FOLDER.resolve()):
        return "The folder of a pretrained model is part of the package and read-only."
    if not is_local():
        return (
            "Other machines can reach this dashboard, so it is read-only. `digitjax dashboard` serves this machine "
            "alone."
        )
    return None
