"""The page "Home": a canvas that is read while one draws, the selected model at a glance, and what to do next."""

import streamlit as st
from parts import model_overview
from parts.canvas import HELP, read_drawing, show_canvas
from parts.error_display import show_errors
from parts.example_picker import IMAGE
from parts.model_selection import select_model
from parts.prediction import show_prediction
from parts.run_selection import Selection, current_selection

from digitjax.runs import PRETRAINED_FOLDER, RunEntry

DRAWING = "drawing"  # the page "Try it" shows the same drawing


def show(selection: Selection) -> None:
    """Show the canvas, and beside it the selected model."""
    st.title("Read handwritten digits")
    st.caption("Draw digits, and the model reads them while you draw.")
    left, right = st.columns([5, 3], gap="large")
    with left:
        reader = select_model(selection.entry)
        show_drawing(reader)
        show_sources()
    with right, st.container(border=True):
        model_overview.show_accuracy(selection.entry)
        next_steps = st.container()
    with next_steps:
        show_next_steps(selection)
    model_overview.show_some_errors(selection.entry)
    if (index := st.session_state.pop("open-example", None)) is not None:
        open_example(index)


@st.fragment
def show_drawing(model: RunEntry) -> None:
    """Show the canvas and the prediction; each stroke reruns this fragment alone."""
    result = None
    canvas = st.container()  # above the progress bar of the reading, which would move it under the pen
    with st.container(), show_errors():
        if content := read_drawing(DRAWING):
            # Imported in the background while the first page is looked at.
            from parts.recognizers import find_recognizer, recognize

            result = recognize(find_recognizer(model), content)
    with canvas:
        show_canvas(DRAWING, result)
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        show_prediction(result.lines if result else [])
        if result is None:
            st.caption("Draw one or more digits above.", help=HELP)
        elif not result.digits:
            st.caption("No digits found.")
        elif st.button("Correct or explain", icon=":material/edit:"):
            st.switch_page("views/try_it.py")


def show_sources() -> None:
    """Offer the other sources of a picture, which the page "Try it" has."""
    with st.container(horizontal=True):
        for source, label, icon in (
            ("Upload", "Upload pictures", ":material/upload:"),
            ("Camera", "Use the camera", ":material/photo_camera:"),
        ):
            if st.button(label, icon=icon):
                st.session_state["source"] = source
                st.switch_page("views/try_it.py")


def show_next_steps(selection: Selection) -> None:
    """Offer three pages to go to: those that fit a trained run, or a first visit."""
    train = "Train a model", ":material/play_circle:", "views/train.py"
    errors = "Explore its errors", ":material/error:", "views/errors.py"
    if selection.entry.path.parent == PRETRAINED_FOLDER:
        steps = [train, errors, ("Check its calibration", ":material/verified:", "views/calibration.py")]
    else:
        steps = [errors, ("See its learning curves", ":material/monitoring:", "views/curves.py"), train]
    st.markdown("**Next steps**")
    for label, icon, page in steps:
        if st.button(label, icon=icon, width="stretch"):
            st.switch_page(page)


def open_example(index: int) -> None:
    """Show an image of the test split with its details on the page "Predictions"."""
    st.session_state[IMAGE] = index
    st.session_state.pop("shown-images", None)  # or it would count as a choice among others, and be cleared
    st.switch_page("views/predictions.py")


show(current_selection())
