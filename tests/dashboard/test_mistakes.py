"""The page Mistakes: the matrix and its boxes, two models side by side, labels that may be wrong."""

import json
import shutil

import numpy as np
import pytest
import streamlit

from digitjax.data import pipeline
from digitjax.data.pipeline import Dataset, Split
from digitjax.evaluation import browse, compare, evaluate, metrics, tags
from digitjax.evaluation.browse import Filter
from digitjax.evaluation.label_errors import CORRECTED, UNCLEAR
from digitjax.evaluation.tags import Tagged
from digitjax.runs import Group, write_json
from tests.dashboard.browsing import copy_run, count_line, ensemble_of, gallery
from tests.dashboard.conftest import metrics as shown_metrics
from tests.dashboard.conftest import texts


@pytest.fixture
def two(able_run, tiny_run, tmp_path):
    """Copies of two runs of the same data in one folder."""
    folder = tmp_path / "runs"
    return copy_run(tiny_run, folder, "tiny"), copy_run(able_run, folder, "able")


# ------------------------------------------------------------------------------------ the matrix


def test_the_boxes_choose_a_cell(visit, able_run):
    app = visit(able_run.path.parent, "mistakes")
    confusion = np.array(evaluate.read(able_run, *able_run.evaluations()[0]).summary["confusion"])
    mistakes = confusion - np.diag(np.diag(confusion))
    true, predicted = map(int, np.unravel_index(mistakes.argmax(), mistakes.shape))

    app.selectbox(key="true").set_value(true).run()
    assert count_line(app) == f"Mistakes: {mistakes[true].sum()}"
    app.selectbox(key="predicted").set_value(predicted).run()
    assert count_line(app) == f"Mistakes: {mistakes[true, predicted]}"
    assert len(gallery(app)) == mistakes[true, predicted]
    assert all(caption.startswith(f"{true} → {predicted}") for caption in gallery(app))
    app.selectbox(key="true").set_value(predicted).run()
    assert count_line(app) == f"Read right: {confusion[predicted, predicted]}"


def test_a_click_fills_the_boxes_and_a_choice_in_them_undoes_it(visit, tiny_run):
    app = visit(tiny_run.path.parent, "mistakes")
    assert len(gallery(app)) == 200  # of some three hundred mistakes
    app.session_state["confusion-False-0"] = {"selection": {"cell": [{"true": 7, "predicted": 7}]}}
    app.run()
    assert (app.selectbox(key="true").value, app.selectbox(key="predicted").value) == (7, 7)
    app.selectbox(key="true").set_value(2).run()
    assert (app.selectbox(key="true").value, app.selectbox(key="predicted").value) == (2, 7)


def test_the_matrix_shows_counts_or_shares(visit, able_run):
    app = visit(able_run.path.parent, "mistakes")

    def subtitle():
        (chart,) = app.get("vega_lite_chart")
        return json.loads(chart.proto.spec)["title"]["subtitle"]

    assert subtitle().startswith("pictures of each")
    app.toggle(key="share").set_value(True).run()
    assert subtitle().startswith("% of the pictures of each")


def test_the_address_names_a_cell_and_a_picture(visit, able_run):
    pictures = browse.per_example(evaluate.read(able_run, *able_run.evaluations()[0]))
    number = int(browse.select(pictures, Filter(right=False), "most confident")[0])
    true, predicted = pictures.label[number], pictures.predicted[number]
    app = visit(
        able_run.path.parent, "mistakes", true=str(true), predicted=str(predicted), picture=str(number)
    )
    assert count_line(app).startswith("Mistakes: ")
    assert any(text.startswith(f"Read as **{predicted}**, wrong") for text in texts(app.markdown))
    (image,) = app.get("image")
    assert image.captions == [f"picture {number}, true digit {true}"]


