"""Significance tests equal hand-worked cases and SciPy; runs, ensembles and groups are compared."""

import json
import math
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from digitjax import runs
from digitjax.errors import InputError
from digitjax.evaluation import evaluate as evaluation
from digitjax.evaluation.compare import compare
from digitjax.evaluation.comparison import Comparison, GroupComparison, compare_predictions
from digitjax.evaluation.evaluate import Evaluation
from digitjax.evaluation.significance import describe_p_value, mcnemar, welch
from digitjax.runs import Group, Run, write_json
from digitjax.runs.files import read_sealed, write_sealed
from digitjax.runs.seed_stats import summarize_seeds
from tests.run_files import set_config

ACCURACIES = st.lists(st.integers(9000, 9100), min_size=2, max_size=6).map(lambda n: [i / 10_000 for i in n])


@pytest.fixture
def group(tiny_group: Group, tmp_path: Path) -> Group:
    return Group(Path(shutil.copytree(tiny_group.path, tmp_path / "tiny")))


def predictions(digits: list[int], labels: list[int], step: int = 7) -> Evaluation:
    logits = np.eye(10, dtype=np.float32)[digits]
    return Evaluation("test", step, {}, logits, np.array(labels, np.int32))


# --------------------------------------------------------------------------------------- the tests


def test_mcnemar_by_hand():
    """Two-sided: at most 2 of 12 images, 2 (1 + 12 + 66) / 2^12."""
    assert mcnemar(10, 2) == mcnemar(2, 10) == 158 / 4096 == 0.03857421875
    assert mcnemar(0, 0) == mcnemar(3, 3) == 1.0


@given(st.integers(0, 40), st.integers(0, 40))
def test_mcnemar_against_a_direct_sum(improved: int, regressed: int):
    count, fewer = improved + regressed, min(improved, regressed)
    tail = sum(math.comb(count, k) for k in range(fewer + 1)) / 2**count
    assert mcnemar(improved, regressed) == pytest.approx(min(1.0, 2 * tail))


@given(ACCURACIES, ACCURACIES)
def test_welch_is_that_of_scipy(a: list[float], b: list[float]):
    result = welch(summarize_seeds(a), summarize_seeds(b))
    if len(set(a)) == len(set(b)) == 1:
        assert result is None
    elif len(set(a)) > 1 and len(set(b)) > 1:  # of a constant sample SciPy warns
        expected = stats.ttest_ind(b, a, equal_var=False)
        interval = expected.confidence_interval(0.95)
        assert result is not None
        assert result[0] == pytest.approx((interval.low, interval.high))
        assert result[1] == pytest.approx(expected.pvalue)


def test_one_constant_group_leaves_the_freedom_of_the_other():
    a, b = summarize_seeds([0.98, 0.98, 0.98]), summarize_seeds([0.97, 0.98, 0.99, 0.99])
    result = welch(a, b)
    assert result is not None
    expected = stats.ttest_1samp([0.97, 0.98, 0.99, 0.99], 0.98)
    assert result[1] == pytest.approx(expected.pvalue)


@pytest.mark.parametrize(
    ("p_value", "text"),
    [
        (0.359, "p = 0.36: no sign of a difference"),
        (0.0386, "p = 0.039: unlikely to be chance"),
        (1e-9, "p < 0.0001: unlikely to be chance"),
    ],
)
def test_a_p_value_is_interpreted(p_value: float, text: str):
    assert describe_p_value(p_value) == text


# -------------------------------------------------------------------------------------- predictions


