"""The page Mistakes: the matrix, its boxes, and the pictures behind a cell."""

import numpy as np

from digitjax.evaluation import evaluate
from tests.dashboard.conftest import texts


def gallery(app):
    """Return the line above the pictures, and their captions."""
    (line,) = [text for text in texts(app.markdown) if text.startswith("**")]
    return line.split(",")[0], [caption for image in app.get("image") for caption in image.captions]


def test_the_boxes_choose_a_cell(visit, able_run):
    app = visit(able_run.path.parent, "mistakes")
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
    app = visit(tiny_run.path.parent, "mistakes")
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
    app = visit(copy.path.parent, "mistakes")
    assert texts(app.error) == ["the digits pictures that are here are not those that were evaluated"]
    assert not app.get("image")
