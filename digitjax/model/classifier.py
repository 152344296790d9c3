"""Trained classifiers as functions from images to logits: a single network or an ensemble."""

import math
from collections.abc import Sequence

import numpy as np
from jaxtyping import Float, UInt8

from digitjax.config import Model
from digitjax.errors import InputError
from digitjax.model.network import Network, Weights, load_weights
from digitjax.model.predictor import Predictor
from digitjax.model.tta import TRANSFORMS, Transform, find_transforms
from digitjax.runs import Run


class Classifier:
    """One network, or an ensemble whose probabilities are averaged."""

    def __init__(
        self, members: Sequence[tuple[Network, Weights]], tta: Sequence[Transform] = TRANSFORMS["none"]
    ):
        """Prepare one network or several; those of the same architecture share their compiled functions.

        Args:
            members: networks with their weights.
            tta: transforms of the images over which probabilities are averaged.
        """
        predictors: dict[Model, Predictor] = {}
        for network, _ in members:
            if network.config not in predictors:
                predictors[network.config] = Predictor(network, tta=tta)
        self._members = [(predictors[network.config], weights) for network, weights in members]

    def __call__(
        self, images: UInt8[np.ndarray, "n 28 28"], temperatures: Sequence[float] | None = None
    ) -> Float[np.ndarray, "n classes"]:
        """Compute the logits of images.

        Args:
            images: uint8 (n, 28, 28).
            temperatures: temperature of each network, by which its logits are divided; None is 1 for all.

        Returns:
            Logits, float32 (n, classes); those of an ensemble are the logarithms of its mean probabilities.
        """
        logits = [predict(weights, images) for predict, weights in self._members]
        if temperatures is not None:
            logits = [member / temperature for member, temperature in zip(logits, temperatures, strict=True)]
        if len(logits) == 1:
            return logits[0]
        # Not SciPy's logsumexp: for a single image it takes longer than the networks.
        logs = [member - np.logaddexp.reduce(member, axis=1, keepdims=True) for member in logits]
        return np.logaddexp.reduce(logs, axis=0) - math.log(len(logs))


def load(runs: Sequence[Run], step: int | str = "best", tta: str = "none") -> tuple[Classifier, list[int]]:
    """Load the networks of one run or several.

    Args:
        runs: trained runs, whose probabilities are averaged.
        step: a step, `latest`, or `best` by validation accuracy, chosen for each run.
        tta: a name in `digitjax.model.tta.TRANSFORMS`.

    Returns:
        The classifier, and the step of each run.

    Raises:
        InputError: a run is damaged, has no usable checkpoint, or is an autoencoder, or there is no such test-time
            augmentation.
    """
    transforms = find_transforms(tta)
    members, steps = [], []
    for run in runs:
        if run.config.task != "classification":
            raise InputError(
                f"{run.path}: its {run.config.model.kind} is not a classifier: name a run of one, or see what it does "
                f"with `digitjax reconstruct {run.name}`"
            )
        network = Network(run.config.model)
        used_step, weights = load_weights(run, network, step)
        members.append((network, weights))
        steps.append(used_step)
    return Classifier(members, transforms), steps
