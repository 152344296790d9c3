"""The page "Run": what a run is, how it learnt, and which pictures it gets wrong."""

import numpy as np
import streamlit as st

from digitjax import runs
from digitjax.config import Data, to_json
from digitjax.data import pipeline
from digitjax.errors import InputError
from digitjax.evaluation import evaluate
from digitjax.evaluation.evaluate import Evaluation
from digitjax.evaluation.reconstruction import Reconstruction
from digitjax.evaluation.spread import format_measure
from digitjax.runs import MEASURES, EvaluationKey, Run
from digitjax.visualization import charts
from views import enlarge, escape, reasons_shown
from views.reconstruct import show_reconstruction

MOST_PICTURES = 60  # at once: more would make the page slow


def show(run: Run) -> None:
    """Show a run from its headline down to single pictures; a part that cannot be read says why."""
    st.title(escape(run.name))
    with reasons_shown():
        config = to_json(run.config)  # without it the rest has no meaning
        with reasons_shown():
            show_headline(run)
        with st.expander("Config"):
            st.code(config, language="json")
        with reasons_shown():
            show_curves(run)
        with reasons_shown():
            show_evaluation(run)


# -------------------------------------------------------------------------------------- headline


def show_headline(run: Run) -> None:
    """Show what is asked first: how good, how sure, how long."""
    summary = runs.summarize(run)
    tests = [key for key in run.evaluations() if headline(key)]
    test = evaluate.read(run, *tests[-1]).summary if tests else None
    measure = MEASURES[run.config.task]
    reached, interval = "-", "not evaluated yet"
    if test:
        low, high = (format_measure(measure, end) for end in test[f"{measure}_interval"])
        reached, interval = format_measure(measure, test[measure]), f"95 % interval: {low} to {high}"
    best = getattr(summary, f"validation_{measure}")
    with st.container(horizontal=True, gap="medium"):
        st.metric(f"Test {measure}", reached, interval, delta_color="off", delta_arrow="off", width="content")
        st.metric(
            f"Best validation {measure}",
            "-" if best is None else format_measure(measure, best),
            width="content",
        )
        st.metric(
            "Epochs", f"{summary.epoch:g} of {summary.epochs:g}" if summary.epochs else "-", width="content"
        )
        st.metric("Training time", f"{summary.seconds:,.1f} s" if summary.epochs else "-", width="content")
    st.caption(f"{run.config.model.kind} on {run.config.data.name}, seed {run.config.seed}")


# ---------------------------------------------------------------------------------------- curves


def show_curves(run: Run) -> None:
    """Show how the loss, and the accuracy or error, went over the steps."""
    st.header("Training")
    lines = run.metrics()
    if not lines:
        st.info("Nothing has been logged yet.")
        return
    for column, metric in zip(st.columns(2), ("loss", MEASURES[run.config.task]), strict=True):
        column.altair_chart(
            charts.curves(lines, metric), alt=f"Training and validation {metric} over the steps"
        )
    if run.config.model.kind == "vae":
        st.caption(
            "The training loss holds the divergence and the noise of the latent, the validation loss neither."
        )


# ------------------------------------------------------------------------------------ evaluation


def show_evaluation(run: Run) -> None:
    """Show one evaluation: its confusion matrix and the pictures behind each cell, or its reconstructions."""
    st.header("Evaluation")
    evaluations = run.evaluations()
    if not evaluations:
        st.info(f"This run has not been evaluated yet: `digitjax evaluate {run.name}`")
        return
    key = st.selectbox(
        "Evaluation",
        evaluations,
        index=max(range(len(evaluations)), key=lambda i: (headline(evaluations[i]), i)),
        format_func=describe,
    )
    evaluation = evaluate.read(run, *key)
    if isinstance(evaluation, Reconstruction):
        show_reconstruction(run, evaluation)
    else:
        explore(run, evaluation)


def headline(key: EvaluationKey) -> bool:
    """Whether an evaluation is of the kind that the measure at the top is of."""
    return (key.split, key.views) == ("test", "one")


