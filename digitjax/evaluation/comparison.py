"""Results of a comparison: of two models image by image, or of two groups over their seeds."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from jaxtyping import Bool
from sklearn.metrics import confusion_matrix

from digitjax.evaluation.evaluate import Evaluation
from digitjax.evaluation.significance import describe_p_value, mcnemar, welch
from digitjax.runs.seed_stats import SeedStats, wilson_interval


@dataclass(frozen=True, kw_only=True)
class ModelScore:
    """The accuracy of one of two models."""

    name: str
    step: int | str
    correct: int
    accuracy: float
    interval: tuple[float, float]
    """95% confidence interval of the accuracy (Wilson 1927)."""


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Predictions of two models on the same images; indices are those of the split."""

    split: str
    tta: str
    examples: int
    a: ModelScore
    b: ModelScore
    improved: tuple[int, ...]
    """Images that a classifies incorrectly and b correctly."""
    regressed: tuple[int, ...]
    """Images that a classifies correctly and b incorrectly."""
    both_incorrect: tuple[int, ...]
    p_value: float
    """Of McNemar's exact test on the numbers of improved and regressed images."""
    confusion_difference: tuple[tuple[int, ...], ...]
    """Confusion matrix of b minus that of a: a row for each label, a column for each prediction."""

    @property
    def sentence(self) -> str:
        """The conclusion in one sentence."""
        difference = self.b.correct - self.a.correct
        count, points = abs(difference), 100 * abs(difference) / self.examples
        if difference:
            more = "more" if difference > 0 else "fewer"
            result = (
                f"{count:,} {more} image{'s' * (count != 1)} correctly than {self.a.name}, "
                f"of {self.examples:,} ({points:.2f} points)"
            )
        else:
            result = f"as many images correctly as {self.a.name}, of {self.examples:,}"
        return (
            f"{self.b.name} classifies {result}: {len(self.improved):,} improved, {len(self.regressed):,} regressed; "
            f"McNemar's exact test {describe_p_value(self.p_value)}."
        )

    def to_dict(self) -> dict[str, Any]:
        """Return all fields and the sentence, ready for JSON."""
        return {"kind": "images", **asdict(self), "sentence": self.sentence}

    def describe(self) -> str:
        """Format the comparison for a terminal."""
        width = max(len(self.a.name), len(self.b.name))
        lines = [
            f"{score.name:<{width}}  {score.accuracy:.2%}  ({score.correct:,} of {self.examples:,}; 95% CI "
            f"{score.interval[0]:.2%} to {score.interval[1]:.2%}; step {score.step})"
            for score in (self.a, self.b)
        ]
        difference = np.array(self.confusion_difference)
        np.fill_diagonal(difference, 0)
        largest = np.argsort(-abs(difference), axis=None, kind="stable")[:5]
        changes = [(*divmod(int(i), len(difference)), int(difference.flat[i])) for i in largest]
        confusions = [f"{label} predicted as {predicted} ({n:+})" for label, predicted, n in changes if n]
        lines += ["", f"both incorrect: {len(self.both_incorrect):,}"]
        lines += [f"confusions: {', '.join(confusions)}"] * bool(confusions)
        return "\n".join([*lines, "", self.sentence])


@dataclass(frozen=True, kw_only=True)
class GroupScore:
    """The accuracy of one of two groups over its seeds."""

    name: str
    accuracy: SeedStats


