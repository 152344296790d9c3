"""Comparisons: the tests against hand-worked cases and SciPy, and those of runs, ensembles and groups."""

import json
import math
import shutil
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
from digitjax.evaluation.comparison import Comparison, GroupComparison, compare_pictures
from digitjax.evaluation.evaluate import Evaluation
from digitjax.evaluation.significance import mcnemar, verdict, welch
from digitjax.runs import Group, Run, read_json, write_json
from digitjax.runs.seed_stats import summarize_seeds

ACCURACIES = st.lists(st.integers(9000, 9100), min_size=2, max_size=6).map(lambda n: [i / 10_000 for i in n])


@pytest.fixture
def group(tiny_group: Group, tmp_path: Path) -> Group:
    return Group(Path(shutil.copytree(tiny_group.path, tmp_path / "tiny")))


def predictions(digits: list[int], labels: list[int], step: int = 7) -> Evaluation:
    logits = np.eye(10, dtype=np.float32)[digits]
    return Evaluation("test", step, {}, logits, np.array(labels, np.int32))


# --------------------------------------------------------------------------------------- the tests


def test_mcnemar_by_hand():
    """Of 12 pictures 2 or fewer fall to either: 2 (1 + 12 + 66) / 2^12."""
    assert mcnemar(10, 2) == mcnemar(2, 10) == 158 / 4096 == 0.03857421875
    assert mcnemar(0, 0) == mcnemar(3, 3) == 1.0


@given(st.integers(0, 40), st.integers(0, 40))
def test_mcnemar_against_a_direct_sum(fixed: int, broken: int):
    count, least = fixed + broken, min(fixed, broken)
    tail = sum(math.comb(count, k) for k in range(least + 1)) / 2**count
    assert mcnemar(fixed, broken) == pytest.approx(min(1.0, 2 * tail))


@given(ACCURACIES, ACCURACIES)
def test_welch_is_that_of_scipy(a: list[float], b: list[float]):
    made = welch(summarize_seeds(a), summarize_seeds(b))
    if len(set(a)) == len(set(b)) == 1:
        assert made is None
    elif len(set(a)) > 1 and len(set(b)) > 1:  # of a constant sample SciPy warns
        expected = stats.ttest_ind(b, a, equal_var=False)
        interval = expected.confidence_interval(0.95)
        assert made is not None
        assert made[0] == pytest.approx((interval.low, interval.high))
        assert made[1] == pytest.approx(expected.pvalue)


def test_one_constant_group_leaves_the_freedom_of_the_other():
    a, b = summarize_seeds([0.98, 0.98, 0.98]), summarize_seeds([0.97, 0.98, 0.99, 0.99])
    made = welch(a, b)
    assert made is not None
    expected = stats.ttest_1samp([0.97, 0.98, 0.99, 0.99], 0.98)
    assert made[1] == pytest.approx(expected.pvalue)


@pytest.mark.parametrize(
    ("p_value", "said"),
    [
        (0.359, "p = 0.36: no sign of a difference"),
        (0.0386, "p = 0.039: unlikely to be chance"),
        (1e-9, "p < 0.0001: unlikely to be chance"),
    ],
)
def test_a_verdict_is_said(p_value: float, said: str):
    assert verdict(p_value) == said


# -------------------------------------------------------------------------------------- predictions


