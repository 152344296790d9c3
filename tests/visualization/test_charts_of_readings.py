"""The chart of the class probabilities of several digits."""

import numpy as np
import pytest

pytest.importorskip("altair")

from digitjax.visualization import charts


def test_a_probability_table_has_a_row_for_each_digit():
    p = np.full((12, 10), 0.001)
    p[:, 7] = 0.991
    chart = charts.probability_heatmap(["7"] * 11 + ["7?"], p.tolist()).to_dict()
    rows = chart["layer"][0].get("data", chart.get("data"))["values"]
    assert len(rows) == 120
    assert rows[7] == {"position": "1: 7", "digit": 7, "probability": 0.991, "text": "99%"}
    assert rows[0]["text"] == ""
    sort = chart["layer"][0]["encoding"]["y"]["sort"]
    assert (sort[0], sort[1], sort[11]) == ("1: 7", "2: 7", "12: 7?")  # not 10 after 1
