"""The page "Train": start an experiment, see how far it is, stop it."""

import shlex
from pathlib import Path
from typing import NamedTuple

import pandas as pd
import streamlit as st
from parts.error_display import show_errors
from parts.jobs import show_jobs
from parts.selection import Selection, current
from parts.writing import is_local

from digitjax import config, experiments, runs
from digitjax.config import Config
from digitjax.runs import jobs

FIRST = "digits"  # the experiment that needs no download and takes seconds


def show(chosen: Selection) -> None:
    """Show the trainings that were started here, and a form for the next one."""
    st.title("Train")
    if not is_local():
        address = st.get_option("server.address")
        place = f"the address {address}" if address else "every address of this machine"
        st.info(
            f"Trainings cannot be started here: the dashboard answers {place}, so others might start them too. "
            "This command answers this machine alone:"
        )
        st.code(shlex.join(["digitjax", "dashboard", "--runs", str(chosen.folder)]), language="bash")
        return
    show_jobs(chosen.folder)
    start_experiment(chosen.folder)


@st.fragment
def start_experiment(folder: Path) -> None:
    """Show the form, what it would train, and the button that starts it; a choice redraws this part alone."""
    st.subheader("Start an experiment")
    with show_errors():
        wanted = choose_experiment(folder)
        changed = config.override(wanted.experiment, wanted.arguments)
        show_differences(wanted.experiment, changed)
        st.caption("The same on the command line:")
        command = ["digitjax", "train", wanted.name, *wanted.arguments, "--runs", str(folder)]
        st.code(shlex.join(command), language="bash", wrap_lines=True)
        if st.button("Start", type="primary"):
            jobs.start(changed, folder)
            st.rerun()


class Wanted(NamedTuple):
    """An experiment, and what is to be changed in it."""

    name: str
    experiment: Config
    arguments: list[str]
    """As on the command line."""


def choose_experiment(folder: Path) -> Wanted:
    """Offer the experiments that come with digitjax, and their fields.

    Raises:
        InputError: what was typed cannot be taken apart.
    """
    names = experiments.names()
    chosen, named = st.columns(2)
    name = chosen.selectbox("Experiment", names, names.index(FIRST))
    experiment = experiments.load(name)
    free = runs.free_name(experiment.name, folder)
    training, optimizer = experiment.training, experiment.optimizer
    seed, epochs, batch_size, lr = st.columns(4)
    values = {
        "name": named.text_input("Name of the run", free, key=f"name-{free}"),
        "seed": seed.number_input("Seed", 0, 2**32 - 1, experiment.seed, key=f"seed-{name}"),
        "training.epochs": epochs.number_input(
            "Epochs", 0.01, None, float(training.epochs), 1.0, "%g", key=f"epochs-{name}"
        ),
        "training.batch-size": batch_size.number_input(
            "Batch size", 1, None, training.batch_size, key=f"batch-size-{name}"
        ),
        "optimizer.lr": lr.number_input(
            "Learning rate", 0.0, 10.0, optimizer.lr, optimizer.lr / 10, "%g", key=f"lr-{name}"
        ),
    }
    before = {
        "name": experiment.name,
        "seed": experiment.seed,
        "training.epochs": training.epochs,
        "training.batch-size": training.batch_size,
        "optimizer.lr": optimizer.lr,
    }
    more = st.text_area(
        "More fields",
        placeholder="--model.dropout 0.2 --augment.rotation 10",
        help=f"As on the command line: digitjax train {name} --help lists all of them.",
        key=f"more-fields-{name}",
    )
    arguments = [
        part
        for field, value in values.items()
        if value != before[field]
        for part in (f"--{field}", format_value(value))
    ]
    return Wanted(name, experiment, arguments + config.split_arguments(more))


def format_value(value: str | float) -> str:
    """Write a value as a person would on a command line."""
    return f"{value:.12g}" if isinstance(value, float) else str(value)


def show_differences(experiment: Config, changed: Config) -> None:
    """Show what is to be trained in another way than the experiment says."""
    fields = config.differing([experiment, changed])
    if not fields:
        st.caption("All settings are those of the experiment.")
        return
    text = {field: ["-" if value is None else str(value) for value in both] for field, both in fields.items()}
    st.dataframe(pd.DataFrame.from_dict(text, "index", columns=["in the experiment", "here"]))


show(current())
