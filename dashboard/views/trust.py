"""The page "Trust": whether probabilities can be believed, what corruptions do, and when it is better not to answer."""

from typing import Any

import streamlit as st
from parts import evaluations, selection
from parts.error_display import escape, show_errors
from parts.selection import Selection

from digitjax.evaluation import robustness
from digitjax.evaluation.reliability import calibration_report
from digitjax.model import calibration
from digitjax.runs import Ensemble, EvaluationKey, Run
from digitjax.visualization import charts

MEASURES = {"ece": "Expected calibration error", "brier": "Brier score", "nll": "Negative log-likelihood"}


def show(chosen: Selection) -> None:
    """Show how far the chosen runs can be trusted, side by side."""
    st.title("Trust")
    entries = [entry for entry in (chosen.entry, chosen.versus) if entry]
    for column, entry in zip(st.columns(len(entries), gap="large"), entries, strict=True):
        with column, show_errors():
            model = selection.as_model(entry)
            st.subheader(escape(model.name))
            key = evaluations.choose_evaluation(model)
            with show_errors():
                show_calibration(model, key)
            with show_errors():
                show_robustness(model, key)


# ----------------------------------------------------------------------------------- calibration


def show_calibration(model: Run | Ensemble, key: EvaluationKey) -> None:
    """Show whether a model is right as often as it says, and what is won by leaving the doubtful out."""
    st.header("Calibration", divider="grey")
    temperature = find_temperature(model, key)
    report = judge(model, key, temperature or 1.0)
    columns = {"as trained": report["before"]}
    if temperature:
        columns[f"with temperature {temperature:.3f}"] = report["after"]
    st.table(
        [
            {"measure": name, **{title: f"{made[field]:.4f}" for title, made in columns.items()}}
            for field, name in MEASURES.items()
        ]
    )
    if not temperature:
        st.caption("No temperature was fitted to these weights.")
    chart(
        charts.reliability(*(made["reliability"] for made in columns.values())),
        "Reliability: accuracy over confidence",
    )
    rows = report["risk_coverage"]
    chart(charts.risk_coverage(rows), "Risk over coverage: mistakes among the answers, as more is answered")
    choose_threshold(str(model.path), rows)


def find_temperature(model: Run | Ensemble, key: EvaluationKey) -> float | None:
    """Return the temperature that was fitted to a run; an ensemble has none of its own."""
    if isinstance(model, Ensemble):
        return None
    fitted = calibration.read(model, int(key.step))
    return fitted.temperature if fitted.split else None


@st.cache_data(max_entries=16, show_spinner="Judging the probabilities")
def judge(model: Run | Ensemble, key: EvaluationKey, temperature: float) -> dict[str, Any]:
    """Return the calibration report of an evaluation.

    Raises:
        InputError: it is of an autoencoder, or its files are missing or damaged.
    """
    made = evaluations.read_classification(model, key)
    return calibration_report(made.logits, made.labels, temperature)


@st.fragment
def choose_threshold(name: str, rows: list[dict[str, float]]) -> None:
    """Let a confidence be chosen under which nothing is answered, and tell what that costs and wins."""
    least = st.slider(
        "Answer only if at least so confident (%)", 10.0, 100.0, 90.0, 0.1, key=f"threshold-{name}"
    )
    answered = [row for row in rows if row["confidence"] >= least / 100]
    if not answered:
        st.write("Then nothing is answered.")
        return
    most = max(answered, key=lambda row: row["coverage"])
    st.write(
        f"Then **{most['coverage']:.2%}** are answered, and **{most['risk']:.3%}** of the answers are wrong "
        f"(the least confident of them is {most['confidence']:.2%} sure)."
    )


# ------------------------------------------------------------------------------------ robustness


def show_robustness(model: Run | Ensemble, key: EvaluationKey) -> None:
    """Show what corruptions and attacks do to a model, and how well it tells what is no digit."""
    st.header("Corruptions", divider="grey")
    summary = robustness.read(model, key.split, key.step).summary
    with st.container(horizontal=True, gap="medium"):
        st.metric("Clean accuracy", f"{summary['clean_accuracy']:.2%}", width="content")
        if summary["mean_corruption_error"] is not None:
            st.metric(
                "Mean corruption error",
                f"{summary['mean_corruption_error']:.3f}",
                help=f"Of {summary['reference']} it is 1; lower is better.",
                width="content",
            )
        if outliers := summary["outliers"]:
            st.metric(
                "Non-digits told, AUROC",
                f"{outliers['auroc']:.4f}",
                help="How often what is no digit gets a lower certainty than a digit.",
                width="content",
            )
    rows = [row | {"corruption": row["corruption"].replace("_", " ")} for row in summary["corruptions"]]
    chart(charts.corruption_heatmap(rows), "Accuracy under each corruption, by severity")
    if attacks := summary.get("attacks"):
        st.subheader("Attacks")
        st.table(
            [
                {
                    "attack": row["attack"],
                    "largest change of ink": row["epsilon"],
                    "accuracy": f"{row['accuracy']:.2%}",
                }
                for row in attacks
            ]
        )


def chart(made: Any, name: str) -> None:
    """Show a chart, and the numbers behind it for those who cannot see it or want to copy them."""
    st.altair_chart(made, alt=f"{name}. The numbers are below.")
    with st.expander(f"The numbers: {name.split(':')[0].lower()}"):
        st.dataframe(charts.table(made), hide_index=True)


show(selection.current())
