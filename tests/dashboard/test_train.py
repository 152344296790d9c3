"""The page Train: what is started, with which settings, and how it is stopped; off where others might start it."""

import json
import subprocess
import sys
import time
from dataclasses import replace

import psutil
import pytest
import streamlit as st

from digitjax import experiments
from digitjax.runs import Run, create, jobs, write_json
from digitjax.runs.jobs import Job
from tests.dashboard.conftest import texts

SMALL = "--model.channels 4 --model.dense 8"


@pytest.fixture
def open_page(visit, tmp_path, monkeypatch):
    """Return a function that opens the page as if its server were bound to an address; kills what was started."""
    before = set(jobs._children)

    def open_page(address="127.0.0.1"):
        get_option = st.get_option
        monkeypatch.setattr(
            st, "get_option", lambda key: address if key == "server.address" else get_option(key)
        )
        return visit(tmp_path / "runs", "train")

    yield open_page
    for key in jobs._children.keys() - before:
        jobs._children[key].kill()
        jobs._children[key].wait(10)


@pytest.fixture
def started(monkeypatch):
    """Note what is started instead of starting it."""
    configs = []
    monkeypatch.setattr(jobs, "start", lambda config, folder: configs.append((config, folder)))
    return configs


@pytest.fixture
def job(tmp_path):
    """A job of the folder whose process only sleeps."""
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(100)"])
    run = create(replace(experiments.load("digits"), name="sleeper"), tmp_path / "runs")
    job = Job(run, process.pid, psutil.Process(process.pid).create_time())
    jobs._write(job)
    yield job
    process.kill()
    process.wait(10)


def press(app, label):
    (button,) = [button for button in app.button if button.label == label]
    button.click().run()


def labels(app):
    return [button.label for button in app.button]


def command(app):
    return app.code[-1].value


@pytest.mark.parametrize("address", [None, "0.0.0.0", "::", "192.168.1.7", "localhost.example.org"])
def test_where_others_could_start_it_is_off(open_page, job, address):
    app = open_page(address)
    assert texts(app.info)[0].startswith("Trainings cannot be started here: the dashboard answers ")
    assert (address or "every address") in texts(app.info)[0]
    assert command(app).startswith("digitjax dashboard --runs ")
    assert not labels(app)
    assert not app.text_input


@pytest.mark.parametrize("address", ["127.0.0.1", "localhost", "::1"])
def test_an_experiment_is_started_with_what_was_changed(open_page, tmp_path, started, address):
    app = open_page(address)
    assert texts(app.caption)[0] == "All settings are those of the experiment."
    assert command(app) == f"digitjax train digits --runs {tmp_path / 'runs'}"
    app.number_input(key="epochs-digits").set_value(3.0)
    app.number_input(key="lr-digits").set_value(0.0005)
    app.number_input(key="batch-size-digits").set_value(32)
    app.number_input(key="seed-digits").set_value(5)
    app.text_input(key="name-digits").set_value("mine")
    app.text_area(key="more-fields-digits").set_value(
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
    press(app, "Start")
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


def test_every_experiment_that_comes_along_can_be_chosen(open_page):
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
        ("--name ../elsewhere", "name: "),
        ("--model.dropout '0.2", "no closing quotation"),
        ("--help", "--help is shown by the command line"),
    ],
)
def test_what_cannot_be_is_named_before_anything_starts(open_page, started, text, reason):
    app = open_page()
    app.text_area(key="more-fields-digits").set_value(text).run()
    (shown,) = texts(app.error)
    assert reason in shown
    assert not labels(app)


def test_a_name_that_is_taken_is_refused_and_another_is_proposed(open_page, tmp_path):
    create(experiments.load("digits"), tmp_path / "runs")
    app = open_page()
    assert app.text_input[0].value == "digits-2"
    app.text_input[0].set_value("digits").run()
    press(app, "Start")
    assert "digits exists" in texts(app.error)[0]


