"""What people say of single pictures: tags to filter by, and a form to set them."""

import streamlit as st

from digitjax.evaluation import tags
from digitjax.evaluation.tags import Tagged, Tags
from parts.error_display import escape
from parts.evaluation_context import EvaluationContext
from parts.writing import find_refusal


def read_tags(opened: EvaluationContext) -> Tags:
    """Return the tags of the pictures of an evaluation.

    Raises:
        InputError: their file is damaged, or of other data.
    """
    return tags.read(opened.model.path, opened.evaluation.split, opened.data_sha256)


def choose_tag(opened: EvaluationContext, width: int | str = "stretch") -> list[int] | None:
    """Offer the tags that are in use, and return the numbers of the pictures with the chosen one; None is any.

    Raises:
        InputError: as of `read_tags`.
    """
    given = read_tags(opened)
    in_use = [name for name in tags.names(given) if tags.tagged_with(given, name)]
    if not in_use:
        return None
    tag = st.selectbox("Tag", in_use, None, key="tag", placeholder="any", bind="query-params", width=width)
    return None if tag is None else tags.tagged_with(given, tag)


def edit(opened: EvaluationContext, number: int) -> None:
    """Offer the tags and the note of a picture to be changed, where its folder may be written to.

    Raises:
        InputError: as of `read_tags`; or what was entered is too long, or cannot be written.
    """
    given = read_tags(opened)
    now = given.get(number, Tagged())
    if refusal := find_refusal(opened.model):
        if now != Tagged():
            st.markdown(f"Tags: {escape(', '.join(now.tags)) or 'none'}. {escape(now.note)}")
        st.caption(f"Tags cannot be set here. {refusal}")
        return
    file, split = tags.tags_file(opened.model.path), opened.evaluation.split
    with st.form(f"tags-{file}-{split}-{number}", border=False):
        chosen = st.multiselect(
            "Tags",
            tags.names(given),
            now.tags,
            max_selections=tags.MOST_TAGS,
            accept_new_options=True,
            placeholder="choose, or type your own",
            help=f"Kept in {escape(str(file))}, beside the run: the file is also the export.",
        )
        note = st.text_input("Note", now.note, max_chars=tags.LONGEST_NOTE)
        if st.form_submit_button("Save tags"):
            tags.write(opened.model.path, split, number, tags.make(chosen, note), opened.data_sha256)
            st.toast(f"Saved for picture {number}.")
            st.rerun()
