"""A model at a glance: its accuracy with a small learning curve, and some of its errors."""

import numpy as np
import streamlit as st

from digitjax.errors import InputError
from digitjax.runs import PRIMARY_METRIC, Ensemble, Group, RunEntry
from digitjax.runs.group_summary import AnySummary
from digitjax.runs.seed_stats import SeedStats, format_metric
from parts.error_display import escape, show_errors
from parts.formatting import MISSING
from parts.gallery import show_gallery
from parts.run_summaries import describe
from parts.training_progress import read_log

ERRORS = 6
"""Number of errors that are shown."""


def show_accuracy(entry: RunEntry) -> None:
    """Show the test accuracy of a run, a group or an ensemble with its interval, and a small learning curve."""
    summary = describe(entry).summary
    fields = vars(summary)
    metric = PRIMARY_METRIC[
        "reconstruction" if fields.get("validation_error") is not None else "classification"
    ]
    split = "test" if fields.get(f"test_{metric}") is not None else "validation"
    value = fields.get(f"{split}_{metric}")
    st.caption(" · ".join(filter(None, [escape(summary.name), summary.kind, summary.model, summary.data])))
    curve = _read_curve(entry, metric)
    st.metric(
        f"{split.capitalize()} {metric}",
        MISSING if value is None else format_metric(metric, value),
        _describe_interval(summary, metric, split),
        delta_color="off",
        delta_arrow="off",
        chart_data=curve if len(curve) > 1 else None,
        help="The curve below shows the validation split, epoch by epoch." if len(curve) > 1 else None,
    )


def _describe_interval(summary: AnySummary, metric: str, split: str) -> str | None:
    """Return the confidence interval of a metric as text, if it is known."""
    fields = vars(summary)
    value = fields.get(f"{split}_{metric}")
    interval = value.interval if isinstance(value, SeedStats) else fields.get(f"{split}_interval")
    return "95% CI " + " to ".join(format_metric(metric, end) for end in interval) if interval else None


def _read_curve(entry: RunEntry, metric: str) -> list[float]:
    """Return the metric on the validation split by epoch; of a group that of its first seed."""
    try:
        if isinstance(entry, Ensemble):
            return []
        run = entry.member(entry.seeds()[0]) if isinstance(entry, Group) else entry
        values = read_log(run).column("validation", "error" if metric == "error" else "accuracy")
    except InputError:
        return []
    return values[np.isfinite(values)].tolist()


def show_some_errors(entry: RunEntry) -> None:
    """Show the errors of a classifier on the test split in which it is most confident; a click opens one."""
    st.subheader("What it gets wrong", help="The errors on the test split with the highest confidence.")
    with show_errors():
        # Imported here, as they take a second, in which the rest of the page is there.
        from parts.evaluation_context import open_evaluation
        from parts.evaluations import is_headline
        from parts.run_selection import resolve_model

        model = resolve_model(entry)
        keys = [key for key in model.evaluations() if is_headline(key)]
        if not keys:
            st.caption("Not evaluated on the test split yet.")
            return
        context = open_evaluation(model, keys[-1])
        wrong = np.flatnonzero(~context.examples.correct)
        shown = wrong[np.argsort(-context.examples.confidence[wrong])][:ERRORS]
        if not shown.size:
            st.caption("Nothing: every image of the test split is classified correctly.")
            return
        captions, alts = zip(*map(context.describe, shown.tolist()), strict=True)

        def select(position: int) -> None:
            st.session_state["open-example"] = int(shown[position])

        show_gallery(  # a selection leaves the page, which the arrow keys must not
            "home-errors", context.images[shown], captions, alts, "Errors", select, arrows_select=False
        )
