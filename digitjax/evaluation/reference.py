"""The reference of the mean corruption error: the errors of the project's LeNet-5 on MNIST's corrupted test split.

They are kept beside this module, with the commit and the seed of their run. Renew them whenever the corruptions
change:

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
"""Corruption -> error rates, one for each severity."""


def load_reference_errors(run: Run, split: str) -> tuple[str, Errors] | None:
    """Return the name and the errors of the reference, or None if they are of other data than the run and the split.

    Args:
        run: a trained run.
        split: the split that it is evaluated on.
    """
    content = runs.read_json(FILE)
    requested = (run.environment.get("data_sha256"), split, corruptions.VERSION)
    if requested != (content["data_sha256"], content["split"], content["version"]):
        return None
    return content["name"], content["errors"]


def mean_corruption_error(errors: Errors, reference: Errors) -> float | None:
    """Return the mean corruption error (Hendrycks and Dietterich 2019, arXiv 1903.12261).

    Args:
        errors: error rates of a model.
        reference: error rates of the reference, with the same corruptions and severities.

    Returns:
        The mean over corruptions of the model's errors divided by those of the reference, both summed over the
        severities: 1 if the model makes as many errors as the reference. None if the reference makes no error under
        some corruption, as can happen with few images.
    """
    sums = np.array([[sum(errors[name]), sum(reference[name])] for name in errors])
    return float((sums[:, 0] / sums[:, 1]).mean()) if sums[:, 1].all() else None
