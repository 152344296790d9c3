import pytest

pytest.importorskip("altair")

from digitjax.recognition.lost_digits import STAGES
from digitjax.recognition.stress import ConditionScore
from digitjax.visualization.charts import stress, table


def score(
    condition: str, digits: int, errors: int, lost: dict[str, int], exact: int = 5
) -> dict[str, object]:
    """Return the row of a condition of ten pages."""
    return ConditionScore(
        condition=condition,
        pages=10,
        exact=exact,
        digits=digits,
        digit_errors=errors,
        classifier_correct=digits and digits - 1,
        lost=dict.fromkeys(STAGES, 0) | lost,
        extra=0,
        median_ms=1.0,
    ).to_dict()


ROWS = [
    score("plain", 50, 1, {"classifier": 1}),
    score("shadow", 50, 20, {"foreground": 15, "rejection": 5}),
    score("worse than nothing", 50, 80, {"segmentation": 50}),
    score("perfect", 50, 0, {}),
    score("no digit: letters", 0, 0, {}, exact=7),
]


def test_conditions_are_sorted_by_the_share_of_digits_that_are_read():
    chart = stress.accuracy_by_condition(ROWS)
    rows = table(chart)
    assert [row["condition"] for row in rows] == ["worse than nothing", "shadow", "plain", "perfect"]
    assert [row["digits read"] for row in rows] == [0.0, 0.6, 0.98, 1.0]
    assert {row["classifier alone"] for row in rows} == {0.98}
    assert rows[1]["lost by foreground"] == 15
    assert chart.to_dict()["layer"][0]["encoding"]["y"]["sort"][0] == "worse than nothing"


def test_only_conditions_that_lose_digits_have_a_bar():
    rows = table(stress.lost_by_stage(ROWS))
    assert {(row["condition"], row["stage"], row["digits lost"]) for row in rows} == {
        ("worse than nothing", "segmentation", 50),
        ("shadow", "foreground", 15),
        ("shadow", "rejection", 5),
        ("plain", "classifier", 1),
    }
    assert {row["condition"] for row in table(stress.lost_by_stage(ROWS, 1))} == {"worse than nothing"}


def test_false_readings_are_those_of_pages_without_digits():
    (row,) = table(stress.false_readings(ROWS))
    assert (row["condition"], row["pages with a false reading"], row["share"]) == ("letters", 3, 0.3)


def test_charts_of_no_conditions_are_empty():
    for chart in (stress.accuracy_by_condition([]), stress.lost_by_stage([]), stress.false_readings([])):
        assert table(chart) == []
