"""The page Runs: the table of all runs, and the results and configs of the selected ones."""

import shutil
from dataclasses import replace

import pytest

from digitjax import runs
from digitjax.runs import Group, Run
from digitjax.runs.summary import summarize_run
from tests.dashboard.conftest import MISSING, metrics, texts
from tests.run_files import set_config


@pytest.fixture
def other(copy):
    """Another copy of the tiny run beside the first."""
    return shutil.copytree(copy.path, copy.path.parent / "other")


def table(app):
    """Return the rows of the table by the names of the runs."""
    return {row["name"]: row for row in app.dataframe[0].value.to_dict("records")}


def test_all_runs_are_listed_with_their_results(visit, copy):
    app = visit(copy.path.parent, "runs", run="copy")
    summary = summarize_run(copy)
    row = table(app)["copy"]
    low, high = summary.test_interval
    assert list(table(app)) == ["copy", "handwriting"]
    assert (row["model"], row["data"], row["epochs"]) == ("cnn", "digits", "1 of 1")
    assert row["test accuracy"] == summary.test_accuracy
    assert row["test 95% CI"] == f"{low:.2%} to {high:.2%}"
    low, high = summary.validation_interval
    assert row["validation 95% CI"] == f"{low:.2%} to {high:.2%}"
    assert row["best validation accuracy"] == row["last validation accuracy"] == summary.validation_accuracy
    assert metrics(app)["Test accuracy"] == f"{summary.test_accuracy:.2%}"
    assert '"kind": "cnn"' in app.code[0].value
    assert not app.error


def test_two_runs_are_compared_field_by_field(visit, copy, other):
    set_config(Run(other), replace(copy.config, seed=7))
    app = visit(copy.path.parent, "runs", run="copy", compare="other")
    assert texts(app.header) == ["copy", "other", "Config differences"]
    assert app.table[0].value.to_dict("list") == {"field": ["seed"], "copy": ["0"], "other": ["7"]}
    set_config(Run(other), copy.config)
    app = visit(copy.path.parent, "runs", run="copy", compare="other")
    assert "The configs are identical." in texts(app.markdown)


def test_groups_and_ensembles_have_rows_of_their_own(visit, tiny_group, tmp_path):
    group = Group(shutil.copytree(tiny_group.path, tmp_path / "runs" / "group"))
    runs.create_ensemble("both", group.members(), group.path.parent)
    app = visit(group.path.parent, "runs", run="group", compare="both")
    rows = table(app)
    low, high = runs.summarize(group).test_accuracy.interval
    assert rows["group"]["members"] == "2"
    assert rows["group"]["test 95% CI"] == f"{low:.2%} to {high:.2%}"
    assert rows["both"]["members"] == "2"
    assert texts(app.header) == ["group", "both", "Config differences"]
    assert not app.error


def test_an_autoencoder_is_listed_with_its_error(visit, vae):
    app = visit(vae.path.parent, "runs")
    assert table(app)["vae"]["test error"] == summarize_run(vae).test_error
    assert metrics(app)["Test error"] == f"{summarize_run(vae).test_error:.5f}"


@pytest.mark.parametrize("folder", [".", "missing"])
def test_without_runs_the_page_says_how_to_train_one(visit, tmp_path, folder):
    app = visit(tmp_path / folder, "runs")
    assert "digitjax quickstart" in app.info[0].value
    assert list(table(app)) == ["handwriting"]


@pytest.mark.parametrize(("content", "reason"), [("{", "JSON"), ('{"seed": -1}', "seed"), (None, "No such")])
def test_a_damaged_config_is_named(visit, copy, other, content, reason):
    config = copy.path / "config.json"
    config.unlink() if content is None else config.write_text(content)
    app = visit(copy.path.parent, "runs", run="copy")
    (shown,) = texts(app.error)
    assert "copy/config.json" in shown
    assert reason in shown
    assert texts(app.warning) == [f"**copy**: {shown}"]
    assert table(app)["other"]["problem"] == ""


def test_a_run_that_has_just_started(visit, copy):
    for path in copy.path.iterdir():
        if path.name != "config.json":
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    app = visit(copy.path.parent, "runs", run="copy")
    assert "not finished" in app.warning[0].value
    assert "`digitjax evaluate copy`" in app.info[0].value
    assert metrics(app)["Test accuracy"] == MISSING


@pytest.mark.parametrize("line", ["{cut\n", "5\n", '{"split": "train", "accuracy": 1}\n'])
@pytest.mark.parametrize("name", ["metrics.jsonl", "evaluation/test@21/metrics.json"])
def test_a_damaged_file_is_named_in_the_table(visit, copy, other, line, name):
    (copy.path / name).write_text(line)
    app = visit(copy.path.parent, "runs", run="other")
    assert name.split("/")[-1] in table(app)["copy"]["problem"]
    assert not app.error


def test_names_and_reasons_are_not_read_as_markdown(visit, copy):
    (copy.path.parent / "[a](b) *c*").mkdir()
    app = visit(copy.path.parent, "runs", run="copy")
    assert texts(app.header) == ["copy"]
    assert r"\[a\]\(b\) \*c\*" in app.warning[0].value


def test_changed_files_are_read_again(visit, copy):
    app = visit(copy.path.parent, "runs", run="copy")
    (copy.path / "finished.json").unlink()
    app.run()
    assert "not finished" in table(app)["copy"]["problem"]
