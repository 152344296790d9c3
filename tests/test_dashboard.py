"""Both pages as a person meets them: good runs, bad runs, good pictures, bad pictures."""

import io
import shutil
import sys
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_digits

pytest.importorskip("streamlit")

from streamlit.testing.v1 import AppTest

from digitjax import groups, runs
from digitjax.config import CNN, Adam, Training
from digitjax.evaluation import evaluate
from digitjax.experiments import shipped_folder
from digitjax.groups import Group
from digitjax.model.train import train
from digitjax.recognition import recognizer
from digitjax.runs import EvaluationKey, Run

DASHBOARD = shipped_folder("dashboard")
ABLE = {
    "name": "able",
    "model": CNN(channels=(8, 16), dense=(32,), dropout=0.0),
    "optimizer": Adam(lr=1e-2),
    "training": Training(epochs=2, batch_size=64),
}


@pytest.fixture(scope="module")
def able_run(tiny_run, tmp_path_factory):
    """A run that reads most digits right, which the tiny run does not."""
    run = train(replace(tiny_run.config, **ABLE), tmp_path_factory.mktemp("able"))
    evaluate.evaluate(run)
    return run


@pytest.fixture
def copy(tiny_run, tmp_path):
    """A copy of the tiny run, to be damaged."""
    return Run(shutil.copytree(tiny_run.path, tmp_path / "runs" / "copy"))


@pytest.fixture
def visit(monkeypatch):
    """Return a function that opens a page on a folder of runs, and uploads pictures there."""

    def visit(folder, page="run", files=(), boxed=False, **query):
        monkeypatch.setattr(sys, "argv", ["app.py", str(folder)])
        monkeypatch.syspath_prepend(DASHBOARD)
        app = AppTest.from_file(DASHBOARD / "app.py", default_timeout=120)
        app.query_params.update(query)
        app.run()
        if page != "run":
            app.switch_page(f"views/{page}.py").run()
        if page == "read" and not boxed and app.radio:
            app.radio[0].set_value(app.radio[0].options[1]).run()
        if files:
            uploads = [(name, content, "image/png") for name, content in files]
            app.file_uploader[0].set_value(uploads).run()
        assert not app.exception
        return app

    return visit


def png(pixels):
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


@pytest.fixture(scope="module")
def picture():
    """A 0 of scikit-learn's in dark ink on a white page, as PNG."""
    digit = Image.fromarray((load_digits().images[0] * 15.9).astype(np.uint8)).resize((120, 120))
    return png(np.pad(255 - np.asarray(digit), 40, constant_values=255))


def texts(elements):
    return [element.value.replace("\\", "") for element in elements]


def metrics(app):
    return {element.label: element.value for element in app.metric}


def gallery(app):
    """Return the line above the pictures, and their captions."""
    (line,) = [text for text in texts(app.markdown) if text.startswith("**")]
    return line.split(",")[0], [caption for image in app.get("image") for caption in image.captions]


def test_a_run_is_shown_from_headline_to_mistakes(visit, able_run):
    app = visit(able_run.path.parent)
    evaluation = evaluate.read(able_run, *able_run.evaluations()[0])
    low, high = evaluation.summary["accuracy_interval"]
    wrong = int((evaluation.logits.argmax(axis=1) != evaluation.labels).sum())
    line, captions = gallery(app)
    confidences = [int(caption.split()[-1].rstrip("%")) for caption in captions]

    assert not app.error
    assert metrics(app)["Test accuracy"] == f"{evaluation.summary['accuracy']:.2%}"
    assert app.metric[0].delta == f"95 % interval: {low:.2%} to {high:.2%}"
    assert metrics(app)["Epochs"] == "2 of 2"
    assert '"kind": "cnn"' in app.code[0].value
    assert len(app.get("vega_lite_chart")) == 3
    assert line == f"**Mistakes: {wrong}**"
    assert len(captions) == min(wrong, 60)
    assert confidences == sorted(confidences, reverse=True)
    assert all(caption[0] != caption[4] for caption in captions)


