"""Calibration: a run in, a temperature and a rejection threshold out, fitted on its validation split."""

import numpy as np
from jaxtyping import Float, Int, UInt8
from PIL import Image
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax, softmax

from digitjax.evaluation.evaluate import load_images
from digitjax.imaging.normalize import to_mnist
from digitjax.model import calibration, classifier
from digitjax.model.calibration import Calibration
from digitjax.runs import Run

LOST = 0.006
"""Share of the validation digits that may be rejected, so that as much as can be of what is no digit is too."""
COARSE_SIDE = 8
"""Longer side, in pixels, of the digits that the threshold for coarse ones is fitted on: the least that can be read."""
MOST_COARSE = 2000
"""How many of them, since each takes the reader's own way."""


def calibrate(run: Run, step: int | str = "best") -> Calibration:
    """Fit the calibration of a run's weights at a step, `latest` or `best`, and write it into its folder.

    Its accuracy stays as it is, since a temperature changes no order.

    Raises:
        InputError: the run is no classifier's, has no validation split or no checkpoint, or its data are not here.
    """
    classify, [used] = classifier.load([run], step)
    pictures = load_images(run, "validation")
    logits = classify(pictures.images)
    temperature = fit_temperature(logits, pictures.labels)

    def threshold(logits: Float[np.ndarray, "n 10"]) -> float:
        return fit_rejection(calibration.top2_probability(softmax(logits / temperature, axis=1)), LOST)

    fitted = Calibration(
        temperature=temperature,
        reject_threshold=threshold(logits),
        low_res_reject_threshold=threshold(classify(coarse(pictures.images[:MOST_COARSE]))),
        split="validation",
        step=used,
        examples=len(pictures),
    )
    calibration.write(run, fitted)
    return fitted


def coarse(images: UInt8[np.ndarray, "n 28 28"]) -> UInt8[np.ndarray, "n 28 28"]:
    """Return what the reader makes of these digits if they are drawn with few pixels."""
    reduced = np.zeros(images.shape, np.uint8)
    for result, image in zip(reduced, images, strict=True):
        ink = Image.fromarray(image).crop(Image.fromarray(image).getbbox())
        scale = COARSE_SIDE / max(ink.size)
        size = (max(1, round(ink.width * scale)), max(1, round(ink.height * scale)))
        result[:] = to_mnist(np.asarray(ink.resize(size, Image.Resampling.BOX), np.float32) / 255)
    return reduced


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


def fit_rejection(top2_probabilities: Float[np.ndarray, " n"], share: float) -> float:
    """Return the highest probability at or under the quantile: at most this share of them lies below it."""
    return float(np.quantile(top2_probabilities, share, method="lower"))


def describe(fitted: Calibration) -> str:
    """Say in one line what was fitted."""
    return (
        f"temperature {fitted.temperature:.3f}, rejects below {fitted.reject_threshold:.1%}, "
        f"in the smallest pictures below {fitted.low_res_reject_threshold:.1%} "
        f"({fitted.examples:,} pictures of the {fitted.split} split, step {fitted.step:,})"
    )
