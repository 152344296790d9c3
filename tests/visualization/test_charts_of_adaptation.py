"""The chart of models that were adapted to a person."""

from digitjax.visualization import charts


def test_each_adaptation_is_a_point_before_and_a_point_after():
    person = {"digits": 20, "accuracy_before": 0.9, "accuracy_after": 0.95}
    results = [
        {"name": "mine", "created": "2026-11-01T10:00:00+00:00", "person": person},
        {"name": "mine-2", "created": "2026-11-02T10:00:00+00:00", "person": person | {"digits": 40}},
    ]
    rows = charts.accuracy_by_adaptation(results).to_dict()["data"]["values"]
    assert [(row["model"], row["when"], row["accuracy"]) for row in rows] == [
        ("mine", "before", 0.9),
        ("mine", "after", 0.95),
        ("mine-2", "before", 0.9),
        ("mine-2", "after", 0.95),
    ]