def test_the_boxes_choose_a_cell(visit, able_run):
    app = visit(able_run.path.parent)
    confusion = np.array(evaluate.read(able_run, *able_run.evaluations()[0]).summary["confusion"])
    mistakes = confusion - np.diag(np.diag(confusion))
    true, predicted = map(int, np.unravel_index(mistakes.argmax(), mistakes.shape))

    app.selectbox(key="true").set_value(true).run()
    assert gallery(app)[0] == f"**Mistakes: {mistakes[true].sum()}**"
    app.selectbox(key="predicted").set_value(predicted).run()
    line, captions = gallery(app)
    assert line == f"**Mistakes: {mistakes[true, predicted]}**"
    assert len(captions) == mistakes[true, predicted]
    assert all(caption.startswith(f"{true} → {predicted}") for caption in captions)
    app.selectbox(key="true").set_value(predicted).run()
    assert gallery(app)[0] == f"**Read right: {confusion[predicted, predicted]}**"


def test_a_click_fills_the_boxes_and_a_choice_in_them_undoes_it(visit, tiny_run):
    app = visit(tiny_run.path.parent)
    assert len(gallery(app)[1]) == 60  # of some three hundred mistakes
    app.session_state["confusion-0"] = {"selection": {"cell": [{"true": 7, "predicted": 7}]}}
    app.run()
    assert (app.selectbox(key="true").value, app.selectbox(key="predicted").value) == (7, 7)
    app.selectbox(key="true").set_value(2).run()
    assert (app.selectbox(key="true").value, app.selectbox(key="predicted").value) == (2, 7)


def test_the_pictures_must_be_those_that_were_evaluated(visit, copy):
    file = copy.evaluation_folder(*copy.evaluations()[0]) / "predictions.npz"
    with np.load(file) as arrays:
        np.savez(file, logits=arrays["logits"], labels=np.roll(arrays["labels"], 1))
    app = visit(copy.path.parent)
    assert texts(app.error) == ["the digits pictures that are here are not those that were evaluated"]
    assert not app.get("image")


def test_a_run_that_was_not_evaluated_says_how(visit, copy):
    shutil.rmtree(copy.path / "evaluation")
    app = visit(copy.path.parent)
    assert "`digitjax evaluate copy`" in app.info[0].value
    assert (metrics(app)["Test accuracy"], len(app.error)) == ("-", 0)


@pytest.mark.parametrize("page", ["run", "read"])
@pytest.mark.parametrize("folder", [".", "missing"])
def test_without_runs_there_is_a_way_on(visit, tmp_path, page, folder):
    app = visit(tmp_path / folder, page)
    assert "digitjax quickstart" in app.info[0].value
    assert texts(app.title) == ["handwriting" if page == "run" else "Try it"]


@pytest.mark.parametrize("page", ["run", "read"])
@pytest.mark.parametrize(("content", "reason"), [("{", "JSON"), ('{"seed": -1}', "seed"), (None, "No such")])
def test_a_damaged_config_is_named(visit, copy, page, content, reason):
    config = copy.path / "config.json"
    config.unlink() if content is None else config.write_text(content)
    app = visit(copy.path.parent, page)
    (shown,) = texts(app.error)
    assert "copy/config.json" in shown
    assert reason in shown
    assert texts(app.sidebar.warning) == [f"**copy**: {shown}"]


def test_a_run_that_has_only_begun(visit, copy):
    for path in copy.path.iterdir():
        if path.name != "config.json":
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    app = visit(copy.path.parent)
    assert not app.error
    assert "not finished" in app.sidebar.warning[0].value
    assert app.info[0].value == "Nothing has been logged yet."
    assert "there is no checkpoint yet" in texts(visit(copy.path.parent, "read").error)[0]


