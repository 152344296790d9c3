"""The page Predictions: filters, sorting, pages, details, tags, evaluation of further splits, the data."""

import gc
import json
from dataclasses import replace

import numpy as np
import pytest
import streamlit

from digitjax.config import Augment
from digitjax.data import pipeline
from digitjax.errors import InputError
from digitjax.evaluation import browse, evaluate, history, tags
from digitjax.evaluation.browse import Filter
from tests.dashboard.conftest import texts
from tests.dashboard.page_helpers import copy_as_ensemble, copy_run, count_line, gallery_captions, listen_at
from tests.run_files import set_config


@pytest.fixture
def run(able_run, tmp_path):
    """A copy of a run with its kept weights, to be written into."""
    return copy_run(able_run, tmp_path / "runs", "able")


def read(run):
    return browse.per_example(evaluate.read(run, *run.evaluations()[0]))


def captions(table, indices) -> list[str]:
    return [f"{table.label[i]} → {table.predicted[i]}, {table.confidence[i]:.0%}" for i in indices]


# ------------------------------------------------------------------------------------- browsing


def test_filters_and_sort_order_select_the_images(visit, able_run):
    table = read(able_run)
    app = visit(able_run.path.parent, "predictions")
    assert not app.error
    assert count_line(app) == f"{len(table)} of {len(table)} images"
    assert gallery_captions(app) == captions(table, range(200))

    app.selectbox(key="sort").set_value("highest loss").run()
    assert gallery_captions(app) == captions(
        table, browse.select_examples(table, Filter(), "highest loss")[:200]
    )
    app.selectbox(key="true").set_value(8).run()
    app.selectbox(key="outcome").set_value("incorrect").run()
    wrong = browse.select_examples(table, Filter(label=8, correct=False), "highest loss")
    assert count_line(app) == f"{len(wrong)} of {len(table)} images"
    assert gallery_captions(app) == captions(table, wrong)
    predicted = int(table.predicted[wrong[0]])
    app.selectbox(key="predicted").set_value(predicted).run()
    assert count_line(app).startswith(f"{(table.predicted[wrong] == predicted).sum()} of")
    app.slider(key="confidence").set_value((0, 1)).run()
    assert count_line(app).startswith("0 of")
    assert gallery_captions(app) == []


def test_the_url_selects_images_too(visit, able_run):
    table = read(able_run)
    app = visit(
        able_run.path.parent, "predictions", true="3", outcome="correct", sort="least confident", image="5"
    )
    selected = browse.select_examples(table, Filter(label=3, correct=True), "least confident")
    assert gallery_captions(app) == captions(table, selected)
    assert app.number_input(key="image").value == 5


def test_invalid_values_in_the_url_are_ignored(visit, able_run):
    app = visit(able_run.path.parent, "predictions", true="x", outcome="?", sort="../..", image="-1")
    assert count_line(app).startswith(f"{len(read(able_run))} of")
    assert not app.error


def test_pages_show_200_images_and_restart_with_other_filters(visit, able_run):
    table = read(able_run)
    app = visit(able_run.path.parent, "predictions")
    app.number_input(key="page").set_value(2).run()
    assert gallery_captions(app) == captions(table, range(200, len(table)))
    app.selectbox(key="sort").set_value("most confident").run()
    assert app.number_input(key="page").value == 1


def test_a_reload_shows_the_same_page_of_the_gallery(visit, able_run):
    app = visit(able_run.path.parent, "predictions")
    app.number_input(key="page").set_value(2).run()
    shown = gallery_captions(app)
    assert gallery_captions(visit(able_run.path.parent, "predictions", page="2")) == shown
    assert len(gallery_captions(visit(able_run.path.parent, "predictions", page="99"))) == 200


def test_an_image_is_shown_until_the_filters_change(visit, able_run):
    table = read(able_run)
    app = visit(able_run.path.parent, "predictions")
    assert texts(app.info) == ["Select an image for details: click it, or use the arrow keys."]
    index = int(table.loss.argmax())
    app.number_input(key="image").set_value(index).run()
    assert not app.info
    lines = texts(app.markdown)
    assert any(text.startswith(f"Predicted **{table.predicted[index]}** with confidence ") for text in lines)
    assert any("rank 1 of" in text for text in texts(app.caption))
    (image,) = app.get("image")
    assert image.captions == [f"image {index}, true digit {table.label[index]}"]
    app.selectbox(key="true").set_value(1).run()
    assert app.number_input(key="image").value is None
    assert len(app.info) == 1


