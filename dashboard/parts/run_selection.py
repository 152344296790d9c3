"""The run that the pages show and the one that it is compared with, kept in the sidebar and in the URL."""

from pathlib import Path
from typing import NamedTuple

import streamlit as st

from digitjax import runs
from digitjax.runs import Ensemble, Group, Run, RunEntry
from parts.error_display import NotAvailableError, escape

RUN, COMPARE = "run", "compare"
"""Query parameters, and keys of the select boxes."""


class Selection(NamedTuple):
    """What the pages show."""

    folder: Path
    """The runs folder; nothing outside it is read except the pretrained models."""
    entries: dict[str, RunEntry]
    """All that can be selected, by name: newest first, a group before its runs, pretrained models last."""
    entry: RunEntry
    compared: RunEntry | None
    """What the entry is compared with, if anything."""


def current_selection() -> Selection:
    """Return the selection of the sidebar."""
    selection: Selection = st.session_state["selection"]
    return selection


def show_run_selector(folder: Path) -> None:
    """Show the select boxes of the sidebar, and keep their values in the URL and in the session.

    Query parameters are matched against the names of existing entries and never become paths.
    """
    entries = find_entries(folder)
    names = list(entries)
    _read_query_params(names)
    with st.sidebar:
        name = st.selectbox("Run", names, key=RUN, help="The newest is at the top.")
        others = [other for other in names if other != name]
        if st.session_state[COMPARE] not in others:
            st.session_state[COMPARE] = None
        compared = st.selectbox("Compare with", others, None, key=COMPARE, placeholder="none")
    _write_query_params(name, compared)
    st.session_state["selection"] = Selection(
        folder, entries, entries[name], entries[compared] if compared else None
    )


def _read_query_params(names: list[str]) -> None:
    """Read the selection from the URL when a session begins; what does not exist is replaced by the default."""
    for key, default in ((RUN, names[0]), (COMPARE, None)):
        name = st.session_state[key] if key in st.session_state else st.query_params.get(key, default)
        if name is not None and name not in names:
            st.warning(f"Run {escape(repr(name))} not found. Select another in the sidebar.")
            name = default
        st.session_state[key] = name


def select_rows(names: list[str], previous: list[int], rows: list[int]) -> None:
    """Select the runs of the selected rows of a table: of more than two rows the last two, earlier ones first.

    Args:
        names: of all rows.
        previous: rows that were selected before.
        rows: rows that are selected now.
    """
    kept = [row for row in previous if row in rows]
    selected = (kept + [row for row in rows if row not in kept])[-2:]
    if selected:
        st.session_state[RUN] = names[selected[0]]
        st.session_state[COMPARE] = names[selected[1]] if len(selected) > 1 else None


def _write_query_params(name: str, compared: str | None) -> None:
    """Write the selection into the URL, beside the parameters of the page's widgets."""
    st.query_params[RUN] = name
    if compared:
        st.query_params[COMPARE] = compared
    else:
        st.query_params.pop(COMPARE, None)


def find_entries(folder: Path) -> dict[str, RunEntry]:
    """Return runs, groups, the runs of groups, and ensembles by name, newest first; then the pretrained models.

    Entries with symbolic links out of the folder are left out, and reported on the page.
    """
    entries: dict[str, RunEntry] = {}
    for entry in runs.list_entries(folder):
        members = sorted(entry.path.glob("seed-*"), key=lambda path: (len(path.name), path.name))
        if any(runs.has_external_link(path, folder) for path in (entry.path, *members) if path.is_dir()):
            st.warning(
                f"{escape(entry.name)} is not shown: it contains a link to a place outside this folder."
            )
            continue
        entries[entry.name] = entry
        if isinstance(entry, Group):
            entries |= {member.name: member for member in map(Run, members)}
    pretrained = {run.name: run for run in runs.list_runs(runs.PRETRAINED_FOLDER)}
    return entries | {name: run for name, run in pretrained.items() if name not in entries}


def resolve_model(entry: RunEntry) -> Run | Ensemble:
    """Return the model to show: for a group its first seed, which the page says.

    Raises:
        InputError: the group has no run.
    """
    if not isinstance(entry, Group):
        return entry
    member = entry.member(entry.seeds()[0])
    st.info(f"{escape(entry.name)} is a group of seeds. Showing {escape(member.name)}.")
    return member


def resolve_run(entry: RunEntry) -> Run:
    """Return the run to show: for a group its first seed, which the page says.

    Raises:
        NotAvailableError: the entry is an ensemble.
        InputError: the entry is a group without a run.
    """
    model = resolve_model(entry)
    if isinstance(model, Ensemble):
        raise NotAvailableError(f"{model.name} is an ensemble. Select one of its members in the sidebar.")
    return model
