"""The page Predictions: filters, order, pages, the single picture, tags; splits made on the spot; its samples."""

import gc
import json
from dataclasses import replace

import numpy as np
import pytest
import streamlit

from digitjax.config import Augment, to_json
from digitjax.data import pipeline
from digitjax.errors import InputError
from digitjax.evaluation import browse, evaluate, history, tags
from digitjax.evaluation.browse import Filter
from tests.dashboard.browsing import copy_run, count_line, ensemble_of, gallery, serve_at
from tests.dashboard.conftest import texts


@pytest.fixture
def run(able_run, tmp_path):
    """A copy of a run with its kept weights, to be written into."""
    return copy_run(able_run, tmp_path / "runs", "able")


def read(run):
    return browse.per_example(evaluate.read(run, *run.evaluations()[0]))


def captions(pictures, numbers) -> list[str]:
    return [f"{pictures.label[i]} → {pictures.predicted[i]}, {pictures.confidence[i]:.0%}" for i in numbers]


# ------------------------------------------------------------------------------------- browsing


def test_filters_and_order_choose_the_pictures(visit, able_run):
    pictures = read(able_run)
    app = visit(able_run.path.parent, "predictions")
    assert not app.error
    assert count_line(app) == f"{len(pictures)} of {len(pictures)} pictures"
    assert gallery(app) == captions(pictures, range(200))

    app.selectbox(key="sort").set_value("highest loss").run()
    assert gallery(app) == captions(pictures, browse.select(pictures, Filter(), "highest loss")[:200])
    app.selectbox(key="true").set_value(8).run()
    app.selectbox(key="answer").set_value("wrong").run()
    wrong = browse.select(pictures, Filter(true=8, right=False), "highest loss")
    assert count_line(app) == f"{len(wrong)} of {len(pictures)} pictures"
    assert gallery(app) == captions(pictures, wrong)
    predicted = int(pictures.predicted[wrong[0]])
    app.selectbox(key="predicted").set_value(predicted).run()
    assert count_line(app).startswith(f"{(pictures.predicted[wrong] == predicted).sum()} of")
    app.slider(key="confidence").set_value((0, 1)).run()
    assert count_line(app).startswith("0 of")
    assert gallery(app) == []


def test_the_address_chooses_pictures_too(visit, able_run):
    pictures = read(able_run)
    app = visit(
        able_run.path.parent, "predictions", true="3", answer="right", sort="least confident", picture="5"
    )
    chosen = browse.select(pictures, Filter(true=3, right=True), "least confident")
    assert gallery(app) == captions(pictures, chosen)
    assert app.number_input(key="picture").value == 5


def test_what_the_address_asks_for_must_exist(visit, able_run):
    app = visit(able_run.path.parent, "predictions", true="x", answer="?", sort="../..", picture="-1")
    assert count_line(app).startswith(f"{len(read(able_run))} of")
    assert not app.error


def test_pages_show_200_pictures_and_begin_anew_with_other_pictures(visit, able_run):
    pictures = read(able_run)
    app = visit(able_run.path.parent, "predictions")
    app.number_input(key="page").set_value(2).run()
    assert gallery(app) == captions(pictures, range(200, len(pictures)))
    app.selectbox(key="sort").set_value("most confident").run()
    assert app.number_input(key="page").value == 1


def test_a_picture_is_shown_until_others_are_chosen(visit, able_run):
    pictures = read(able_run)
    app = visit(able_run.path.parent, "predictions")
    assert texts(app.info) == ["Pick a picture to see what was made of it: click it, or use the arrow keys."]
    number = int(pictures.loss.argmax())
    app.number_input(key="picture").set_value(number).run()
    assert not app.info
    said = texts(app.markdown)
    assert any(text.startswith(f"Read as **{pictures.predicted[number]}**, wrong, ") for text in said)
    assert any("0 of" in text and "have a higher one" in text for text in texts(app.caption))
    (image,) = app.get("image")
    assert image.captions == [f"picture {number}, true digit {pictures.label[number]}"]
    app.selectbox(key="true").set_value(1).run()
    assert app.number_input(key="picture").value is None
    assert len(app.info) == 1


def test_a_history_gives_orders_and_says_what_was_forgotten(visit, run):
    made = history.evaluate_history(run)
    pictures = browse.per_example(evaluate.read(run, *run.evaluations()[0]), made)
    app = visit(run.path.parent, "predictions")
    app.selectbox(key="sort").set_value("learned last").run()
    order = browse.select(pictures, Filter(), "learned last")
    assert gallery(app) == captions(pictures, order[:200])
    assert pictures.learned[order[0]] == 0
    app.number_input(key="picture").set_value(int(order[0])).run()
    said = "Never learned, wrong in the end, forgotten 0 times"
    assert any(text.startswith(said) for text in texts(app.caption))

    (history.history_folder(run) / "history.npz").write_bytes(b"PK")
    app = visit(run.path.parent, "predictions")
    assert "history.npz: it cannot be read" in texts(app.warning)[0]
    assert "learned last" not in app.selectbox(key="sort").options
    assert not app.error


def test_a_visit_spares_what_imports_made_from_collection(visit, able_run):
    streamlit.cache_resource.clear()
    gc.unfreeze()
    visit(able_run.path.parent, "predictions")
    assert gc.get_freeze_count() > 0
    gc.unfreeze()


# ---------------------------------------------------------------------------- splits on the spot


