"""The columns of an example table equal direct loops, selections equal Python's filter and sort."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from digitjax.errors import InputError
from digitjax.evaluation import metrics
from digitjax.evaluation.browse import (
    SORT_ORDERS,
    Filter,
    available_sort_orders,
    per_example,
    select_examples,
)
from digitjax.evaluation.evaluate import Evaluation
from digitjax.evaluation.history import History, SplitHistory

COUNTS, SEEDS = st.integers(1, 60), st.integers(0, 2**31)


def make_evaluation(count: int, seed: int) -> Evaluation:
    """Predictions of which some are correct, some are equal, and some have equal confidence."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(0, 3, (count, 10)).round(0).astype(np.float32)
    labels = np.where(rng.random(count) < 0.5, logits.argmax(axis=1), rng.integers(0, 10, count))
    return Evaluation("test", 7, {}, logits[rng.integers(0, count, count)], labels.astype(np.int32))


def make_history(evaluation: Evaluation, seed: int, epochs: int = 4) -> History:
    rng = np.random.default_rng(seed)
    shape = (epochs, len(evaluation.labels))
    predicted = np.where(rng.random(shape) < 0.5, evaluation.labels, (evaluation.labels + 1) % 10)
    split = SplitHistory(predicted.astype(np.uint8), rng.random(shape).astype(np.float16), evaluation.labels)
    numbers = tuple(range(1, epochs + 1))
    return History(numbers, numbers, {"test": split})


@given(COUNTS, SEEDS)
def test_columns_equal_a_direct_loop(count: int, seed: int):
    evaluation = make_evaluation(count, seed)
    table = per_example(evaluation)
    assert len(table) == count
    for i, (row, label) in enumerate(
        zip(evaluation.logits.tolist(), evaluation.labels.tolist(), strict=True)
    ):
        total = sum(math.exp(logit) for logit in row)
        probabilities = [math.exp(logit) / total for logit in row]
        guesses = sorted(range(10), key=lambda digit: -row[digit])  # of equal ones the lower digit first
        assert table.predicted[i] == guesses[0]
        assert table.confidence[i] == pytest.approx(max(probabilities))
        assert table.loss[i] == pytest.approx(-math.log(probabilities[label]))
        assert table.rank[i] == guesses.index(label) + 1
        assert table.correct[i] == (guesses[0] == label) == (table.rank[i] == 1)
    summary = metrics.summarize(evaluation.logits, evaluation.labels)
    assert table.loss.mean() == pytest.approx(summary["loss"])
    assert table.correct.sum() == summary["correct"]


def test_probabilities_that_round_to_one_stay_in_range():
    logits = np.zeros((2, 10), np.float32)
    logits[:, 3] = 300
    table = per_example(Evaluation("test", 1, {}, logits, np.array([3, 4], np.int32)))
    assert table.confidence.tolist() == [1.0, 1.0]
    assert table.loss.tolist() == [0.0, 300.0]
    assert len(select_examples(table, Filter(confidence=(1.0, 1.0)))) == 2


@given(COUNTS, SEEDS, st.data())
def test_a_selection_equals_a_filter_and_a_sort(count: int, seed: int, data: st.DataObject):
    evaluation = make_evaluation(count, seed)
    table = per_example(evaluation, make_history(evaluation, seed))
    digits = st.none() | st.integers(0, 9)
    low, high = sorted(data.draw(st.tuples(st.floats(0, 1), st.floats(0, 1))))
    indices = data.draw(st.none() | st.sets(st.integers(0, count + 5)))
    conditions = Filter(
        label=data.draw(digits),
        predicted=data.draw(digits),
        correct=data.draw(st.none() | st.booleans()),
        confidence=(low, high),
        indices=indices,
    )
    name = data.draw(st.sampled_from(list(SORT_ORDERS)))
    expected = [
        i
        for i in range(count)
        if conditions.label in (None, table.label[i])
        and conditions.predicted in (None, table.predicted[i])
        and conditions.correct in (None, table.correct[i])
        and low <= table.confidence[i] <= high
        and (indices is None or i in indices)
    ]
    selected = select_examples(table, conditions, name)
    assert sorted(selected.tolist()) == expected

    order = SORT_ORDERS[name]
    if order.column == "index":
        assert selected.tolist() == expected
        return
    values = getattr(table, order.column)[selected].astype(float)
    if order.column in ("first_correct_epoch", "stays_correct_from"):
        values = np.where(values == 0, np.inf, values)
    pairs = [(-value if order.descending else value, i) for value, i in zip(values, selected, strict=True)]
    assert pairs == sorted(pairs)


def test_sort_orders_by_history_need_a_history():
    evaluation = make_evaluation(20, 0)
    plain, extended = per_example(evaluation), per_example(evaluation, make_history(evaluation, 0))
    assert set(available_sort_orders(extended)) == set(SORT_ORDERS)
    assert set(available_sort_orders(extended)) - set(available_sort_orders(plain)) == {
        "most forgetting events",
        "first correct: earliest",
        "first correct: latest",
        "stays correct: latest",
    }
    with pytest.raises(InputError, match="'first correct: earliest' needs the history of this split"):
        select_examples(plain, Filter(), "first correct: earliest")


def test_a_history_of_another_split_is_ignored_and_one_of_other_images_is_refused():
    evaluation = make_evaluation(20, 0)
    history = make_history(evaluation, 0)
    assert per_example(replace(evaluation, split="validation"), history).forgetting_events is None
    with pytest.raises(InputError, match="the history is of other test images"):
        per_example(replace(evaluation, labels=(evaluation.labels + 1) % 10), history)


def test_images_never_predicted_correctly_come_last():
    evaluation = make_evaluation(3, 0)
    table = replace(per_example(evaluation), first_correct_epoch=np.array([0, 2, 1]))
    assert select_examples(table, Filter(), "first correct: earliest").tolist() == [2, 1, 0]
    assert select_examples(table, Filter(), "first correct: latest").tolist() == [0, 1, 2]
