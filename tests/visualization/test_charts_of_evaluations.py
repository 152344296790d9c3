"""The charts of evaluations: calibration, robustness, embeddings and classes."""

import base64
import io
import math

import numpy as np
import pytest

pytest.importorskip("altair")

from PIL import Image

from digitjax.errors import InputError
from digitjax.visualization import charts
from tests.visualization.test_charts import layers

BIN = {"low": 0.5, "high": 0.6, "confidence": 0.55, "accuracy": 0.5, "interval": [0.25, 0.75], "examples": 8}
POINTS = np.array([[0.0, 1.0], [2.0, 3.0]])
LABELS, PREDICTED = np.array([3, 5]), np.array([3, 6])


def test_a_confusion_matrix_shows_counts_or_shares():
    confusion = np.diag([4] * 10)
    confusion[3, 8] = 4
    for share, field, highest in ((False, "count", 4), (True, "share", 1.0)):
        squares, numbers = layers(charts.confusion_matrix(confusion, share=share))
        assert numbers[0]["encoding"]["text"]["field"] == squares[0]["encoding"]["color"]["field"] == field
        assert squares[0]["encoding"]["color"]["scale"]["domain"] == [0, highest]


def test_a_difference_is_an_improvement_on_the_diagonal_and_a_regression_elsewhere():
    difference = np.zeros((10, 10), int)
    difference[2, 2], difference[2, 7], difference[7, 2] = 3, -4, 1
    chart = charts.confusion_difference(difference)
    (squares, rows), (numbers, _) = layers(chart)
    gains = {(r["true"], r["predicted"]): (r["difference"], r["gain"]) for r in rows if r["difference"]}
    assert gains == {(2, 2): (3, 3), (2, 7): (-4, 4), (7, 2): (1, -1)}
    scale = squares["encoding"]["color"]["scale"]
    assert (squares["encoding"]["color"]["field"], scale["domain"]) == ("gain", [-4, 0, 4])
    assert (scale["range"][0], scale["range"][2]) == ("#D55E00", "#0072B2")
    assert numbers["encoding"]["text"]["field"] == "difference"
    assert numbers["transform"] == [{"filter": "datum.difference != 0"}]
    assert "blue: improved" in " ".join(chart.to_dict()["title"]["subtitle"])


def test_each_class_has_three_metrics_of_different_shapes():
    row = {"digit": 4, "precision": 0.75, "recall": 0.5, "f1": 0.6, "examples": 12}
    chart = charts.per_class([row])
    spec = chart.to_dict()
    assert spec["data"]["values"] == [row]
    assert spec["transform"][1]["fold"] == ["precision", "F1", "recall"]
    assert spec["encoding"]["shape"]["scale"]["domain"] == ["precision", "F1", "recall"]
    assert spec["encoding"]["y"]["scale"] == {"zero": False}
    assert list(charts.table(chart)[0].values()) == [4, 0.75, 0.5, 0.6, 12]


def test_reliability_has_a_point_with_an_interval_for_each_bin_of_examples():
    chart = charts.reliability([BIN, BIN | {"examples": 0, "confidence": math.nan}])
    (diagonal, ends), (intervals, rows), (points, _) = layers(chart)
    assert [(end["confidence"], end["accuracy"]) for end in ends] == [(0, 0), (1, 1)]
    assert "tooltip" not in diagonal["encoding"]
    assert [(r["confidence"], r["accuracy"], r["interval_low"], r["interval_high"]) for r in rows] == [
        (0.55, 0.5, 0.25, 0.75)
    ]
    assert intervals["encoding"]["y2"]["field"] == "interval_high"
    assert points["encoding"]["size"]["field"] == "examples"
    assert "shape" not in points["encoding"]


def test_before_and_after_temperature_scaling_differ_in_color_and_shape():
    points, rows = layers(charts.reliability([BIN], [BIN | {"confidence": 0.52}]))[2]
    assert [(row["probabilities"], row["confidence"]) for row in rows] == [
        ("before temperature scaling", 0.55),
        ("after temperature scaling", 0.52),
    ]
    for channel in ("color", "shape"):
        assert len(set(points["encoding"][channel]["scale"]["range"])) == 2


def test_risk_is_drawn_over_coverage_where_predictions_are_accepted():
    row = {"coverage": 0.5, "risk": 0.01, "confidence": 0.9}
    spec = charts.risk_coverage([row, {"coverage": 0.0, "risk": math.nan, "confidence": 1.0}]).to_dict()
    assert spec["data"]["values"] == [row]
    assert (spec["encoding"]["x"]["field"], spec["encoding"]["y"]["field"]) == ("coverage", "risk")
    assert spec["encoding"]["y"]["scale"]["zero"]