def test_a_split_is_predicted_on_this_machine(visit, run, monkeypatch):
    serve_at(monkeypatch, "127.0.0.1")
    app = visit(run.path.parent, "predictions")
    assert [button.label for button in app.button] == [
        "Predict the train split now",
        "Predict the validation split now",
    ]
    app.button[1].click().run()
    assert not app.exception
    made = evaluate.read(run, "validation", run.evaluations()[-1].step)
    assert count_line(app) == f"{len(made.labels)} of {len(made.labels)} pictures"
    assert app.selectbox(key=f"evaluation-{run.path}").value.split == "validation"
    assert [button.label for button in app.button] == ["Predict the train split now"]


@pytest.mark.parametrize("address", [None, "0.0.0.0", "192.168.1.2"])
def test_a_server_for_others_names_the_command_and_writes_no_tags(visit, run, monkeypatch, address):
    serve_at(monkeypatch, address)
    app = visit(run.path.parent, "predictions", picture="3")
    assert not app.button
    assert not app.multiselect
    assert app.code[0].value == f"digitjax evaluate able --split train --runs {run.path.parent}"
    assert any(
        text.startswith("Tags cannot be set here. Other machines can reach") for text in texts(app.caption)
    )


def test_the_folder_of_the_model_in_the_box_is_left_alone(visit, tmp_path, monkeypatch):
    def load(data):
        raise InputError("no pictures here")

    serve_at(monkeypatch, "127.0.0.1")
    monkeypatch.setattr(pipeline, "load", load)
    app = visit(tmp_path, "predictions")
    assert app.selectbox(key="run").value == "handwriting"
    assert not app.button
    assert any("belongs to the package" in text for text in texts(app.caption))
    assert texts(app.error) == ["no pictures here"]


# ---------------------------------------------------------------------------------------- tags


def test_tags_are_kept_and_filtered_by(visit, run, monkeypatch):
    serve_at(monkeypatch, "localhost")
    folder = run.path.parent
    app = visit(folder, "predictions", picture="7")
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
    assert gallery(app) == captions(read(run), [7])
    serve_at(monkeypatch, None)
    app = visit(folder, "predictions", picture="7")
    assert "Tags: ambiguous. a 1 *or* a 7" in texts(app.markdown)


def test_a_tag_that_is_too_long_is_refused(visit, run, monkeypatch):
    serve_at(monkeypatch, "::1")
    app = visit(run.path.parent, "predictions", picture="7")
    app.multiselect[0].set_value(["x" * 41])
    app.button[-1].click().run()
    assert "tags.0: String should have at most 40 characters" in texts(app.error)[0]
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
    serve_at(monkeypatch, "127.0.0.1")
    (run.evaluation_folder(*run.evaluations()[0]) / "metrics.json").unlink()
    app = visit(run.path.parent, "predictions")
    assert texts(app.error) == ["able has not been evaluated yet: digitjax evaluate able"]
    assert len(app.button) == 3


def test_a_run_that_has_just_begun_says_what_is_missing(visit, run, monkeypatch):
    serve_at(monkeypatch, "127.0.0.1")
    for path in run.path.iterdir():
        if path.name != "config.json":
            path.rename(run.path.parent.parent / path.name)
    app = visit(run.path.parent, "predictions")
    assert not app.button
    reasons = texts(app.error)
    assert len(reasons) == 2
    assert "there is no checkpoint yet" in "".join(reasons)
    assert "has not been evaluated yet" in "".join(reasons)


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
    (reason,) = texts(app.error)
    assert reason == "vae is an autoencoder, which tells no digits apart: see Reconstructions"
    assert not app.button
    app.session_state["about"] = "Class balance"
    app.run()
    assert not app.error


def test_an_ensemble_is_browsed_and_predicted_as_one(visit, tiny_group, tmp_path, monkeypatch):
    serve_at(monkeypatch, "127.0.0.1")
    ensemble = ensemble_of(tiny_group, tmp_path / "runs")
    app = visit(ensemble.path.parent, "predictions", run="both")
    app.button[2].click().run()
    made = evaluate.read(ensemble, "test", "best")
    assert count_line(app) == f"{len(made.labels)} of {len(made.labels)} pictures"
    assert gallery(app) == captions(browse.per_example(made), range(200))


# --------------------------------------------------------------------------------------- samples


def test_the_class_balance_has_its_numbers_in_a_table(visit, able_run):
    app = visit(able_run.path.parent, "predictions")
    app.session_state["about"] = "Class balance"
    app.run()
    assert not app.error
    data = pipeline.load(able_run.config.data)
    table = app.dataframe[0].value.set_index("split")
    for split in ("train", "validation", "test"):
        labels = getattr(data, split).labels
        assert table.loc[split].tolist() == [*np.bincount(labels, minlength=10), len(labels)]


def test_augmented_samples_are_drawn_anew(visit, run):
    app = visit(run.path.parent, "predictions")
    app.session_state["about"] = "Augmented samples"
    app.run()
    assert texts(app.info) == ["This run uses no augmentation: its training meets the pictures as they are."]
    (run.path / "config.json").write_text(to_json(replace(run.config, augment=Augment(shift=3))))
    app = visit(run.path.parent, "predictions")
    app.session_state["about"] = "Augmented samples"
    app.run()
    assert "**shift 3**" in texts(app.markdown)[0]
    first = app.get("image")[0].proto.imgs[0].url
    app.run()
    assert app.get("image")[0].proto.imgs[0].url == first
    app.button[0].click().run()
    assert app.get("image")[0].proto.imgs[0].url != first
