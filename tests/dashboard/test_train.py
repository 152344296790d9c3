"""The page Train: starting, stopping and resuming jobs; disabled where other machines reach the dashboard."""

import json
import subprocess
import sys
from dataclasses import replace

import psutil
import pytest

from digitjax import experiments
from digitjax.runs import Run, create_run, jobs, last_validation, write_json
from digitjax.runs.jobs import Job
from tests.dashboard.conftest import metrics, texts
from tests.dashboard.page_helpers import gallery_captions, listen_at, wait_for

SMALL = "--model.channels 4 --model.dense 8"


@pytest.fixture
def open_page(visit, tmp_path, monkeypatch):
    """Return a function that opens the page as if its server listened at an address; kills the jobs it started."""

    def open_page(address="127.0.0.1"):
        listen_at(monkeypatch, address)
        return visit(tmp_path / "runs", "train")

    yield open_page
    for process in psutil.Process().children(recursive=True):
        if str(tmp_path) in " ".join(process.cmdline()):
            process.kill()


@pytest.fixture
def started(monkeypatch):
    """Record the jobs that are started instead of starting them."""
    configs = []
    monkeypatch.setattr(jobs, "start", lambda config, folder: configs.append((config, folder)))
    return configs


@pytest.fixture
def job(tmp_path):
    """A job of the folder whose process waits until it is killed."""
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    run = create_run(replace(experiments.load("digits"), name="sleeper"), tmp_path / "runs")
    job = Job(run, process.pid, psutil.Process(process.pid).create_time())
    write_process_file(job)
    yield job
    process.kill()
    process.communicate()


def write_process_file(job):
    content = {"pid": job.pid, "started": job.started, "stop_asked": job.stop_asked}
    write_json(job.run.path / "process.json", content)


def press(app, label):
    (button,) = [button for button in app.button if button.label == label]
    button.click().run()


def labels(app):
    return [button.label for button in app.button]


def command(app):
    return app.code[-1].value


@pytest.mark.parametrize("address", [None, "0.0.0.0", "::", "192.168.1.7", "localhost.example.org"])
def test_training_is_disabled_where_other_machines_reach_the_dashboard(open_page, job, address):
    app = open_page(address)
    assert texts(app.info)[0].startswith("Training is disabled: the dashboard listens on ")
    assert (address or "every network interface") in texts(app.info)[0]
    assert command(app).startswith("digitjax dashboard --runs ")
    assert not labels(app)
    assert not app.text_input


@pytest.mark.parametrize("address", ["127.0.0.1", "localhost", "::1"])
def test_an_experiment_is_started_with_its_overrides(open_page, tmp_path, started, address):
    app = open_page(address)
    assert texts(app.caption)[1] == "No setting differs from the experiment."
    assert command(app) == f"digitjax train digits --runs {tmp_path / 'runs'}"
    app.number_input(key="epochs-digits").set_value(3.0)
    app.number_input(key="lr-digits").set_value(0.0005)
    app.number_input(key="batch-size-digits").set_value(32)
    app.number_input(key="seed-digits").set_value(5)
    app.text_input(key="name-digits").set_value("mine")
    app.text_area(key="advanced-options-digits").set_value(
        "--model.dropout 0.2\n--augment.shift 2  # pixels"
    ).run()
    table = app.dataframe[0].value
    assert table.loc["training.epochs"].tolist() == ["20", "3"]
    assert table.loc["optimizer.lr"].tolist() == ["0.002", "0.0005"]
    assert len(table) == 6
    assert command(app) == (
        "digitjax train digits --name mine --seed 5 --training.epochs 3 --training.batch-size 32 "
        f"--optimizer.lr 0.0005 --model.dropout 0.2 --augment.shift 2 --runs {tmp_path / 'runs'}"
    )
    press(app, "Start training")
    [(config, folder)] = started
    base = experiments.load("digits")
    assert folder == tmp_path / "runs"
    assert config == replace(
        base,
        name="mine",
        seed=5,
        model=replace(base.model, dropout=0.2),
        augment=replace(base.augment, shift=2),
        optimizer=replace(base.optimizer, lr=0.0005),
        training=replace(base.training, epochs=3, batch_size=32),
    )


