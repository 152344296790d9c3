"""Adapting the pretrained model to a person: fewer errors, little forgotten, nothing kept that is worse."""

import csv
import dataclasses
import json

import numpy as np
import pytest
from PIL import Image

from digitjax import runs
from digitjax.data.hands import draw_hand, write_digit, write_digits
from digitjax.errors import InputError
from digitjax.evaluation.verify import verify
from digitjax.model import adaptation, calibration, classifier
from digitjax.model.adaptation import Comparison
from digitjax.model.training import adapt as adapting
from digitjax.model.training.adapt import adapt
from digitjax.recognition import recognizer

HAND = 1030
"""Seed of a hand of which the pretrained model predicts one digit in nine wrongly."""


@pytest.fixture(scope="module")
def base():
    return runs.find_run("handwriting", runs.PRETRAINED_FOLDER)


def write_folder(folder, seed=HAND, each=2, change=lambda digit: digit):
    """Save digits of a hand as pictures, each with the label that `change` gives it."""
    folder.mkdir()
    rng = np.random.default_rng(seed)
    hand = draw_hand(rng)
    with (folder / "manifest.csv").open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["file", "label"])
        for number in range(10 * each):
            strokes = write_digit(hand, number % 10, rng)
            Image.fromarray(np.rint(250 - 230 * strokes).astype(np.uint8)).save(folder / f"{number}.png")
            table.writerow([f"{number}.png", change(number % 10)])
    return hand


@pytest.fixture(scope="module")
def adapted(base, tmp_path_factory):
    """The pretrained model adapted to 20 digits of a hand, and that hand."""
    folder = tmp_path_factory.mktemp("adapted")
    hand = write_folder(folder / "pictures")
    return adapt(base, folder / "pictures", "mine", folder / "runs"), hand


def test_errors_on_new_digits_of_the_hand_are_halved(base, adapted):
    result, hand = adapted
    images, labels = write_digits(hand, 10, np.random.default_rng(7))
    before, after = (
        int((classifier.load([run])[0](images).argmax(axis=1) != labels).sum())
        for run in (base, runs.Run(result.path))
    )
    assert before >= 8
    assert after <= before / 2


def test_the_result_counts_errors_before_and_after(adapted):
    result, _ = adapted
    assert result.person.digits == 20
    assert result.person.after < result.person.before
    assert result.reference.digits == 1797 - 900
    assert result.reference.after <= result.reference.before + 2
    assert sum(row[2] for row in result.mixed_up) == result.person.before
    assert sum(row[3] for row in result.mixed_up) == result.person.after
    tree = json.loads(json.dumps(result.to_dict()))
    assert tree["kept"]
    assert tree["person"]["accuracy_before"] == 1 - result.person.before / 20


def test_the_adapted_run_is_whole_and_reads(adapted):
    result, hand = adapted
    run = runs.find_run("mine", result.path.parent)
    assert verify(run) == []
    assert runs.summarize(run).problem == ""
    assert adaptation.read(run) == result.to_dict()
    assert run.environment["adapted_from"]["name"] == "handwriting"
    assert calibration.read(run, 15210).split == "validation"
    picture = np.rint(250 - 230 * write_digit(hand, 3, np.random.default_rng(0))).astype(np.uint8)
    assert recognizer.load("mine", result.path.parent).read(picture).text == "3"


def test_a_changed_result_is_found(adapted, tmp_path):
    result, _ = adapted
    copy = runs.Run(tmp_path / "copy")
    copy.path.mkdir()
    content = (result.path / adaptation.FILE).read_text().replace('"kept": true', '"kept": false')
    (copy.path / adaptation.FILE).write_text(content)
    with pytest.raises(InputError, match=r"adaptation\.json"):
        adaptation.read(copy)


def test_a_run_that_was_not_adapted_has_no_result(base):
    assert adaptation.read(base) is None


def test_what_is_worse_is_not_kept(base, tmp_path, monkeypatch):
    write_folder(tmp_path / "pictures", seed=1000)
    monkeypatch.setattr(
        adapting, "_cross_validate", lambda _, features, *rest: np.eye(10)[[3] * len(features)]
    )
    result = adapt(base, tmp_path / "pictures", "mine", tmp_path / "runs")
    assert result.path is None
    assert "no better than before" in result.reason
    assert not (tmp_path / "runs" / "mine").exists()


def test_what_forgets_others_is_not_kept():
    person = Comparison(20, 4, 0)
    assert adapting._find_reason(person, Comparison(1000, 10, 13), 1.0) == ""
    assert "other people's digits" in adapting._find_reason(person, Comparison(1000, 10, 14), 1.0)
    same = Comparison(20, 0, 0)
    assert adapting._find_reason(same, Comparison(1000, 10, 10), 0.1) == ""
    assert "no better" in adapting._find_reason(same, Comparison(1000, 10, 10), 0.0)


@pytest.mark.parametrize(
    ("name", "message"), [("mine", r"mine exists: choose another --name"), ("a/b", r"--name: name is 'a/b'")]
)
def test_names_that_cannot_be_used_are_refused(base, tmp_path, name, message):
    write_folder(tmp_path / "pictures", each=1)
    (tmp_path / "runs" / "mine").mkdir(parents=True)
    with pytest.raises(InputError, match=message):
        adapt(base, tmp_path / "pictures", name, tmp_path / "runs")


def test_too_few_digits_are_refused(base, tmp_path):
    write_folder(tmp_path / "pictures", each=1)
    for file in list((tmp_path / "pictures").glob("*.png")):
        if file.stem not in "0123":
            file.unlink()
    lines = (tmp_path / "pictures" / "manifest.csv").read_text().splitlines()[:5]
    (tmp_path / "pictures" / "manifest.csv").write_text("\n".join(lines))
    with pytest.raises(InputError, match="4 digits are too few to adapt to"):
        adapt(base, tmp_path / "pictures", "mine", tmp_path / "runs")


def test_one_page_of_several_digits_is_enough(base, tmp_path):
    rng = np.random.default_rng(5)
    hand = draw_hand(rng)
    page = np.zeros((130, 10 * 110 + 40), np.float32)
    for digit in range(10):
        strokes = write_digit(hand, digit, rng)[:120, :100]
        page[5 : 5 + strokes.shape[0], 20 + 110 * digit : 20 + 110 * digit + strokes.shape[1]] = strokes
    (tmp_path / "pictures").mkdir()
    Image.fromarray(np.rint(250 - 230 * page).astype(np.uint8)).save(tmp_path / "pictures" / "page.png")
    (tmp_path / "pictures" / "manifest.csv").write_text("file,label\npage.png,0123456789\n")
    assert adapt(base, tmp_path / "pictures", "mine", tmp_path / "runs").person.digits == 10


def test_the_result_is_described_for_a_terminal(adapted):
    result, _ = adapted
    text = result.describe()
    assert f"{result.person.before} to {result.person.after}" in text
    assert f"saved {result.path}; `digitjax runs delete` undoes it" in text
    refused = dataclasses.replace(result, path=None, reason="it is worse").describe()
    assert refused.endswith("not kept: it is worse")
