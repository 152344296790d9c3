"""The page Errors: the confusion matrix, the comparison of two models, label issues."""

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest
import streamlit

from digitjax.data import pipeline
from digitjax.data.pipeline import Dataset, Split
from digitjax.evaluation import browse, compare, evaluate, metrics, tags
from digitjax.evaluation.browse import Filter
from digitjax.evaluation.label_errors import AMBIGUOUS, CORRECTED_LABELS
from digitjax.runs import Group, write_json
from digitjax.runs.annotations import Annotations
from digitjax.runs.files import read_sealed, write_sealed
from tests.dashboard.conftest import metrics as shown_metrics
from tests.dashboard.conftest import texts
from tests.dashboard.page_helpers import copy_as_ensemble, copy_run, count_line, gallery_captions
from tests.run_files import set_config


@pytest.fixture
def two(able_run, tiny_run, tmp_path):
    """Copies of two runs of the same data in one folder."""
    folder = tmp_path / "runs"
    return copy_run(tiny_run, folder, "tiny"), copy_run(able_run, folder, "able")


# ------------------------------------------------------------------------------------ the matrix


def test_the_boxes_select_a_cell(visit, able_run):
    app = visit(able_run.path.parent, "errors")
    confusion = np.array(evaluate.read(able_run, *able_run.evaluations()[0]).summary["confusion"])
    errors = confusion - np.diag(np.diag(confusion))
    true, predicted = map(int, np.unravel_index(errors.argmax(), errors.shape))

    app.selectbox(key="true").set_value(true).run()
    assert count_line(app) == f"Errors: {errors[true].sum()}"
    app.selectbox(key="predicted").set_value(predicted).run()
    assert count_line(app) == f"Errors: {errors[true, predicted]}"
    assert len(gallery_captions(app)) == errors[true, predicted]
    assert all(caption.startswith(f"{true} → {predicted}") for caption in gallery_captions(app))
    app.selectbox(key="true").set_value(predicted).run()
    assert count_line(app) == f"Correct: {confusion[predicted, predicted]}"


def test_a_click_fills_the_boxes_and_a_change_in_them_replaces_it(visit, tiny_run):
    app = visit(tiny_run.path.parent, "errors")
    assert len(gallery_captions(app)) == 200  # of some three hundred errors
    app.session_state["confusion-False-0"] = {"selection": {"cell": [{"true": 7, "predicted": 7}]}}
    app.run()
    assert (app.selectbox(key="true").value, app.selectbox(key="predicted").value) == (7, 7)
    app.selectbox(key="true").set_value(2).run()
    assert (app.selectbox(key="true").value, app.selectbox(key="predicted").value) == (2, 7)


def test_the_matrix_shows_counts_or_shares(visit, able_run):
    app = visit(able_run.path.parent, "errors")

    def subtitle():
        (chart,) = app.get("vega_lite_chart")
        return " ".join(json.loads(chart.proto.spec)["title"]["subtitle"])

    assert subtitle().startswith("examples of each true digit")
    app.toggle(key="normalize").set_value(True).run()
    assert subtitle().startswith("% of examples of each true digit")


def test_the_url_names_a_cell_and_an_image(visit, able_run):
    table = browse.per_example(evaluate.read(able_run, *able_run.evaluations()[0]))
    index = int(browse.select_examples(table, Filter(correct=False), "most confident")[0])
    true, predicted = table.label[index], table.predicted[index]
    app = visit(able_run.path.parent, "errors", true=str(true), predicted=str(predicted), image=str(index))
    assert count_line(app).startswith("Errors: ")
    assert any(text.startswith(f"Predicted **{predicted}**") for text in texts(app.markdown))
    (image,) = app.get("image")
    assert image.captions == [f"image {index}, true digit {true}"]


def test_errors_are_filtered_by_tag(visit, two):
    _, able = two
    table = browse.per_example(evaluate.read(able, *able.evaluations()[0]))
    wrong, right = int(np.flatnonzero(~table.correct)[0]), int(np.flatnonzero(table.correct)[0])
    for index in (wrong, right):
        tags.write(able.path, "test", index, Annotations(tags=("odd",)), able.environment["data_sha256"])
    app = visit(able.path.parent, "errors", run="able")
    app.selectbox(key="tag").set_value("odd").run()
    assert count_line(app) == "Errors: 1"
    assert gallery_captions(app)[0].startswith(f"{table.label[wrong]} → {table.predicted[wrong]}")


