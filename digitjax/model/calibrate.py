"""Fits temperature scaling and rejection thresholds of a run on its validation split."""

import numpy as np
from jaxtyping import Float, Int, UInt8
from PIL import Image
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax, softmax

from digitjax.data.pipeline import Split
from digitjax.data.run_data import load_split
from digitjax.imaging.normalize import to_mnist
from digitjax.model import calibration, classifier
from digitjax.model.calibration import Calibration
from digitjax.runs import Run

REJECTED_SHARE = 0.006
"""Share of the validation digits that each threshold may reject: a higher share rejects more outliers, too."""
LOW_RES_SIDE = 8
"""Longer side in pixels of the digits that the low-resolution threshold is fitted on: the smallest that are read."""
MAX_LOW_RES_EXAMPLES = 2000
"""Validation digits that the low-resolution threshold is fitted on, which are resized one by one."""


def calibrate(run: Run, step: int | str = "best", validation: Split | None = None) -> Calibration:
    """Fit the calibration of a run with the weights of a step, and write it into the run folder.

    The accuracy stays as it is, since a temperature does not change the order of logits.

    Args:
        run: a trained run of a classifier.
        step: a step, `latest`, or `best` on the validation split.
        validation: the validation split of the run, if it is loaded already.

    Returns:
        What was fitted and written.

    Raises:
        InputError: the run is no classifier's, has no validation split or no checkpoint, or its data is not here.
    """
    classify, [used_step] = classifier.load([run], step)
    examples = load_split(run, "validation") if validation is None else validation
    logits = classify(examples.images)
    temperature = fit_temperature(logits, examples.labels)

    def fit_threshold(logits: Float[np.ndarray, "n 10"]) -> float:
        probabilities = softmax(logits / temperature, axis=1)
        return fit_rejection(calibration.top2_probability(probabilities), REJECTED_SHARE)

    fitted = Calibration(
        temperature=temperature,
        reject_threshold=fit_threshold(logits),
        low_res_reject_threshold=fit_threshold(
            classify(reduce_resolution(examples.images[:MAX_LOW_RES_EXAMPLES]))
        ),
        split="validation",
        step=used_step,
        examples=len(examples),
    )
    calibration.write(run, fitted)
    return fitted


def reduce_resolution(images: UInt8[np.ndarray, "n 28 28"]) -> UInt8[np.ndarray, "n 28 28"]:
    """Return the images as the recognizer would extract them from a picture in which a digit has few pixels."""
    reduced = np.zeros(images.shape, np.uint8)
    for result, image in zip(reduced, images, strict=True):
        digit = Image.fromarray(image).crop(Image.fromarray(image).getbbox())
        scale = LOW_RES_SIDE / max(digit.size)
        size = (max(1, round(digit.width * scale)), max(1, round(digit.height * scale)))
        result[:] = to_mnist(np.asarray(digit.resize(size, Image.Resampling.BOX), np.float32) / 255)
    return reduced


def fit_temperature(logits: Float[np.ndarray, "n classes"], labels: Int[np.ndarray, " n"]) -> float:
    """Return the temperature with the least negative log-likelihood (Guo et al. 2017, arXiv 1706.04599).

    The labels are smoothed as if one more example had another label (Platt 1999, "Probabilistic outputs for support
    vector machines"): without it, a model that makes no mistake in few examples would become certain of everything.

    Args:
        logits: float32, of the validation split.
        labels: the classes of the examples.

    Returns:
        A number between 1/20 and 20, by which logits are to be divided.
    """
    count, classes = logits.shape
    others = 1 / (count + 2)
    targets = np.full(logits.shape, others / (classes - 1))
    targets[np.arange(count), labels] = 1 - others

    def loss(log_temperature: float) -> float:
        scaled = logits.astype(np.float64) / np.exp(log_temperature)
        return -float((targets * log_softmax(scaled, axis=1)).sum(axis=1).mean())

    return float(np.exp(minimize_scalar(loss, bounds=(-np.log(20), np.log(20)), method="bounded").x))


def fit_rejection(top2_probabilities: Float[np.ndarray, " n"], share: float) -> float:
    """Return the highest threshold below which at most this share of the probabilities lies.

    Args:
        top2_probabilities: as `digitjax.model.calibration.top2_probability` returns them.
        share: between 0 and 1.
    """
    return float(np.quantile(top2_probabilities, share, method="lower"))


def describe(fitted: Calibration) -> str:
    """Return a calibration as one line for a terminal."""
    return (
        f"temperature {fitted.temperature:.3f}, rejection threshold {fitted.reject_threshold:.1%}, "
        f"for low resolution {fitted.low_res_reject_threshold:.1%} "
        f"({fitted.examples:,} examples of the {fitted.split} split, step {fitted.step:,})"
    )
