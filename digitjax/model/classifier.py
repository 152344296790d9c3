"""Trained classifiers as functions from images to logits: a single network or an ensemble."""

import math
from collections.abc import Callable, Sequence

import numpy as np
from jaxtyping import Float, UInt8

from digitjax.errors import InputError
from digitjax.model import onnx_model
from digitjax.runs import Run

Predict = Callable[[np.ndarray], np.ndarray]
"""A function of images, uint8 (n, 28, 28), that returns the logits of one network, float32 (n, classes)."""
XLA_MIN_BATCH = 16
"""Images from which on XLA's CPU programs compute the logits of an image bit for bit the same whatever else is in its
batch (tested with a trained model). ONNX Runtime does so for any number."""


class Classifier:
    """One network, or an ensemble whose probabilities are averaged."""

    def __init__(self, members: Sequence[Predict], min_batch: int = XLA_MIN_BATCH):
        """Wrap one network or several.

        Args:
            members: the networks.
            min_batch: images from which on the logits of an image do not depend on the others, bit for bit.
        """
        self.min_batch = min_batch
        self._members = members

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
        logits = [predict(images) for predict in self._members]
        if temperatures is not None:
            logits = [member / temperature for member, temperature in zip(logits, temperatures, strict=True)]
        if len(logits) == 1:
            return logits[0]
        # Not SciPy's logsumexp: for a single image it takes longer than the networks.
        logs = [member - np.logaddexp.reduce(member, axis=1, keepdims=True) for member in logits]
        return np.logaddexp.reduce(logs, axis=0) - math.log(len(logs))


def load(
    runs: Sequence[Run],
    step: int | str = "best",
    tta: str = "none",
    prepare_jax: Callable[[], None] | None = None,
) -> tuple[Classifier, list[int]]:
    """Load the networks of one run or several.

    Args:
        runs: trained runs, whose probabilities are averaged.
        step: a step, `latest`, or `best` by validation accuracy, chosen for each run.
        tta: a name in `digitjax.model.tta.TRANSFORMS`.
        prepare_jax: called before JAX is used; without it packed networks are read by JAX too, as evaluations of many
            images need.

    Returns:
        The classifier, and the step of each run.

    Raises:
        InputError: a run is damaged, has no usable checkpoint, or is an autoencoder, or there is no such test-time
            augmentation.
    """
    if prepare_jax:
        packed = [onnx_model.load(run, step) for run in runs] if tta == "none" else []
        members = [member for member in packed if member]
        if len(members) == len(runs):
            return Classifier(members, min_batch=1), [member.step for member in members]
    for run in runs:
        if run.config.task != "classification":
            raise InputError(
                f"{run.path}: its {run.config.model.kind} is not a classifier: name a run of one, or see what it does "
                f"with `digitjax reconstruct {run.name}`"
            )
    if prepare_jax:
        prepare_jax()
    return _load_networks(runs, step, tta)


def _load_networks(runs: Sequence[Run], step: int | str, tta: str) -> tuple[Classifier, list[int]]:
    """Load the checkpoints of runs, to be run by JAX."""
    from digitjax.model.network import Network, load_weights  # only here, as packed networks do not need JAX
    from digitjax.model.predictor import bind
    from digitjax.model.tta import find_transforms

    transforms = find_transforms(tta)
    networks, steps = [], []
    for run in runs:
        network = Network(run.config.model)
        used_step, weights = load_weights(run, network, step)
        networks.append((network, weights))
        steps.append(used_step)
    return Classifier(bind(networks, transforms)), steps