def test_every_experiment_can_be_selected(open_page):
    app = open_page()
    for name in experiments.names():
        (box,) = [box for box in app.selectbox if box.label == "Experiment"]
        box.set_value(name).run()
        assert not app.error
        assert not app.exception
        assert command(app).startswith(f"digitjax train {name} --runs")
    assert box.options == experiments.names()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("--model.dropout 7", "model.dropout: input should be less than 1"),
        ("--nothing 1", "--nothing"),
        ("--model.kind nonsense", "model.kind is 'nonsense'"),
        ("--name ../elsewhere", "name is "),
        ("--model.dropout '0.2", "no closing quotation"),
        ("--help", "--help is shown by the command line"),
    ],
)
def test_invalid_options_are_named_before_anything_starts(open_page, started, text, reason):
    app = open_page()
    app.text_area(key="advanced-options-digits").set_value(text).run()
    (shown,) = texts(app.error)
    assert reason in shown
    assert not labels(app)


@pytest.mark.parametrize(("box", "reason"), [("epochs", "training.epochs"), ("batch-size", "batch_size")])
def test_a_zero_is_refused_rather_than_replaced_by_the_value_before(open_page, started, box, reason):
    app = open_page()
    app.number_input(key=f"{box}-digits").set_value(0).run()
    (shown,) = texts(app.error)
    assert reason in shown
    assert not labels(app)


def test_a_name_that_is_taken_is_refused_and_another_is_proposed(open_page, tmp_path):
    create_run(experiments.load("digits"), tmp_path / "runs")
    app = open_page()
    assert app.text_input[0].value == "digits-2"
    app.text_input[0].set_value("digits").run()
    press(app, "Start training")
    assert "digits exists" in texts(app.error)[0]


def test_a_second_training_is_refused(open_page, job, tmp_path):
    app = open_page()
    assert "**sleeper**: Training" in texts(app.markdown)
    assert "Training in progress: refreshes every 2 seconds." in texts(app.caption)
    press(app, "Start training")
    assert "sleeper is still training: stop it first" in texts(app.error)[0]
    assert [path.name for path in (tmp_path / "runs").iterdir()] == ["sleeper"]


def test_a_training_is_asked_to_stop_once(open_page, job, monkeypatch):
    signals = []
    monkeypatch.setattr(psutil.Process, "terminate", lambda process: signals.append(process.pid))
    app = open_page()
    press(app, "Stop")
    assert signals == [job.pid]
    assert "**sleeper**: Stopping after saving a checkpoint" in texts(app.markdown)
    assert [button.disabled for button in app.button if button.label == "Stop"] == [True]


def test_another_process_with_the_same_pid_is_no_training(open_page, job):
    write_process_file(replace(job, started=job.started - 500))
    (job.run.path / "training.log").write_text("epoch 1\n\ndigitjax: error: no room\n")
    app = open_page()
    assert "**sleeper**: Failed" in texts(app.markdown)
    assert app.code[0].value == "epoch 1\ndigitjax: error: no room"
    assert "Stop" not in labels(app)
    assert "Resume" in labels(app)


def test_a_damaged_job_is_named_beside_the_form(open_page, job):
    write_json(job.run.path / "process.json", {"pid": "x"})
    app = open_page()
    assert "process.json: it names no process" in texts(app.error)[0]
    assert "Start training" in labels(app)
    write_process_file(job)
    (job.run.path / "config.json").write_text("{")
    app = open_page()
    assert "config.json" in texts(app.error)[0]


def test_earlier_jobs_are_shown_on_demand(open_page, job, tmp_path):
    older = create_run(replace(job.run.config, name="older"), tmp_path / "runs")
    write_process_file(Job(older, 2**22 + 1, 1.0))
    write_process_file(job)
    app = open_page()
    assert not any("older" in text for text in texts(app.markdown))
    app.session_state["earlier"] = True
    app.run()
    assert "**older**: Failed" in texts(app.markdown)


