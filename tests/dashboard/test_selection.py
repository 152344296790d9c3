"""The choice of a run: at the side, and in the address."""

import shutil

import pytest

from digitjax import runs
from digitjax.runs import Group
from tests.dashboard.conftest import DASHBOARD, texts


def shown(app):
    """Return the run that the page shows, which the address names too."""
    run = app.selectbox(key="run").value
    assert app.query_params["run"] == run
    return run


def test_the_address_names_the_runs(visit, copy):
    shutil.copytree(copy.path, copy.path.parent / "other")
    for name, versus in (("copy", "other"), ("other", "copy")):
        app = visit(copy.path.parent, "curves", run=name, versus=versus)
        assert shown(app) == name
        assert app.query_params["versus"] == versus
    app.selectbox(key="versus").set_value(None).run()
    assert "versus" not in app.query_params
    app.selectbox(key="run").set_value("copy").run()
    assert shown(app) == "copy"


def test_a_run_is_not_compared_with_itself(visit, copy):
    shutil.copytree(copy.path, copy.path.parent / "other")
    app = visit(copy.path.parent, "curves", run="copy", versus="other")
    app.selectbox(key="run").set_value("other").run()
    assert app.selectbox(key="versus").value is None
    assert "other" not in app.selectbox(key="versus").options


@pytest.mark.parametrize("asked", ["../../etc", "../secret", "/etc", "", "![x](http://x)"])
def test_the_address_leads_to_no_other_folder(visit, copy, asked):
    shutil.copytree(copy.path, copy.path.parent.parent / "secret")
    app = visit(copy.path.parent, "runs", run=asked, versus=asked)
    assert [text.startswith("There is no run") for text in texts(app.main.warning)] == [True, True]
    assert shown(app) == "copy"


def test_what_a_folder_holds_can_be_chosen(visit, tiny_group, tmp_path):
    group = Group(shutil.copytree(tiny_group.path, tmp_path / "runs" / "group"))
    runs.create_ensemble("both", group.members(), group.path.parent)
    (group.path / "seed-2").mkdir()
    app = visit(group.path.parent, "curves", run="group/seed-1")
    assert shown(app) == "group/seed-1"
    names = ["group", *(f"group/seed-{n}" for n in range(3)), "both", "handwriting"]
    assert app.selectbox(key="run").options == names
    (group.path / "group.json").write_text("{")
    assert shown(visit(group.path.parent, "curves", run="group/seed-1")) == "group/seed-1"


@pytest.mark.parametrize(
    ("before", "rows", "run", "versus"),
    [
        ([0], [0, 2], "a", "c"),
        ([2], [0, 2], "c", "a"),
        ([0, 2], [0, 1, 2], "c", "b"),
        ([0, 2], [2], "c", None),
        ([0], [1], "b", None),
        ([0, 1], [], "before", "before"),
    ],
)
def test_what_is_marked_in_a_table_is_chosen(monkeypatch, before, rows, run, versus):
    monkeypatch.syspath_prepend(DASHBOARD)
    from parts import selection

    state = {"run": "before", "versus": "before"}
    monkeypatch.setattr(selection.st, "session_state", state)
    selection.mark(["a", "b", "c"], before, rows)
    assert state == {"run": run, "versus": versus}


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
    assert any("copy is left out: it has a link" in text for text in texts(app.warning))


def test_a_link_within_the_folder_is_followed(visit, copy):
    (copy.path.parent / "newest").symlink_to(copy.path)
    assert "newest" in visit(copy.path.parent, "runs").selectbox(key="run").options
