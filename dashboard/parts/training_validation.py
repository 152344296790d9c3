"""The progress of a training: its loss, and the confusion matrix and sample predictions of its last validation."""

import numpy as np
import streamlit as st

from digitjax.errors import InputError
from digitjax.runs import Run, last_validation
from digitjax.runs.last_validation import LastValidation, SamplePrediction
from digitjax.runs.log_reader import SPLITS, Metric
from digitjax.runs.seed_stats import format_metric
from parts.error_display import show_errors
from parts.gallery import show_gallery
from parts.training_progress import read_log

_MAX_POINTS = 200  # of a small curve
_NAMES = {"train": "Training", "validation": "Validation"}
METRICS: tuple[Metric, ...] = ("loss", "accuracy", "error")
"""Metrics with a small curve, where they are logged."""


def show_training(run: Run) -> None:
    """Show small learning curves, and of a classifier what the last validation found, once there is something to show.

    Args:
        run: in training, or trained.

    Raises:
        InputError: the run is damaged.
    """
    validation = last_validation.read(run)
    curves, matrix = st.columns([2, 3], gap="large") if validation else (st.container(), None)
    with curves:
        show_curves(run)
    if validation and matrix:
        with matrix:
            show_confusion(validation)
        with show_errors():
            show_samples(run, validation)


def show_last_validation(run: Run) -> None:
    """Show the confusion matrix and the sample predictions of the last validation of a classifier, once there is one.

    Args:
        run: in training.

    Raises:
        InputError: the run is damaged, or its images are not on this machine.
    """
    validation = last_validation.read(run)
    if validation:
        st.subheader(f"Last validation, epoch {validation.epoch}")
        show_confusion(validation)
        show_samples(run, validation)


def show_curves(run: Run) -> None:
    """Show the latest metrics with small learning curves, once they are logged.

    Args:
        run: in training, or trained.

    Raises:
        InputError: the log is damaged.
    """
    log = read_log(run)
    for split in SPLITS:
        for metric in METRICS:
            values = log.column(split, metric)
            values = values[np.isfinite(values)]
            if len(values):
                step = -(-len(values) // _MAX_POINTS)
                st.metric(
                    f"{_NAMES[split]} {metric}",
                    format_metric(metric, values[-1]) if metric != "loss" else f"{values[-1]:.4f}",
                    chart_data=values[::-step][::-1].tolist() if len(values) > 1 else None,
                )


def show_confusion(validation: LastValidation) -> None:
    """Show the confusion matrix of a validation."""
    from parts.confusion import matrix_chart  # imports JAX, which a page without a validation does not need

    counts = np.array(validation.confusion)
    st.vega_lite_chart(
        matrix_chart(validation.confusion, normalize=False),
        key="training-confusion",
        alt=f"Confusion matrix of the validation split after epoch {validation.epoch}: "
        f"{counts.trace():,} of {counts.sum():,} images are predicted correctly",
    )


def show_samples(run: Run, validation: LastValidation) -> None:
    """Show the predictions for the same images of the validation split after each epoch.

    Args:
        run: in training, or trained.
        validation: its last.

    Raises:
        InputError: the images are not on this machine, or are not those of the training.
    """
    from parts.images import load_data  # imports JAX, too

    samples = validation.samples
    data = load_data(run.config.data)
    if data.sha256 != run.environment.get("data_sha256"):
        raise InputError(f"the images of {run.name} have changed since its training: no sample is shown")
    st.markdown(f"**Sample predictions after epoch {validation.epoch}**: true digit → predicted, confidence")
    show_gallery(
        "training-samples",
        data.validation.images[[sample.index for sample in samples]],
        [f"{sample.label} → {sample.predicted}, {sample.confidence:.0%}" for sample in samples],
        [_describe(sample) for sample in samples],
        "Sample predictions",
    )


def _describe(sample: SamplePrediction) -> str:
    return (
        f"Image {sample.index} of the validation split: true digit {sample.label}, "
        f"predicted {sample.predicted} with confidence {sample.confidence:.1%}"
    )
