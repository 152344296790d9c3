"""The page Runs: the table of all runs, and the results and configs of the selected ones."""

import shutil
from dataclasses import replace

import pytest

from digitjax import runs
from digitjax.runs import Group, Run, status
from digitjax.runs.folders import training_lock
from digitjax.runs.summary import summarize_run
from tests.dashboard.conftest import MISSING, metrics, texts
from tests.dashboard.page_helpers import listen_at
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
    assert f"{row['test accuracy']:.2f}%" == metrics(app)["Test accuracy"]
    assert row["test 95% CI"] == f"{low:.2%} to {high:.2%}"
    low, high = summary.validation_interval
    assert row["validation 95% CI"] == f"{low:.2%} to {high:.2%}"
    assert f"{row['validation accuracy']:.2f}%" == metrics(app)["Best validation accuracy"]
    assert row["last validation accuracy"] == row["validation accuracy"]
    assert row["date"].timestamp() == pytest.approx(copy.created)
    assert row["status"] == "finished"
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
    assert metrics(app)["Members"] == "2"
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
    assert not app.warning
    assert table(app)["copy"]["status"] == "stopped"
    assert "train" in app.code[0].value
    assert app.code[0].value.endswith(f"--resume --runs {copy.path.parent}")
    assert metrics(app)["Test accuracy"] == MISSING


def test_a_run_without_an_evaluation_says_how_to_evaluate_it(visit, copy):
    shutil.rmtree(copy.path / "evaluation")
    app = visit(copy.path.parent, "runs", run="copy")
    assert app.code[0].value == f"digitjax evaluate {copy.path}"


def test_a_training_is_shown_with_its_progress_and_is_no_problem(visit, copy):
    (copy.path / "finished.json").unlink()
    with training_lock(copy.path):
        app = visit(copy.path.parent, "runs", run="copy")
    assert table(app)["copy"]["status"] == "training"
    assert "copy: epoch 1 of 1, step 21 of 21" in app.get("progress")[0].text
    assert not app.warning
    app.run()
    assert table(app)["copy"]["status"] == "stopped"
    assert not app.get("progress")
    assert not app.warning


def test_a_failed_training_is_a_problem_with_a_reason(visit, copy):
    (copy.path / "finished.json").unlink()
    status.write_failure(copy, FloatingPointError("the loss is nan"))
    app = visit(copy.path.parent, "runs", run="copy")
    assert table(app)["copy"]["status"] == "failed"
    assert texts(app.warning) == ["**copy**: failed: the loss is nan: continue it with --resume"]


def test_one_bad_line_of_the_log_hides_no_result(visit, copy):
    with copy.metrics_file.open("a") as file:
        file.write("garbage\n")
    app = visit(copy.path.parent, "runs", run="copy")
    assert metrics(app)["Test accuracy"] == f"{summarize_run(copy).test_accuracy:.2%}"
    assert "metrics.jsonl: line" in texts(app.warning)[0]


# ------------------------------------------------------------------------- filter, columns, changes


def test_runs_are_filtered(visit, copy, other):
    set_config(Run(other), replace(copy.config, seed=7))
    app = visit(copy.path.parent, "runs", run="copy", filter="seed=7")
    assert list(table(app)) == ["other"]
    assert any("The filter hides 2." in text for text in texts(app.caption))
    assert texts(app.header) == ["copy"]  # it stays selected
    app.text_input(key="filter").set_value("sed=7").run()
    assert texts(app.warning) == ["filter sed=7: no run has a field sed: did you mean seed?"]
    assert set(table(app)) == {"copy", "other", "handwriting"}


def test_hyper_parameters_can_be_columns(visit, copy, other):
    set_config(Run(other), replace(copy.config, optimizer=replace(copy.config.optimizer, lr=0.5)))
    app = visit(copy.path.parent, "runs", run="copy")
    columns = app.multiselect(key="columns")
    columns.set_value(["optimizer.lr", "model.channels"]).run()
    rows = table(app)
    assert (rows["copy"]["optimizer.lr"], rows["other"]["optimizer.lr"]) == (0.002, 0.5)
    assert rows["copy"]["model.channels"] == "(4, 8)"
    assert "optimizer.lr" in app.dataframe[0].proto.column_order


def labelled(elements, label):
    """Return the first element with a label, which is that of the selected run."""
    return next(element for element in elements if element.label == label)


def test_a_run_is_renamed_tagged_and_noted(visit, copy, other, monkeypatch):
    listen_at(monkeypatch, "127.0.0.1")
    app = visit(copy.path.parent, "runs", run="copy", compare="other")
    labelled(app.text_input, "Name").set_value("first")
    labelled(app.multiselect, "Tags").set_value(["baseline"])
    labelled(app.text_area, "Note").set_value("keep *it*")
    labelled(app.button, "Save").click().run()
    assert texts(app.header)[:2] == ["first", "other"]
    assert app.query_params["run"] == "first"
    row = table(app)["first"]
    assert (row["tags"], row["note"]) == (["baseline"], "keep *it*")
    assert ":gray-badge[baseline]" in texts(app.markdown)
    assert "keep *it*" in texts(app.markdown)
    labelled(app.text_input, "Name").set_value("other")
    labelled(app.button, "Save").click().run()
    assert "other exists: choose another name" in texts(app.error)[0]
    assert texts(app.header)[:2] == ["first", "other"]
    assert not app.exception


def test_deleting_can_be_undone(visit, copy, other, monkeypatch):
    listen_at(monkeypatch, "127.0.0.1")
    app = visit(copy.path.parent, "runs", run="copy", compare="other")
    labelled(app.button, "Delete").click().run()
    assert texts(app.header) == ["other"]
    assert list(table(app)) == ["other", "handwriting"]
    labelled(app.button, "Undo").click().run()
    assert texts(app.header) == ["copy"]
    assert not [button for button in app.button if button.label == "Undo"]
    labelled(app.button, "Delete").click().run()
    labelled(app.button, "Delete").click().run()
    assert texts(app.header) == ["handwriting"]
    app.session_state["trash"] = True
    app.run()
    labelled(app.button, "Restore").click().run()
    assert texts(app.header) == ["other"]
    assert not app.exception


def test_a_run_in_training_is_not_deleted(visit, copy, monkeypatch):
    listen_at(monkeypatch, "127.0.0.1")
    with training_lock(copy.path):
        app = visit(copy.path.parent, "runs", run="copy")
        labelled(app.button, "Delete").click().run()
    assert "copy is in training: stop it first" in texts(app.error)[0]
    assert copy.path.exists()


@pytest.mark.parametrize(("address", "run"), [(None, "copy"), ("127.0.0.1", "handwriting")])
def test_what_may_not_be_written_has_no_form(visit, copy, monkeypatch, address, run):
    listen_at(monkeypatch, address)
    app = visit(copy.path.parent, "runs", run=run)
    assert not [button for button in app.button if button.label in ("Save", "Delete")]


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
    assert table(app)["copy"]["status"] == "stopped"