def test_a_comparison_by_hand():
    labels = [0] * 12 + [1] * 8
    a = predictions([5] * 10 + [0] * 2 + [1] * 6 + [7] * 2, labels)
    b = predictions([0] * 10 + [6] * 2 + [1] * 6 + [7] * 1 + [2], labels, step=9)
    made = compare_pictures(a, b, names=("A", "B"), tta="none")
    assert made.fixed == tuple(range(10))
    assert (made.broken, made.both_wrong) == ((10, 11), (18, 19))
    assert (made.a.correct, made.a.accuracy, made.a.step) == (8, 0.4, 7)
    assert (made.b.correct, made.b.accuracy, made.b.step) == (16, 0.8, 9)
    z = 1.959964
    centre, half = 0.8 + z * z / 40, z * math.sqrt(0.16 / 20 + z * z / 1600)
    wilson = ((centre - half) / (1 + z * z / 20), (centre + half) / (1 + z * z / 20))
    assert made.b.interval == pytest.approx(wilson, rel=1e-5)
    assert made.confusion_difference[0] == (8, 0, 0, 0, 0, -10, 2, 0, 0, 0)
    assert made.confusion_difference[1] == (0, 0, 1, 0, 0, 0, 0, -1, 0, 0)
    assert made.sentence == (
        "B reads 8 pictures more right than A of 20 (40.00 points): 10 fixed, 2 broken; "
        "McNemar's exact test p = 0.039: unlikely to be chance."
    )
    text = made.describe()
    assert "both wrong: 2" in text
    assert "confusions: 0 read as 5 (-10), 0 read as 6 (+2), 1 read as 2 (+1), 1 read as 7 (-1)" in text
    back = compare_pictures(b, a, names=("B", "A"), tta="none")
    assert back.sentence.startswith("A reads 8 pictures fewer right than B of 20")
    stored = json.loads(json.dumps(made.to_dict()))
    assert (stored["kind"], stored["fixed"], stored["sentence"]) == (
        "images",
        list(range(10)),
        made.sentence,
    )


@given(st.integers(1, 60), st.integers(0, 2**31))
def test_every_picture_is_counted_once(count: int, seed: int):
    rng = np.random.default_rng(seed)
    labels, first, second = (rng.integers(0, 3, count).tolist() for _ in range(3))
    a, b = predictions(first, labels), predictions(second, labels)
    made = compare_pictures(a, b, names=("A", "B"), tta="none")
    assert made.b.correct - made.a.correct == len(made.fixed) - len(made.broken)
    both_right = sum(x == y == z for x, y, z in zip(labels, first, second, strict=True))
    assert both_right + len(made.fixed) + len(made.broken) + len(made.both_wrong) == count
    assert not np.array(made.confusion_difference).sum(axis=1).any()
    back = compare_pictures(b, a, names=("B", "A"), tta="none")
    assert (back.fixed, back.broken, back.p_value) == (made.broken, made.fixed, made.p_value)


def test_no_difference_is_said_to_be_none():
    made = compare_pictures(
        predictions([1, 0], [1, 1]), predictions([0, 1], [1, 1]), names=("A", "B"), tta="none"
    )
    assert made.sentence == (
        "B reads as many of 2 pictures right as A: 1 fixed, 1 broken; "
        "McNemar's exact test p = 1: no sign of a difference."
    )


# ------------------------------------------------------------------------------------------- runs


def test_runs_are_compared_by_evaluations_that_are_made_where_they_are_missing(group: Group):
    a, b = group.members()
    shutil.rmtree(b.path / "evaluation")
    before = (a.evaluation_folder("test", 21) / "metrics.json").stat().st_mtime_ns
    made = compare(a, b)
    assert isinstance(made, Comparison)
    assert (a.evaluation_folder("test", 21) / "metrics.json").stat().st_mtime_ns == before
    assert b.evaluations() == [("test", 21, "none")]
    wrong = []
    for run, side in ((a, made.a), (b, made.b)):
        kept = evaluation.read(run, "test", 21)
        assert isinstance(kept, Evaluation)
        assert (side.name, side.step, side.correct) == (run.name, 21, kept.summary["correct"])
        assert list(side.interval) == kept.summary["accuracy_interval"]
        wrong.append(set(np.flatnonzero(kept.logits.argmax(axis=1) != kept.labels).tolist()))
    assert set(made.fixed) == wrong[0] - wrong[1]
    assert set(made.broken) == wrong[1] - wrong[0]
    assert set(made.both_wrong) == wrong[0] & wrong[1]


