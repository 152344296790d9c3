"""The charts of the epochs of a training."""

import pytest

pytest.importorskip("altair")

from digitjax.visualization import charts
from tests.visualization.test_charts import layers


def test_accuracy_by_epoch_has_a_line_for_each_split():
    given = [{"epoch": 1, "split": "test", "accuracy": 0.5}, {"epoch": 1, "split": "train", "accuracy": 0.75}]
    for layer, rows in layers(charts.accuracy_by_epoch(given)):
        assert rows == given
        assert layer["encoding"]["color"]["scale"]["domain"] == ["train", "test"]
        assert layer["encoding"]["y"]["title"] == "accuracy (%)"


def test_learned_goes_up_and_forgotten_down():
    given = [{"epoch": 2, "split": "validation", "learned": 30, "forgotten": 10}]
    up, down = layers(charts.learned_and_forgotten(given))
    assert up[1][0][up[0]["encoding"]["y"]["field"]] == 30
    assert down[1][0][down[0]["encoding"]["y"]["field"]] == -10
    assert charts.table(charts.learned_and_forgotten(given)) == [
        {"split": "validation", "epoch": 2, "examples learned": 30, "examples forgotten": 10}
    ]
