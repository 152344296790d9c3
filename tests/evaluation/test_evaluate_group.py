"""Every seed is evaluated, and the spread is kept with the group."""

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
def copied(tiny_group: Group, tmp_path: Path) -> Group:
    return Group(Path(shutil.copytree(tiny_group.path, tmp_path / "tiny")))


def test_the_spread_is_that_of_the_runs(copied: Group):
    made = evaluate_group(copied, "validation", "latest", "shifts")
    runs = copied.members()
    assert all(run.evaluations() == [("test", 21, "none"), ("validation", 21, "shifts")] for run in runs)
    each = [evaluation.read(run, "validation", 21, "shifts").summary["accuracy"] for run in runs]
    assert made.accuracy.mean == pytest.approx(np.mean(each))
    assert [member["accuracy"] for member in made.members] == each
    assert [member["seconds"] for member in made.members] == [run.metrics()[-1]["seconds"] for run in runs]
    assert copied.evaluations() == [("test", "best", "none"), ("validation", "latest", "shifts")]
    stored = json.loads((copied.path / "evaluation/validation@latest+shifts/metrics.json").read_text())
    assert stored["accuracy"]["mean"] == made.accuracy.mean
    assert stored["tta"] == "shifts"
    lines = format_evaluation(made).splitlines()
    assert lines[1].startswith("tiny/seed-0 ")
    assert f"accuracy   {made.accuracy.percent()} over 2 seeds" in lines[4]


def test_seeds_of_an_autoencoder_are_compared_by_their_error(tiny_vae: Run, tmp_path: Path):
    group = runs.create_group("g", [0, 1], tmp_path)
    for seed in (0, 1):
        shutil.copytree(tiny_vae.path, group.member(seed).path)
    made = evaluate_group(group)
    error = evaluation.read(tiny_vae, "test", 21).summary["error"]
    assert made.accuracy is None
    assert made.error is not None
    assert made.error.mean == pytest.approx(error)
    assert f"error      {error:.5f} +- 0.00000 over 2 seeds" in format_evaluation(made)
    summary = runs.summarize(group)
    assert isinstance(summary, runs.GroupSummary)
    assert summary.test_accuracy is None
    assert summary.test_error == made.error
    (_, _, row) = table.markdown([group]).splitlines()
    assert f"| error {error:.5f} ± 0.00000 |" in row


def test_a_damaged_run_is_named_before_any_is_evaluated(copied: Group):
    shutil.rmtree(copied.path / "evaluation")
    (copied.member(1).path / "config.json").write_text("{")
    with pytest.raises(InputError, match=r"seed-1.*config\.json: invalid JSON"):
        evaluate_group(copied)
    shutil.rmtree(copied.member(1).path)
    with pytest.raises(InputError, match=r"seed-1: missing: train it with --resume"):
        evaluate_group(copied, "validation")
    assert copied.evaluations() == []
    assert copied.member(0).evaluations() == [("test", 21, "none")]
