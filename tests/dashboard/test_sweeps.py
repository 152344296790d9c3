"""The page Sweeps: trials as a table and as charts."""

import pytest

pytest.importorskip("optuna")

from digitjax.config import Config, Float, MLPConfig, Sweep, Training
from digitjax.model.sweeps import sweep as sweeps
from tests.dashboard.conftest import metrics, texts


@pytest.fixture(scope="module")
def swept(tmp_path_factory):
    """A folder with a sweep of two trials, and its result."""
    folder = tmp_path_factory.mktemp("runs")
    base = Config(model=MLPConfig(dense=(8,)), training=Training(epochs=1, batch_size=400))
    space = {"optimizer.lr": Float(1e-3, 1e-1, log=True), "model.dropout": Float(0.0, 0.1)}
    return folder, sweeps.run(Sweep(name="search", base=base, space=space, trials=2), folder)


def test_trials_are_shown_the_best_first(visit, swept):
    folder, result = swept
    app = visit(folder, "sweeps")
    assert not app.error
    best = result["trials"][0]
    assert metrics(app) == {
        "Best validation accuracy": f"{best['accuracy']:.2%}",
        "Best trial": best["trial"],
        "Complete trials": "2 of 2",
    }
    assert app.dataframe[0].value["trial"].tolist() == [row["trial"] for row in result["trials"]]
    assert [code.value for code in app.code] == [f"digitjax train {folder / 'search/best.json'}"]
    assert len(app.get("vega_lite_chart")) == 2  # importances need ten trials


def test_a_damaged_sweep_is_named(visit, swept, tmp_path):
    (tmp_path / "odd").mkdir()
    (tmp_path / "odd/sweep.json").write_text("{")
    (reason,) = texts(visit(tmp_path, "sweeps").error)
    assert "sweep.json" in reason


def test_without_a_sweep_the_command_is_shown(visit, able_run):
    app = visit(able_run.path.parent, "sweeps")
    assert not app.error
    assert texts(app.info) == [
        "No sweeps yet. The command above searches the hyper-parameters of an experiment."
    ]
