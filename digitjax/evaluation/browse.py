"""One row for each image of an evaluated split, and which rows to look at: filtered and sorted."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy.special import log_softmax

from digitjax.errors import InputError
from digitjax.evaluation.evaluate import Evaluation
from digitjax.evaluation.history import History, first_correct_epoch, forgetting_events, stays_correct_from


@dataclass(frozen=True, kw_only=True)
class ExampleTable:
    """Columns with one value for each image of a split; row i is image i of the split."""

    label: Int[np.ndarray, " n"]
    """The true digit."""
    predicted: Int[np.ndarray, " n"]
    """The digit of the highest probability."""
    confidence: Float[np.ndarray, " n"]
    """Probability of the predicted digit."""
    loss: Float[np.ndarray, " n"]
    """Cross-entropy in nats."""
    rank: Int[np.ndarray, " n"]
    """Rank of the true digit by probability: 1 where it was predicted."""
    forgetting_events: Int[np.ndarray, " n"] | None = None
    """How often the prediction turned from correct to incorrect; like the next two, None without a history."""
    first_correct_epoch: Int[np.ndarray, " n"] | None = None
    """First kept epoch with a correct prediction; 0 if there is none."""
    stays_correct_from: Int[np.ndarray, " n"] | None = None
    """Kept epoch from which on every prediction was correct; 0 if the last one was incorrect."""

    def __len__(self) -> int:
        return len(self.label)

    @property
    def correct(self) -> Bool[np.ndarray, " n"]:
        """Whether each prediction is correct."""
        return self.predicted == self.label


def per_example(evaluation: Evaluation, history: History | None = None) -> ExampleTable:
    """Return the table of an evaluation's images.

    Args:
        evaluation: predictions of a split.
        history: of the same run; used if it has this split.

    Raises:
        InputError: the history is of other images.
    """
    labels, rows = evaluation.labels, np.arange(len(evaluation.labels))
    log_probabilities = log_softmax(evaluation.logits.astype(np.float64), axis=1)
    ranking = np.argsort(-log_probabilities, axis=1, kind="stable")
    predicted = ranking[:, 0]
    return ExampleTable(
        label=labels,
        predicted=predicted,
        confidence=np.exp(log_probabilities[rows, predicted]),
        loss=-log_probabilities[rows, labels],
        rank=1 + (ranking == labels[:, None]).argmax(axis=1),
        **_history_columns(history, evaluation),
    )


def _history_columns(history: History | None, evaluation: Evaluation) -> dict[str, Int[np.ndarray, " n"]]:
    split = evaluation.split
    if history is None or split not in history.splits:
        return {}
    if not np.array_equal(history.get_split(split).labels, evaluation.labels):
        raise InputError(
            f"the history is of other {split} images: write it again with `digitjax evaluate RUN --history`"
        )
    return {
        "forgetting_events": forgetting_events(history, split),
        "first_correct_epoch": first_correct_epoch(history, split),
        "stays_correct_from": stays_correct_from(history, split),
    }


# ------------------------------------------------------------------------------ filtering and sorting


class SortOrder(NamedTuple):
    """The column to sort by, and the direction."""

    column: str
    descending: bool = False


SORT_ORDERS = {
    "index": SortOrder("index"),
    "highest loss": SortOrder("loss", descending=True),
    "lowest loss": SortOrder("loss"),
    "most confident": SortOrder("confidence", descending=True),
    "least confident": SortOrder("confidence"),
    "most forgetting events": SortOrder("forgetting_events", descending=True),
    "first correct: earliest": SortOrder("first_correct_epoch"),
    "first correct: latest": SortOrder("first_correct_epoch", descending=True),
    "stays correct: latest": SortOrder("stays_correct_from", descending=True),
}
"""The sort orders by the names that pages show; an epoch of 0, for never, counts as the latest."""


def available_sort_orders(table: ExampleTable) -> list[str]:
    """Return the names of the sort orders whose column the table has."""
    return [
        name for name, order in SORT_ORDERS.items() if getattr(table, order.column, table.label) is not None
    ]


@dataclass(frozen=True, kw_only=True)
class Filter:
    """Conditions on a row, all of which must hold; None places no condition."""

    label: int | None = None
    predicted: int | None = None
    correct: bool | None = None
    confidence: tuple[float, float] = (0.0, 1.0)
    """Lowest and highest, both included."""
    indices: Collection[int] | None = None
    """Rows to keep, such as those with a tag; indices outside the table are ignored."""


def select_examples(
    table: ExampleTable, conditions: Filter, order: str = "index"
) -> Int[np.ndarray, " selected"]:
    """Return the indices of the rows that meet the conditions, sorted; ties are in the order of their indices.

    Args:
        table: the images of a split.
        conditions: which rows to keep.
        order: a name in `SORT_ORDERS`.

    Raises:
        KeyError: there is no such order.
        InputError: the order needs a history, and the table has none.
    """
    low, high = conditions.confidence
    selected = (table.confidence >= low) & (table.confidence <= high)
    for column, value in (
        (table.label, conditions.label),
        (table.predicted, conditions.predicted),
        (table.correct, conditions.correct),
    ):
        if value is not None:
            selected &= column == value
    if conditions.indices is not None:
        selected &= np.isin(np.arange(len(table)), list(conditions.indices))
    indices = np.flatnonzero(selected)
    return indices[np.argsort(_sort_keys(table, order)[indices], kind="stable")]


def _sort_keys(table: ExampleTable, order: str) -> Float[np.ndarray, " n"] | Int[np.ndarray, " n"]:
    """Return one key for each row, to be sorted in ascending order."""
    column, descending = SORT_ORDERS[order]
    if column == "index":
        return np.arange(len(table))
    keys: np.ndarray | None = getattr(table, column)
    if keys is None:
        raise InputError(
            f"the order {order!r} needs the history of this split: digitjax evaluate RUN --history"
        )
    if column in ("first_correct_epoch", "stays_correct_from"):
        keys = np.where(keys == 0, np.iinfo(keys.dtype).max, keys)
    return -keys if descending else keys
