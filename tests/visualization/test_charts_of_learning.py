"""The chart of learning curves."""

import math

import numpy as np
import pytest

pytest.importorskip("altair")

from digitjax.runs.log_reader import TrainingLog
from digitjax.visualization import charts


def log(train=(), validation=()):
    """Return the log of losses, one every 10 steps; accuracies are 1 minus the loss, epochs have 20 steps."""

    def table(losses):
        steps = 10.0 * np.arange(1, len(losses) + 1)
        columns = [steps, np.ceil(steps / 20), steps * 3, losses, 1 - np.array(losses, float)]
        return (
            np.stack([*columns, *[np.full(len(losses), np.nan)] * 3], axis=1)
            if len(losses)
            else np.empty((0, 8))
        )

    return TrainingLog(train=table(train), validation=table(validation), steps_per_epoch=20.0)


def layers(chart):
    """Return each layer of a chart by its mark, with its rows, and check the whole against Vega-Lite's schema."""
    spec = chart.to_dict()
    return {
        layer["mark"]["type"] + ("-faint" if layer["mark"].get("opacity") == 0.3 else ""): (
            layer["encoding"],
            spec["datasets"][layer.get("data", spec.get("data"))["name"]],
        )
        for layer in spec["layer"]
    }


def test_runs_differ_in_color_and_shape_and_splits_in_dashes_and_markers():
    chart = charts.learning_curves({"b": log([3, 2], [2, 1]), "a": log([1, 1])}, "loss")
    drawn = layers(chart)
    assert set(drawn) == {"line", "point"}
    assert drawn["line"][0]["strokeDash"]["scale"] == {
        "domain": ["train", "validation"],
        "range": [[4, 3], [1, 0]],
    }
    for mark, channel in (("line", "color"), ("point", "color"), ("point", "shape")):
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
    assert [field["field"] for field in drawn["line"][0]["detail"]] == ["run", "split"]


def test_splits_can_be_selected_and_differ_in_color():
    drawn = layers(charts.learning_curves({"a": log([3], [2])}, "loss", color_by="split"))
    assert drawn["line"][0]["color"]["scale"]["domain"] == ["train", "validation"]
    chart = charts.learning_curves({"a": log([3], [2])}, "loss", splits=["validation"])
    assert [row["split"] for row in layers(chart)["point"][1]] == ["validation"]
    assert chart.to_dict()["title"]["subtitle"] == ["validation split"]


def test_a_group_has_the_mean_and_a_band_of_its_seeds():
    chart = charts.learning_curves({"group": [log([4, 2]), log([3, 1, 1])], "one": log([1, 1])}, "loss")
    encoding, rows = layers(chart)["area"]
    assert (encoding["y"]["field"], encoding["y2"]["field"]) == ("low", "high")
    assert [(row["run"], row["low"], row["high"]) for row in rows] == [("group", 3, 4), ("group", 1, 2)]
    assert [(row["mean"], row["runs"]) for row in layers(chart)["line"][1]][:3] == [
        (3.5, 2),
        (1.5, 2),
        (1, 1),
    ]
    assert chart.to_dict()["title"]["subtitle"][-1] == "bands: lowest to highest seed"
    assert charts.table(chart)[0] == {
        "run": "group", "split": "train", "loss": 3.5, "lowest seed": 3, "highest seed": 4, "seeds": 2,
        "step": 10, "epoch": 0.5, "seconds": 30,
    }  # fmt: skip


def test_only_points_of_groups_tell_of_seeds():
    chart = charts.learning_curves({"group": [log([4, 2]), log([3, 1])], "one": log([1, 1])}, "loss")
    markers = [layer for layer in chart.to_dict()["layer"] if layer["mark"]["type"] == "point"]
    titles = [[tip.get("title", tip["field"]) for tip in layer["encoding"]["tooltip"]] for layer in markers]
    assert ["seeds" in fields for fields in titles] == [True, False]


def test_20_runs_differ_in_color_or_shape():
    encoding, _ = layers(charts.learning_curves({f"run {i}": log([2, 1]) for i in range(20)}, "loss"))[
        "point"
    ]
    styles = zip(*(encoding[channel]["scale"]["range"] for channel in ("color", "shape")), strict=True)
    assert len(set(styles)) == 20


def test_the_learning_rate_is_never_smoothed():
    chart = charts.learning_curves({"a": log([4, 1])}, "learning_rate", smoothing=0.5)
    assert "line-faint" not in layers(chart)