def test_a_comparison_by_hand():
    labels = [0] * 12 + [1] * 8
    a = predictions([5] * 10 + [0] * 2 + [1] * 6 + [7] * 2, labels)
    b = predictions([0] * 10 + [6] * 2 + [1] * 6 + [7] * 1 + [2], labels, step=9)
    comparison = compare_predictions(a, b, names=("A", "B"), tta="none")
    assert comparison.improved == tuple(range(10))
    assert (comparison.regressed, comparison.both_incorrect) == ((10, 11), (18, 19))
    assert (comparison.a.correct, comparison.a.accuracy, comparison.a.step) == (8, 0.4, 7)
    assert (comparison.b.correct, comparison.b.accuracy, comparison.b.step) == (16, 0.8, 9)
    z = 1.959964
    center, half = 0.8 + z * z / 40, z * math.sqrt(0.16 / 20 + z * z / 1600)
    wilson = ((center - half) / (1 + z * z / 20), (center + half) / (1 + z * z / 20))
    assert comparison.b.interval == pytest.approx(wilson, rel=1e-5)
    assert comparison.confusion_difference[0] == (8, 0, 0, 0, 0, -10, 2, 0, 0, 0)
    assert comparison.confusion_difference[1] == (0, 0, 1, 0, 0, 0, 0, -1, 0, 0)
    assert comparison.sentence == (
        "B classifies 8 more images correctly than A, of 20 (40.00 points): 10 improved, 2 regressed; "
        "McNemar's exact test p = 0.039: unlikely to be chance."
    )
    text = comparison.describe()
    assert "both incorrect: 2" in text
    assert (
        "confusions: 0 predicted as 5 (-10), 0 predicted as 6 (+2), 1 predicted as 2 (+1), 1 predicted as 7 (-1)"
        in text
    )
    back = compare_predictions(b, a, names=("B", "A"), tta="none")
    assert back.sentence.startswith("A classifies 8 fewer images correctly than B, of 20")
    stored = json.loads(json.dumps(comparison.to_dict()))
    assert (stored["kind"], stored["improved"], stored["sentence"]) == (
        "images",
        list(range(10)),
        comparison.sentence,
    )


@given(st.integers(1, 60), st.integers(0, 2**31))
def test_every_image_is_counted_once(count: int, seed: int):
    rng = np.random.default_rng(seed)
    labels, first, second = (rng.integers(0, 3, count).tolist() for _ in range(3))
    a, b = predictions(first, labels), predictions(second, labels)
    comparison = compare_predictions(a, b, names=("A", "B"), tta="none")
    assert comparison.b.correct - comparison.a.correct == len(comparison.improved) - len(comparison.regressed)
    both_correct = sum(x == y == z for x, y, z in zip(labels, first, second, strict=True))
    assert (
        both_correct + len(comparison.improved) + len(comparison.regressed) + len(comparison.both_incorrect)
        == count
    )
    assert not np.array(comparison.confusion_difference).sum(axis=1).any()
    back = compare_predictions(b, a, names=("B", "A"), tta="none")
    assert (back.improved, back.regressed, back.p_value) == (
        comparison.regressed,
        comparison.improved,
        comparison.p_value,
    )


def test_equal_models_are_said_to_be_equal():
    comparison = compare_predictions(
        predictions([1, 0], [1, 1]), predictions([0, 1], [1, 1]), names=("A", "B"), tta="none"
    )
    assert comparison.sentence == (
        "B classifies as many images correctly as A, of 2: 1 improved, 1 regressed; "
        "McNemar's exact test p = 1: no sign of a difference."
    )


# ------------------------------------------------------------------------------------------- runs


def test_comparing_runs_evaluates_those_that_are_not_evaluated(group: Group):
    a, b = group.members()
    shutil.rmtree(b.path / "evaluation")
    before = (a.evaluation_folder("test", 21) / "metrics.json").stat().st_mtime_ns
    comparison = compare(a, b)
    assert isinstance(comparison, Comparison)
    assert (a.evaluation_folder("test", 21) / "metrics.json").stat().st_mtime_ns == before
    assert b.evaluations() == [("test", 21, "none")]
    incorrect = []
    for run, score in ((a, comparison.a), (b, comparison.b)):
        stored = evaluation.read(run, "test", 21)
        assert isinstance(stored, Evaluation)
        assert (score.name, score.step, score.correct) == (run.name, 21, stored.summary["correct"])
        assert list(score.interval) == stored.summary["accuracy_interval"]
        incorrect.append(set(np.flatnonzero(stored.logits.argmax(axis=1) != stored.labels).tolist()))
    assert set(comparison.improved) == incorrect[0] - incorrect[1]
    assert set(comparison.regressed) == incorrect[1] - incorrect[0]
    assert set(comparison.both_incorrect) == incorrect[0] & incorrect[1]


