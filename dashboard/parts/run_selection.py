"""The run that the pages show and those that it is compared with, kept in the sidebar and in the URL."""

from pathlib import Path
from typing import NamedTuple

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from digitjax import runs
from digitjax.runs import Ensemble, Group, Run, RunEntry
from parts.error_display import NotAvailableError, escape

RUN, COMPARE, MORE = "run", "compare", "more"
"""Query parameters, and keys of the select boxes and of the box of the page Curves."""
MAX_SELECTED = 20
"""Maximum runs that are selected at a time: as many as the page Curves draws."""
_NEXT = "next-selection"
"""Key of the values that the select boxes take in the next run of the page."""


class Selection(NamedTuple):
    """What the pages show."""

    folder: Path
    """The runs folder; nothing outside it is read except the pretrained models."""
    entries: dict[str, RunEntry]
    """All that can be selected, by name: newest first, a group before its runs, pretrained models last."""
    entry: RunEntry
    compared: RunEntry | None
    """What the entry is compared with, if anything."""
    more: list[RunEntry]
    """What the page Curves shows, too."""


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
    st.session_state.update(st.session_state.pop(_NEXT, {}))
    _read_query_params(names)
    with st.sidebar:
        name = st.selectbox("Run", names, key=RUN, help="The newest is at the top.")
        others = [other for other in names if other != name]
        if st.session_state[COMPARE] not in others:
            st.session_state[COMPARE] = None
        compared = st.selectbox("Compare with", others, None, key=COMPARE, placeholder="none")
        more = [other for other in dict.fromkeys(st.session_state[MORE]) if other in others]
        more = [other for other in more if other != compared][: MAX_SELECTED - 2]
        st.session_state[MORE] = more
        if more:
            st.caption(escape(f"Also on Curves: {', '.join(more)}"))
    _write_query_params(name, compared, more)
    st.session_state["selection"] = Selection(
        folder,
        entries,
        entries[name],
        entries[compared] if compared else None,
        [entries[other] for other in more],
    )


def _read_query_params(names: list[str]) -> None:
    """Read the selection from the URL when a session begins, and when the user goes back or forward in the browser.

    What does not exist is replaced by the default.
    """
    reads_url = is_history_navigation()
    for key, default in ((RUN, names[0]), (COMPARE, None)):
        is_known = key in st.session_state and not reads_url
        name = st.session_state[key] if is_known else st.query_params.get(key, default)
        if name is not None and name not in names:
            st.warning(f"Run {escape(repr(name))} not found. Select another in the sidebar.")
            name = None
        st.session_state[key] = default if name is None else name
    if MORE not in st.session_state or reads_url:
        st.session_state[MORE] = st.query_params.get_all(MORE)


def is_history_navigation() -> bool:
    """Return whether the page runs because the user went back or forward in the browser."""
    return getattr(
        get_script_run_ctx(), "is_history_navigation", False
    )  # not in Streamlit's documented interface


def tick(names: list[str], ticked: list[str]) -> None:
    """Select the ticked runs of a table, in the order in which they were ticked, in a callback of that table.

    Args:
        names: of all rows; runs in no row, such as those that a filter hides, stay selected.
        ticked: names of the ticked rows; if there are none, the selection stays.
    """
    kept = [name for name in _selected() if name not in names or name in ticked]
    st.session_state.update(_as_state([*kept, *(name for name in ticked if name not in kept)]))


def select_one(name: str) -> None:
    """Select a run in place of the selected one, in a callback."""
    _, *others = _selected()
    st.session_state.update(_as_state([name, *(other for other in others if other != name)]))


def select_next(name: str) -> None:
    """Select a run in place of the selected one when the page runs next."""
    st.session_state[_NEXT] = {RUN: name}


def replace_selected(old: str, new: str | None) -> None:
    """Replace a selected run when the page runs next.

    Args:
        old: its name.
        new: name of the run in its place; None if there is none.
    """
    names = [new if name == old else name for name in _selected()]
    st.session_state[_NEXT] = {RUN: None, **_as_state([name for name in names if name])}


def _selected() -> list[str]:
    """Return the names of the selected run, of the one it is compared with, and of more."""
    names = [st.session_state.get(RUN), st.session_state.get(COMPARE), *st.session_state.get(MORE, [])]
    return [name for name in names if name]


def _as_state(names: list[str]) -> dict[str, str | list[str] | None]:
    """Return the values of the select boxes for the first runs of a list; nothing for an empty one."""
    if not names:
        return {}
    return {
        RUN: names[0],
        COMPARE: names[1] if len(names) > 1 else None,
        MORE: names[2:MAX_SELECTED],
    }


def _write_query_params(name: str, compared: str | None, more: list[str]) -> None:
    """Write the selection into the URL, beside the parameters of the page's widgets."""
    for key, value in ((RUN, name), (COMPARE, compared), (MORE, more)):
        if value:
            st.query_params[key] = value
        else:
            st.query_params.pop(key, None)


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
