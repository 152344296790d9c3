"""The page "Curves": how runs learn, step by step, beside one another."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd
import streamlit as st
from parts import selection
from parts.error_display import escape, show_errors
from parts.logs import REFRESH_SECONDS, read_log, show_progress
from parts.selection import Selection

from digitjax.config import differing, to_json
from digitjax.errors import InputError
from digitjax.runs import Ensemble, Group, Run, RunEntry
from digitjax.runs.log_reader import SPLITS, Measure, TrainingLog, is_training
from digitjax.visualization import charts
from digitjax.visualization.curves import find_curve

NAMES: dict[Measure, str] = {
    "loss": "loss",
    "accuracy": "accuracy",
    "error": "error",
    "learning_rate": "learning rate",
    "images_per_second": "throughput",
}
LOGARITHMIC: tuple[Measure, ...] = ("loss", "error", "images_per_second")  # unless it is chosen otherwise

Logs = dict[str, list[TrainingLog]]  # of each run, by the name of the run or of its group


def show(chosen: Selection) -> None:
    """Show the curves of the chosen run, of the one compared with it, and of more."""
    st.title("Curves")
    shown = choose_entries(chosen)
    members: dict[str, list[Run]] = {}
    for name, entry in shown.items():
        with show_errors():
            members[name] = find_members(entry)
    training = find_training(members)
    st.fragment(explore, run_every=REFRESH_SECONDS if training else None)(members, training)
    compare_configs(members)


def choose_entries(chosen: Selection) -> dict[str, RunEntry]:
    """Return what is chosen at the side, and what a box adds to it, by name."""
    shown = [entry for entry in (chosen.entry, chosen.versus) if entry]
    others = [name for name, entry in chosen.entries.items() if entry not in shown]
    st.session_state["more"] = [name for name in st.session_state.get("more", []) if name in others]
    more = st.multiselect(
        "Also show",
        others,
        key="more",
        max_selections=charts.MOST_LINES - len(shown),
        placeholder="more runs and groups",
    )
    shown += [chosen.entries[name] for name in more]
    return {entry.name: entry for entry in shown}


def find_members(entry: RunEntry) -> list[Run]:
    """Return a run, or those of a group.

    Raises:
        InputError: it is an ensemble, or a damaged group.
    """
    if isinstance(entry, Ensemble):
        raise InputError(f"{entry.name} is an ensemble, which has no training of its own: choose its runs")
    return [entry.member(seed) for seed in entry.seeds()] if isinstance(entry, Group) else [entry]


def find_training(members: Mapping[str, list[Run]]) -> list[Run]:
    """Return the runs that seem to be in training just now."""
    return [run for runs in members.values() for run in runs if is_training(run)]


# ------------------------------------------------------------------------------------------ curves


class Controls(NamedTuple):
    """How the curves are to be drawn."""

    measures: list[Measure]
    splits: list[str]
    weight: float
    axis: str
    logarithmic: list[str]


def explore(members: Mapping[str, list[Run]], training: list[Run]) -> None:
    """Show progress, controls and curves; while a run is in training this part draws itself again and again."""
    if find_training(members) != training:
        st.rerun()  # the whole page: it decides whether this part goes on
    for run in training:
        with show_errors():
            show_progress(run)
    if training:
        st.caption(f"training: refreshes every {REFRESH_SECONDS} seconds")
    logs = read_logs(members)
    if not logs:
        st.info("Nothing has been logged yet.")
        return
    controls = choose_controls(logs)
    columns = st.columns(min(2, max(1, len(controls.measures))))
    for i, measure in enumerate(controls.measures):
        with columns[i % len(columns)]:
            show_curves(logs, measure, controls)
    st.caption(
        f"A chart draws {charts.MOST_MARKS:,} points at most: of longer runs the lowest and the highest of each "
        "stretch, the first and the last. Smoothing is of the training curves alone."
    )


def read_logs(members: Mapping[str, list[Run]]) -> Logs:
    """Read what the runs have logged; what cannot be read is named, and left out."""
    logs: Logs = {}
    for name, runs in members.items():
        for run in runs:
            with show_errors():
                log = read_log(run)
                if log.size:
                    logs.setdefault(name, []).append(log)
                elif len(members) > 1 or len(runs) > 1:
                    st.info(f"{escape(run.name)} has logged nothing yet.")
    return logs


def choose_controls(logs: Logs) -> Controls:
    """Offer how the curves are to be drawn."""
    kinds = [measure for measure in ("accuracy", "error") if has(logs, measure)]
    measures = ["loss", *kinds, "learning_rate", "images_per_second"]
    with st.container(horizontal=True, gap="medium"):
        shown = st.pills(
            "Curves",
            measures,
            selection_mode="multi",
            default=["loss", *kinds],
            format_func=NAMES.get,
            key=f"measures-{kinds}",
        )
        splits = st.pills("Splits", SPLITS, selection_mode="multi", default=SPLITS, key="splits")
        axis = st.segmented_control(
            "Across", ["step", "epoch", "seconds"], default="step", required=True, key="axis"
        )
        logarithmic = st.pills(
            "Logarithmic",
            ["across", *measures],
            selection_mode="multi",
            default=[measure for measure in measures if measure in LOGARITHMIC],
            format_func=lambda name: NAMES.get(name, name),
            key=f"logarithmic-{kinds}",
        )
        weight = st.slider(
            "Smoothing", 0.0, 0.99, 0.0, 0.01, key="weight", width=240,
            help="How much of a training curve's past goes into each point; what it was before stays faintly visible.",
        )  # fmt: skip
    return Controls(shown, splits, weight, axis, logarithmic)


def has(logs: Logs, measure: Measure) -> bool:
    """Whether any of the logs holds a measure."""
    every = (log for group in logs.values() for log in group)
    return any(np.isfinite(log.column(split, measure)).any() for log in every for split in SPLITS)


def show_curves(logs: Logs, measure: Measure, controls: Controls) -> None:
    """Show the chart of a measure, and on demand its numbers."""
    lines = []
    for name, group in logs.items():
        for split in controls.splits:
            raw = find_curve(group, split, measure)
            if not len(raw.step):
                continue
            smoothing = controls.weight > 0 and split == "train"
            curve = find_curve(group, split, measure, controls.weight) if smoothing else raw
            lines.append(charts.Line(name, split, curve, raw if smoothing else None))
    if not lines:
        st.info(f"No {NAMES[measure]} of these splits has been logged.")
        return
    chart = charts.learning_curves(
        lines,
        measure,
        controls.axis,
        log_x="across" in controls.logarithmic,
        log_y=measure in controls.logarithmic,
    )
    runs = ", ".join(dict.fromkeys(line.run for line in lines))
    st.altair_chart(
        chart, key=f"chart-{measure}", alt=f"{NAMES[measure].capitalize()} by {controls.axis} of {runs}"
    )
    with st.expander("The numbers", on_change="rerun", key=f"numbers-{measure}") as numbers:
        if numbers.open:
            st.dataframe(charts.table(chart), hide_index=True, alt=f"The {NAMES[measure]} of each point")


# ----------------------------------------------------------------------------------------- configs


def compare_configs(members: Mapping[str, list[Run]]) -> None:
    """Show in which settings the runs differ, and on demand all of them; of a group those of its first seed."""
    configs = {}
    for name, runs in members.items():
        with show_errors():
            configs[name] = runs[0].config
    if any(config.model.kind == "vae" for config in configs.values()):
        st.caption(
            "The training loss of a variational autoencoder holds the divergence and the noise of the latent, "
            "its validation loss neither."
        )
    if len(configs) > 1:
        st.subheader("Settings that differ")
        fields = differing(list(configs.values()))
        if fields:
            text = {
                field: ["-" if value is None else str(value) for value in of_each]
                for field, of_each in fields.items()
            }
            st.dataframe(pd.DataFrame.from_dict(text, "index", columns=list(configs)))
        else:
            st.caption("None: the runs differ at most in their names.")
    if configs:
        with st.expander("All settings", on_change="rerun", key="settings") as settings:
            if settings.open:
                for name, config in configs.items():
                    st.markdown(f"**{escape(name)}**")
                    st.code(to_json(config), language="json")


show(selection.current())
