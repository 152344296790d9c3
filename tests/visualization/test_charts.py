"""The charts of confusion matrices and of probabilities."""

import numpy as np
import pytest

pytest.importorskip("altair")

from digitjax.visualization import charts


def layers(chart):
    """Return each layer of a chart with its rows, and check the whole against Vega-Lite's schema."""
    spec = chart.to_dict()
    return [(layer, layer.get("data", spec.get("data"))["values"]) for layer in spec["layer"]]


def test_a_confusion_matrix_has_true_digits_on_the_y_axis():
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


def test_a_cell_can_be_selected():
    (selection,) = charts.confusion_matrix(np.eye(10, dtype=int).tolist()).to_dict()["params"]
    assert selection["name"] == "cell"
    assert selection["select"] == {"type": "point", "fields": ["true", "predicted"]}


def test_an_empty_confusion_matrix_can_be_drawn():
    rows = layers(charts.confusion_matrix(np.zeros((10, 10), int)))[0][1]
    assert {row["share"] for row in rows} == {0.0}


def test_probabilities_highlight_the_most_probable_digit():
    spec = charts.probabilities([0.01] * 7 + [0.9, 0.02, 0.01]).to_dict()
    rows = spec["data"]["values"]
    assert [row["digit"] for row in rows if row["best"]] == [7]
    assert rows[7]["probability"] == 0.9
    assert spec["encoding"]["y"]["scale"]["domain"] == [0, 1]