@dataclass(frozen=True, kw_only=True)
class GroupComparison:
    """Accuracies of two groups of seeds on the same images."""

    split: str
    step: int | str
    tta: str
    a: GroupScore
    b: GroupScore
    difference: float
    """Mean accuracy of b minus that of a."""
    interval: tuple[float, float] | None
    """95% confidence interval of the difference (Welch 1947), which assumes that accuracies are normally distributed
    over seeds; None if neither group varies."""
    p_value: float | None
    """Of Welch's t-test; None if neither group varies."""

    @property
    def sentence(self) -> str:
        """The conclusion in one sentence."""
        (first, a), (second, b) = ((score.name, score.accuracy) for score in (self.a, self.b))
        result = (
            f"{second} has an accuracy of {b.percent()} over {b.count} seeds, {first} {a.percent()} over {a.count}: "
            f"a difference of {100 * self.difference:+z.2f} points"
        )
        if self.interval is None or self.p_value is None:
            return f"{result}; no confidence interval, since neither group varies over its seeds."
        low, high = (100 * bound for bound in self.interval)
        return (
            f"{result} (95% CI {low:+z.2f} to {high:+z.2f}); Welch's t-test {describe_p_value(self.p_value)}."
        )

    def to_dict(self) -> dict[str, Any]:
        """Return all fields and the sentence, ready for JSON."""
        return {"kind": "seeds", **asdict(self), "sentence": self.sentence}

    def describe(self) -> str:
        """Format the comparison for a terminal."""
        width = max(len(self.a.name), len(self.b.name))
        lines = [
            f"{score.name:<{width}}  {score.accuracy.percent()} over {score.accuracy.count} seeds "
            f"({score.accuracy.min:.2%} to {score.accuracy.max:.2%})"
            for score in (self.a, self.b)
        ]
        return "\n".join([*lines, "", self.sentence])


def compare_predictions(a: Evaluation, b: Evaluation, *, names: tuple[str, str], tta: str) -> Comparison:
    """Compare two evaluations of the same images.

    Args:
        a: predictions of the first model.
        b: predictions of the second model, on the same images.
        names: how to call the models.
        tta: test-time augmentation of both.

    Returns:
        The images on which they differ, and the significance of the difference.
    """
    predicted_a, predicted_b = a.logits.argmax(axis=1), b.logits.argmax(axis=1)
    correct_a, correct_b = predicted_a == a.labels, predicted_b == a.labels
    improved, regressed = ~correct_a & correct_b, correct_a & ~correct_b
    classes = np.arange(a.logits.shape[1])
    confusion_a, confusion_b = (
        confusion_matrix(a.labels, predicted, labels=classes) for predicted in (predicted_a, predicted_b)
    )
    return Comparison(
        split=a.split,
        tta=tta,
        examples=len(a.labels),
        a=_score(names[0], a, correct_a),
        b=_score(names[1], b, correct_b),
        improved=tuple(np.flatnonzero(improved).tolist()),
        regressed=tuple(np.flatnonzero(regressed).tolist()),
        both_incorrect=tuple(np.flatnonzero(~correct_a & ~correct_b).tolist()),
        p_value=mcnemar(int(improved.sum()), int(regressed.sum())),
        confusion_difference=tuple(map(tuple, (confusion_b - confusion_a).tolist())),
    )


def _score(name: str, evaluation: Evaluation, correct: Bool[np.ndarray, " n"]) -> ModelScore:
    count, total = int(correct.sum()), len(correct)
    return ModelScore(
        name=name,
        step=evaluation.step,
        correct=count,
        accuracy=count / total,
        interval=wilson_interval(count, total),
    )


def compare_seeds(a: GroupScore, b: GroupScore, *, split: str, step: int | str, tta: str) -> GroupComparison:
    """Compare the accuracies of two groups of seeds.

    Args:
        a: accuracies of the first group.
        b: accuracies of the second group, on the same images.
        split: the split that was evaluated.
        step: the step of the weights, or `best` or `latest` of each run.
        tta: test-time augmentation of both.

    Returns:
        The difference of their means, and its significance.
    """
    interval, p_value = welch(a.accuracy, b.accuracy) or (None, None)
    return GroupComparison(
        split=split,
        step=step,
        tta=tta,
        a=a,
        b=b,
        difference=b.accuracy.mean - a.accuracy.mean,
        interval=interval,
        p_value=p_value,
    )
