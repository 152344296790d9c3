"""The page "Train": start a training job, follow its progress, stop and resume it."""

import shlex
from pathlib import Path
from typing import NamedTuple

import pandas as pd
import streamlit as st
from parts.error_display import show_errors
from parts.formatting import MISSING
from parts.permissions import is_local
from parts.run_selection import Selection, current_selection
from parts.training_jobs import show_jobs

from digitjax import config, experiments, runs
from digitjax.config import Config
from digitjax.runs import jobs

DEFAULT_EXPERIMENT = "digits"  # needs no download and takes seconds


def show(selection: Selection) -> None:
    """Show the training jobs, and a form that starts another."""
    st.title("Train")
    st.caption("Train a model on this machine, and follow its progress.")
    if not is_local():
        address = st.get_option("server.address")
        place = f"address {address}" if address else "every network interface"
        st.info(
            f"Training is disabled: the dashboard listens on {place}, so others could start jobs on this machine. "
            "This command starts a dashboard for this machine alone:"
        )
        st.code(
            shlex.join(["digitjax", "dashboard", "--runs", str(selection.folder)]),
            language=None,
            wrap_lines=True,
        )
        return
    show_jobs(selection.folder)
    show_start_form(selection.folder)


@st.fragment
def show_start_form(folder: Path) -> None:
    """Show the form, the settings that it changes, and the start button; a choice reruns this fragment alone."""
    st.subheader("New training job")
    with show_errors():
        request = select_experiment(folder)
        changed = config.override(request.experiment, request.arguments)
        show_changes(request.experiment, changed)
        st.caption("Equivalent command:")
        command = ["digitjax", "train", request.name, *request.arguments, "--runs", str(folder)]
        st.code(shlex.join(command), language=None, wrap_lines=True)
        if st.button("Start training", type="primary"):
            jobs.start(changed, folder)
            st.rerun()


class TrainingRequest(NamedTuple):
    """An experiment with overrides."""

    name: str
    experiment: Config
    arguments: list[str]
    """Overrides, as on the command line."""


def select_experiment(folder: Path) -> TrainingRequest:
    """Offer the experiments that come with digitjax, and their fields.

    Raises:
        InputError: the advanced options cannot be split into arguments.
    """
    names = experiments.names()
    experiment_column, name_column = st.columns(2)
    name = experiment_column.selectbox("Experiment", names, names.index(DEFAULT_EXPERIMENT))
    experiment = experiments.load(name)
    free_name = runs.free_name(experiment.name, folder)
    training, optimizer = experiment.training, experiment.optimizer
    seed, epochs, batch_size, lr = st.columns(4)
    values = {  # what cannot be is refused below with its reason; a box that refuses it would keep its old value
        "name": name_column.text_input("Run name", free_name, key=f"name-{free_name}"),
        "seed": seed.number_input("Seed", 0, 2**32 - 1, experiment.seed, key=f"seed-{name}"),
        "training.epochs": epochs.number_input(
            "Epochs", 0.0, None, float(training.epochs), 1.0, "%g", key=f"epochs-{name}"
        ),
        "training.batch-size": batch_size.number_input(
            "Batch size", 0, None, training.batch_size, key=f"batch-size-{name}"
        ),
        "optimizer.lr": lr.number_input(
            "Learning rate", 0.0, 10.0, optimizer.lr, optimizer.lr / 10, "%g", key=f"lr-{name}"
        ),
    }
    defaults = {
        "name": experiment.name,
        "seed": experiment.seed,
        "training.epochs": training.epochs,
        "training.batch-size": training.batch_size,
        "optimizer.lr": optimizer.lr,
    }
    advanced = st.text_area(
        "Advanced options",
        placeholder="--model.dropout 0.2 --augment.rotation 10",
        help=f"As on the command line: digitjax train {name} --help lists all of them.",
        key=f"advanced-options-{name}",
    )
    arguments = [
        part
        for field, value in values.items()
        if value != defaults[field]
        for part in (f"--{field}", format_value(value))
    ]
    return TrainingRequest(name, experiment, arguments + config.split_arguments(advanced))


def format_value(value: str | float) -> str:
    """Return a value as it is written on a command line."""
    return f"{value:.12g}" if isinstance(value, float) else str(value)


def show_changes(experiment: Config, changed: Config) -> None:
    """Show the settings that differ from the experiment.

    Args:
        experiment: as it comes with digitjax.
        changed: with the overrides.
    """
    fields = config.differing([experiment, changed])
    if not fields:
        st.caption("No setting differs from the experiment.")
        return
    rows = {
        field: [MISSING if value is None else str(value) for value in values]
        for field, values in fields.items()
    }
    st.dataframe(pd.DataFrame.from_dict(rows, "index", columns=["experiment", "new job"]))


show(current_selection())
