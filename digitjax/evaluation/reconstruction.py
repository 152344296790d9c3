"""Evaluation of an autoencoder: how far its reconstructions are from the pictures."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float, Int, Int32

from digitjax.data.pipeline import Split
from digitjax.model import reconstructor
from digitjax.runs import Run


@dataclass(frozen=True)
class Reconstruction:
    """What is known of one split with the weights of one step."""

    split: str
    step: int | str
    summary: dict[str, Any]
    """As `summarize` returns it."""
    errors: Float[np.ndarray, " n"]
    """Mean squared error of each picture's pixels, of ink from 0 to 1."""
    labels: Int32[np.ndarray, " n"]

    @property
    def arrays(self) -> dict[str, Any]:
        """What is kept of each picture."""
        return {"errors": self.errors, "labels": self.labels}

    def describe(self) -> str:
        """Lay the summary out for a terminal."""
        return format_summary(self.summary)


def evaluate(run: Run, split: str, pictures: Split, step: int | str) -> Reconstruction:
    """Reconstruct the pictures of a split.

    Raises:
        InputError: there is no such checkpoint.
    """
    autoencoder, used_step = reconstructor.load(run, step)
    measures, labels = autoencoder.measure(pictures.images), np.asarray(pictures.labels)
    return Reconstruction(split, used_step, summarize(measures, labels), measures["error"], labels)


def summarize(
    measures: Mapping[str, Float[np.ndarray, " n"]], labels: Int[np.ndarray, " n"]
) -> dict[str, Any]:
    """Return every headline metric of a set of reconstructions, ready for JSON.

    Args:
        measures: of each picture, as `Reconstructor.measure` returns them; at least one.
        labels: int (n,).
    """
    errors = measures["error"].astype(np.float64)
    error = float(errors.mean())
    half_width = 1.96 * float(errors.std()) / math.sqrt(len(errors))
    return {
        "examples": len(errors),
        "error": error,
        "error_interval": [error - half_width, error + half_width],
        "root_error": math.sqrt(error),
        **{name: float(measures[name].mean()) for name in ("loss", "divergence") if name in measures},
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
    """Lay a summary out for a terminal: the headline, then a line a digit."""
    low, high = summary["error_interval"]
    lines = [
        f"error       {summary['error']:.5f}  (mean squared, ink from 0 to 1; {summary['examples']:,} pictures; "
        f"95 % interval {low:.5f} to {high:.5f})",
        f"root        {summary['root_error']:.4f}",
        f"loss        {summary['loss']:.2f} nats a picture",
    ]
    if "divergence" in summary:
        lines.append(f"divergence  {summary['divergence']:.2f} nats a picture")
    lines += ["", "digit    error  pictures"]
    lines += [f"{row['digit']:>5}  {row['error']:.5f}  {row['examples']:>8,}" for row in summary["per_class"]]
    return "\n".join(lines)