@pytest.mark.parametrize("line", ["{cut\n", "5\n", '{"split": "train", "accuracy": 1}\n', '{"cut off'])
@pytest.mark.parametrize("name", ["metrics.jsonl", "evaluation/test@21/metrics.json"])
def test_a_damaged_file_leaves_the_rest_readable(visit, copy, line, name):
    with (copy.path / name).open("a" if line == '{"cut off' else "w") as file:
        file.write(line)
    app = visit(copy.path.parent)
    harmless = line == '{"cut off' and name == "metrics.jsonl"  # the last line of a run that was stopped
    assert bool(app.error) != harmless
    assert texts(app.header) == ["Training", "Evaluation"]
    assert len(app.get("vega_lite_chart")) == 3 if harmless else len(app.get("vega_lite_chart")) in (1, 2)


def test_bad_runs_do_not_hide_good_ones_nor_speak_markdown(visit, copy):
    (copy.path.parent / "[a](b) *c*").mkdir()
    app = visit(copy.path.parent, run="copy")
    assert texts(app.title) == ["copy"]
    assert sorted(app.selectbox(key="chosen_run").options) == ["[a](b) *c*", "copy", "handwriting"]
    assert r"\[a\]\(b\) \*c\*" in app.sidebar.warning[0].value


def test_the_address_names_the_run(visit, copy):
    shutil.copytree(copy.path, copy.path.parent / "other")
    for name in ("copy", "other"):
        app = visit(copy.path.parent, run=name)
        assert texts(app.title) == [name] == [app.query_params["run"]]
    app.selectbox(key="chosen_run").set_value("copy").run()
    assert texts(app.title) == ["copy"] == [app.query_params["run"]]


@pytest.mark.parametrize("asked", ["../../etc", "../secret", "/etc", "", "![x](http://x)"])
def test_the_address_leads_to_no_other_folder(visit, copy, asked):
    shutil.copytree(copy.path, copy.path.parent.parent / "secret")
    app = visit(copy.path.parent, run=asked)
    assert app.main.warning[0].value.startswith("The address names a run that is not in this folder")
    assert texts(app.title) == ["copy"] == [app.query_params["run"]]


def test_the_runs_of_a_group_can_be_chosen(visit, tiny_group, tmp_path):
    group = Group(shutil.copytree(tiny_group.path, tmp_path / "runs" / "group"))
    evaluate.evaluate(group.member(1), views="shifted")
    groups.create_ensemble("both", group.members(), group.path.parent)
    shutil.rmtree(group.member(0).path / "checkpoints")
    (group.path / "seed-2").mkdir()
    app = visit(group.path.parent, run="group/seed-1")
    assert texts(app.title) == ["group/seed-1"] == [app.query_params["run"]]
    assert app.selectbox(key="chosen_run").options == [*(f"group/seed-{n}" for n in range(3)), "handwriting"]
    assert texts(app.sidebar.warning)[0].startswith("**group/seed-2**")
    evaluations = app.main.selectbox[0]
    assert evaluations.options == [f"test split, weights of step 21{end}" for end in ("", ", shifted views")]
    assert evaluations.value == ("test", 21, "one")
    evaluations.set_value(EvaluationKey("test", 21, "shifted")).run()
    assert len(gallery(app)[1]) == 60
    assert not app.error
    (group.path / "group.json").write_text("{")
    assert texts(visit(group.path.parent, run="group/seed-1").title) == ["group/seed-1"]


def test_a_picture_is_read(visit, able_run, picture):
    app = visit(able_run.path.parent, "read", [("zero_0.png", picture)], boxed=True)
    (digit,) = recognizer.load().read(picture).digits
    assert app.subheader[0].value == r"zero\_0\.png"
    assert metrics(app) == {"Read as": "0", "Digit": "0"}
    assert app.metric[1].delta == f"{digit.confidence:.1%} confident"
    assert (len(app.get("image")), len(app.get("vega_lite_chart"))) == (2, 1)


