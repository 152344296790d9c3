"""The page "Calibration & robustness": calibration, selective prediction, corruptions, attacks, OOD detection."""

from pathlib import Path
from typing import Any

import altair as alt
import streamlit as st
from parts import evaluations
from parts.error_display import escape, show_errors
from parts.evaluate_buttons import show_button
from parts.run_selection import Selection, current_selection, resolve_model

from digitjax.evaluation import robustness
from digitjax.evaluation.reliability import calibration_report
from digitjax.model import calibration
from digitjax.recognition import stress
from digitjax.runs import Ensemble, EvaluationKey, Run
from digitjax.visualization import charts

# Names of the metrics of `calibration_report`, as the page shows them.
METRICS = {"ece": "Expected calibration error", "brier": "Brier score", "nll": "Negative log-likelihood"}


def show(selection: Selection) -> None:
    """Show calibration and robustness of the selected models side by side."""
    st.title("Calibration & robustness")
    st.caption(
        "Whether the confidence can be trusted, and how the model copes with corrupted images and whole pages."
    )
    entries = [entry for entry in (selection.entry, selection.compared) if entry]
    for column, entry in zip(st.columns(len(entries), gap="large"), entries, strict=True):
        with column, show_errors():
            model = resolve_model(entry)
            st.subheader(escape(model.name))
            evaluations.require_classifier(model)
            key = evaluations.select_evaluation(model, selection.folder)
            with show_errors():
                show_calibration(model, key)
            with show_errors():
                show_robustness(model, key, selection.folder, by_name=len(entries) > 1)
            with show_errors():
                show_reading(model, key, selection.folder)


# ----------------------------------------------------------------------------------- calibration


def show_calibration(model: Run | Ensemble, key: EvaluationKey) -> None:
    """Show calibration metrics, the reliability diagram, and the risk-coverage curve.

    Args:
        model: a classifier.
        key: which of its evaluations.

    Raises:
        InputError: the model is no classifier, or a file is missing or damaged.
    """
    st.header("Calibration", divider="grey")
    temperature = find_temperature(model, key)
    report = compute_report(model, key, temperature or 1.0)
    columns = {"uncalibrated": report["before"]}
    if temperature:
        columns[f"after temperature scaling (T = {temperature:.3f})"] = report["after"]
    st.table(
        [
            {"metric": name, **{title: f"{values[metric]:.4f}" for title, values in columns.items()}}
            for metric, name in METRICS.items()
        ]
    )
    if not temperature:
        st.caption("No temperature was fitted to these weights: `digitjax calibrate` fits one.")
    show_chart(
        charts.reliability(*(values["reliability"] for values in columns.values())),
        "Reliability diagram: accuracy by confidence",
    )
    rows = report["risk_coverage"]
    show_chart(charts.risk_coverage(rows), "Risk-coverage curve: error rate by share of images predicted")
    select_threshold(str(model.path), rows)


def find_temperature(model: Run | Ensemble, key: EvaluationKey) -> float | None:
    """Return the temperature that was fitted to the weights of a run.

    Args:
        model: a classifier.
        key: evaluation with the weights in question.

    Returns:
        None if nothing was fitted, and for ensembles.
    """
    if isinstance(model, Ensemble):
        return None
    fitted = calibration.find(model, int(key.step))
    return fitted.temperature if fitted and fitted.split else None


@st.cache_data(max_entries=16, show_spinner="Computing calibration metrics")
def compute_report(model: Run | Ensemble, key: EvaluationKey, temperature: float) -> dict[str, Any]:
    """Return the calibration report of an evaluation.

    Args:
        model: a classifier.
        key: which of its evaluations.
        temperature: divides the logits; 1 leaves them as they are.

    Raises:
        InputError: the evaluation is that of an autoencoder, or its files are missing or damaged.
    """
    evaluation = evaluations.read_classification(model, key)
    return calibration_report(evaluation.logits, evaluation.labels, temperature)


@st.fragment
def select_threshold(name: str, rows: list[dict[str, float]]) -> None:
    """Offer a confidence threshold, and show coverage and error rate of the predictions above it.

    Args:
        name: identifies the model in the session.
        rows: of the risk-coverage curve: `coverage`, `risk` and `confidence`, each a share from 0 to 1.
    """
    threshold = st.slider(
        "Confidence threshold (%)",
        10.0,
        100.0,
        90.0,
        0.1,
        key=f"threshold-{name}",
        help="Predictions with less confidence are rejected.",
    )
    accepted = [row for row in rows if row["confidence"] >= threshold / 100]
    if not accepted:
        st.write("Coverage **0%**: no prediction reaches this threshold.")
        return
    point = max(accepted, key=lambda row: row["coverage"])
    st.write(
        f"Coverage **{point['coverage']:.2%}**, error rate **{point['risk']:.3%}** "
        f"(lowest accepted confidence {point['confidence']:.2%})."
    )


