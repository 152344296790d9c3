"""Validation at the end of an epoch: the metrics, and for classifiers the file that the dashboard shows."""

import jax
import numpy as np
from jaxtyping import Float

from digitjax.config import Config
from digitjax.data.pipeline import Split
from digitjax.model.architectures import CLASSES
from digitjax.model.predictor import Predictor
from digitjax.model.training import distributed, sharding
from digitjax.model.training.objectives import Objective
from digitjax.model.training.step import TrainState
from digitjax.runs import Run, last_validation
from digitjax.runs.last_validation import LastValidation, SamplePrediction

SAMPLES_PER_DIGIT = 3
"""Images of each digit whose predictions are kept: together as many as fit in two rows of a page."""


class Validator:
    """Predicts the validation split with the weights of an epoch."""

    def __init__(self, config: Config, run: Run, objective: Objective, predict: Predictor, split: Split):
        """Choose the images whose predictions are kept: the first of each digit.

        Args:
            config: of the run.
            run: in training.
            objective: that computes the metrics.
            predict: returns the outputs of the network.
            split: the validation split; may be empty.
        """
        self._run, self._objective, self._predict, self._split = run, objective, predict, split
        self._is_classifier = config.task == "classification"
        self._samples = np.concatenate(
            [np.flatnonzero(split.labels == digit)[:SAMPLES_PER_DIGIT] for digit in range(CLASSES)]
        )

    def validate(self, epoch: int, step: int, state: TrainState) -> dict[str, float]:
        """Return the metrics on the validation split; none if it is empty, or in another process than the writer.

        Args:
            epoch: number of the epoch, from 1.
            step: number of steps until its end.
            state: after that step.
        """
        if not distributed.is_writer() or not len(self._split):
            return {}
        outputs = self._predict(sharding.local(state.kept_weights), self._split.images)
        if self._is_classifier:
            last_validation.write(self._run, self._summarize(epoch, step, outputs))
        return self._objective.validate(outputs, self._split)

    def _summarize(self, epoch: int, step: int, logits: Float[np.ndarray, "n classes"]) -> LastValidation:
        labels, predicted = self._split.labels, logits.argmax(-1)
        cells = np.bincount(labels * CLASSES + predicted, minlength=CLASSES**2)
        confidences = np.asarray(jax.nn.softmax(logits[self._samples])).max(-1)
        samples = [
            SamplePrediction(int(i), int(labels[i]), int(predicted[i]), round(float(confidence), 4))
            for i, confidence in zip(self._samples, confidences, strict=True)
        ]
        return LastValidation(step, epoch, cells.reshape(CLASSES, CLASSES).tolist(), samples)