@pytest.mark.parametrize("axis", ["step", "epoch", "seconds"])
def test_linked_charts_share_zoom_and_crosshair(axis):
    logs = {"a": log([3, 2], [2, 1]), "group": [log([4, 2]), log([3, 1])]}
    curves = {metric: charts.learning_curves(logs, metric, axis) for metric in ("loss", "accuracy")}
    spec = charts.link(curves, axis).to_dict()
    nearest = {chart["layer"][0]["name"] for chart in spec["vconcat"]}
    assert len(nearest) == 2
    assert all(nearest <= set(param["views"]) for param in spec["params"])
    assert [param["name"] for param in spec["params"]] == ["hover", "zoom"]
    for chart in spec["vconcat"]:
        assert chart["layer"][-1]["mark"]["type"] == "rule"
        assert chart["layer"][0]["encoding"]["x"] == chart["layer"][1]["encoding"]["x"]


def test_smoothing_leaves_the_training_curve_faintly_visible():
    chart = charts.learning_curves({"a": log([4, 1], [3, 1])}, "loss", smoothing=0.5)
    drawn = layers(chart)
    assert set(drawn) == {"line-faint", "line", "point"}
    assert [(row["split"], row["mean"]) for row in drawn["line-faint"][1]] == [("train", 4), ("train", 1)]
    means = [(row["split"], row["mean"]) for row in drawn["line"][1]]
    assert means == [("train", 4), ("train", 2), ("validation", 3), ("validation", 1)]
    assert chart.to_dict()["title"]["subtitle"] == ["faint: unsmoothed"]


@pytest.mark.parametrize(("axis", "first"), [("step", 10), ("epoch", 0.5), ("seconds", 30)])
def test_the_axis_may_be_steps_epochs_or_seconds(axis, first):
    chart = charts.learning_curves({"a": log([3])}, "loss", axis)
    encoding, rows = layers(chart)["point"]
    assert encoding["x"]["field"] == axis
    assert rows[0][axis] == first
    assert charts.table(chart) == [
        {"run": "a", "split": "train", "loss": 3, "step": 10, "epoch": 0.5, "seconds": 30}
    ]


def test_a_logarithmic_axis_leaves_out_what_it_cannot_show():
    logs = {"a": log([3, 0, -1, math.nan, 2])}
    encoding, rows = layers(charts.learning_curves(logs, "loss", log_x=True, log_y=True))["line"]
    assert [row["mean"] for row in rows] == [3, 2]
    assert encoding["x"]["scale"]["type"] == encoding["y"]["scale"]["type"] == "log"
    encoding, rows = layers(charts.learning_curves(logs, "loss"))["line"]
    assert [row["mean"] for row in rows] == [3, 0, -1, 2]
    assert "type" not in encoding["x"]["scale"] | encoding["y"]["scale"]


def test_long_curves_are_downsampled_to_a_share_each():
    values = np.sin(np.arange(5000.0))
    values[[1234, -1]] = 7, 3
    chart = charts.learning_curves({name: log(values) for name in "abc"}, "loss", max_points=600)
    rows = layers(chart)["line"][1]
    assert 400 < len(rows) <= 600
    values_of_b = [row["mean"] for row in rows if row["run"] == "b"]
    assert max(values_of_b) == 7
    assert values_of_b[-1] == 3
    subtitle = chart.to_dict()["title"]["subtitle"]
    assert subtitle[-1] == "downsampled to 600 points (min/max kept)"
    assert "downsampled" not in str(
        charts.learning_curves({"a": log(values)}, "loss", max_points=5000).to_dict()["title"]
    )


@pytest.mark.parametrize(
    ("metric", "title", "format"), [("loss", "loss (nats)", "~g"), ("accuracy", "accuracy (%)", "~%")]
)
def test_the_y_axis_names_its_unit(metric, title, format):
    y = layers(charts.learning_curves({"a": log([0.5])}, metric))["line"][0]["y"]
    assert (y["title"], y["axis"]["format"]) == (title, format)


@pytest.mark.parametrize("logs", [{}, {"a": log()}, {"a": [log(), log()]}])
def test_no_data_is_an_empty_chart_with_a_title(logs):
    chart = charts.learning_curves(logs, "images_per_second")
    assert charts.table(chart) == []
    assert chart.to_dict()["title"]["text"] == "Throughput"
