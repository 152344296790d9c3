import math

import pytest

pytest.importorskip("altair")

from digitjax.visualization import charts
from tests.visualization.test_charts import layers


def run(*losses):
    """Return the rows of a run that was validated after each of so many epochs."""
    rows = [
        {"step": 10 * epoch, "epoch": epoch, "split": "validation", "loss": loss, "accuracy": 1 - loss}
        for epoch, loss in enumerate(losses, 1)
    ]
    return [{"step": 5, "epoch": 1, "split": "train", "loss": 9.0, "accuracy": 0.0}, *rows]


def test_a_run_is_compared_by_its_validation():
    (bands, rows), (lines, _), (dots, _) = layers(charts.compare_curves({"a": run(0.5, 0.25)}, "loss"))
    assert [(row["run"], row["step"], row["mean"], row["low"], row["high"]) for row in rows] == [
        ("a", 10, 0.5, 0.5, 0.5),
        ("a", 20, 0.25, 0.25, 0.25),
    ]
    assert (bands["encoding"]["y"]["field"], bands["encoding"]["y2"]["field"]) == ("low", "high")
    assert lines["encoding"]["y"]["field"] == dots["encoding"]["y"]["field"] == "mean"


def test_a_group_is_its_mean_and_its_extremes_of_the_runs_that_got_so_far():
    chart = charts.compare_curves({"group": [run(0.5, 0.25), run(0.75)], "single": run(0.125)}, "accuracy")
    rows = layers(chart)[0][1]
    assert [(r["run"], r["step"], r["mean"], r["low"], r["high"], r["seeds"]) for r in rows] == [
        ("group", 10, 0.375, 0.25, 0.5, 2),
        ("group", 20, 0.75, 0.75, 0.75, 1),
        ("single", 10, 0.875, 0.875, 0.875, 1),
    ]


def test_runs_differ_in_colour_and_shape_in_the_order_given():
    dots = layers(charts.compare_curves({"b": run(0.5), "a": run(0.5)}, "loss"))[2][0]["encoding"]
    for channel in ("color", "shape"):
        assert dots[channel]["scale"]["domain"] == ["b", "a"]
        assert len(set(dots[channel]["scale"]["range"])) == 2


def test_a_comparison_leaves_out_what_no_axis_shows():
    rows = layers(charts.compare_curves({"a": run(math.nan, 0.0, 0.5)}, "loss"))[0][1]
    assert [row["step"] for row in rows] == [30]


def test_history_has_a_line_a_split():
    given = [{"epoch": 1, "split": "test", "accuracy": 0.5}, {"epoch": 1, "split": "train", "accuracy": 0.75}]
    for layer, rows in layers(charts.history(given)):
        assert rows == given
        assert layer["encoding"]["color"]["scale"]["domain"] == ["train", "test"]
        assert layer["encoding"]["y"]["title"] == "accuracy (%)"


def test_learned_goes_up_and_forgotten_down():
    given = [{"epoch": 2, "split": "validation", "learned": 30, "forgotten": 10}]
    up, down = layers(charts.learned_and_forgotten(given))
    assert up[1][0][up[0]["encoding"]["y"]["field"]] == 30
    assert down[1][0][down[0]["encoding"]["y"]["field"]] == -10
    assert charts.table(charts.learned_and_forgotten(given)) == [
        {"split": "validation", "epoch": 2, "pictures learned": 30, "pictures forgotten": 10}
    ]