def test_mistakes_are_filtered_by_tag(visit, two):
    _, able = two
    pictures = browse.per_example(evaluate.read(able, *able.evaluations()[0]))
    wrong, right = int(np.flatnonzero(~pictures.right)[0]), int(np.flatnonzero(pictures.right)[0])
    for number in (wrong, right):
        tags.write(able.path, "test", number, Tagged(tags=("odd",)), able.environment["data_sha256"])
    app = visit(able.path.parent, "mistakes", run="able")
    app.selectbox(key="tag").set_value("odd").run()
    assert count_line(app) == "Mistakes: 1"
    assert gallery(app)[0].startswith(f"{pictures.label[wrong]} → {pictures.predicted[wrong]}")


# ------------------------------------------------------------------------------- side by side


def test_two_models_are_compared_picture_by_picture(visit, two):
    tiny, able = two
    expected = compare.compare(tiny, able)
    app = visit(tiny.path.parent, "mistakes", run="tiny", versus="able")
    assert not app.error
    assert texts(app.markdown)[0] == f"**{expected.sentence}**"
    assert app.dataframe[0].value["accuracy"].tolist() == [
        f"{s.accuracy:.2%}" for s in (expected.a, expected.b)
    ]
    a, b = (evaluate.read(run, *run.evaluations()[0]) for run in two)
    answers = [made.logits.argmax(axis=1) for made in (a, b)]
    for kind, numbers in (
        ("Fixed", expected.fixed),
        ("Broken", expected.broken),
        ("Both wrong", expected.both_wrong),
    ):
        app.session_state["changed"] = kind
        app.run()
        assert gallery(app) == [f"{a.labels[i]}: {answers[0][i]} | {answers[1][i]}" for i in numbers[:200]]
    number = expected.both_wrong[0]
    app.number_input(key="picture").set_value(number).run()
    said = [text for text in texts(app.markdown) if text.startswith("Read as")]
    assert [text[10] for text in said] == [str(answer[number]) for answer in answers]


def test_the_matrix_stays_beside_a_comparison(visit, two):
    app = visit(two[0].path.parent, "mistakes", run="tiny", versus="able")
    app.session_state["view"] = "Confusion matrix"
    app.run()
    assert count_line(app).startswith("Mistakes: ")
    app.selectbox(key="versus").set_value(None).run()
    assert not app.error


def test_an_evaluation_that_is_missing_is_named_with_its_command(visit, two):
    tiny, able = two
    shutil.rmtree(able.path / "evaluation")
    app = visit(tiny.path.parent, "mistakes", run="tiny", versus="able")
    assert texts(app.error) == [
        "able has not been evaluated on the test split yet: digitjax evaluate able --split test"
    ]


def test_what_cannot_be_compared_is_said(visit, two, vae):
    tiny, able = two
    app = visit(tiny.path.parent, "mistakes", run="tiny", versus="vae")
    assert "its vae cannot tell digits apart: name a classifier" in texts(app.error)[0]
    write_json(able.path / "environment.json", {"data_sha256": "0"})
    app = visit(tiny.path.parent, "mistakes", run="tiny", versus="able")
    assert "were trained on different data" in texts(app.error)[0]


def test_groups_are_compared_over_their_seeds_too(visit, tiny_group, tmp_path):
    for name in ("one", "other"):
        shutil.copytree(tiny_group.path, tmp_path / "runs" / name)
    app = visit(tmp_path / "runs", "mistakes", run="one", versus="other")
    assert not app.error
    seeds, pictures = texts(app.markdown)[:2]
    assert seeds.startswith("**other reads ")
    assert "over 2 seeds" in seeds
    assert pictures.startswith("**other/seed-0 reads as many")
    shutil.rmtree(Group(tmp_path / "runs" / "other").member(1).path / "evaluation")
    app = visit(tmp_path / "runs", "mistakes", run="one", versus="other")
    assert texts(app.error) == [
        "other has not been evaluated on the test split yet: digitjax evaluate other --split test"
    ]
    assert texts(app.markdown)[0].startswith("**other/seed-0 reads")


def test_an_ensemble_is_compared_with_one_of_its_members(visit, tiny_group, tmp_path):
    ensemble = ensemble_of(tiny_group, tmp_path / "runs")
    evaluate.evaluate(ensemble)
    app = visit(ensemble.path.parent, "mistakes", run="both", versus="member-0")
    assert not app.error
    assert texts(app.markdown)[0].startswith("**member-0 reads")


