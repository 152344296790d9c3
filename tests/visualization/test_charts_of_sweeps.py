"""Charts of sweeps: one line a trial over all hyper-parameters, and any two of them."""

import pytest

pytest.importorskip("altair")

from digitjax.visualization import charts

ROWS = [
    {"trial": "trial-0001", "accuracy": 0.98, "params": {"lr": 1e-3, "dense": "(8,)"}},
    {"trial": "trial-0000", "accuracy": 0.95, "params": {"lr": 1e-1, "dense": "(16,)"}},
    {"trial": "trial-0002", "accuracy": 0.90, "params": {"lr": 1e-2, "dense": "(8,)"}},
]


def positions(log_fields: tuple[str, ...]) -> dict[str, list[float]]:
    """Return the positions of the trials on each axis."""
    rows = charts.parallel_coordinates(ROWS, log_fields).to_dict()["layer"][0]["data"]["values"]
    fields = dict.fromkeys(row["field"] for row in rows)
    return {field: [row["position"] for row in rows if row["field"] == field] for field in fields}


def test_parallel_coordinates_have_an_axis_for_each_hyperparameter_and_the_accuracy():
    found = positions(("lr",))
    assert list(found) == ["lr", "dense", "accuracy"]
    assert found["lr"] == pytest.approx([0, 1, 0.5])
    assert found["dense"] == [1, 0, 1]  # in the order of their names
    assert found["accuracy"] == pytest.approx([1, 0.625, 0])
    assert positions(())["lr"] == pytest.approx([0, 1, 0.0909], abs=1e-4)


def test_a_hyperparameter_of_one_value_has_one_label():
    rows = [{"trial": "a", "accuracy": 0.5, "params": {"lr": 0.1}}] * 2
    labels = charts.parallel_coordinates(rows).to_dict()["layer"][1]["data"]["values"]
    assert [label["text"] for label in labels] == ["0.1", "50.0%"]


@pytest.mark.parametrize("y", ["accuracy", "dense"])
def test_trials_by_two_hyperparameters(y: str):
    spec = charts.trial_scatter(ROWS, "lr", y, ["lr"]).to_dict()
    assert spec["encoding"]["x"]["scale"]["type"] == "log"
    assert spec["encoding"]["y"]["type"] == ("quantitative" if y == "accuracy" else "nominal")
    assert [row["trial"] for row in spec["data"]["values"]] == [row["trial"] for row in ROWS]


def test_importances_are_shares():
    spec = charts.importances({"lr": 0.75, "dense": 0.25}).to_dict()
    assert spec["data"]["values"][0] == {"field": "lr", "importance": 0.75}
