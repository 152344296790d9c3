"""The Markdown table of results shows what run folders hold."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from digitjax import runs
from digitjax.evaluation.evaluate import evaluate
from digitjax.runs import Ensemble, Group, Run
from digitjax.visualization import table


def cells(text: str) -> list[list[str]]:
    lines = text.splitlines()
    assert len({line.count("|") for line in lines}) == 1
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def test_rows_hold_what_was_evaluated(tiny_run: Run, tiny_group: Group, tmp_path: Path):
    run = Run(Path(shutil.copytree(tiny_run.path, tmp_path / "run")))
    group = Group(Path(shutil.copytree(tiny_group.path, tmp_path / "a-group")))
    ensemble: Ensemble = runs.create_ensemble("both", group.members(), tmp_path)
    shifted = evaluate(ensemble, tta="shifts")
    plain = evaluate(ensemble)
    head, rule, *rows = cells(table.markdown([run, group, ensemble]))
    assert head[0] == "experiment"
    assert set(rule) == {"---"}
    assert [row[0] for row in rows] == [
        "`a-group`, 2 seeds",
        "`both`, ensemble of 2",
        "`both`, ensemble of 2, tta shifts",
        "`run`",
    ]
    size = table.count_parameters(run)
    assert [row[2] for row in rows] == [f"{n * size:,}" for n in (1, 2, 2, 1)]
    accuracies = [100 * (member.metric("accuracy", "test") or 0) for member in group.members()]
    assert rows[0][4] == f"{np.mean(accuracies):.2f} ± {np.std(accuracies, ddof=1):.2f} %"
    assert rows[1][3:5] == ["-", f"{100 * plain.summary['accuracy']:.2f} %"]
    assert rows[2][4] == f"{100 * shifted.summary['accuracy']:.2f} %"
    assert rows[3][3] == f"{100 * run.metrics()[-1]['accuracy']:.2f} %"
    seconds = [member.metrics()[-1]["seconds"] for member in group.members()]
    assert [row[5] for row in rows[1:3]] == [f"{sum(seconds):.1f} s"] * 2
    assert all(" core" in row[6] for row in rows)


def test_an_unfinished_run_is_left_out_with_a_warning(tiny_run: Run, tmp_path: Path):
    run = Run(Path(shutil.copytree(tiny_run.path, tmp_path / "run")))
    (run.path / "finished.json").unlink()
    with pytest.warns(UserWarning, match="left out of the table: run: not finished"):
        assert len(cells(table.markdown([run]))) == 2
