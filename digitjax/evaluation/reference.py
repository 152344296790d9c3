"""The reference of the mean corruption error: the mistakes that the project's LeNet-5 makes in MNIST's test split.

They are kept beside this module, with the commit and the seed of their run. To make them anew, as is due whenever the
corruptions change:

    digitjax train lenet5 --runs RUNS
    python experiments/write_reference_errors.py RUNS/lenet5
"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from digitjax import runs
from digitjax.data import corruptions
from digitjax.runs import Run

FILE = Path(__file__).with_name("lenet5_errors.json")

Errors = Mapping[str, list[float]]
"""Of each corruption the shares of mistakes, a severity each."""


def shipped(run: Run, split: str) -> tuple[str, Errors] | None:
    """Return name and errors of LeNet-5 if the run was trained on MNIST and its test split is asked for."""
    content = runs.read_json(FILE)
    same = (run.environment.get("data_sha256"), split, corruptions.VERSION)
    if same != (content["data_sha256"], content["split"], content["version"]):
        return None
    return content["name"], content["errors"]


def mean_corruption_error(errors: Errors, reference: Errors) -> float | None:
    """Return the mean over corruptions of the mistakes beside those of a reference, each summed over severities.

    After Hendrycks and Dietterich (2019, arXiv 1903.12261): 1 is as many mistakes as the reference makes. Nothing is
    returned where it makes none of some corruption, as can happen with few pictures.
    """
    sums = np.array([[sum(errors[name]), sum(reference[name])] for name in errors])
    return float((sums[:, 0] / sums[:, 1]).mean()) if sums[:, 1].all() else None
