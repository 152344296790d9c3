"""What can be done with a run: rename it, tag it, note something about it, delete it, and undo that."""

from datetime import datetime
from pathlib import Path

import streamlit as st

from digitjax.runs import Run, RunEntry, annotations, manage
from digitjax.runs.group_summary import AnySummary
from digitjax.runs.manage import DeletedEntry
from parts.error_display import escape, show_errors
from parts.permissions import find_refusal, is_local
from parts.run_selection import replace_selected, select_next

_DELETED = "deleted-run"
"""Key of the path in the trash of what was deleted last in this session."""


def show_annotations(summary: AnySummary) -> None:
    """Show the tags and the note of a run, a group or an ensemble."""
    if summary.tags:
        st.markdown(" ".join(f":gray-badge[{escape(tag)}]" for tag in summary.tags))
    if summary.note:
        st.markdown(escape(summary.note))


def show_actions(entry: RunEntry, summary: AnySummary, known_tags: list[str]) -> None:
    """Show a form that changes the name, the tags and the note of an entry, and a button that deletes it.

    Nothing is shown where the folder is read-only.

    Args:
        entry: a run, a group or an ensemble.
        summary: of the entry.
        known_tags: tags of all entries, which are offered.
    """
    if find_refusal(entry):
        return
    is_part = isinstance(entry, Run) and entry.name != entry.path.name  # of a group, which names it
    with st.expander("Edit", icon=":material/edit:", key=f"edit-{entry.path}"):
        with st.form(f"edit-form-{entry.path}", border=False):
            name = entry.name if is_part else st.text_input("Name", entry.name)
            tags = st.multiselect(
                "Tags",
                sorted({*known_tags, *summary.tags}),
                summary.tags,
                max_selections=annotations.MAX_TAGS,
                accept_new_options=True,
                placeholder="select or type",
            )
            note = st.text_area("Note", summary.note, max_chars=annotations.MAX_NOTE_LENGTH, height=80)
            if st.form_submit_button("Save"):
                with show_errors():
                    _save(entry, name.strip(), annotations.create(tags, note))
        if not is_part and st.button("Delete", icon=":material/delete:", key=f"delete-{entry.path}"):
            with show_errors():
                _delete(entry)


def _save(entry: RunEntry, name: str, noted: annotations.Annotations) -> None:
    if name != entry.name:
        entry, old = manage.rename(entry, name), entry
        replace_selected(old.name, entry.name)
    annotations.write(entry.path, noted)
    st.toast(f"Saved {escape(entry.name)}.")
    st.rerun()


def _delete(entry: RunEntry) -> None:
    st.session_state[_DELETED] = manage.delete(entry).path
    replace_selected(entry.name, None)
    st.rerun()


def show_undo() -> None:
    """Offer to restore what was deleted last in this session."""
    path = st.session_state.get(_DELETED)
    if path is None or not path.exists():
        return
    deleted = DeletedEntry(path)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"Deleted **{escape(deleted.name)}**.", width="content")
        if st.button("Undo", icon=":material/undo:"):
            with show_errors():
                _restore(deleted)


def show_trash(folder: Path) -> None:
    """List what was deleted in a folder of runs, with a button for each that restores it."""
    deleted = manage.list_deleted(folder)
    if not deleted or not is_local():
        return
    with st.expander(f"Deleted runs: {len(deleted)}", on_change="rerun", key="trash") as trash:
        if not trash.open:
            return
        st.caption(f"Kept in `{escape(str(folder / manage.TRASH))}`. Delete that folder to free its space.")
        for entry in deleted:
            with st.container(horizontal=True, vertical_alignment="center"):
                when = f"{datetime.fromtimestamp(entry.deleted):%Y-%m-%d %H:%M}"
                st.markdown(f"**{escape(entry.name)}**, deleted {when}", width="content")
                if st.button("Restore", key=f"restore-{entry.path}"):
                    with show_errors():
                        _restore(entry)


def _restore(deleted: DeletedEntry) -> None:
    select_next(manage.restore(deleted).name)
    st.rerun()
