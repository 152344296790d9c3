"""The chart of how several runs learn."""

import numpy as np
import pytest

pytest.importorskip("altair")

from digitjax.visualization import charts
from digitjax.visualization.charts import Line
from digitjax.visualization.curves import Curve


def curve(values, spread=0.0):
    """Return a curve with a point every 10 steps, of two runs where they are to differ."""
    values = np.array(values, float)
    step = 10.0 * np.arange(1, len(values) + 1)
    runs = np.full(len(values), 2 if spread else 1)
    return Curve(step, step / 20, step * 3, values, values - spread, values + spread, runs)


def layers(chart):
    """Return each layer of a chart by its mark, with its rows."""
    spec = chart.to_dict()
    return {
        layer["mark"]["type"] + ("-faint" if layer["mark"].get("opacity") == 0.3 else ""): (
            layer["encoding"],
            spec["datasets"][layer.get("data", spec.get("data"))["name"]],
        )
        for layer in spec["layer"]
    }


def test_runs_differ_in_colour_dashes_and_shape_and_splits_in_marks():
    lines = [
        Line("b", "train", curve([3, 2])),
        Line("b", "validation", curve([2, 1])),
        Line("a", "train", curve([1, 1])),
    ]
    drawn = layers(charts.learning_curves(lines, "loss"))
    assert set(drawn) == {"line", "point"}
    for mark, channel in (("line", "color"), ("line", "strokeDash"), ("point", "color"), ("point", "shape")):
        scale = drawn[mark][0][channel]["scale"]
        assert scale["domain"] == ["b", "a"]
        assert len({str(value) for value in scale["range"]}) == 2
    encoding, rows = drawn["point"]
    assert [(row["run"], row["split"], row["mean"], row["last"]) for row in rows] == [
        ("b", "train", 3, False), ("b", "train", 2, True), ("b", "validation", 2, False),
        ("b", "validation", 1, True), ("a", "train", 1, False), ("a", "train", 1, True),
    ]  # fmt: skip
    assert encoding["opacity"]["condition"] == {
        "test": "datum.split === 'validation' || datum.last",
        "value": 1,
    }
    assert drawn["line"][0]["detail"]["field"] == "split"


def test_a_group_has_a_band_and_smoothing_leaves_the_raw_curve_faint():
    lines = [Line("group", "train", curve([3, 2], 0.5), curve([4, 1])), Line("one", "train", curve([1, 1]))]
    chart = charts.learning_curves(lines, "loss")
    drawn = layers(chart)
    assert set(drawn) == {"area", "line-faint", "line", "point"}
    encoding, rows = drawn["area"]
    assert (encoding["y"]["field"], encoding["y2"]["field"]) == ("low", "high")
    assert [(row["run"], row["low"], row["high"]) for row in rows] == [
        ("group", 2.5, 3.5),
        ("group", 1.5, 2.5),
    ]
    assert [row["mean"] for row in drawn["line-faint"][1]] == [4, 1]
    assert chart.to_dict()["title"]["subtitle"] == [
        "at the end alone: training",
        "faint: before smoothing · bands: lowest to highest seed",
    ]


@pytest.mark.parametrize(("axis", "first"), [("step", 10), ("epoch", 0.5), ("seconds", 30)])
def test_the_axis_may_be_steps_epochs_or_seconds(axis, first):
    chart = charts.learning_curves([Line("a", "train", curve([3]))], "loss", axis)
    encoding, rows = layers(chart)["point"]
    assert encoding["x"]["field"] == axis
    assert rows[0][axis] == first
    assert charts.table(chart) == [
        {"run": "a", "split": "train", "loss": 3, "lowest seed": 3, "highest seed": 3, "runs": 1}
        | {"step": 10, "epoch": 0.5, "seconds": 30}
    ]


def test_a_logarithmic_axis_leaves_out_what_it_cannot_show():
    lines = [Line("a", "train", curve([3, 0, -1, 2]))]
    encoding, rows = layers(charts.learning_curves(lines, "loss", log_x=True, log_y=True))["line"]
    assert [row["mean"] for row in rows] == [3, 2]
    assert encoding["x"]["scale"]["type"] == encoding["y"]["scale"]["type"] == "log"
    encoding, rows = layers(charts.learning_curves(lines, "loss"))["line"]
    assert len(rows) == 4
    assert "type" not in encoding["x"]["scale"] | encoding["y"]["scale"]


def test_long_curves_are_thinned_out_to_a_share_each():
    values = np.sin(np.arange(5000.0))
    values[[1234, -1]] = 7, 3
    lines = [Line(name, "train", curve(values), curve(values)) for name in "abc"]
    drawn = layers(charts.learning_curves(lines, "learning_rate", most=600))
    for mark in ("line", "line-faint"):
        rows = drawn[mark][1]
        assert 200 < len(rows) <= 300
        of_one = [row["mean"] for row in rows if row["run"] == "b"]
        assert max(of_one) == 7
        assert of_one[-1] == 3


def test_an_accuracy_is_in_per_cent():
    y = layers(charts.learning_curves([Line("a", "train", curve([0.5]))], "accuracy"))["line"][0]["y"]
    assert (y["title"], y["axis"]["format"]) == ("accuracy (%)", "~%")


def test_nothing_is_an_empty_chart_with_a_title():
    chart = charts.learning_curves([], "images_per_second")
    assert charts.table(chart) == []
    assert chart.to_dict()["title"]["text"] == "Throughput"