def test_the_newest_job_shows_its_loss_and_its_last_validation(open_page, copy):
    write_process_file(Job(copy, 2**22 + 1, 1.0))
    app = open_page()
    validation = last_validation.read(copy)
    correct = sum(row[digit] for digit, row in enumerate(validation.confusion))
    assert f"after epoch 1: {correct} of 144 images" in app.get("vega_lite_chart")[0].proto.alt
    assert set(metrics(app)) == {
        "Training loss",
        "Training accuracy",
        "Validation loss",
        "Validation accuracy",
    }
    assert metrics(app)["Validation accuracy"] == f"{correct / 144:.2%}"
    assert "**Sample predictions after epoch 1**: true digit → predicted, confidence" in texts(app.markdown)
    captions = gallery_captions(app)
    first = validation.samples[0]
    assert len(captions) == 30
    assert captions[0] == f"0 → {first.predicted}, {first.confidence:.0%}"

    surer = [replace(sample, predicted=sample.label, confidence=1.0) for sample in validation.samples]
    last_validation.write(copy, replace(validation, epoch=2, samples=surer))
    app.run()
    assert gallery_captions(app)[:4] == ["0 → 0, 100%"] * 3 + ["1 → 1, 100%"]
    assert any("after epoch 2" in text for text in texts(app.markdown))

    (copy.path / "validation.json").write_text("{")
    app.run()
    assert not app.get("vega_lite_chart")
    assert not app.error
    assert not app.get("bidi_component")


def test_samples_are_not_shown_with_other_data(open_page, copy):
    write_process_file(Job(copy, 2**22 + 1, 1.0))
    write_json(copy.path / "environment.json", {**copy.environment, "data_sha256": "0"})
    app = open_page()
    assert "have changed since its training" in texts(app.error)[0]
    assert len(app.get("vega_lite_chart")) == 1


@pytest.mark.parametrize("kind", ["vae", "job"])
def test_an_autoencoder_and_a_job_that_has_just_started_show_no_matrix(open_page, kind, request):
    run = request.getfixturevalue(kind)
    if kind == "vae":
        write_process_file(Job(run, 2**22 + 1, 1.0))
    app = open_page()
    assert not app.error
    assert set(metrics(app)) == (
        {f"{split} {name}" for split in ("Training", "Validation") for name in ("loss", "error")}
        if kind == "vae"
        else set()
    )
    assert not app.get("vega_lite_chart")
    assert not app.get("bidi_component")


@pytest.mark.slow
@pytest.mark.long
def test_a_training_is_started_stopped_continued_and_finished(open_page, tmp_path):
    def wait_for_state(state):
        wait_for(lambda: jobs.find(run).state == state, 120)
        app.run()
        assert not app.exception

    app = open_page()
    app.text_area(key="advanced-options-digits").set_value(SMALL)
    app.number_input(key="epochs-digits").set_value(100.0).run()
    press(app, "Start training")
    run = Run(tmp_path / "runs" / "digits")
    assert run.config.training.epochs == 100
    wait_for(lambda: len(run.metrics()) >= 10 or not jobs.find(run).running, 120)
    app.run()
    assert "of 100" in app.get("progress")[0].text
    press(app, "Stop")
    wait_for_state("stopped")
    step = run.metrics()[-1]["step"]
    assert any("which is saved" in code.value for code in app.code)
    press(app, "Resume")
    wait_for_state("finished")
    assert run.metrics()[-1]["step"] == 100 * 21 > step
    assert "**digits**: Finished" in texts(app.markdown)
    assert any(code.value.startswith("digitjax evaluate digits --runs") for code in app.code)
    assert "Training in progress: refreshes every 2 seconds." not in texts(app.caption)
    assert app.text_input[0].value == "digits-2"
    press(app, "Show in Curves")
    assert app.title[0].value == "Curves"
    assert app.selectbox(key="run").value == "digits"


@pytest.mark.slow
def test_a_training_that_fails_shows_why(open_page, tmp_path):
    app = open_page()
    nowhere = tmp_path / "nowhere"
    app.text_area(key="advanced-options-digits").set_value(
        f"--data.name folder --data.folder {nowhere}"
    ).run()
    press(app, "Start training")
    run = Run(tmp_path / "runs" / "digits")
    wait_for(lambda: not jobs.find(run).running, 120)
    app.run()
    assert "exit code 2" in texts(app.error)[0]
    assert app.code[0].value.startswith("digitjax: error: ")
    assert json.loads((run.path / "process.json").read_text())["stop_asked"] is False
