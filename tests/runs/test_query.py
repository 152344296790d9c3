"""Runs are filtered by words and by conditions on their configs, metrics and tags."""

from dataclasses import replace

import pytest

from digitjax import runs
from digitjax.config import Adam, Config, MLPConfig
from digitjax.errors import InputError
from digitjax.runs import annotations, query
from digitjax.runs.group_summary import summarize


@pytest.fixture(scope="module")
def fields(tmp_path_factory: pytest.TempPathFactory) -> dict[str, query.Fields]:
    """Of a CNN with a tag, of an MLP with a note and an evaluation, of a group, and of a damaged run."""
    folder = tmp_path_factory.mktemp("runs")
    run = runs.create_run(Config(name="mnist"), folder)
    annotations.write(run.path, annotations.create(["baseline", "to keep"]))
    run = runs.create_run(Config(name="fast", model=MLPConfig(), optimizer=Adam(lr=0.01)), folder)
    annotations.write(run.path, annotations.create([], "first with a wide layer"))
    evaluation = run.evaluation_folder("test", 1)
    evaluation.mkdir(parents=True)
    runs.write_json(evaluation / "metrics.json", {"accuracy": 0.98, "accuracy_interval": [0.97, 0.99]})
    group = runs.create_group("seeds", [3, 4], folder)
    for seed in (3, 4):
        runs.create_run(replace(Config(name=f"seed-{seed}"), seed=seed), group.path)
    (folder / "damaged").mkdir()
    return {entry.name: query.find_fields(entry, summarize(entry)) for entry in runs.list_entries(folder)}


@pytest.mark.parametrize(
    ("expression", "names"),
    [
        ("", "damaged fast mnist seeds"),
        ("MNI", "mnist"),
        ("name=mnist", "mnist"),
        ("wide layer", "fast"),
        ("mlp", "fast"),
        ("tag=baseline", "mnist"),
        ("tag='to keep' tag=Baseline", "mnist"),
        ("tag!=baseline", "damaged fast seeds"),
        ("optimizer.lr>0.005 optimizer.lr<=1e-2", "fast"),
        ("accuracy>=98%", "fast"),
        ("accuracy>0.98", ""),
        ("accuracy!=0.5", "damaged fast mnist seeds"),
        ("seed=3", "seeds"),
        ("model=mlp", "fast"),
        ("model.channels='[32, 64]'", "mnist seeds"),
        ("type=group status=stopped", "seeds"),
        ("date>2020-01-01 date<2020-01-02", ""),
    ],
)
def test_runs_are_filtered(fields: dict[str, query.Fields], expression: str, names: str):
    assert " ".join(sorted(query.select(expression, fields))) == names


@pytest.mark.parametrize(
    ("expression", "reason"),
    [
        ("optimizer.lrr>1", r"no run has a field optimizer.lrr: did you mean optimizer.lr\?"),
        ("lr>1", "did you mean optimizer.lr"),
        ("accuracy>high", "'high' is no number"),
        ("tag='a", "a quote is not closed"),
    ],
)
def test_a_filter_that_makes_no_sense_is_explained(
    fields: dict[str, query.Fields], expression: str, reason: str
):
    with pytest.raises(InputError, match=reason):
        query.select(expression, fields)


def test_without_runs_no_field_is_refused():
    assert query.select("accuracy>1", {}) == []