# ------------------------------------------------------------------------------- side by side


def test_two_models_are_compared_image_by_image(visit, two):
    tiny, able = two
    expected = compare.compare(tiny, able)
    app = visit(tiny.path.parent, "errors", run="tiny", compare="able")
    assert not app.error
    assert texts(app.markdown)[0] == f"**{expected.sentence}**"
    assert app.dataframe[0].value["accuracy"].tolist() == [
        f"{s.accuracy:.2%}" for s in (expected.a, expected.b)
    ]
    a, b = (evaluate.read(run, *run.evaluations()[0]) for run in two)
    predictions = [evaluation.logits.argmax(axis=1) for evaluation in (a, b)]
    for kind, indices in (
        ("Improved", expected.improved),
        ("Regressed", expected.regressed),
        ("Both incorrect", expected.both_incorrect),
    ):
        app.session_state["changed"] = kind
        app.run()
        assert gallery_captions(app) == [
            f"{a.labels[i]}: {predictions[0][i]} | {predictions[1][i]}" for i in indices[:200]
        ]
    index = expected.both_incorrect[0]
    app.number_input(key="image").set_value(index).run()
    predicted_lines = [text for text in texts(app.markdown) if text.startswith("Predicted")]
    assert [text[12] for text in predicted_lines] == [str(predicted[index]) for predicted in predictions]


def test_the_matrix_stays_beside_a_comparison(visit, two):
    app = visit(two[0].path.parent, "errors", run="tiny", compare="able")
    app.session_state["view"] = "Confusion matrix"
    app.run()
    assert count_line(app).startswith("Errors: ")
    app.selectbox(key="compare").set_value(None).run()
    assert not app.error


def test_a_missing_evaluation_is_named_with_its_command(visit, two):
    tiny, able = two
    shutil.rmtree(able.path / "evaluation")
    app = visit(tiny.path.parent, "errors", run="tiny", compare="able")
    assert texts(app.error) == [
        "able is not evaluated on the test split yet: digitjax evaluate able --split test"
    ]


def test_runs_that_cannot_be_compared_are_named_with_the_reason(visit, two, vae):
    tiny, able = two
    app = visit(tiny.path.parent, "errors", run="tiny", compare="vae")
    assert "vae is not a classifier: name a classifier" in texts(app.error)[0]
    write_json(able.path / "environment.json", {"data_sha256": "0"})
    app = visit(tiny.path.parent, "errors", run="tiny", compare="able")
    assert "were trained on different data" in texts(app.error)[0]


def test_groups_are_compared_over_their_seeds_too(visit, tiny_group, tmp_path):
    for name in ("one", "other"):
        shutil.copytree(tiny_group.path, tmp_path / "runs" / name)
    app = visit(tmp_path / "runs", "errors", run="one", compare="other")
    assert not app.error
    seeds, images = texts(app.markdown)[:2]
    assert seeds.startswith("**other has an accuracy of ")
    assert "over 2 seeds" in seeds
    assert images.startswith("**other/seed-0 classifies as many images")
    shutil.rmtree(Group(tmp_path / "runs" / "other").member(1).path / "evaluation")
    app = visit(tmp_path / "runs", "errors", run="one", compare="other")
    assert texts(app.error) == [
        "other is not evaluated on the test split yet: digitjax evaluate other --split test"
    ]
    assert texts(app.markdown)[0].startswith("**other/seed-0 classifies")


def test_an_ensemble_is_compared_with_one_of_its_members(visit, tiny_group, tmp_path):
    ensemble = copy_as_ensemble(tiny_group, tmp_path / "runs")
    evaluate.evaluate(ensemble)
    app = visit(ensemble.path.parent, "errors", run="both", compare="member-0")
    assert not app.error
    assert texts(app.markdown)[0].startswith("**member-0 classifies")


# --------------------------------------------------------------------------------- label issues


