"""Robustness scores equal hand-worked ones, are read back, and damaged files are reported."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from digitjax.data import corrupt
from digitjax.data.corruptions import CORRUPTIONS
from digitjax.data.run_data import load_split
from digitjax.errors import InputError
from digitjax.evaluation import reference as references
from digitjax.evaluation.reference import mean_corruption_error
from digitjax.evaluation.robustness import auroc, evaluate_robustness, false_positive_rate, read
from digitjax.model import classifier
from digitjax.runs import Run, create_ensemble


@pytest.fixture(scope="module")
def run(tiny_run: Run, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """The tiny run with its robustness evaluated, itself as the reference."""
    run = Run(shutil.copytree(tiny_run.path, tmp_path_factory.mktemp("robust") / "tiny"))
    evaluate_robustness(run, reference=run)
    return run


def test_the_file_holds_the_scores(run: Run):
    [file] = run.path.glob("evaluation/robustness-test@*/robustness.json")
    content = json.loads(file.read_text())
    [key] = run.evaluations()  # robustness is not listed
    robustness = read(run, "test", key.step)
    assert content.items() >= json.loads(json.dumps(robustness.summary)).items()
    assert [(row["corruption"], row["severity"]) for row in content["corruptions"]] == [
        (name, severity) for name in CORRUPTIONS for severity in (1, 2, 3)
    ]
    assert content["mean_corruption_error"] == pytest.approx(1)
    assert content["reference"] == "tiny"
    assert "attacks" not in content
    assert sum(row["examples"] for row in content["outliers"]["kinds"]) == content["outliers"]["examples"]
    data = load_split(run, "test")
    images = corrupt.corrupt(data.images, "fog", 2)
    predicted = classifier.load([run])[0](images).argmax(axis=1)
    row = content["corruptions"][3 * list(CORRUPTIONS).index("fog") + 1]
    assert row["accuracy"] == pytest.approx((predicted == data.labels).mean())
    assert row["interval"][0] < row["accuracy"] < row["interval"][1]
    assert "fog" in robustness.describe()


def test_an_ensemble_is_evaluated_without_reference_outside_mnist(run: Run, tmp_path: Path):
    paths = [Run(shutil.copytree(run.path, tmp_path / name)) for name in ("a", "b")]
    ensemble = create_ensemble("both", paths, tmp_path)
    reported: list[str] = []
    robustness = evaluate_robustness(ensemble, progress=reported.append)
    assert (robustness.step, robustness.reference, robustness.mean_corruption_error) == ("best", None, None)
    assert read(ensemble) == robustness
    single = read(run, "test", run.evaluations()[0].step)
    assert robustness.corruptions == single.corruptions
    assert any("fog" in text for text in reported)


def test_the_mean_corruption_error_by_hand():
    errors = {"fog": [0.1, 0.2, 0.3], "zigzag": [0.0, 0.1, 0.1]}
    other = {"fog": [0.1, 0.1, 0.1], "zigzag": [0.1, 0.1, 0.2]}
    assert mean_corruption_error(errors, other) == pytest.approx((2 + 0.5) / 2)
    assert mean_corruption_error(errors, {**other, "fog": [0.0, 0.0, 0.0]}) is None


def test_ood_detection_by_hand():
    digits, outliers = np.arange(1, 101) / 100, np.array([0.01, 0.05, 0.06, 0.07, 0.9])
    accepted = max(t for t in digits if (digits >= t).mean() >= 0.95)
    assert false_positive_rate(digits, outliers) == (outliers >= accepted).mean() == 0.6
    wins = (digits[:, None] > outliers).mean() + (digits[:, None] == outliers).mean() / 2
    assert auroc(digits, outliers) == pytest.approx(wins)


def test_the_reference_has_errors_of_every_corruption():
    content = json.loads(references.FILE.read_text())
    assert list(content["errors"]) == list(CORRUPTIONS)
    assert all(len(errors) == 3 and min(errors) > 0 for errors in content["errors"].values())
    assert content["commit"]
    assert not content["commit"].endswith("+")


def test_missing_and_damaged_files_are_reported(run: Run, tmp_path: Path, tiny_vae: Run):
    copy = Run(shutil.copytree(run.path, tmp_path / "tiny"))
    with pytest.raises(InputError, match=r"missing: write it with `digitjax evaluate tiny --robustness`"):
        read(copy, "test", 1)
    [file] = copy.path.glob("evaluation/robustness-*/robustness.json")
    step = copy.evaluations()[0].step
    for content in ("{", "{}", '{"examples": "many"}'):
        file.write_text(content)
        with pytest.raises(InputError, match=r"robustness\.json: it is damaged: write it with"):
            read(copy, "test", step)
    with pytest.raises(InputError, match="tiny-vae"):
        evaluate_robustness(tiny_vae)
