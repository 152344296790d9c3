"""What a comparison finds, and how it is said: on the same pictures one by one, or over seeds."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from jaxtyping import Bool
from sklearn.metrics import confusion_matrix

from digitjax.evaluation.evaluate import Evaluation
from digitjax.evaluation.significance import mcnemar, verdict, welch
from digitjax.runs.seed_stats import SeedStats, wilson_interval


@dataclass(frozen=True, kw_only=True)
class Side:
    """One of the two models."""

    name: str
    step: int | str
    correct: int
    accuracy: float
    interval: tuple[float, float]
    """95 % interval of the accuracy (Wilson 1927)."""


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """What two models make of the same pictures; indices are those of the split."""

    split: str
    tta: str
    examples: int
    a: Side
    b: Side
    fixed: tuple[int, ...]
    """Pictures that a gets wrong and b right."""
    broken: tuple[int, ...]
    """Pictures that a gets right and b wrong."""
    both_wrong: tuple[int, ...]
    p_value: float
    """Of McNemar's exact test (McNemar 1947): how probable so uneven a number of fixed and broken pictures is, or a
    more uneven one, if both are equally good."""
    confusion_difference: tuple[tuple[int, ...], ...]
    """Confusion matrix of b less that of a: a row a digit, a column a prediction."""

    @property
    def sentence(self) -> str:
        """Say in one sentence what can be said of the two."""
        more = self.b.correct - self.a.correct
        count = f"{abs(more):,} picture{'s' * (abs(more) != 1)} {'more' if more > 0 else 'fewer'}"
        points = 100 * abs(more) / self.examples
        result = f"{count} right than {self.a.name} of {self.examples:,} ({points:.2f} points)"
        if not more:
            result = f"as many of {self.examples:,} pictures right as {self.a.name}"
        return (
            f"{self.b.name} reads {result}: {len(self.fixed):,} fixed, {len(self.broken):,} broken; "
            f"McNemar's exact test {verdict(self.p_value)}."
        )

    def to_dict(self) -> dict[str, Any]:
        """Return all of it, with the sentence, ready for JSON."""
        return {"kind": "images", **asdict(self), "sentence": self.sentence}

    def describe(self) -> str:
        """Lay it out for a terminal."""
        width = max(len(self.a.name), len(self.b.name))
        lines = [
            f"{side.name:<{width}}  {side.accuracy:.2%}  ({side.correct:,} of {self.examples:,}; 95 % interval "
            f"{side.interval[0]:.2%} to {side.interval[1]:.2%}; step {side.step})"
            for side in (self.a, self.b)
        ]
        difference = np.array(self.confusion_difference)
        np.fill_diagonal(difference, 0)
        largest = np.argsort(-abs(difference), axis=None, kind="stable")[:5]
        changes = [(*divmod(int(i), len(difference)), int(difference.flat[i])) for i in largest]
        confusions = [f"{digit} read as {read} ({count:+})" for digit, read, count in changes if count]
        lines += ["", f"both wrong: {len(self.both_wrong):,}"]
        lines += [f"confusions: {', '.join(confusions)}"] * bool(confusions)
        return "\n".join([*lines, "", self.sentence])


@dataclass(frozen=True, kw_only=True)
class GroupSide:
    """One of the two groups, with the accuracy of its seeds."""

    name: str
    accuracy: SeedStats


@dataclass(frozen=True, kw_only=True)
class GroupComparison:
    """What the seeds of two groups make of the same pictures."""

    split: str
    step: int | str
    tta: str
    a: GroupSide
    b: GroupSide
    difference: float
    """Mean accuracy of b less that of a."""
    interval: tuple[float, float] | None
    """95 % interval of the difference (Welch 1947), for accuracies that are normally distributed over seeds; none where
    all seeds of each group have one accuracy."""
    p_value: float | None
    """How probable so large a difference is, or a larger one, if both are equally good; none without an interval."""

    @property
    def sentence(self) -> str:
        """Say in one sentence what can be said of the two."""
        (first, a), (second, b) = ((side.name, side.accuracy) for side in (self.a, self.b))
        found = (
            f"{second} reads {b.percent()} right over {b.count} seeds, {first} {a.percent()} over {a.count}: "
            f"a difference of {100 * self.difference:+z.2f} points"
        )
        if self.interval is None or self.p_value is None:
            return f"{found}; no interval, since the seeds of each have one accuracy."
        low, high = (100 * bound for bound in self.interval)
        return f"{found}, Welch's 95 % interval {low:+z.2f} to {high:+z.2f}, {verdict(self.p_value)}."

    def to_dict(self) -> dict[str, Any]:
        """Return all of it, with the sentence, ready for JSON."""
        return {"kind": "seeds", **asdict(self), "sentence": self.sentence}

    def describe(self) -> str:
        """Lay it out for a terminal."""
        width = max(len(self.a.name), len(self.b.name))
        lines = [
            f"{side.name:<{width}}  {side.accuracy.percent()} over {side.accuracy.count} seeds "
            f"({side.accuracy.min:.2%} to {side.accuracy.max:.2%})"
            for side in (self.a, self.b)
        ]
        return "\n".join([*lines, "", self.sentence])


def compare_pictures(a: Evaluation, b: Evaluation, *, names: tuple[str, str], tta: str) -> Comparison:
    """Compare two evaluations of the same pictures one by one."""
    predicted = [made.logits.argmax(axis=1) for made in (a, b)]
    a_right, b_right = (one == a.labels for one in predicted)
    fixed, broken = ~a_right & b_right, a_right & ~b_right
    classes = np.arange(a.logits.shape[1])
    confusion_a, confusion_b = (confusion_matrix(a.labels, one, labels=classes) for one in predicted)
    return Comparison(
        split=a.split,
        tta=tta,
        examples=len(a.labels),
        a=_side(names[0], a, a_right),
        b=_side(names[1], b, b_right),
        fixed=tuple(np.flatnonzero(fixed).tolist()),
        broken=tuple(np.flatnonzero(broken).tolist()),
        both_wrong=tuple(np.flatnonzero(~a_right & ~b_right).tolist()),
        p_value=mcnemar(int(fixed.sum()), int(broken.sum())),
        confusion_difference=tuple(map(tuple, (confusion_b - confusion_a).tolist())),
    )


def _side(name: str, made: Evaluation, right: Bool[np.ndarray, " n"]) -> Side:
    correct, pictures = int(right.sum()), len(right)
    return Side(
        name=name,
        step=made.step,
        correct=correct,
        accuracy=correct / pictures,
        interval=wilson_interval(correct, pictures),
    )


def compare_seeds(a: GroupSide, b: GroupSide, *, split: str, step: int | str, tta: str) -> GroupComparison:
    """Compare the accuracies of two groups of seeds."""
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
