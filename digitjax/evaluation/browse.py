"""What an evaluation says of each picture, and which pictures to look at: filtered and in order."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy.special import log_softmax

from digitjax.errors import InputError
from digitjax.evaluation.evaluate import Evaluation
from digitjax.evaluation.history import History, first_learned, forgetting_events, learned_for_good


@dataclass(frozen=True, kw_only=True)
class ExampleTable:
    """A column for each thing that is known of every picture of a split; a picture's number is its place."""

    label: Int[np.ndarray, " n"]
    """The true digit."""
    predicted: Int[np.ndarray, " n"]
    confidence: Float[np.ndarray, " n"]
    """Probability of the predicted digit."""
    loss: Float[np.ndarray, " n"]
    """Cross-entropy in nats."""
    rank: Int[np.ndarray, " n"]
    """Place of the true digit among all digits by their probability: 1 where it was predicted."""
    forgotten: Int[np.ndarray, " n"] | None = None
    """How often it was forgotten from one kept epoch to the next; none of these three without a history."""
    learned: Int[np.ndarray, " n"] | None = None
    """First kept epoch after which it was right; 0 where there is none."""
    learned_for_good: Int[np.ndarray, " n"] | None = None
    """Kept epoch from which on it was right; 0 where it was wrong in the end."""

    def __len__(self) -> int:
        return len(self.label)

    @property
    def right(self) -> Bool[np.ndarray, " n"]:
        """Which were predicted right."""
        return self.predicted == self.label


def per_example(evaluation: Evaluation, history: History | None = None) -> ExampleTable:
    """Return what an evaluation, and a history if it holds this split, say of each picture.

    Raises:
        InputError: the history is of other pictures.
    """
    labels, rows = evaluation.labels, np.arange(len(evaluation.labels))
    logs = log_softmax(evaluation.logits.astype(np.float64), axis=1)
    order = np.argsort(-logs, axis=1, kind="stable")
    predicted = order[:, 0]
    return ExampleTable(
        label=labels,
        predicted=predicted,
        confidence=np.exp(logs[rows, predicted]),
        loss=-logs[rows, labels],
        rank=1 + (order == labels[:, None]).argmax(axis=1),
        **_looking_back(history, evaluation),
    )


def _looking_back(history: History | None, evaluation: Evaluation) -> dict[str, Int[np.ndarray, " n"]]:
    split = evaluation.split
    if history is None or split not in history.splits:
        return {}
    if not np.array_equal(history.of(split).labels, evaluation.labels):
        raise InputError(
            f"the history is of other {split} pictures: make it with `digitjax evaluate --history`"
        )
    return {
        "forgotten": forgetting_events(history, split),
        "learned": first_learned(history, split),
        "learned_for_good": learned_for_good(history, split),
    }


# ------------------------------------------------------------------------------------- choosing


class Order(NamedTuple):
    """By which column pictures are sorted."""

    column: str
    descending: bool = False


ORDERS = {
    "number": Order("number"),
    "highest loss": Order("loss", descending=True),
    "lowest loss": Order("loss"),
    "most confident": Order("confidence", descending=True),
    "least confident": Order("confidence"),
    "most often forgotten": Order("forgotten", descending=True),
    "learned first": Order("learned"),
    "learned last": Order("learned", descending=True),
    "learned for good last": Order("learned_for_good", descending=True),
}
"""By their names for people. What was never learned counts as learned last."""


def orders(pictures: ExampleTable) -> list[str]:
    """Return the names of the orders that these pictures can be brought into."""
    return [
        name for name, order in ORDERS.items() if getattr(pictures, order.column, pictures.label) is not None
    ]


@dataclass(frozen=True, kw_only=True)
class Filter:
    """Which pictures are looked at: those that meet all of it."""

    true: int | None = None
    predicted: int | None = None
    right: bool | None = None
    confidence: tuple[float, float] = (0.0, 1.0)
    """Lowest and highest, both included."""
    numbers: Collection[int] | None = None
    """Numbers of pictures, such as those with a tag; those that do not exist are passed over."""


def select(pictures: ExampleTable, chosen: Filter, order: str = "number") -> Int[np.ndarray, " chosen"]:
    """Return the numbers of the pictures that meet a filter, in order; equal ones by their number.

    Raises:
        KeyError: there is no such order.
        InputError: the order needs a history, and there is none.
    """
    low, high = chosen.confidence
    kept = (pictures.confidence >= low) & (pictures.confidence <= high)
    for column, value in (
        (pictures.label, chosen.true),
        (pictures.predicted, chosen.predicted),
        (pictures.right, chosen.right),
    ):
        if value is not None:
            kept &= column == value
    if chosen.numbers is not None:
        kept &= np.isin(np.arange(len(pictures)), list(chosen.numbers))
    found = np.flatnonzero(kept)
    return found[np.argsort(_keys(pictures, order)[found], kind="stable")]


def _keys(pictures: ExampleTable, order: str) -> Float[np.ndarray, " n"] | Int[np.ndarray, " n"]:
    """Return by what the pictures are sorted, the least first."""
    column, descending = ORDERS[order]
    if column == "number":
        return np.arange(len(pictures))
    values: np.ndarray | None = getattr(pictures, column)
    if values is None:
        raise InputError(f"the order {order!r} needs a history of this split: digitjax evaluate --history")
    if column.startswith("learned"):
        values = np.where(values == 0, np.iinfo(values.dtype).max, values)
    return -values if descending else values
