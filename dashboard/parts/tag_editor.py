"""Tags and notes on single images: a filter, and a form that edits them."""

import streamlit as st

from digitjax.evaluation import tags
from digitjax.evaluation.tags import Tags
from digitjax.runs import annotations
from digitjax.runs.annotations import Annotations
from parts.error_display import escape
from parts.evaluation_context import EvaluationContext
from parts.permissions import find_refusal


def read_tags(context: EvaluationContext) -> Tags:
    """Return the tags of the images of an evaluation.

    Raises:
        InputError: the file of the tags is damaged, or belongs to other data.
    """
    return tags.read(context.model.path, context.evaluation.split, context.data_sha256)


def select_tag(context: EvaluationContext, width: int | str = "stretch") -> list[int] | None:
    """Offer the tags in use, and return the indices of the images with the selected one.

    Args:
        context: evaluation with the images.
        width: of the box, in pixels or as Streamlit names it.

    Returns:
        None if no tag is selected.

    Raises:
        InputError: the file of the tags is damaged, or belongs to other data.
    """
    all_tags = read_tags(context)
    names = [name for name in tags.tag_names(all_tags) if tags.find_tagged(all_tags, name)]
    if not names:
        return None
    tag = st.selectbox("Tag", names, None, key="tag", placeholder="any", bind="query-params", width=width)
    return None if tag is None else tags.find_tagged(all_tags, tag)


def show(context: EvaluationContext, index: int) -> None:
    """Show the tags and the note of an image, in a form if the run folder is writable.

    Args:
        context: evaluation with the image.
        index: of the image.

    Raises:
        InputError: the file of the tags is damaged, belongs to other data or cannot be written, or a text is too long.
    """
    all_tags = read_tags(context)
    current = all_tags.get(index, Annotations())
    if refusal := find_refusal(context.model):
        if current != Annotations():
            st.markdown(f"Tags: {escape(', '.join(current.tags)) or 'none'}. {escape(current.note)}")
        st.caption(f"Tags are read-only here. {refusal}")
        return
    file, split = tags.tags_file(context.model.path), context.evaluation.split
    with st.form(f"tags-{file}-{split}-{index}", border=False):
        names = st.multiselect(
            "Tags",
            tags.tag_names(all_tags),
            current.tags,
            max_selections=annotations.MAX_TAGS,
            accept_new_options=True,
            placeholder="select or type",
            help=f"Saved in {escape(str(file))}.",
        )
        note = st.text_input("Note", current.note, max_chars=annotations.MAX_NOTE_LENGTH)
        if st.form_submit_button("Save tags"):
            tags.write(context.model.path, split, index, annotations.create(names, note), context.data_sha256)
            st.toast(f"Saved for image {index}.")
            st.rerun()
