"""Every seed is evaluated, and the statistics are stored with the group."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from digitjax import runs
from digitjax.errors import InputError
from digitjax.evaluation import evaluate as evaluation
from digitjax.evaluation.evaluate_group import evaluate_group, format_evaluation
from digitjax.runs import Group, Run
from digitjax.visualization import table


@pytest.fixture
def group(tiny_group: Group, tmp_path: Path) -> Group:
    return Group(Path(shutil.copytree(tiny_group.path, tmp_path / "tiny")))


def test_statistics_are_those_of_the_runs(group: Group):
    result = evaluate_group(group, "validation", "latest", "shifts")
    runs = group.members()
    assert all(run.evaluations() == [("test", 21, "none"), ("validation", 21, "shifts")] for run in runs)
    each = [evaluation.read(run, "validation", 21, "shifts").summary["accuracy"] for run in runs]
    assert result.accuracy.mean == pytest.approx(np.mean(each))
    assert [member["accuracy"] for member in result.members] == each
    assert [member["seconds"] for member in result.members] == [run.metrics()[-1]["seconds"] for run in runs]
    assert group.evaluations() == [("test", "best", "none"), ("validation", "latest", "shifts")]
    stored = json.loads((group.path / "evaluation/validation@latest+shifts/metrics.json").read_text())
    assert stored["accuracy"]["mean"] == result.accuracy.mean
    assert stored["tta"] == "shifts"
    lines = format_evaluation(result).splitlines()
    assert lines[1].startswith("tiny/seed-0 ")
    assert f"accuracy   {result.accuracy.percent()} over 2 seeds" in lines[4]


def test_seeds_of_an_autoencoder_are_compared_by_their_error(tiny_vae: Run, tmp_path: Path):
    group = runs.create_group("g", [0, 1], tmp_path)
    for seed in (0, 1):
        shutil.copytree(tiny_vae.path, group.member(seed).path)
    result = evaluate_group(group)
    error = evaluation.read(tiny_vae, "test", 21).summary["error"]
    assert result.accuracy is None
    assert result.error is not None
    assert result.error.mean == pytest.approx(error)
    assert f"error      {error:.5f} ± 0.00000 over 2 seeds" in format_evaluation(result)
    summary = runs.summarize(group)
    assert isinstance(summary, runs.GroupSummary)
    assert summary.test_accuracy is None
    assert summary.test_error == result.error
    (_, _, row) = table.markdown([group]).splitlines()
    assert f"| error {error:.5f} ± 0.00000 |" in row


def test_a_damaged_run_is_named_before_any_is_evaluated(group: Group):
    shutil.rmtree(group.path / "evaluation")
    (group.member(1).path / "config.json").write_text("{")
    with pytest.raises(InputError, match=r"seed-1.*config\.json: invalid JSON"):
        evaluate_group(group)
    shutil.rmtree(group.member(1).path)
    with pytest.raises(InputError, match=r"seed-1: missing: train it with --resume"):
        evaluate_group(group, "validation")
    assert group.evaluations() == []
    assert group.member(0).evaluations() == [("test", 21, "none")]