def describe(key: EvaluationKey) -> str:
    """Name an evaluation for people."""
    return f"{key.split} split, weights of step {key.step:,}" + f", {key.views} views" * (key.views != "one")


@st.fragment
def explore(run: Run, evaluation: Evaluation) -> None:
    """Show the confusion matrix beside the pictures of the chosen cell; a choice redraws this part alone."""
    matrix, pictures = st.columns(2, gap="large")
    with matrix, reasons_shown():
        click_cell(evaluation)
    with pictures, reasons_shown():
        true, predicted = choose_cell()
        show_pictures(find_pictures(run.config.data, evaluation), evaluation, true, predicted)


def click_cell(evaluation: Evaluation) -> None:
    """Show the confusion matrix; a click on a cell fills the boxes, which are drawn after it."""
    # A chart keeps what was clicked: a choice in the boxes, which undoes it, gives it another key.
    event = st.altair_chart(
        charts.confusion_matrix(evaluation.summary["confusion"]),
        key=f"confusion-{st.session_state.get('choices', 0)}",
        on_select="rerun",
        alt="Confusion matrix: true digits down, predicted digits across. "
        "The boxes True digit and Predicted digit choose a cell by keyboard.",
    )
    if cells := event["selection"].get("cell"):
        st.session_state["true"], st.session_state["predicted"] = cells[-1]["true"], cells[-1]["predicted"]


def choose_cell() -> tuple[int | None, int | None]:
    """Return the true and the predicted digit that the boxes name; None is any."""

    def count_choice() -> None:
        st.session_state["choices"] = st.session_state.get("choices", 0) + 1

    for column, key in zip(st.columns(2), ("true", "predicted"), strict=True):
        label = f"{key.capitalize()} digit"
        column.selectbox(label, range(10), None, key=key, placeholder="any", on_change=count_choice)
    return st.session_state["true"], st.session_state["predicted"]


def find_pictures(data: Data, evaluation: Evaluation) -> np.ndarray:
    """Return the pictures uint8 (n, 28, 28) that were evaluated.

    Raises:
        InputError: the data cannot be had, or are not those that were evaluated.
    """
    split: pipeline.Split = getattr(load_data(data), evaluation.split)
    if not np.array_equal(split.labels, evaluation.labels):
        raise InputError(f"the {data.name} pictures that are here are not those that were evaluated")
    return split.images


@st.cache_resource(max_entries=2, show_spinner="Loading the pictures")
def load_data(data: Data) -> pipeline.Dataset:
    """Load a data set once for all; it is shared and must not be changed."""
    return pipeline.load(data)


def show_pictures(
    images: np.ndarray, evaluation: Evaluation, true: int | None, predicted: int | None
) -> None:
    """Show the pictures of a cell, or the mistakes in a row, a column or all; the most confident first."""
    probabilities = evaluation.probabilities
    labels, guesses, confidences = evaluation.labels, probabilities.argmax(axis=1), probabilities.max(axis=1)
    chosen = (labels != guesses) if true is None or predicted is None else np.ones(len(labels), bool)
    if true is not None:
        chosen &= labels == true
    if predicted is not None:
        chosen &= guesses == predicted
    found = np.flatnonzero(chosen)
    found = found[np.argsort(-confidences[found], kind="stable")]

    kind = "Read right" if true is not None and true == predicted else "Mistakes"
    rest = f"; these are the first {MOST_PICTURES}" if len(found) > MOST_PICTURES else ""
    st.markdown(f"**{kind}: {len(found):,}**, the most confident first{rest}")
    found = found[:MOST_PICTURES]
    with st.container(horizontal=True):
        for i in found:
            st.image(
                enlarge(images[i]),
                caption=f"{labels[i]} → {guesses[i]}, {confidences[i]:.0%}",
                width=84,
                output_format="PNG",
                alt=f"Picture {i} of the {evaluation.split} split: a {labels[i]}, "
                f"read as {guesses[i]} with confidence {confidences[i]:.0%}",
            )


show(st.session_state["run"])