def test_the_model_in_the_box_reads_unless_another_is_asked_for(visit, tiny_run, picture):
    app = visit(tiny_run.path.parent, "read", [("zero.png", picture)], boxed=True)
    (digit,) = recognizer.load().read(picture).digits
    assert app.radio[0].value == "handwriting, the model in the box"
    assert app.metric[1].delta == f"{digit.confidence:.1%} confident"


def test_bad_pictures_give_their_reasons_beside_the_good_ones(visit, tiny_run, picture):
    bad = [("bad.png", b"hello"), ("empty.png", b""), ("cut.png", picture[:90])]
    good = [("blank.png", png(np.full((80, 120), 255, np.uint8))), ("good.png", picture)]
    app = visit(tiny_run.path.parent, "read", bad + good)
    for reason, word in zip(texts(app.error), ("picture", "empty", "damaged"), strict=True):
        assert word in reason
    assert texts(app.info) == ["No digits were found in this picture."]
    assert metrics(app)["Read as"] == "-"  # the tiny run is too doubtful to be believed


def test_a_run_that_is_trained_again_is_loaded_again(visit, copy, picture):
    before = visit(copy.path.parent, "read", [("zero.png", picture)])
    train(replace(copy.config, name="copy", seed=1), copy.path.parent, overwrite=True)
    after = visit(copy.path.parent, "read", [("zero.png", picture)])
    (digit,) = recognizer.load(copy.path).read(picture).digits
    assert after.metric[1].delta == f"{digit.confidence:.1%} confident" != before.metric[1].delta


@pytest.fixture
def vae(tiny_vae, tmp_path):
    """A copy of the tiny variational autoencoder, to be damaged."""
    return Run(shutil.copytree(tiny_vae.path, tmp_path / "runs" / "vae"))


def test_an_autoencoder_is_shown_from_headline_to_latent(visit, vae):
    app = visit(vae.path.parent)
    summary = evaluate.read(vae, *vae.evaluations()[0]).summary
    low, high = summary["error_interval"]
    assert not app.error
    assert metrics(app)["Test error"] == metrics(app)["Mean squared error"] == f"{summary['error']:.5f}"
    assert app.metric[0].delta == f"95 % interval: {low:.5f} to {high:.5f}"
    assert metrics(app)["Divergence, nats a picture"] == f"{summary['divergence']:.1f}"
    assert len(app.get("vega_lite_chart")) == 2
    assert len(app.slider) == 5  # a dimension of the latent each
    assert [caption for image in app.get("image") for caption in image.captions][:3] == [
        "picture",
        "reconstructed",
        "moved",
    ]
    assert len(app.get("image")) == 4


def test_a_slider_moves_the_picture(visit, vae):
    app = visit(vae.path.parent)

    def urls():
        return [image.proto.imgs[0].url for image in app.get("image")[:3]]

    picture, reconstructed, moved = urls()
    assert moved == reconstructed != picture
    app.slider[0].set_value(3.0 if app.slider[0].value < 0 else -3.0).run()
    assert urls()[:2] == [picture, reconstructed]
    assert urls()[2] != moved
    app.number_input[0].set_value(1).run()
    assert urls()[0] != picture
    assert urls()[1] == urls()[2]


def test_an_autoencoder_without_its_checkpoint_still_shows_its_errors(visit, vae):
    shutil.rmtree(vae.checkpoints)
    app = visit(vae.path.parent)
    assert "Mean squared error" in metrics(app)
    assert "there is no checkpoint yet" in texts(app.error)[0]


def test_an_autoencoder_cannot_be_tried_on_digits(visit, vae, tiny_run, tmp_path, monkeypatch):
    shutil.copytree(tiny_run.path, tmp_path / "box" / "handwriting")
    monkeypatch.setattr(runs, "PRETRAINED_FOLDER", tmp_path / "box")
    app = visit(vae.path.parent, "read")
    app.radio[0].set_value(app.radio[0].options[1]).run()
    assert "its vae cannot tell digits apart" in texts(app.error)[0]
    assert not app.file_uploader
