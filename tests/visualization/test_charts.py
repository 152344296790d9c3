import math

import numpy as np
import pytest

pytest.importorskip("altair")

from digitjax.visualization import charts

LINES = [
    {"step": 10, "epoch": 1, "split": "train", "loss": 2.0, "accuracy": 0.25},
    {"step": 20, "epoch": 1, "split": "train", "loss": 1.0, "accuracy": 0.75},
    {"step": 21, "epoch": 1, "split": "validation", "loss": 0.8, "accuracy": 0.7},
    {"step": 30, "epoch": 2, "split": "train", "loss": 0.5, "accuracy": 0.9},
    {"step": 42, "epoch": 2, "split": "validation", "loss": 0.6, "accuracy": 0.8},
]


def layers(chart):
    """Return each layer of a chart with its rows, and check the whole against Vega-Lite's schema."""
    spec = chart.to_dict()
    return [(layer, layer.get("data", spec.get("data"))["values"]) for layer in spec["layer"]]


def test_curves_show_batches_their_epoch_means_and_validation():
    (_, batches), (_, means), (_, validation) = layers(charts.curves(LINES, "accuracy"))
    assert [(row["step"], row["value"]) for row in batches] == [(10, 0.25), (20, 0.75), (30, 0.9)]
    assert [(row["step"], row["value"]) for row in means] == [(15, 0.5), (30, 0.9)]
    assert [(row["step"], row["value"]) for row in validation] == [(21, 0.7), (42, 0.8)]


def test_batches_are_faint_and_validation_has_dots():
    (batches, _), _, (validation, _) = layers(charts.curves(LINES, "loss"))
    assert batches["mark"]["opacity"] < 0.5
    assert validation["mark"]["point"]
    assert batches["encoding"]["color"]["scale"]["domain"] == ["train", "validation"]
    assert all(layer["encoding"]["tooltip"] for layer, _ in layers(charts.curves(LINES, "loss")))


@pytest.mark.parametrize(
    ("metric", "title", "scale"), [("loss", "loss (nats)", "log"), ("accuracy", "accuracy (%)", None)]
)
def test_curves_name_units(metric, title, scale):
    y = layers(charts.curves(LINES, metric))[0][0]["encoding"]["y"]
    assert y["title"] == title
    assert y["scale"].get("type") == scale


@pytest.mark.parametrize("value", [math.nan, math.inf, 0.0])
def test_a_loss_that_no_axis_shows_is_left_out(value):
    lines = [*LINES, {"step": 43, "epoch": 3, "split": "train", "loss": value, "accuracy": 0.0}]
    assert [row["step"] for row in layers(charts.curves(lines, "loss"))[0][1]] == [10, 20, 30]
    accuracy = layers(charts.curves(lines, "accuracy"))
    assert [row["step"] for row in accuracy[0][1]] == [10, 20, 30, 43]


def test_curves_of_nothing_are_an_empty_chart():
    assert [rows for _, rows in layers(charts.curves([], "loss"))] == [[], [], []]


def test_a_row_without_the_metric_is_named():
    with pytest.raises(KeyError, match="loss"):
        charts.curves([{"step": 1, "epoch": 1, "split": "train"}], "loss")


def test_confusion_matrix_puts_true_digits_down_and_predicted_across():
    confusion = np.diag(range(10))
    confusion[3, 8] = 5
    chart = charts.confusion_matrix(confusion)
    squares, counts = layers(chart)
    for layer, rows in (squares, counts):
        assert layer["encoding"]["x"]["field"] == "predicted"
        assert layer["encoding"]["y"]["field"] == "true"
        assert len(rows) == 100
        assert {"true": 3, "predicted": 8, "count": 5, "share": 0.625} in rows
        assert {"true": 8, "predicted": 3, "count": 0, "share": 0.0} in rows
    assert squares[0]["encoding"]["color"]["scale"]["type"] == "symlog"
    assert squares[0]["encoding"]["color"]["scale"]["domain"] == [0, 9]
    assert counts[0]["encoding"]["text"]["field"] == "count"


def test_a_cell_can_be_chosen():
    (selection,) = charts.confusion_matrix(np.eye(10, dtype=int).tolist()).to_dict()["params"]
    assert selection["name"] == "cell"
    assert selection["select"] == {"type": "point", "fields": ["true", "predicted"]}


def test_a_confusion_matrix_of_nothing_can_be_drawn():
    rows = layers(charts.confusion_matrix(np.zeros((10, 10), int)))[0][1]
    assert {row["share"] for row in rows} == {0.0}


def test_probabilities_mark_the_most_probable_digit():
    spec = charts.probabilities([0.01] * 7 + [0.9, 0.02, 0.01]).to_dict()
    rows = spec["data"]["values"]
    assert [row["digit"] for row in rows if row["best"]] == [7]
    assert rows[7]["probability"] == 0.9
    assert spec["encoding"]["y"]["scale"]["domain"] == [0, 1]
