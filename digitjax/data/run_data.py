"""The data that a run was trained on, found again from its config and checked against its checksum."""

from collections.abc import Sequence
from dataclasses import replace

from digitjax.config import Config, differences
from digitjax.data import pipeline
from digitjax.errors import InputError
from digitjax.runs import Ensemble, Run

SPLITS = ("train", "validation", "test")


def load_split(model: Run | Ensemble, split: str) -> pipeline.Split:
    """Return a split of the data that a run, or every member of an ensemble, was trained on.

    Args:
        model: a trained run, or an ensemble of runs.
        split: one of `SPLITS`.

    Raises:
        InputError: there is no such split, it is empty, or the data is not that of the training.
    """
    if split not in SPLITS:
        raise InputError(f"there is no split {split!r}: choose one of {', '.join(SPLITS)}")
    examples: pipeline.Split = getattr(load_data(model.members()), split)
    if not len(examples):
        raise InputError(f"{model.path}: its {split} split is empty, since data.refit trains on it")
    return examples


def load_data(runs: Sequence[Run]) -> pipeline.Dataset:
    """Return the data set that all of these runs were trained on.

    Raises:
        InputError: the runs have different data or splits, or the data is not here as it was at the training.
    """
    first, *others = (Config(data=replace(run.config.data, manual_dir=None, outliers=0.0)) for run in runs)
    for run, other in zip(runs[1:], others, strict=True):
        for field, values in differences(first, other).items():
            raise InputError(
                f"{runs[0].path} and {run.path} differ in {field} ({values[0]!r} and {values[1]!r}): "
                "an ensemble is evaluated on the data of all its members"
            )
    dataset = pipeline.load(runs[0].config.data)
    for run in runs:
        if run.environment.get("data_sha256") != dataset.sha256:
            raise InputError(
                f"{run.path}: it was trained on other data than the {first.data.name} that is here"
            )
    return dataset
