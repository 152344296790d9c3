"""Calibration: fitted as worked out by hand, kept with its run, and used by the recognizer."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from scipy.special import softmax

from digitjax import cli
from digitjax.errors import InputError
from digitjax.imaging.normalize import to_mnist
from digitjax.model import calibration, classifier
from digitjax.model.calibrate import (
    REJECTED_SHARE,
    calibrate,
    fit_rejection,
    fit_temperature,
    reduce_resolution,
)
from digitjax.model.calibration import Calibration
from digitjax.model.export.pack import pack
from digitjax.recognition import recognizer
from digitjax.runs import Group, Run
from tests.recognition.drawing import digit_picture, strokes


@pytest.fixture
def run(tiny_run: Run, tmp_path: Path) -> Run:
    return Run(shutil.copytree(tiny_run.path, tmp_path / "tiny"))


@given(st.floats(0.2, 5.0))
def test_the_temperature_that_labels_were_sampled_with_is_found(temperature: float):
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 3, (20_000, 4)).astype(np.float32)
    totals = softmax(logits.astype(float) / temperature, axis=1).cumsum(axis=1)
    labels = (totals < rng.random((len(logits), 1))).sum(axis=1).clip(max=3)
    assert fit_temperature(logits, labels) == pytest.approx(temperature, rel=0.1)


@given(st.integers(1, 300), st.floats(2, 20))
def test_no_error_in_few_examples_gives_no_certainty(examples: int, logit: float):
    labels = np.arange(examples) % 10
    logits = (logit * np.eye(10)[labels]).astype(np.float32)
    confidence = softmax(logits / fit_temperature(logits, labels), axis=1).max(axis=1)
    assert confidence == pytest.approx((examples + 1) / (examples + 2), abs=1e-3)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=300), st.floats(0, 0.5))
def test_at_most_the_share_is_rejected_and_no_higher_threshold_would_do(values: list[float], share: float):
    confidences = np.array(values)
    threshold = fit_rejection(confidences, share)
    assert (confidences < threshold).mean() <= share
    higher = confidences[confidences > threshold]
    if len(higher):
        assert (confidences < higher.min()).mean() > share - 1 / len(values)


def test_a_run_is_calibrated_on_its_validation_split(run: Run):
    fitted = calibrate(run)
    assert (fitted.split, fitted.examples) == ("validation", 144)
    assert calibration.read(run, fitted.step) == fitted
    assert calibration.find(run, fitted.step + 1) is None
    assert fitted.temperature != 1
    assert 0 < REJECTED_SHARE * 144 < 2  # so that the threshold is the second lowest confidence


def test_a_calibration_that_does_not_fit_the_weights_is_told(run: Run):
    calibration.write(run, Calibration(temperature=2.0, step=7, split="validation", examples=9))
    told = (
        "calibration.json is of step 7, not 21: probabilities are used uncalibrated: run `digitjax calibrate"
    )
    with pytest.warns(UserWarning, match=told):
        recognizer.load(run.path)


def test_the_recognizer_uses_the_calibration_of_a_packed_run(run: Run, tmp_path: Path):
    picture = digit_picture(4, count=2)
    recognizer_before = recognizer.load(run.path)
    [step] = classifier.load([run])[1]
    calibration.write(run, Calibration(temperature=1e3, reject_threshold=0.25, step=step))
    recognizer_after = recognizer.load(pack(run, tmp_path / "packed").path)
    after_reading, before_reading = recognizer_after.read(picture), recognizer_before.read(picture)
    assert [d.digit for d in after_reading.digits] == [d.digit for d in before_reading.digits]
    assert all(d.rejected and d.confidence == pytest.approx(0.1, abs=0.01) for d in after_reading.digits)
    assert after_reading.text == ""


@pytest.mark.parametrize(("side", "text"), [(20, "4"), (40, "")])
def test_pictures_of_low_resolution_have_their_own_threshold(side: int, text: str):
    def classify(images: np.ndarray) -> np.ndarray:
        return np.repeat(np.log([[0.04] * 4 + [0.64] + [0.04] * 5]), len(images), axis=0).astype(np.float32)

    picture = Image.fromarray(digit_picture(4)).resize((side, side))
    reader = recognizer.Recognizer(classify, reject_threshold=0.9, low_res_reject_threshold=0.6)
    assert reader.read(np.asarray(picture)).text == text


def test_a_reduced_resolution_changes_details_alone():
    images = np.stack([to_mnist(strokes(str(digit), margin=4).astype(np.float32)) for digit in range(10)])
    reduced = reduce_resolution(images)
    assert (reduced.shape, reduced.dtype) == (images.shape, np.uint8)
    changes = np.abs(reduced.astype(float) - images).mean(axis=(1, 2))
    assert 12 < changes.mean() < 16  # 8 were they reduced to 28 pixels, 10 to 14, 17 to 6
    assert changes.max() < 30


def test_an_ensemble_uses_each_temperature_and_the_mean_of_the_thresholds(tiny_group: Group, tmp_path: Path):
    group = Group(shutil.copytree(tiny_group.path, tmp_path / "group"))
    images = np.random.default_rng(0).integers(0, 256, (3, 28, 28)).astype(np.uint8)
    expected = []
    for run, temperature in zip(group.members(), (2.0, 3.0), strict=True):
        classify, [step] = classifier.load([run])
        expected.append(softmax(classify(images) / temperature, axis=1))
        given = Calibration(
            temperature=temperature,
            reject_threshold=temperature / 10,
            low_res_reject_threshold=temperature / 20,
            step=step,
        )
        calibration.write(run, given)
    reader = recognizer.load(group.path)
    np.testing.assert_allclose(reader.probabilities(images), np.mean(expected, axis=0), rtol=1e-4)
    assert (reader.reject_threshold, reader.low_res_reject_threshold) == pytest.approx((0.25, 0.125))


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("{", "it is not JSON"),
        ('{"temperature": -1}', "temperature: input should be greater than 0"),
        ('{"reject_threshold": 2}', "reject_threshold: input should be less than or equal to 1"),
        ('{"warmth": 1}', "unknown field warmth: run `digitjax calibrate tiny` again"),
    ],
)
def test_a_damaged_file_is_named(run: Run, content: str, reason: str):
    (run.path / calibration.FILE).write_text(content)
    with pytest.raises(InputError, match=r"calibration\.json: " + reason):
        calibration.read(run, 21)


def test_the_command_writes_and_prints_the_calibration(run: Run, capsys: pytest.CaptureFixture[str]):
    cli.main(["calibrate", str(run.path), "--json"])
    printed = json.loads(capsys.readouterr().out)
    written = json.loads((run.path / calibration.FILE).read_text())
    assert set(written) == {*printed, "run_id", "sha256"} - {"run"}
    assert {name: written[name] for name in printed if name != "run"} | {"run": "tiny"} == printed
    cli.main(["calibrate", str(run.path)])
    assert capsys.readouterr().out.startswith(
        f"tiny: temperature {printed['temperature']:.3f}, rejection threshold"
    )


def test_an_autoencoder_is_not_calibrated(tiny_vae: Run):
    with pytest.raises(InputError, match="is not a classifier"):
        calibrate(tiny_vae)
