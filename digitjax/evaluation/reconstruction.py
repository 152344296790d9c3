"""Evaluate an autoencoder by the error of its reconstructions."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float, Int, Int32

from digitjax.data.pipeline import Split
from digitjax.runs import Run


@dataclass(frozen=True)
class Reconstruction:
    """Reconstruction errors of an autoencoder on a split, and their metrics."""

    split: str
    step: int | str
    summary: dict[str, Any]
    """As `summarize` returns it."""
    errors: Float[np.ndarray, " n"]
    """Mean squared error of the pixels of each image, whose intensities are from 0 to 1."""
    labels: Int32[np.ndarray, " n"]

    @property
    def arrays(self) -> dict[str, Any]:
        """The arrays that are stored, with a value for each image."""
        return {"errors": self.errors, "labels": self.labels}

    def describe(self) -> str:
        """Format the summary for a terminal."""
        return format_summary(self.summary)


def evaluate(run: Run, split: str, data: Split, step: int | str) -> Reconstruction:
    """Reconstruct the images of a split.

    Args:
        run: a trained autoencoder.
        split: name of the split.
        data: its images and labels.
        step: a step, `latest`, or `best` on the validation split.

    Returns:
        The errors of the reconstructions.

    Raises:
        InputError: there is no such checkpoint.
    """
    from digitjax.model import reconstructor  # only here, as it needs JAX

    autoencoder, used_step = reconstructor.load(run, step)
    metrics, labels = autoencoder.measure(data.images), np.asarray(data.labels)
    return Reconstruction(split, used_step, summarize(metrics, labels), metrics["error"], labels)


def summarize(
    metrics: Mapping[str, Float[np.ndarray, " n"]], labels: Int[np.ndarray, " n"]
) -> dict[str, Any]:
    """Return the metrics of a set of reconstructions, ready for JSON.

    Args:
        metrics: values for each image, at least one, as `Reconstructor.measure` returns them.
        labels: the digits, int (n,).
    """
    errors = metrics["error"].astype(np.float64)
    error = float(errors.mean())
    half_width = 1.96 * float(errors.std()) / math.sqrt(len(errors))
    return {
        "examples": len(errors),
        "error": error,
        "error_interval": [error - half_width, error + half_width],
        "root_error": math.sqrt(error),
        **{name: float(metrics[name].mean()) for name in ("loss", "divergence") if name in metrics},
        "per_class": [
            {
                "digit": int(c),
                "error": float(errors[labels == c].mean()),
                "examples": int((labels == c).sum()),
            }
            for c in np.unique(labels)
        ],
    }


def format_summary(summary: Mapping[str, Any]) -> str:
    """Format a summary for a terminal: the main metrics, then a line for each digit."""
    low, high = summary["error_interval"]
    lines = [
        f"error       {summary['error']:.5f}  (mean squared, intensities from 0 to 1; {summary['examples']:,} images; "
        f"95% CI {low:.5f} to {high:.5f})",
        f"root        {summary['root_error']:.4f}",
        f"loss        {summary['loss']:.2f} nats per image",
    ]
    if "divergence" in summary:
        lines.append(f"divergence  {summary['divergence']:.2f} nats per image")
    lines += ["", "digit    error    images"]
    lines += [f"{row['digit']:>5}  {row['error']:.5f}  {row['examples']:>8,}" for row in summary["per_class"]]
    return "\n".join(lines)