def test_a_history_adds_sort_orders_and_forgetting_events(visit, run):
    result = history.evaluate_history(run)
    table = browse.per_example(evaluate.read(run, *run.evaluations()[0]), result)
    app = visit(run.path.parent, "predictions")
    app.selectbox(key="sort").set_value("first correct: latest").run()
    order = browse.select_examples(table, Filter(), "first correct: latest")
    assert gallery_captions(app) == captions(table, order[:200])
    assert table.first_correct_epoch[order[0]] == 0
    app.number_input(key="image").set_value(int(order[0])).run()
    lines = "Never predicted correctly."
    assert any(text.startswith(lines) for text in texts(app.caption))

    (history.history_folder(run) / "history.npz").write_bytes(b"PK")
    app = visit(run.path.parent, "predictions")
    assert "history.npz: it is not what was written" in texts(app.warning)[0]
    assert "first correct: latest" not in app.selectbox(key="sort").options
    assert not app.error


def test_imported_objects_are_frozen_for_the_garbage_collector(visit, able_run):
    streamlit.cache_resource.clear()
    gc.unfreeze()
    visit(able_run.path.parent, "predictions")
    assert gc.get_freeze_count() > 0
    gc.unfreeze()


# ---------------------------------------------------------------------------- further splits ---


def test_a_split_is_evaluated_on_a_local_dashboard(visit, run, monkeypatch):
    listen_at(monkeypatch, "127.0.0.1")
    app = visit(run.path.parent, "predictions")
    assert [button.label for button in app.button] == [
        "Evaluate on train split",
        "Evaluate on validation split",
        "Add training history",
    ]
    app.button[1].click().run()
    assert not app.exception
    result = evaluate.read(run, "validation", run.evaluations()[-1].step)
    assert count_line(app) == f"{len(result.labels)} of {len(result.labels)} images"
    assert app.selectbox(key=f"evaluation-{run.path}").value.split == "validation"
    assert [button.label for button in app.button] == ["Evaluate on train split", "Add training history"]


@pytest.mark.parametrize("address", [None, "0.0.0.0", "192.168.1.2"])
def test_a_dashboard_for_others_names_the_command_and_is_read_only(visit, run, monkeypatch, address):
    listen_at(monkeypatch, address)
    app = visit(run.path.parent, "predictions", image="3")
    assert not app.button
    assert not app.multiselect
    assert app.code[0].value == f"digitjax evaluate able --split train --runs {run.path.parent}"
    assert any(
        text.startswith("Tags are read-only here. Other machines can reach") for text in texts(app.caption)
    )


def test_the_folder_of_the_pretrained_model_is_read_only(visit, tmp_path, monkeypatch):
    def load(data):
        raise InputError("no table here")

    listen_at(monkeypatch, "127.0.0.1")
    monkeypatch.setattr(pipeline, "load_prepared", load)
    app = visit(tmp_path, "predictions")
    assert app.selectbox(key="run").value == "handwriting"
    assert not app.button
    assert any("part of the package" in text for text in texts(app.caption))
    assert texts(app.error) == ["no table here"]


# ---------------------------------------------------------------------------------------- tags


def test_tags_are_saved_and_filtered_by(visit, run, monkeypatch):
    listen_at(monkeypatch, "localhost")
    folder = run.path.parent
    app = visit(folder, "predictions", image="7")
    assert app.multiselect[0].options == list(tags.SUGGESTIONS)
    app.multiselect[0].set_value(["ambiguous"])
    app.text_input[0].set_value(" a 1 *or* a 7 ")
    app.button[-1].click().run()
    assert not app.error
    kept = json.loads(tags.tags_file(run.path).read_text())
    assert kept["splits"] == {"test": {"7": {"tags": ["ambiguous"], "note": "a 1 *or* a 7"}}}
    assert kept["data_sha256"] == run.environment["data_sha256"]

    app.selectbox(key="tag").set_value("ambiguous").run()
    assert count_line(app).startswith("1 of")
    assert gallery_captions(app) == captions(read(run), [7])
    listen_at(monkeypatch, None)
    app = visit(folder, "predictions", image="7")
    assert "Tags: ambiguous. a 1 *or* a 7" in texts(app.markdown)


