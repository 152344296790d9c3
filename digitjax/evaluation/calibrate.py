"""Calibration: a run in, a temperature and a rejection threshold out, fitted on its validation split."""

import numpy as np
from jaxtyping import Float, Int
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax, softmax

from digitjax import calibration
from digitjax.calibration import Calibration
from digitjax.evaluation.evaluate import load_pictures
from digitjax.model import classifier
from digitjax.runs import Run

LOST = 0.006
"""Share of the validation digits that may be rejected, so that as much as can be of what is no digit is too."""


def calibrate(run: Run, step: int | str = "best") -> Calibration:
    """Fit the calibration of a run's weights at a step, `latest` or `best`, and write it into its folder.

    Its accuracy stays as it is, since a temperature changes no order.

    Raises:
        InputError: the run is no classifier's, has no validation split or no checkpoint, or its data are not here.
    """
    classify, [used] = classifier.load([run], step)
    pictures = load_pictures(run, "validation")
    logits = classify(pictures.images)
    temperature = fit_temperature(logits, pictures.labels)
    certainties = calibration.certainty(softmax(logits / temperature, axis=1))
    fitted = Calibration(
        temperature=temperature,
        reject_below=fit_rejection(certainties, LOST),
        split="validation",
        step=used,
        pictures=len(pictures),
    )
    calibration.write(run, fitted)
    return fitted


def fit_temperature(logits: Float[np.ndarray, "n classes"], labels: Int[np.ndarray, " n"]) -> float:
    """Return what to divide logits by for the least negative log-likelihood (Guo et al. 2017, arXiv 1706.04599).

    It is sought between 1/20 and 20. As if one more label had been another one (Platt 1999, "Probabilistic outputs
    for support vector machines"): a model that makes no mistake in few pictures is not certain of everything.
    """
    count, classes = logits.shape
    others = 1 / (count + 2)
    targets = np.full(logits.shape, others / (classes - 1))
    targets[np.arange(count), labels] = 1 - others

    def loss(log_temperature: float) -> float:
        scaled = logits.astype(np.float64) / np.exp(log_temperature)
        return -float((targets * log_softmax(scaled, axis=1)).sum(axis=1).mean())

    return float(np.exp(minimize_scalar(loss, bounds=(-np.log(20), np.log(20)), method="bounded").x))


def fit_rejection(certainties: Float[np.ndarray, " n"], share: float) -> float:
    """Return the highest threshold below which at most this share of the certainties lies."""
    return float(np.quantile(certainties, share, method="lower"))


def describe(fitted: Calibration) -> str:
    """Say in one line what was fitted."""
    return (
        f"temperature {fitted.temperature:.3f}, rejects below {fitted.reject_below:.1%} "
        f"({fitted.pictures:,} pictures of the {fitted.split} split, step {fitted.step:,})"
    )
