"""The page Curves: learning curves of several runs, the controls, and runs in training."""

import json
import shutil
from dataclasses import replace

import pytest

from digitjax import runs
from digitjax.runs import Run
from digitjax.runs.folders import training_lock
from tests.dashboard.conftest import texts
from tests.dashboard.page_helpers import gallery_captions
from tests.run_files import set_config


@pytest.fixture
def folder(copy, tiny_group, vae):
    """A folder with a run, the same with other settings, a group of two seeds, and an autoencoder."""
    other = shutil.copytree(copy.path, copy.path.parent / "other")
    config = copy.config
    set_config(Run(other), replace(config, optimizer=replace(config.optimizer, lr=0.125)))
    shutil.copytree(tiny_group.path, copy.path.parent / "group")
    return copy.path.parent


def stacked_charts(app):
    """Return the charts of all metrics, each of which has the nearest points first and the crosshair last."""
    return [spec for chart in app.get("vega_lite_chart") for spec in json.loads(chart.proto.spec)["vconcat"]]


def drawn_runs(app):
    """Return the charts by their titles, each with the runs that it draws, as a person finds them in the legend."""
    specs = stacked_charts(app)
    encodings = [spec["layer"][1]["encoding"] for spec in specs]
    return {
        spec["title"]["text"]: encoding["color"]["scale"]["domain"]
        for spec, encoding in zip(specs, encodings, strict=True)
    }


def spec_of(app, title):
    return next(spec for spec in stacked_charts(app) if spec["title"]["text"] == title)


def pills(app, label):
    return next(group for group in app.get("button_group") if group.label == label)


def test_a_run_is_shown_alone_or_beside_others(visit, folder):
    app = visit(folder, "curves", run="copy")
    assert drawn_runs(app) == {"Loss": ["copy"], "Accuracy": ["copy"]}
    assert not app.get("subheader")
    app = visit(folder, "curves", run="copy", compare="other")
    app.multiselect(key="more").select("group").run()
    assert list(drawn_runs(app).values()) == [["copy", "other", "group"]] * 2
    assert "bands: lowest to highest seed" in spec_of(app, "Loss")["title"]["subtitle"][-1]
    app.selectbox(key="run").set_value("group").run()
    assert app.multiselect(key="more").value == []  # it is shown already
    assert drawn_runs(app)["Loss"] == ["group", "other"]


def test_config_differences_are_shown(visit, folder):
    app = visit(folder, "curves", run="copy", compare="other")
    assert texts(app.subheader) == ["Config differences"]
    (table,) = app.dataframe
    assert list(table.value.columns) == ["copy", "other"]
    assert table.value.loc["optimizer.lr"].tolist() == ["0.002", "0.125"]
    assert len(table.value) == 1
    app.session_state["configs"] = True
    app.run()
    assert [json.loads(code.value)["optimizer"]["lr"] for code in app.code] == [0.002, 0.125]


def test_controls_change_what_is_drawn_runs(visit, folder):
    app = visit(folder, "curves", run="copy")
    assert spec_of(app, "Loss")["layer"][0]["encoding"]["y"]["scale"]["type"] == "log"
    assert "type" not in spec_of(app, "Accuracy")["layer"][0]["encoding"]["y"]["scale"]
    assert len(spec_of(app, "Loss")["layer"]) == 4

    app.slider(key="smoothing").set_value(0.9).run()
    assert len(spec_of(app, "Loss")["layer"]) == 5
    pills(app, "Log scale").set_value(["x-axis", "accuracy"]).run()
    encoding = spec_of(app, "Accuracy")["layer"][0]["encoding"]
    assert encoding["x"]["scale"]["type"] == encoding["y"]["scale"]["type"] == "log"
    pills(app, "X-axis").set_value("seconds").run()
    assert spec_of(app, "Loss")["layer"][0]["encoding"]["x"]["field"] == "seconds"
    pills(app, "Metrics").set_value(["learning_rate", "images_per_second"]).run()
    assert set(drawn_runs(app)) == {"Learning rate", "Throughput"}
    pills(app, "Splits").set_value(["validation"]).run()
    assert texts(app.info) == [
        f"No {name} logged for these splits." for name in ("learning rate", "throughput")
    ]
    pills(app, "Metrics").set_value([]).run()
    assert not app.get("vega_lite_chart")
    assert not app.exception


def test_the_data_of_a_chart_are_shown(visit, folder):
    app = visit(folder, "curves", run="copy")
    app.session_state["data-loss"] = True
    app.run()
    (table,) = app.dataframe
    logged = [row["loss"] for row in Run(folder / "copy").metrics()]
    assert sorted(table.value["loss"]) == sorted(logged)