# ------------------------------------------------------------------------------- doubtful labels


def test_suspects_are_the_most_confident_mistakes(visit, able_run):
    pictures = browse.per_example(evaluate.read(able_run, *able_run.evaluations()[0]))
    app = visit(able_run.path.parent, "mistakes")
    app.session_state["view"] = "Doubtful labels"
    app.run()
    assert not app.metric
    numbers = browse.select(pictures, Filter(right=False), "most confident")
    assert count_line(app) == f"{len(numbers)} wrong answers"
    assert [caption[:5] for caption in gallery(app)] == [
        f"{pictures.label[i]} → {pictures.predicted[i]}" for i in numbers
    ]


@pytest.fixture
def mnist_like(copy, monkeypatch):
    """A run of ten thousand pictures that have MNIST's labels where these are known to be wrong."""
    labels = np.zeros(10_000, np.int32)
    labels[list(CORRECTED)] = [given for given, _ in CORRECTED.values()]
    split = Split(np.zeros((10_000, 28, 28), np.uint8), labels)
    monkeypatch.setattr(pipeline, "load", lambda data: Dataset(split, split, split, "0"))
    config = json.loads((copy.path / "config.json").read_text())
    config["data"]["name"] = "mnist"
    write_json(copy.path / "config.json", config)
    shutil.rmtree(copy.path / "evaluation")
    logits = np.eye(10, dtype=np.float32)[labels]
    logits[947] = np.eye(10)[9]  # reads what people see
    folder = copy.evaluation_folder("test", 21)
    folder.mkdir(parents=True)
    np.savez(folder / "predictions.npz", logits=logits, labels=labels)
    write_json(folder / "metrics.json", metrics.summarize(logits, labels))
    yield copy
    streamlit.cache_resource.clear()


def test_known_label_errors_give_a_second_look_beside_the_headline(visit, mnist_like):
    app = visit(mnist_like.path.parent, "mistakes")
    app.session_state["view"] = "Doubtful labels"
    app.run()
    assert not app.error
    assert shown_metrics(app) == {
        "Accuracy, by the labels as given": "99.99%",
        "A second look, without label errors": f"{(9997 - 9) / 9997:.2%}",
    }
    order = sorted([*CORRECTED, *UNCLEAR])
    assert len(gallery(app)) == 13
    assert gallery(app)[order.index(947)] == "8 | 9 | 9"
    assert gallery(app)[order.index(1901)] == "9 | 4 | 9"
    assert gallery(app)[order.index(2654)] == "0 | ? | 0"
    app.session_state["doubtful"] = "Suspects"
    app.run()
    assert gallery(app) == ["8 → 9, 23%"]


# --------------------------------------------------------------------- damaged, half-written, other


def test_the_pictures_must_be_those_that_were_evaluated(visit, copy):
    file = copy.evaluation_folder(*copy.evaluations()[0]) / "predictions.npz"
    with np.load(file) as arrays:
        np.savez(file, logits=arrays["logits"], labels=np.roll(arrays["labels"], 1))
    app = visit(copy.path.parent, "mistakes")
    assert texts(app.error) == ["the digits pictures that are here are not those that were evaluated"]
    assert not app.get("bidi_component")


@pytest.mark.parametrize("file", ["metrics.json", "predictions.npz"])
def test_a_damaged_evaluation_is_named(visit, copy, file):
    damaged = copy.evaluation_folder(*copy.evaluations()[0]) / file
    damaged.write_bytes(damaged.read_bytes()[:100])
    (reason,) = texts(visit(copy.path.parent, "mistakes").error)
    assert file in reason


def test_what_has_no_mistakes_to_show_says_why(visit, copy, vae):
    app = visit(vae.path.parent, "mistakes", run="vae")
    assert texts(app.error) == ["vae is an autoencoder, which tells no digits apart: see Reconstructions"]
    shutil.rmtree(copy.path / "evaluation")
    app = visit(copy.path.parent, "mistakes", run="copy")
    assert texts(app.error) == ["copy has not been evaluated yet: digitjax evaluate copy"]