def test_a_run_and_an_ensemble_are_compared_on_other_splits_and_tta(group: Group, tmp_path: Path):
    members = group.members()
    ensemble = runs.create_ensemble("both", members, tmp_path)
    comparison = compare(members[0], ensemble, "validation", tta="shifts")
    assert isinstance(comparison, Comparison)
    assert (comparison.split, comparison.tta, comparison.examples) == ("validation", "shifts", 144)
    assert (comparison.a.step, comparison.b.step) == (21, "best")
    assert compare(members[0], ensemble, "validation", tta="shifts") == comparison


def test_models_of_the_same_name_are_called_by_their_paths(tiny_run: Run, group: Group):
    shutil.rmtree(group.path)
    other = Run(Path(shutil.copytree(tiny_run.path, group.path)))
    comparison = compare(tiny_run, other)
    assert (comparison.a.name, comparison.b.name) == (str(tiny_run.path), str(other.path))


def test_groups_are_compared_over_their_seeds(group: Group, tmp_path: Path):
    other = Group(Path(shutil.copytree(group.path, tmp_path / "other")))
    for run in other.members():
        shutil.rmtree(run.path / "evaluation")
    file = other.members()[0].evaluation_folder("test", 21) / "metrics.json"
    evaluation.evaluate(other.members()[0])
    write_sealed(file, {**read_sealed(file), "accuracy": 0.99})
    comparison = compare(group, other)
    assert isinstance(comparison, GroupComparison)
    first, second = ([r.metric("accuracy", "test") for r in g.members()] for g in (group, other))
    assert second[0] == 0.99
    assert comparison.difference == pytest.approx(np.mean(second) - np.mean(first))
    expected = stats.ttest_ind(second, first, equal_var=False)
    assert comparison.p_value == pytest.approx(expected.pvalue)
    assert comparison.interval == pytest.approx(tuple(expected.confidence_interval(0.95)))
    low, high = (100 * bound for bound in comparison.interval or ())
    assert comparison.sentence == (
        f"other has an accuracy of {comparison.b.accuracy.percent()} over 2 seeds, tiny "
        f"{comparison.a.accuracy.percent()} over 2: a difference of {100 * comparison.difference:+.2f} points "
        f"(95% CI {low:+.2f} to {high:+.2f}); Welch's t-test p = {comparison.p_value:.2g}: no sign of a difference."
    )
    assert comparison.describe().endswith(comparison.sentence)
    stored = json.loads(json.dumps(comparison.to_dict()))
    assert (stored["kind"], stored["b"]["accuracy"]["count"]) == ("seeds", 2)


def test_groups_that_do_not_vary_have_no_interval(group: Group, tmp_path: Path):
    shutil.rmtree(group.member(1).path)
    shutil.copytree(group.member(0).path, group.member(1).path)
    other = Group(Path(shutil.copytree(group.path, tmp_path / "other")))
    comparison = compare(group, other)
    assert isinstance(comparison, GroupComparison)
    assert (comparison.interval, comparison.p_value) == (None, None)
    assert comparison.sentence.endswith(
        "+0.00 points; no confidence interval, since neither group varies over its seeds."
    )


def test_incomparable_models_are_refused(group: Group, tiny_run: Run, tiny_vae: Run):
    with pytest.raises(InputError, match=r"is a group and .* is not: .* such as tiny/seed-0"):
        compare(tiny_run, group)
    with pytest.raises(InputError, match="tiny-vae: vae is not a classifier"):
        compare(tiny_run, tiny_vae)
    a, b = group.members()
    environment = b.environment
    write_json(b.path / "environment.json", {**environment, "data_sha256": "0"})
    with pytest.raises(InputError, match=r"seed-0 and .*seed-1 were trained on different data"):
        compare(a, b)
    write_json(b.path / "environment.json", environment)
    b = set_config(b, replace(b.config, data=replace(b.config.data, split_seed=9)))
    with pytest.raises(
        InputError, match=r"differ in data\.split_seed \(0 and 9\) and so in their validation"
    ):
        compare(a, Run(b.path), "validation")
    assert compare(a, Run(b.path)).split == "test"


def test_damaged_predictions_are_named(group: Group):
    a, b = group.members()
    (b.evaluation_folder("test", 21) / "predictions.npz").write_bytes(b"")
    with pytest.raises(
        InputError, match=r"predictions\.npz: it is not what was written: evaluate tiny/seed-1 again"
    ):
        compare(a, b)