def test_a_run_and_an_ensemble_are_compared_on_other_splits_and_views(group: Group, tmp_path: Path):
    members = group.members()
    ensemble = runs.create_ensemble("both", members, tmp_path)
    made = compare(members[0], ensemble, "validation", tta="shifts")
    assert isinstance(made, Comparison)
    assert (made.split, made.tta, made.examples) == ("validation", "shifts", 144)
    assert (made.a.step, made.b.step) == (21, "best")
    assert compare(members[0], ensemble, "validation", tta="shifts") == made


def test_those_of_one_name_are_told_apart(tiny_run: Run, group: Group):
    shutil.rmtree(group.path)
    other = Run(Path(shutil.copytree(tiny_run.path, group.path)))
    made = compare(tiny_run, other)
    assert (made.a.name, made.b.name) == (str(tiny_run.path), str(other.path))


def test_groups_are_compared_over_their_seeds(group: Group, tmp_path: Path):
    other = Group(Path(shutil.copytree(group.path, tmp_path / "other")))
    for run in other.members():
        shutil.rmtree(run.path / "evaluation")
    file = other.members()[0].evaluation_folder("test", 21) / "metrics.json"
    evaluation.evaluate(other.members()[0])
    write_json(file, {**read_json(file), "accuracy": 0.99})
    made = compare(group, other)
    assert isinstance(made, GroupComparison)
    first, second = ([r.measured("accuracy", "test") for r in g.members()] for g in (group, other))
    assert second[0] == 0.99
    assert made.difference == pytest.approx(np.mean(second) - np.mean(first))
    expected = stats.ttest_ind(second, first, equal_var=False)
    assert made.p_value == pytest.approx(expected.pvalue)
    assert made.interval == pytest.approx(tuple(expected.confidence_interval(0.95)))
    low, high = (100 * bound for bound in made.interval or ())
    assert made.sentence == (
        f"other reads {made.b.accuracy.percent()} right over 2 seeds, tiny {made.a.accuracy.percent()} over 2: a "
        f"difference of {100 * made.difference:+.2f} points, Welch's 95 % interval {low:+.2f} to {high:+.2f}, "
        f"p = {made.p_value:.2g}: no sign of a difference."
    )
    assert made.describe().endswith(made.sentence)
    stored = json.loads(json.dumps(made.to_dict()))
    assert (stored["kind"], stored["b"]["accuracy"]["count"]) == ("seeds", 2)


def test_groups_of_one_accuracy_have_no_interval(group: Group, tmp_path: Path):
    shutil.rmtree(group.member(1).path)
    shutil.copytree(group.member(0).path, group.member(1).path)
    other = Group(Path(shutil.copytree(group.path, tmp_path / "other")))
    made = compare(group, other)
    assert isinstance(made, GroupComparison)
    assert (made.interval, made.p_value) == (None, None)
    assert made.sentence.endswith("+0.00 points; no interval, since the seeds of each have one accuracy.")


def test_what_cannot_be_compared_is_refused(group: Group, tiny_run: Run, tiny_vae: Run):
    with pytest.raises(InputError, match=r"is a group and .* is not: .* such as tiny/seed-0"):
        compare(tiny_run, group)
    with pytest.raises(InputError, match=r"tiny-vae: its vae cannot tell digits apart"):
        compare(tiny_run, tiny_vae)
    a, b = group.members()
    environment = b.environment
    write_json(b.path / "environment.json", {**environment, "data_sha256": "0"})
    with pytest.raises(InputError, match=r"seed-0 and .*seed-1 were trained on different data"):
        compare(a, b)
    write_json(b.path / "environment.json", environment)
    config = read_json(b.path / "config.json")
    write_json(b.path / "config.json", {**config, "data": {**config["data"], "split_seed": 9}})
    with pytest.raises(
        InputError, match=r"differ in data\.split_seed \(0 and 9\) and so in their validation"
    ):
        compare(a, Run(b.path), "validation")
    assert compare(a, Run(b.path)).split == "test"


def test_damaged_predictions_are_named(group: Group):
    a, b = group.members()
    (b.evaluation_folder("test", 21) / "predictions.npz").write_bytes(b"")
    with pytest.raises(InputError, match=r"predictions\.npz: it cannot be read: evaluate tiny/seed-1 again"):
        compare(a, b)