def test_the_worst_corruption_comes_first():
    rows = [
        {"corruption": name, "severity": severity, "accuracy": accuracy, "interval": [0.25, 1.0]}
        for name, severity, accuracy in (
            ("blur", 1, 0.9),
            ("blur", 2, 0.8),
            ("noise", 1, 0.95),
            ("noise", 2, 0.5),
        )
    ]
    squares, numbers = layers(charts.corruption_heatmap(rows))
    assert squares[0]["encoding"]["y"]["sort"] == ["noise", "blur"]
    assert squares[0]["encoding"]["color"]["scale"]["domain"] == [0.5, 1]
    assert numbers[0]["encoding"]["text"]["field"] == "accuracy"
    assert charts.table(charts.corruption_heatmap(rows))[3] == {
        "corruption": "noise", "severity": 2, "accuracy": 0.5, "95% CI from": 0.25, "to": 1.0
    }  # fmt: skip


def test_an_embedding_draws_digits_and_circles_errors():
    (digits, rows), (rings, _) = layers(charts.embedding(POINTS, LABELS, PREDICTED, names=["a", "b"]))
    assert rows[1] == {"x": 2.0, "y": 3.0, "label": 5, "predicted": 6, "name": "b"}
    assert digits["mark"]["type"] == "text"
    assert digits["encoding"]["text"]["field"] == "label"
    assert rings["transform"] == [{"filter": "datum.label != datum.predicted"}]


def test_an_embedding_shows_thumbnails_of_the_images():
    images = np.random.default_rng(0).integers(0, 256, (2, 28, 28), np.uint8)
    chart = charts.embedding(POINTS, LABELS, PREDICTED, images=images)
    layer, rows = layers(chart)[0]
    assert layer["encoding"]["tooltip"][-1]["title"] == "image"
    kind, data = rows[1]["image"].split(",")
    assert kind == "data:image/png;base64"
    thumbnail = np.asarray(Image.open(io.BytesIO(base64.b64decode(data))))
    assert (thumbnail[::3, ::3] == images[1]).all()
    assert charts.table(chart)[0] == {"image name": "0", "true digit": 3, "predicted digit": 3}


def test_an_embedding_of_too_many_points_is_refused():
    many = charts.MAX_EMBEDDING_POINTS + 1
    with pytest.raises(InputError, match="at most 2,000 points, not 2,001: pass fewer"):
        charts.embedding(np.zeros((many, 2)), np.zeros(many, int), np.zeros(many, int))


def test_a_table_has_the_fields_of_the_tooltips_of_each_layer_once():
    assert charts.table(charts.probabilities([0.25, 0.75])) == [
        {"digit": 0, "probability": 0.25},
        {"digit": 1, "probability": 0.75},
    ]
    confusion = charts.table(charts.confusion_matrix(np.eye(10, dtype=int)))
    assert len(confusion) == 100
    assert confusion[0] == {
        "true digit": 0,
        "predicted digit": 0,
        "examples": 1,
        "% of the true digit": 1.0,
    }


@pytest.mark.parametrize(
    "chart",
    [
        charts.per_class([]),
        charts.reliability([], []),
        charts.risk_coverage([]),
        charts.corruption_heatmap([]),
        charts.embedding(np.zeros((0, 2)), np.zeros(0, int), np.zeros(0, int)),
        charts.accuracy_by_epoch([]),
        charts.learned_and_forgotten([]),
    ],
)
def test_no_data_is_an_empty_chart_with_a_title(chart):
    assert charts.table(chart) == []
    assert chart.to_dict()["title"]["text"]


def test_the_probability_by_epoch_shows_errors_by_shape_and_color():
    rows = [
        {"epoch": 1, "probability": 0.2, "predicted": 9, "correct": False},
        {"epoch": 2, "probability": 0.8, "predicted": 4, "correct": True},
    ]
    (_, values), (dots, _) = layers(charts.probability_by_epoch(rows))
    assert [row["prediction"] for row in values] == ["incorrect", "correct"]
    assert dots["encoding"]["shape"]["field"] == dots["encoding"]["color"]["field"] == "prediction"
    assert dots["encoding"]["y"]["scale"]["domain"] == [0, 1]
    assert charts.table(charts.probability_by_epoch(rows))[0] == {
        "epoch": 1,
        "probability of the true digit": 0.2,
        "predicted digit": 9,
        "prediction": "incorrect",
    }


def test_the_class_balance_compares_splits_of_any_size():
    chart = charts.class_balance({"train": [30, 10], "validation": [0, 0], "test": np.array([1, 3])})
    rows = charts.table(chart)
    assert [(row["split"], row["digit"], row["examples"], row["share of the split"]) for row in rows] == [
        ("train", 0, 30, 0.75),
        ("train", 1, 10, 0.25),
        ("validation", 0, 0, 0.0),
        ("validation", 1, 0, 0.0),
        ("test", 0, 1, 0.25),
        ("test", 1, 3, 0.75),
    ]
    encoding = chart.to_dict()["encoding"]
    assert encoding["shape"]["scale"]["domain"] == ["train", "validation", "test"]
