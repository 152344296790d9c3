"""Trained networks as one function of pictures: a single one, or an ensemble."""

import math
from collections.abc import Sequence

import numpy as np
from jaxtyping import Float, UInt8

from digitjax.config import Model
from digitjax.errors import InputError
from digitjax.model import checkpoint
from digitjax.model.network import Network, Weights
from digitjax.model.predictor import Predictor
from digitjax.model.tta import TRANSFORMS, Transform, find_transforms
from digitjax.runs import Run


class Classifier:
    """Networks with their weights, which predict together: the mean of their probabilities."""

    def __init__(
        self, members: Sequence[tuple[Network, Weights]], tta: Sequence[Transform] = TRANSFORMS["none"]
    ):
        """Prepare for one network or several; those of one architecture share what is compiled."""
        predictors: dict[Model, Predictor] = {}
        for network, _ in members:
            if network.options not in predictors:
                predictors[network.options] = Predictor(network, tta=tta)
        self._members = [(predictors[network.options], weights) for network, weights in members]

    def __call__(
        self, images: UInt8[np.ndarray, "n 28 28"], temperatures: Sequence[float] | None = None
    ) -> Float[np.ndarray, "n classes"]:
        """Return logits, float32; those of several networks are the logarithms of their mean probabilities.

        The logits of each network are divided by its temperature first, where there are any.
        """
        logits = [predict(weights, images) for predict, weights in self._members]
        if temperatures is not None:
            logits = [one / temperature for one, temperature in zip(logits, temperatures, strict=True)]
        if len(logits) == 1:
            return logits[0]
        # Not SciPy's logsumexp: for a single picture it takes longer than the networks.
        logs = [one - np.logaddexp.reduce(one, axis=1, keepdims=True) for one in logits]
        return np.logaddexp.reduce(logs, axis=0) - math.log(len(logs))


def load(runs: Sequence[Run], step: int | str = "best", tta: str = "none") -> tuple[Classifier, list[int]]:
    """Load the networks of one run or several.

    Args:
        runs: trained runs; their probabilities are averaged.
        step: a step, `latest`, or `best` by validation accuracy, of each its own.
        tta: a name in `digitjax.model.tta.TRANSFORMS`.

    Returns:
        The classifier, and the step that was used of each run.

    Raises:
        InputError: a run is damaged, has no checkpoint that can be used, or is of an autoencoder, or there are no such
            views.
    """
    chosen = find_transforms(tta)
    members, steps = [], []
    for run in runs:
        if run.config.task != "classification":
            raise InputError(
                f"{run.path}: its {run.config.model.kind} cannot tell digits apart: name a run of a classifier, or see "
                f"what it does with `digitjax reconstruct {run.name}`"
            )
        network = Network(run.config.model)
        used, parts = checkpoint.load(run.checkpoints, {"weights": network.abstract()}, step)
        members.append((network, parts["weights"]))
        steps.append(used)
    return Classifier(members, chosen), steps
