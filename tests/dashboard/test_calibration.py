"""The page Calibration & robustness: calibration, confidence threshold, corruptions."""

import shutil

import pytest
from scipy.special import softmax

from digitjax import runs
from digitjax.data.pages import CONDITIONS
from digitjax.evaluation import evaluate
from digitjax.evaluation.reliability import calibration_report
from digitjax.evaluation.robustness import evaluate_robustness
from digitjax.model import calibration
from digitjax.model.calibrate import calibrate
from digitjax.recognition import stress
from digitjax.runs import Group, Run
from tests.dashboard.conftest import metrics, texts
from tests.dashboard.page_helpers import listen_at


@pytest.fixture(scope="module")
def measured(able_run, tmp_path_factory):
    """A run with a temperature, and with corruptions."""
    run = Run(shutil.copytree(able_run.path, tmp_path_factory.mktemp("measured") / "able"))
    calibrate(run)
    evaluate_robustness(run)
    return run


def test_calibration_and_robustness_are_shown(visit, measured):
    app = visit(measured.path.parent, "calibration")
    evaluation = evaluate.read(measured, *measured.evaluations()[0])
    report = calibration_report(evaluation.logits, evaluation.labels, 1.0)
    rows = app.table[0].value
    assert not app.error
    assert rows["uncalibrated"][0] == f"{report['before']['ece']:.4f}"
    assert rows.columns[-1].startswith("after temperature scaling")
    assert metrics(app)["Clean accuracy"] == f"{evaluation.summary['accuracy']:.2%}"
    assert len(app.get("vega_lite_chart")) == 3
    assert len(app.dataframe) == 3  # the data of each chart


def coverage_line(app):
    (line,) = [text for text in texts(app.markdown) if text.startswith("Coverage")]
    return line


def test_a_threshold_gives_coverage_and_error_rate(visit, measured):
    app = visit(measured.path.parent, "calibration")
    evaluation = evaluate.read(measured, *measured.evaluations()[0])
    app.slider[0].set_value(10.0).run()
    assert coverage_line(app).startswith(
        f"Coverage **100.00%**, error rate **{1 - evaluation.summary['accuracy']:.3%}**"
    )
    app.slider[0].set_value(90.0).run()
    temperature = calibration.read(measured, evaluation.step).temperature
    sure = softmax(evaluation.logits / temperature, axis=1).max(axis=1) >= 0.9
    assert float(coverage_line(app).split("**")[1].rstrip("%")) == pytest.approx(100 * sure.mean(), abs=0.6)
    app.slider[0].set_value(100.0).run()
    assert coverage_line(app) == "Coverage **0%**: no prediction reaches this threshold."


def test_the_stress_test_of_reading_is_shown_where_there_is_one(visit, copy, monkeypatch):
    listen_at(monkeypatch, "127.0.0.1")
    app = visit(copy.path.parent, "calibration")
    assert "Evaluate reading" in [button.label for button in app.button]
    conditions = {name: CONDITIONS[name] for name in ("28x28", "no digit: ruled page")}
    report = stress.evaluate_model(copy, per_condition=10, pages_without_digits=2, conditions=conditions)
    app = visit(copy.path.parent, "calibration")
    assert metrics(app)["Mean digit error rate"] == f"{report.digit_error_rate:.2%}"
    assert metrics(app)["False readings"] == f"{report.false_reading_rate:.2%}"


def test_missing_robustness_is_evaluated_at_the_press_of_a_button(visit, copy, monkeypatch):
    listen_at(monkeypatch, "127.0.0.1")
    (copy.path / calibration.FILE).unlink()
    app = visit(copy.path.parent, "calibration")
    assert not app.error
    assert len(app.get("vega_lite_chart")) == 2
    assert "No temperature was fitted" in texts(app.caption)[1]
    (button,) = [button for button in app.button if button.label == "Evaluate robustness"]
    button.click().run()
    assert "Clean accuracy" in metrics(app)


def test_where_the_page_may_not_write_missing_robustness_names_the_command(visit, copy, monkeypatch):
    listen_at(monkeypatch, "0.0.0.0")
    app = visit(copy.path.parent, "calibration")
    assert not app.error
    runs_option = f" --runs {copy.path.parent}"
    assert [code.value for code in app.code] == [
        f"digitjax evaluate copy --{kind} --split test{runs_option}" for kind in ("robustness", "reading")
    ]


def test_two_runs_stand_side_by_side(visit, measured, copy, tmp_path):
    shutil.copytree(measured.path, copy.path.parent / "able")
    app = visit(copy.path.parent, "calibration", run="able", compare="copy")
    assert texts(app.subheader) == ["able", "copy"]
    assert len(app.get("vega_lite_chart")) == 5


@pytest.mark.parametrize(
    ("file", "reason"),
    [
        ("calibration.json", "calibration.json"),
        ("evaluation/robustness-test@42/robustness.json", "it is damaged"),
        ("evaluation/test@42/predictions.npz", "it is not what was written"),
    ],
)
def test_a_damaged_file_leaves_the_rest_readable(visit, measured, tmp_path, file, reason):
    run = Run(shutil.copytree(measured.path, tmp_path / "runs" / "able"))
    (run.path / file).write_text("{")
    app = visit(run.path.parent, "calibration")
    (shown,) = texts(app.error)
    assert reason in shown
    assert app.get("vega_lite_chart")


def test_an_autoencoder_is_not_a_classifier(visit, vae):
    app = visit(vae.path.parent, "calibration")
    assert not app.error
    assert texts(app.info) == ["vae is an autoencoder: see the page Reconstructions."]


def test_an_ensemble_has_no_temperature(visit, tiny_group, tmp_path):
    group = Group(shutil.copytree(tiny_group.path, tmp_path / "runs" / "group"))
    both = runs.create_ensemble("both", group.members(), group.path.parent)
    evaluate.evaluate(both)
    app = visit(group.path.parent, "calibration", run="both", compare="group")
    assert texts(app.subheader) == ["both", "group/seed-0"]
    assert "No temperature was fitted" in texts(app.caption)[1]


def test_without_runs_the_pretrained_model_is_shown(visit, tmp_path):
    app = visit(tmp_path, "calibration")
    assert texts(app.subheader) == ["handwriting"]
    assert len(app.get("vega_lite_chart")) == 2
