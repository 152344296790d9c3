"""The selection of runs, in the sidebar and in the URL."""

import shutil

import pytest

from digitjax import runs
from digitjax.runs import Group
from tests.dashboard.conftest import DASHBOARD, texts


def selected_run(app):
    """Return the selected run, which the URL names too."""
    run = app.selectbox(key="run").value
    assert app.query_params["run"] == run
    return run


def test_the_url_names_the_runs(visit, copy):
    shutil.copytree(copy.path, copy.path.parent / "other")
    for name, compare in (("copy", "other"), ("other", "copy")):
        app = visit(copy.path.parent, "curves", run=name, compare=compare)
        assert selected_run(app) == name
        assert app.query_params["compare"] == compare
    app.selectbox(key="compare").set_value(None).run()
    assert "compare" not in app.query_params
    app.selectbox(key="run").set_value("copy").run()
    assert selected_run(app) == "copy"


def test_a_run_is_not_compared_with_itself(visit, copy):
    shutil.copytree(copy.path, copy.path.parent / "other")
    app = visit(copy.path.parent, "curves", run="copy", compare="other")
    app.selectbox(key="run").set_value("other").run()
    assert app.selectbox(key="compare").value is None
    assert "other" not in app.selectbox(key="compare").options


@pytest.mark.parametrize("name", ["../../etc", "../secret", "/etc", "", "![x](http://x)"])
def test_the_url_leads_to_no_other_folder(visit, copy, name):
    shutil.copytree(copy.path, copy.path.parent.parent / "secret")
    app = visit(copy.path.parent, "runs", run=name, compare=name)
    assert [
        text.endswith("not found. Select another in the sidebar.") for text in texts(app.main.warning)
    ] == [True, True]
    assert selected_run(app) == "copy"


def test_every_run_of_a_folder_can_be_selected(visit, tiny_group, tmp_path):
    group = Group(shutil.copytree(tiny_group.path, tmp_path / "runs" / "group"))
    runs.create_ensemble("both", group.members(), group.path.parent)
    (group.path / "seed-2").mkdir()
    app = visit(group.path.parent, "curves", run="group/seed-1")
    assert selected_run(app) == "group/seed-1"
    names = ["group", *(f"group/seed-{n}" for n in range(3)), "both", "handwriting"]
    assert app.selectbox(key="run").options == names
    (group.path / "group.json").write_text("{")
    assert selected_run(visit(group.path.parent, "curves", run="group/seed-1")) == "group/seed-1"


@pytest.mark.parametrize(
    ("previous", "rows", "run", "compare"),
    [
        ([0], [0, 2], "a", "c"),
        ([2], [0, 2], "c", "a"),
        ([0, 2], [0, 1, 2], "c", "b"),
        ([0, 2], [2], "c", None),
        ([0], [1], "b", None),
        ([0, 1], [], "before", "before"),
    ],
)
def test_rows_selected_in_a_table_are_selected_in_the_sidebar(monkeypatch, previous, rows, run, compare):
    monkeypatch.syspath_prepend(DASHBOARD)
    from parts import run_selection

    state = {"run": "before", "compare": "before"}
    monkeypatch.setattr(run_selection.st, "session_state", state)
    run_selection.select_rows(["a", "b", "c"], previous, rows)
    assert state == {"run": run, "compare": compare}


@pytest.mark.parametrize(
    "link", [".", "config.json", "checkpoints", "evaluation", "evaluation/test@21", "tags.json"]
)
def test_a_run_with_a_link_out_of_the_folder_is_left_out(visit, copy, tmp_path, link):
    shutil.copytree(copy.path, copy.path.parent / "other")
    inside = copy.path / link
    outside = tmp_path / "outside"
    if inside.exists():
        shutil.move(inside, outside)
    else:
        outside.write_text("{}")
    inside.symlink_to(outside)
    app = visit(copy.path.parent, "runs", run="copy")
    assert "copy" not in app.selectbox(key="run").options
    assert "other" in app.selectbox(key="run").options
    assert any("copy is not shown: it contains a link" in text for text in texts(app.warning))


def test_a_link_within_the_folder_is_followed(visit, copy):
    (copy.path.parent / "newest").symlink_to(copy.path)
    assert "newest" in visit(copy.path.parent, "runs").selectbox(key="run").options