def test_a_second_training_is_refused(open_page, job, tmp_path):
    app = open_page()
    assert "**sleeper** is training." in texts(app.markdown)
    assert "training: refreshes every 2 seconds" in texts(app.caption)
    press(app, "Start")
    assert "sleeper is still training: stop it first" in texts(app.error)[0]
    assert [path.name for path in (tmp_path / "runs").iterdir()] == ["sleeper"]


def test_a_training_is_asked_to_stop_once(open_page, job, monkeypatch):
    signals = []
    monkeypatch.setattr(psutil.Process, "terminate", lambda process: signals.append(process.pid))
    app = open_page()
    press(app, "Stop")
    assert signals == [job.pid]
    assert "**sleeper** saves what it has, and stops." in texts(app.markdown)
    assert [button.disabled for button in app.button if button.label == "Stop"] == [True]


def test_a_process_of_another_time_is_no_training(open_page, job):
    jobs._write(replace(job, started=job.started - 500))
    (job.run.path / "training.log").write_text("epoch 1\n\ndigitjax: error: no room\n")
    app = open_page()
    assert "**sleeper** ended before it was done." in texts(app.markdown)
    assert app.code[0].value == "epoch 1\ndigitjax: error: no room"
    assert "Stop" not in labels(app)
    assert "Go on" in labels(app)


def test_damaged_jobs_are_named_and_the_form_is_there(open_page, job):
    write_json(job.run.path / "process.json", {"pid": "x"})
    app = open_page()
    assert "process.json: it names no process" in texts(app.error)[0]
    assert "Start" in labels(app)
    jobs._write(job)
    (job.run.path / "config.json").write_text("{")
    app = open_page()
    assert "config.json" in texts(app.error)[0]


def test_what_has_ended_before_is_shown_on_demand(open_page, job, tmp_path):
    older = create(replace(job.run.config, name="older"), tmp_path / "runs")
    jobs._write(Job(older, 2**22 + 1, 1.0))
    jobs._write(job)
    app = open_page()
    assert not any("older" in text for text in texts(app.markdown))
    app.session_state["earlier"] = True
    app.run()
    assert "**older** ended before it was done." in texts(app.markdown)


@pytest.mark.slow
@pytest.mark.long
def test_a_training_is_started_stopped_continued_and_finished(open_page, tmp_path):
    def wait_for(state):
        end = time.monotonic() + 120
        while jobs.find(run).state != state:
            assert time.monotonic() < end
            time.sleep(0.2)
        app.run()
        assert not app.exception

    app = open_page()
    app.text_area(key="more-fields-digits").set_value(SMALL)
    app.number_input(key="epochs-digits").set_value(100.0).run()
    press(app, "Start")
    run = Run(tmp_path / "runs" / "digits")
    assert run.config.training.epochs == 100
    while len(run.metrics()) < 10 and jobs.find(run).running:
        time.sleep(0.1)
    app.run()
    assert "of 100" in app.get("progress")[0].text
    press(app, "Stop")
    wait_for("stopped")
    step = run.metrics()[-1]["step"]
    assert any("which is saved" in code.value for code in app.code)
    press(app, "Go on")
    wait_for("finished")
    assert run.metrics()[-1]["step"] == 100 * 21 > step
    assert "**digits** is finished." in texts(app.markdown)
    assert any(code.value.startswith("digitjax evaluate digits --runs") for code in app.code)
    assert "training: refreshes every 2 seconds" not in texts(app.caption)
    assert app.text_input[0].value == "digits-2"
    press(app, "Show in Curves")
    assert app.title[0].value == "Curves"
    assert app.selectbox(key="run").value == "digits"


@pytest.mark.slow
def test_a_training_that_fails_shows_why(open_page, tmp_path):
    app = open_page()
    nowhere = tmp_path / "nowhere"
    app.text_area(key="more-fields-digits").set_value(f"--data.name folder --data.folder {nowhere}").run()
    press(app, "Start")
    run = Run(tmp_path / "runs" / "digits")
    while jobs.find(run).running:
        time.sleep(0.2)
    app.run()
    assert "exit code 2" in texts(app.error)[0]
    assert app.code[0].value.startswith("digitjax: error: ")
    assert json.loads((run.path / "process.json").read_text())["stop_asked"] is False