# ------------------------------------------------------------------------------------ robustness


def show_robustness(model: Run | Ensemble, key: EvaluationKey, folder: Path, *, by_name: bool) -> None:
    """Show accuracy under corruptions and attacks, and how well out-of-distribution images are detected.

    Args:
        model: a classifier.
        key: evaluation whose split and weights are meant.
        folder: the runs folder.
        by_name: whether to sort the corruptions by name, as beside another model.

    Raises:
        InputError: its file is damaged, or it cannot be evaluated.
    """
    st.header("Corruptions", divider="grey")
    if not robustness.report_file(model, key.split, key.step).exists():
        show_button(
            model,
            folder,
            "Evaluate robustness",
            ["--robustness", "--split", key.split],
            lambda progress: robustness.evaluate_robustness(model, key.split, key.step, progress=progress),
        )
        return
    summary = robustness.read(model, key.split, key.step).summary
    with st.container(horizontal=True, gap="medium"):
        st.metric("Clean accuracy", f"{summary['clean_accuracy']:.2%}", width="content")
        if summary["mean_corruption_error"] is not None:
            st.metric(
                "Mean corruption error",
                f"{summary['mean_corruption_error']:.3f}",
                help=f"Relative to {summary['reference']}, which is 1. Lower is better.",
                width="content",
            )
        if outliers := summary["outliers"]:
            st.metric(
                "Out-of-distribution detection (AUROC)",
                f"{outliers['auroc']:.4f}",
                "worse than chance" if outliers["auroc"] < 0.5 else None,
                delta_color="off",
                delta_arrow="off",
                help="Probability that an image without a digit scores lower than one with a digit: 1 is perfect, "
                "0.5 is chance.",
                width="content",
            )
    rows = [row | {"corruption": row["corruption"].replace("_", " ")} for row in summary["corruptions"]]
    show_chart(
        charts.corruption_heatmap(rows, by_name=by_name), "Accuracy under each corruption, by severity"
    )
    if attacks := summary.get("attacks"):
        st.subheader("Adversarial attacks")
        st.table(
            [
                {
                    "attack": row["attack"],
                    "epsilon (L∞, intensity 0 to 1)": row["epsilon"],
                    "accuracy": f"{row['accuracy']:.2%}",
                }
                for row in attacks
            ]
        )


# --------------------------------------------------------------------------------------- reading


def show_reading(model: Run | Ensemble, key: EvaluationKey, folder: Path) -> None:
    """Show how the digits of the split are read on generated pages, and which stage loses those that are not.

    Args:
        model: a classifier.
        key: evaluation whose split and weights are meant.
        folder: the runs folder.

    Raises:
        InputError: the report is damaged, or reading cannot be evaluated.
    """
    st.header("Reading", divider="grey")
    if not stress.report_file(model, key.split, key.step).exists():
        show_button(
            model,
            folder,
            "Evaluate reading",
            ["--reading", "--split", key.split],
            lambda progress: stress.evaluate_model(
                model, key.split, key.step, observe=lambda condition, *_: progress(condition)
            ),
        )
        return
    report = stress.read(model, key.split, key.step)
    st.caption(f"In each condition, generated pages show {report.per_condition:,} digits of the split.")
    with st.container(horizontal=True, gap="medium"):
        st.metric("Mean digit error rate", f"{report.digit_error_rate:.2%}", width="content")
        st.metric(
            "False readings",
            f"{report.false_reading_rate:.2%}",
            help="Share of the pages without digits in which digits are read.",
            width="content",
        )
    scores = report.to_dict()["scores"]
    show_chart(
        charts.accuracy_by_condition(scores), "Digits read in each condition, and by the classifier alone"
    )
    show_chart(charts.lost_by_stage(scores), "Lost digits by stage")
    show_chart(charts.false_readings(scores), "False readings on pages without digits")


def show_chart(chart: alt.Chart | alt.LayerChart, name: str) -> None:
    """Show a chart, and its data below it.

    Args:
        chart: what to draw.
        name: title and, after a colon, an explanation.
    """
    st.altair_chart(chart, alt=f"{name}. The data are in the table below.")
    with st.expander(f"Data: {name.split(':')[0].lower()}"):
        st.dataframe(charts.table(chart), hide_index=True)


show(current_selection())
