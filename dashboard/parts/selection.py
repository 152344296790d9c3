"""Which runs the pages show: chosen in the sidebar or on the page "Runs", kept in the address."""

from pathlib import Path
from typing import NamedTuple

import streamlit as st

from digitjax import runs
from digitjax.errors import InputError
from digitjax.runs import Ensemble, Group, Run, RunEntry
from parts.error_display import escape

RUN, VERSUS = "run", "versus"  # in the address, and as keys of the boxes


class Selection(NamedTuple):
    """What the pages show."""

    folder: Path
    """Where the runs lie: nothing outside of it and of the box is read."""
    entries: dict[str, RunEntry]
    """All that can be chosen, by name: newest first, the runs of a group after it, the models in the box last."""
    entry: RunEntry
    versus: RunEntry | None
    """What it is compared with, if anything."""


def current() -> Selection:
    """Return what is chosen."""
    return st.session_state["selection"]


def choose(folder: Path) -> None:
    """Offer all runs of a folder in the sidebar, and keep the choice in the address and in the session.

    The address is matched against the names that there are: it never becomes a path.
    """
    entries = find_all(folder)
    names = list(entries)
    _take_from_address(names)
    with st.sidebar:
        name = st.selectbox("Run", names, key=RUN, help="The newest is at the top.")
        others = [other for other in names if other != name]
        if st.session_state[VERSUS] not in others:
            st.session_state[VERSUS] = None
        versus = st.selectbox("Compare with", others, None, key=VERSUS, placeholder="nothing")
    _put_into_address(name, versus)
    st.session_state["selection"] = Selection(
        folder, entries, entries[name], entries[versus] if versus else None
    )


def _take_from_address(names: list[str]) -> None:
    """Take the choice from the address when a session begins; what is not there any more is chosen anew."""
    for key, otherwise in ((RUN, names[0]), (VERSUS, None)):
        asked = st.session_state[key] if key in st.session_state else st.query_params.get(key, otherwise)
        if asked is not None and asked not in names:
            st.warning(f"There is no run {escape(repr(asked))} in this folder: choose another at the side.")
            asked = otherwise
        st.session_state[key] = asked


def mark(names: list[str], before: list[int], rows: list[int]) -> None:
    """Choose the runs that are marked in a table, of more than two the last: what was chosen before stays the first."""
    kept = [row for row in before if row in rows]
    marked = (kept + [row for row in rows if row not in kept])[-2:]
    if marked:
        st.session_state[RUN] = names[marked[0]]
        st.session_state[VERSUS] = names[marked[1]] if len(marked) > 1 else None


def _put_into_address(name: str, versus: str | None) -> None:
    """Name the choice in the address, beside what the widgets of a page keep there."""
    st.query_params[RUN] = name
    if versus:
        st.query_params[VERSUS] = versus
    else:
        st.query_params.pop(VERSUS, None)


def find_all(folder: Path) -> dict[str, RunEntry]:
    """Return runs, groups, the runs of groups, and ensembles by name, newest first; then the models in the box.

    What has links that lead out of the folder is left out, and named on the page.
    """
    found: dict[str, RunEntry] = {}
    for entry in runs.list_entries(folder):
        members = sorted(entry.path.glob("seed-*"), key=lambda path: (len(path.name), path.name))
        if any(runs.leads_out(path, folder) for path in (entry.path, *members) if path.is_dir()):
            st.warning(f"{escape(entry.name)} is left out: it has a link that leads out of this folder.")
            continue
        found[entry.name] = entry
        if isinstance(entry, Group):
            found |= {member.name: member for member in map(Run, members)}
    boxed = {run.name: run for run in runs.list_runs(runs.PRETRAINED_FOLDER)}
    return found | {name: run for name, run in boxed.items() if name not in found}


def as_model(entry: RunEntry) -> Run | Ensemble:
    """Return what predicts: of a group its first seed, which is said.

    Raises:
        InputError: the group has no run.
    """
    if not isinstance(entry, Group):
        return entry
    member = entry.member(entry.seeds()[0])
    st.info(f"{escape(entry.name)} is a group of seeds: this shows {escape(member.name)}.")
    return member


def as_run(entry: RunEntry) -> Run:
    """Return a single run: of a group its first seed, which is said.

    Raises:
        InputError: it is an ensemble, or a group without a run.
    """
    model = as_model(entry)
    if isinstance(model, Ensemble):
        raise InputError(f"{model.name} is an ensemble: choose one of its runs at the side")
    return model
