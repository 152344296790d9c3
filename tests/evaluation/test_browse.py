"""Browsing: the columns against direct loops, the selection against a filter and a sort of Python's."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from digitjax.errors import InputError
from digitjax.evaluation import metrics
from digitjax.evaluation.browse import ORDERS, Filter, orders, per_example, select
from digitjax.evaluation.evaluate import Evaluation
from digitjax.evaluation.history import History, SplitHistory

COUNTS, SEEDS = st.integers(1, 60), st.integers(0, 2**31)


def evaluation_of(count: int, seed: int) -> Evaluation:
    """Predictions of which some are equal, some right, and some of equal confidence."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(0, 3, (count, 10)).round(0).astype(np.float32)
    labels = np.where(rng.random(count) < 0.5, logits.argmax(axis=1), rng.integers(0, 10, count))
    return Evaluation("test", 7, {}, logits[rng.integers(0, count, count)], labels.astype(np.int32))


def history_of(evaluation: Evaluation, seed: int, epochs: int = 4) -> History:
    rng = np.random.default_rng(seed)
    shape = (epochs, len(evaluation.labels))
    predicted = np.where(rng.random(shape) < 0.5, evaluation.labels, (evaluation.labels + 1) % 10)
    split = SplitHistory(predicted.astype(np.uint8), rng.random(shape).astype(np.float16), evaluation.labels)
    numbers = tuple(range(1, epochs + 1))
    return History(numbers, numbers, {"test": split})


@given(COUNTS, SEEDS)
def test_each_column_says_of_a_picture_what_a_loop_says(count: int, seed: int):
    made = evaluation_of(count, seed)
    pictures = per_example(made)
    assert len(pictures) == count
    for i, (row, label) in enumerate(zip(made.logits.tolist(), made.labels.tolist(), strict=True)):
        total = sum(math.exp(logit) for logit in row)
        probabilities = [math.exp(logit) / total for logit in row]
        guesses = sorted(range(10), key=lambda digit: -row[digit])  # of equal ones the lower digit first
        assert pictures.predicted[i] == guesses[0]
        assert pictures.confidence[i] == pytest.approx(max(probabilities))
        assert pictures.loss[i] == pytest.approx(-math.log(probabilities[label]))
        assert pictures.rank[i] == guesses.index(label) + 1
        assert pictures.right[i] == (guesses[0] == label) == (pictures.rank[i] == 1)
    summary = metrics.summarize(made.logits, made.labels)
    assert pictures.loss.mean() == pytest.approx(summary["loss"])
    assert pictures.right.sum() == summary["correct"]


def test_probabilities_that_round_to_one_stay_in_range():
    logits = np.zeros((2, 10), np.float32)
    logits[:, 3] = 300
    pictures = per_example(Evaluation("test", 1, {}, logits, np.array([3, 4], np.int32)))
    assert pictures.confidence.tolist() == [1.0, 1.0]
    assert pictures.loss.tolist() == [0.0, 300.0]
    assert len(select(pictures, Filter(confidence=(1.0, 1.0)))) == 2


@given(COUNTS, SEEDS, st.data())
def test_a_selection_is_what_a_filter_and_a_sort_give(count: int, seed: int, data: st.DataObject):
    made = evaluation_of(count, seed)
    pictures = per_example(made, history_of(made, seed))
    digits = st.none() | st.integers(0, 9)
    low, high = sorted(data.draw(st.tuples(st.floats(0, 1), st.floats(0, 1))))
    numbers = data.draw(st.none() | st.sets(st.integers(0, count + 5)))
    chosen = Filter(
        true=data.draw(digits),
        predicted=data.draw(digits),
        right=data.draw(st.none() | st.booleans()),
        confidence=(low, high),
        numbers=numbers,
    )
    name = data.draw(st.sampled_from(list(ORDERS)))
    kept = [
        i
        for i in range(count)
        if chosen.true in (None, pictures.label[i])
        and chosen.predicted in (None, pictures.predicted[i])
        and chosen.right in (None, pictures.right[i])
        and low <= pictures.confidence[i] <= high
        and (numbers is None or i in numbers)
    ]
    found = select(pictures, chosen, name)
    assert sorted(found.tolist()) == kept

    order = ORDERS[name]
    if order.column == "number":
        assert found.tolist() == kept
        return
    values = getattr(pictures, order.column)[found].astype(float)
    if order.column.startswith("learned"):
        values = np.where(values == 0, np.inf, values)
    pairs = [(-value if order.descending else value, i) for value, i in zip(values, found, strict=True)]
    assert pairs == sorted(pairs)


def test_without_a_history_there_is_no_order_by_it():
    made = evaluation_of(20, 0)
    plain, whole = per_example(made), per_example(made, history_of(made, 0))
    assert set(orders(whole)) == set(ORDERS)
    assert set(orders(whole)) - set(orders(plain)) == {
        "most often forgotten",
        "learned first",
        "learned last",
        "learned for good last",
    }
    with pytest.raises(InputError, match="'learned first' needs a history of this split"):
        select(plain, Filter(), "learned first")


def test_a_history_of_another_split_says_nothing_and_one_of_other_pictures_is_refused():
    made = evaluation_of(20, 0)
    history = history_of(made, 0)
    assert per_example(replace(made, split="validation"), history).forgotten is None
    with pytest.raises(InputError, match="the history is of other test pictures"):
        per_example(replace(made, labels=(made.labels + 1) % 10), history)


def test_what_was_never_learned_comes_last():
    made = evaluation_of(3, 0)
    pictures = replace(per_example(made), learned=np.array([0, 2, 1]))
    assert select(pictures, Filter(), "learned first").tolist() == [2, 1, 0]
    assert select(pictures, Filter(), "learned last").tolist() == [0, 1, 2]
