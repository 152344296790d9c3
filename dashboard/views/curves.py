"""The page "Curves": the learning curves of several runs in one chart."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
import streamlit as st
from parts.error_display import NotAvailableError, escape, show_errors
from parts.formatting import MISSING
from parts.run_selection import MAX_SELECTED, MORE, Selection, current_selection
from parts.training_progress import REFRESH_NOTE, REFRESH_SECONDS, read_log, show_progress
from parts.training_validation import show_last_validation

from digitjax.config import differing, to_json
from digitjax.runs import Ensemble, Group, Run, RunEntry
from digitjax.runs.log_reader import SPLITS, Metric, Split, TrainingLog
from digitjax.runs.run import describe_damaged_lines
from digitjax.runs.status import is_training
from digitjax.visualization import charts
from digitjax.visualization.charts.learning import Axis

NAMES: dict[Metric, str] = {
    "loss": "loss",
    "accuracy": "accuracy",
    "error": "error",
    "learning_rate": "learning rate",
    "images_per_second": "throughput",
}
# Metrics on a logarithmic y-axis by default.
LOG_SCALE: tuple[Metric, ...] = ("loss", "error", "images_per_second")
X_AXIS = "x-axis"
# Stacked charts are as wide as their container without their y-axes.
STYLE = "<style>.st-key-curves { padding-right: 6rem }</style>"

# The logs of a run, or of the runs of a group, by its name.
Logs = dict[str, list[TrainingLog]]


def show(selection: Selection) -> None:
    """Show the curves of the selected run, of the run compared with it, and of more."""
    st.title("Curves")
    st.caption("Loss and accuracy during training, of up to 20 runs in one chart.")
    members: dict[str, list[Run]] = {}
    for name, entry in select_entries(selection).items():
        with show_errors():
            members[name] = find_members(entry)
    training = find_training(members)
    st.fragment(show_all_curves, run_every=REFRESH_SECONDS if training else None)(members, training)
    compare_configs(members)


def select_entries(selection: Selection) -> dict[str, RunEntry]:
    """Return the selection of the sidebar, and what a box adds to it, by name."""
    shown = [entry for entry in (selection.entry, selection.compared) if entry]
    others = [name for name, entry in selection.entries.items() if entry not in shown]
    more = st.multiselect(
        "Add runs",
        others,
        key=MORE,
        max_selections=MAX_SELECTED - len(shown),
        placeholder="runs and groups",
    )
    shown += [selection.entries[name] for name in more]
    return {entry.name: entry for entry in shown}


def find_members(entry: RunEntry) -> list[Run]:
    """Return a run, or the runs of a group.

    Raises:
        NotAvailableError: the entry is an ensemble.
        InputError: it is a damaged group.
    """
    if isinstance(entry, Ensemble):
        raise NotAvailableError(
            f"{entry.name} is an ensemble, which has no learning curves: select its members."
        )
    return [entry.member(seed) for seed in entry.seeds()] if isinstance(entry, Group) else [entry]


def find_training(members: Mapping[str, list[Run]]) -> list[Run]:
    """Return the runs that are being trained at the moment."""
    return [run for runs in members.values() for run in runs if is_training(run)]


# ------------------------------------------------------------------------------------------ curves


class Controls(NamedTuple):
    """Options of the charts."""

    metrics: list[Metric]
    splits: list[Split]
    smoothing: float
    axis: Axis
    log_scale: list[str]
    """Metrics with a logarithmic y-axis; `X_AXIS` for the x-axis of all charts."""


def show_all_curves(members: Mapping[str, list[Run]], training: list[Run]) -> None:
    """Show progress, controls and curves; while a run is being trained this fragment reruns periodically.

    Args:
        members: the run, or the runs of a group, by name.
        training: the runs that were being trained when the page was rendered.
    """
    if find_training(members) != training:
        st.rerun()  # the whole page, which decides whether this fragment reruns
    for run in training:
        with show_errors():
            show_progress(run)
    if training:
        st.caption(REFRESH_NOTE)
    logs = read_logs(members)
    if not logs:
        st.info("Nothing logged yet.")
        return
    controls = show_controls(logs)
    show_curves(logs, controls)
    if controls.smoothing:
        st.caption("Smoothing applies to training curves only, and not to the learning rate.")
    if len(training) == 1:
        with show_errors():
            show_last_validation(training[0])


def read_logs(members: Mapping[str, list[Run]]) -> Logs:
    """Read the logs of the runs; damaged lines, and logs that cannot be read, are reported and left out."""
    logs: Logs = {}
    for name, runs in members.items():
        for run in runs:
            with show_errors():
                log = read_log(run)
                if damaged := describe_damaged_lines(run.metrics_file, log.damaged_lines):
                    st.warning(escape(damaged))
                if log.bytes_read:
                    logs.setdefault(name, []).append(log)
                elif len(members) > 1 or len(runs) > 1:
                    st.info(f"{escape(run.name)} has logged nothing yet.")
    return logs


def show_controls(logs: Logs) -> Controls:
    """Show the controls of the charts, and return their values."""
    scores = [metric for metric in ("accuracy", "error") if is_logged(logs, metric, SPLITS)]
    metrics = ["loss", *scores, "learning_rate", "images_per_second"]
    with st.container(horizontal=True, gap="medium"):
        shown = st.pills(
            "Metrics",
            metrics,
            selection_mode="multi",
            default=["loss", *scores],
            format_func=NAMES.get,
            key=f"metrics-{scores}",
            wrap=True,
        )
        splits = st.pills("Splits", SPLITS, selection_mode="multi", default=SPLITS, key="splits")
        axis = st.segmented_control(
            "X-axis", ["step", "epoch", "seconds"], default="step", required=True, key="axis"
        )
        log_scale = st.pills(
            "Log scale",
            [X_AXIS, *metrics],
            selection_mode="multi",
            default=[metric for metric in metrics if metric in LOG_SCALE],
            format_func=lambda name: NAMES.get(name, name),
            key=f"log-scale-{scores}",
            wrap=True,
        )
        smoothing = st.slider(
            "Smoothing", 0.0, 0.99, 0.0, 0.01, key="smoothing", width=240,
            help="Weight of the exponential moving average; the unsmoothed curves stay visible.",
        )  # fmt: skip
    return Controls(shown, splits, smoothing, axis, log_scale)


def is_logged(logs: Logs, metric: Metric, splits: Sequence[Split]) -> bool:
    """Whether any run has logged a metric for any of the splits.

    Args:
        logs: of the runs, by name.
        metric: field of the log.
        splits: `train`, `validation` or both.
    """
    every = [log for group in logs.values() for log in group]
    return any(np.isfinite(log.column(split, metric)).any() for log in every for split in splits)


def show_curves(logs: Logs, controls: Controls) -> None:
    """Show a chart for each metric, which zoom together, and the data of each in an expander.

    Args:
        logs: of the runs, by name.
        controls: options of the charts.
    """
    curves = {}
    log_x = X_AXIS in controls.log_scale
    for metric in controls.metrics:
        if not is_logged(logs, metric, controls.splits):
            st.info(f"No {NAMES[metric]} logged for these splits.")
            continue
        curves[metric] = charts.learning_curves(
            logs,
            metric,
            controls.axis,
            splits=controls.splits,
            smoothing=controls.smoothing,
            log_x=log_x,
            log_y=metric in controls.log_scale,
        )
    if not curves:
        return
    st.html(STYLE)
    with st.container(key="curves"):
        st.altair_chart(
            charts.link(curves, controls.axis, log_x=log_x),
            width="stretch",
            alt=f"{', '.join(NAMES[metric] for metric in curves)} by {controls.axis}: {', '.join(logs)}",
        )
    st.caption("Drag to pan, hold Shift and scroll to zoom, double-click to reset.")
    for metric, chart in curves.items():
        with st.expander(f"Data: {NAMES[metric]}", on_change="rerun", key=f"data-{metric}") as data:
            if data.open:
                rows = charts.table(chart)
                st.dataframe(rows, hide_index=True, alt=f"{NAMES[metric].capitalize()} of each point")


# ----------------------------------------------------------------------------------------- configs


def compare_configs(members: Mapping[str, list[Run]]) -> None:
    """Show the settings in which the runs differ, and all settings in an expander; for a group those of a member."""
    configs = {}
    for name, runs in members.items():
        with show_errors():
            configs[name] = runs[0].config
    if any(config.model.kind == "vae" for config in configs.values()):
        st.caption(
            "Variational autoencoders: the training loss includes the KL divergence and is computed from sampled "
            "latent vectors; the validation loss is the reconstruction loss alone."
        )
    if len(configs) > 1:
        st.subheader("Config differences")
        fields = differing(list(configs.values()))
        if fields:
            rows = {
                field: [MISSING if value is None else str(value) for value in values]
                for field, values in fields.items()
            }
            st.dataframe(pd.DataFrame.from_dict(rows, "index", columns=list(configs)))
        else:
            st.caption("None except the names of the runs.")
    if configs:
        with st.expander("Configs", on_change="rerun", key="configs") as expander:
            if expander.open:
                for name, config in configs.items():
                    st.markdown(f"**{escape(name)}**")
                    st.code(to_json(config), language="json", wrap_lines=True)


show(current_selection())
