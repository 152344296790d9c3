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


def test_back_selects_the_run_of_that_url(visit, copy, monkeypatch):
    shutil.copytree(copy.path, copy.path.parent / "other")
    app = visit(copy.path.parent, "curves", run="copy", compare="other")
    app.selectbox(key="run").set_value("other").run()
    app.query_params.clear()
    app.query_params.update(run="copy", compare="other", more=["handwriting"])
    app.run()
    assert selected_run(app) == "other"  # such as when the browser does not know the new URL yet
    app.query_params.clear()
    app.query_params.update(run="copy", compare="other", more=["handwriting"])
    monkeypatch.setattr("parts.run_selection.is_history_navigation", lambda: True)
    app.run()
    assert selected_run(app) == "copy"
    assert app.selectbox(key="compare").value == "other"
    assert app.multiselect(key="more").value == ["handwriting"]


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
    names = ["both", "group", *(f"group/seed-{n}" for n in range(3)), "handwriting"]
    assert app.selectbox(key="run").options == names
    (group.path / "group.json").write_text("{")
    assert selected_run(visit(group.path.parent, "curves", run="group/seed-1")) == "group/seed-1"


@pytest.fixture
def selected(monkeypatch):
    """Return a function that selects runs, calls a function of the selection, and returns what is selected then."""
    monkeypatch.syspath_prepend(DASHBOARD)
    from parts import run_selection

    def selected(before, function, *arguments):
        run, compare, *more = [*before, None][: max(2, len(before))]
        state = {"run": run, "compare": compare, "more": more}
        monkeypatch.setattr(run_selection.st, "session_state", state)
        getattr(run_selection, function)(*arguments)
        return [name for name in (state["run"], state["compare"], *state["more"]) if name]

    return selected


@pytest.mark.parametrize(
    ("before", "ticked", "after"),
    [
        ("a", "ac", "ac"),
        ("c", "ac", "ca"),
        ("ac", "abc", "acb"),
        ("acb", "ab", "ab"),
        ("ac", "c", "c"),
        ("a", "b", "b"),
        ("ab", "", "ab"),
        ("az", "ab", "azb"),  # z is in no row: a filter hides it
    ],
)
def test_ticked_rows_are_selected_in_their_order(selected, before, ticked, after):
    assert selected(before, "tick", list("abc"), list(ticked)) == list(after)


def test_at_most_20_runs_are_selected(selected):
    names = [f"run-{i}" for i in range(30)]
    assert selected(names[:1], "tick", names, names) == names[:20]


@pytest.mark.parametrize(
    ("before", "after"), [("a", "c"), ("ab", "cb"), ("ac", "c"), ("abc", "cb"), ("c", "c")]
)
def test_a_click_on_a_row_selects_its_run(selected, before, after):
    assert selected(before, "select_one", "c") == list(after)


def test_further_runs_are_kept_from_page_to_page(visit, copy):
    for name in ("b", "c"):
        shutil.copytree(copy.path, copy.path.parent / name)
    app = visit(copy.path.parent, "runs", run="copy", compare="b", more="c")
    assert "Also on Curves: c" in texts(app.sidebar.caption)
    app.switch_page("views/curves.py").run()
    assert app.multiselect(key="more").value == ["c"]
    app.multiselect(key="more").set_value([]).run()
    app.switch_page("views/runs.py").run()
    assert "more" not in app.query_params
    assert not app.sidebar.caption


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