def test_an_autoencoder_has_an_error(visit, folder):
    app = visit(folder, "curves", run="vae")
    assert set(drawn_runs(app)) == {"Loss", "Error"}
    assert any("divergence" in text for text in texts(app.caption))
    assert set(drawn_runs(visit(folder, "curves", run="vae", compare="copy"))) == {
        "Loss",
        "Accuracy",
        "Error",
    }


def test_unreadable_runs_are_named_and_the_others_are_shown(visit, folder):
    for name, damage in (("cut", '{"step": 1'), ("empty", ""), ("torn", None)):
        shutil.copytree(folder / "copy", folder / name)
        if damage is not None:
            (folder / name / "metrics.jsonl").write_text(damage)
    lines = (folder / "torn" / "metrics.jsonl").read_text().splitlines(keepends=True)
    (folder / "torn" / "metrics.jsonl").write_text("".join([*lines[:2], "garbage\n", *lines[2:]]))
    shutil.copytree(folder / "copy", folder / "odd")
    (folder / "odd" / "config.json").write_text("{")
    runs.create_ensemble("both", runs.find_entry("group", folder).members(), folder)
    app = visit(folder, "curves", run="copy", compare="torn")
    app.multiselect(key="more").set_value(["cut", "empty", "odd", "both"]).run()
    assert drawn_runs(app)["Loss"] == ["copy", "torn", "odd"]
    reasons = texts(app.error)
    assert len(reasons) == 1
    assert "odd/config.json" in reasons[0]
    (damage,) = texts(app.warning)
    assert "torn/metrics.jsonl: line 3 is not as training writes it" in damage
    notes = texts(app.info)
    assert notes[0].startswith("both is an ensemble")
    assert notes[1:] == ["cut has logged nothing yet.", "empty has logged nothing yet."]


def test_a_group_with_a_missing_seed_shows_the_others(visit, folder):
    shutil.rmtree(folder / "group" / "seed-0")
    app = visit(folder, "curves", run="group")
    assert texts(app.info) == ["group/seed-0 has logged nothing yet."]
    assert drawn_runs(app)["Loss"] == ["group"]
    (folder / "group" / "group.json").write_text("{")
    app = visit(folder, "curves", run="group")
    assert "group.json" in texts(app.error)[0]
    assert not app.get("vega_lite_chart")


def test_without_a_run_there_is_the_pretrained_model(visit, tmp_path):
    assert drawn_runs(visit(tmp_path / "nowhere", "curves"))["Loss"] == ["handwriting"]


# ---------------------------------------------------------------------------------------- training


@pytest.fixture
def training(copy):
    """A run that is in the middle of its training, whose lock is held."""
    (copy.path / "finished.json").unlink()
    with training_lock(copy.path):
        yield set_config(copy, replace(copy.config, training=replace(copy.config.training, epochs=4)))


def test_a_training_shows_its_progress_until_it_is_finished(visit, training):
    app = visit(training.path.parent, "curves")
    assert "Training in progress: refreshes every 2 seconds." in texts(app.caption)
    (progress,) = app.get("progress")
    assert "epoch 1 of 4, step 21 of 84, " in progress.text
    assert progress.value == 25
    assert texts(app.subheader) == ["Last validation, epoch 1"]
    assert len(gallery_captions(app)) == 30
    app.slider(key="smoothing").set_value(0.5).run()

    line = {"step": 42, "epoch": 2, "split": "train", "loss": 0.5, "seconds": 60.0}
    with training.metrics_file.open("a") as file:
        file.write(json.dumps(line) + "\n")
    app.run()
    assert "epoch 2 of 4, step 42 of 84" in app.get("progress")[0].text
    assert app.slider(key="smoothing").value == 0.5
    training.path.with_name(".copy.lock").unlink()
    app.run()
    assert not app.get("progress")
    assert not app.subheader
    assert "Training in progress: refreshes every 2 seconds." not in texts(app.caption)
    assert drawn_runs(app)["Loss"] == ["copy"]


def test_a_training_that_has_logged_nothing_yet_is_starting(visit, training):
    training.metrics_file.unlink()
    app = visit(training.path.parent, "curves")
    assert app.get("progress")[0].text == "copy: starting"
    assert texts(app.info) == ["Nothing logged yet."]


@pytest.mark.parametrize(("active", "interval"), [(True, 2), (False, None)])
def test_the_page_refreshes_only_during_a_training(visit, training, monkeypatch, active, interval):
    import streamlit as st

    fragment, intervals = st.fragment, []

    def record(function=None, *, run_every=None, **options):
        intervals.append(run_every)
        return fragment(function, run_every=run_every, **options)

    monkeypatch.setattr(st, "fragment", record)
    if not active:
        training.path.with_name(".copy.lock").unlink()
    visit(training.path.parent, "curves")
    assert intervals[-1] == interval