def test_a_tag_that_is_too_long_is_refused(visit, run, monkeypatch):
    listen_at(monkeypatch, "::1")
    app = visit(run.path.parent, "predictions", image="7")
    app.multiselect[0].set_value(["x" * 41])
    app.button[-1].click().run()
    assert "tags.0: string should have at most 40 characters" in texts(app.error)[0]
    assert not tags.tags_file(run.path).exists()


@pytest.mark.parametrize("content", ["{", '{"data_sha256": "0", "splits": {}}'])
def test_tags_that_cannot_be_used_are_named(visit, run, content):
    tags.tags_file(run.path).write_text(content)
    app = visit(run.path.parent, "predictions")
    assert "tags.json: " in texts(app.error)[0]
    assert "move it away" in texts(app.error)[0]
    assert tags.tags_file(run.path).read_text() == content


# --------------------------------------------------------------------- damaged, half-written, other


def test_a_run_without_an_evaluation_offers_all_splits(visit, run, monkeypatch):
    listen_at(monkeypatch, "127.0.0.1")
    (run.evaluation_folder(*run.evaluations()[0]) / "metrics.json").unlink()
    app = visit(run.path.parent, "predictions")
    assert texts(app.info) == ["able is not evaluated yet."]
    assert len(app.button) == 3


def test_a_run_that_has_just_started_names_what_is_missing(visit, run, monkeypatch):
    listen_at(monkeypatch, "127.0.0.1")
    for path in run.path.iterdir():
        if path.name != "config.json":
            path.rename(run.path.parent.parent / path.name)
    app = visit(run.path.parent, "predictions")
    assert not app.button
    (reason,) = texts(app.error)
    assert "there is no checkpoint yet" in reason


@pytest.mark.parametrize("file", ["metrics.json", "predictions.npz"])
def test_a_damaged_evaluation_is_named(visit, copy, file):
    damaged = copy.evaluation_folder(*copy.evaluations()[0]) / file
    damaged.write_bytes(damaged.read_bytes()[:100])
    app = visit(copy.path.parent, "predictions")
    (reason,) = texts(app.error)
    assert file in reason


def test_a_damaged_config_is_named(visit, copy):
    (copy.path / "config.json").write_text("{")
    app = visit(copy.path.parent, "predictions")
    assert all("config.json" in text for text in texts(app.error))
    assert app.error


def test_an_autoencoder_has_no_predictions_but_samples(visit, vae):
    app = visit(vae.path.parent, "predictions")
    assert texts(app.info) == ["vae is an autoencoder: see the page Reconstructions."]
    assert not app.button
    app.session_state["section"] = "Class balance"
    app.run()
    assert not app.error


def test_an_ensemble_is_browsed_and_evaluated(visit, tiny_group, tmp_path, monkeypatch):
    listen_at(monkeypatch, "127.0.0.1")
    ensemble = copy_as_ensemble(tiny_group, tmp_path / "runs")
    app = visit(ensemble.path.parent, "predictions", run="both")
    app.button[2].click().run()
    result = evaluate.read(ensemble, "test", "best")
    assert count_line(app) == f"{len(result.labels)} of {len(result.labels)} images"
    assert gallery_captions(app) == captions(browse.per_example(result), range(200))


# --------------------------------------------------------------------------------------- samples


def test_the_class_balance_has_its_counts_in_a_table(visit, able_run):
    app = visit(able_run.path.parent, "predictions")
    app.session_state["section"] = "Class balance"
    app.run()
    assert not app.error
    data = pipeline.load(able_run.config.data)
    table = app.dataframe[0].value.set_index("split")
    for split in ("train", "validation", "test"):
        labels = getattr(data, split).labels
        assert table.loc[split].tolist() == [*np.bincount(labels, minlength=10), len(labels)]


def test_augmented_samples_are_resampled(visit, run):
    app = visit(run.path.parent, "predictions")
    app.session_state["section"] = "Augmented samples"
    app.run()
    assert texts(app.info) == ["This run uses no augmentation."]
    set_config(run, replace(run.config, augment=Augment(shift=3)))
    app = visit(run.path.parent, "predictions")
    app.session_state["section"] = "Augmented samples"
    app.run()
    assert "**shift 3**" in texts(app.markdown)[0]
    first = app.get("image")[0].proto.imgs[0].url
    app.run()
    assert app.get("image")[0].proto.imgs[0].url == first
    app.button[0].click().run()
    assert app.get("image")[0].proto.imgs[0].url != first