def test_likely_mislabelled_images_are_the_most_confident_errors(visit, able_run):
    table = browse.per_example(evaluate.read(able_run, *able_run.evaluations()[0]))
    app = visit(able_run.path.parent, "errors")
    app.session_state["view"] = "Label issues"
    app.run()
    assert not app.metric
    indices = browse.select_examples(table, Filter(correct=False), "most confident")
    assert count_line(app) == f"{len(indices)} errors"
    assert [caption[:5] for caption in gallery_captions(app)] == [
        f"{table.label[i]} → {table.predicted[i]}" for i in indices
    ]


@pytest.fixture
def mnist_like(copy, monkeypatch):
    """A run on ten thousand images with MNIST's labels at the indices of its known label errors."""
    labels = np.zeros(10_000, np.int32)
    labels[list(CORRECTED_LABELS)] = [given for given, _ in CORRECTED_LABELS.values()]
    split = Split(np.zeros((10_000, 28, 28), np.uint8), labels)
    monkeypatch.setattr(pipeline, "load_prepared", lambda data: Dataset(split, split, split, "0"))
    copy = set_config(copy, replace(copy.config, data=replace(copy.config.data, name="mnist")))
    shutil.rmtree(copy.path / "evaluation")
    logits = np.eye(10, dtype=np.float32)[labels]
    logits[947] = np.eye(10)[9]  # the corrected label
    folder = copy.evaluation_folder("test", 21)
    folder.mkdir(parents=True)
    np.savez(folder / "predictions.npz", logits=logits, labels=labels)
    write_json(folder / "metrics.json", metrics.summarize(logits, labels))
    yield copy
    streamlit.cache_resource.clear()


def test_known_label_errors_give_a_second_accuracy(visit, mnist_like):
    app = visit(mnist_like.path.parent, "errors")
    app.session_state["view"] = "Label issues"
    app.run()
    assert not app.error
    assert shown_metrics(app) == {
        "Accuracy (original labels)": "99.99%",
        "Accuracy (without label errors)": f"{(9997 - 9) / 9997:.2%}",
    }
    order = sorted([*CORRECTED_LABELS, *AMBIGUOUS])
    assert len(gallery_captions(app)) == 13
    assert gallery_captions(app)[order.index(947)] == "8 | 9 | 9"
    assert gallery_captions(app)[order.index(1901)] == "9 | 4 | 9"
    assert gallery_captions(app)[order.index(2654)] == "0 | ? | 0"
    app.session_state["label-issues"] = "Likely mislabelled"
    app.run()
    assert gallery_captions(app) == ["8 → 9, 23%"]


# --------------------------------------------------------------------- damaged, half-written, other


def test_the_images_must_be_those_that_were_evaluated(visit, copy):
    file = copy.evaluation_folder(*copy.evaluations()[0]) / "predictions.npz"
    with np.load(file) as arrays:
        np.savez(file, logits=arrays["logits"], labels=np.roll(arrays["labels"], 1))
    metrics_file = file.with_name("metrics.json")
    write_sealed(metrics_file, {**read_sealed(metrics_file), "files": {}})
    app = visit(copy.path.parent, "errors")
    assert texts(app.error) == [
        "the digits images on this machine are not those that were evaluated: evaluate copy again"
    ]
    assert not app.get("bidi_component")


@pytest.mark.parametrize("file", ["metrics.json", "predictions.npz"])
def test_a_damaged_evaluation_is_named(visit, copy, file):
    damaged = copy.evaluation_folder(*copy.evaluations()[0]) / file
    damaged.write_bytes(damaged.read_bytes()[:100])
    (reason,) = texts(visit(copy.path.parent, "errors").error)
    assert file in reason


def test_what_has_no_errors_to_show_says_why(visit, copy, vae):
    app = visit(vae.path.parent, "errors", run="vae")
    assert texts(app.info) == ["vae is an autoencoder: see the page Reconstructions."]
    shutil.rmtree(copy.path / "evaluation")
    app = visit(copy.path.parent, "errors", run="copy")
    assert texts(app.info) == ["copy is not evaluated yet."]
    assert not app.error
