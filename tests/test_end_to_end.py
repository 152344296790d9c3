"""From data to a page: what is trained is read the same on the command line, over HTTP and in the dashboard."""

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("fastapi")
pytest.importorskip("streamlit")

from fastapi.testclient import TestClient
from streamlit.testing.v1 import AppTest

from digitjax.data.run_data import load_split
from digitjax.evaluation import evaluate
from digitjax.experiments import shipped_folder
from digitjax.model import classifier
from digitjax.recognition import recognizer
from digitjax.recognition.serving.app import make_app
from digitjax.runs import Run
from tests.dashboard.page_helpers import predictions
from tests.processes import assert_refused, run_cli
from tests.recognition.drawing import digit_picture

DASHBOARD = shipped_folder("dashboard")
TRAIN = ("train", "digits", "--name", "a", "--training.epochs", "1", "--model.channels", "4")


def exact_fields(result: dict[str, Any]) -> dict[str, Any]:
    """Return a result without its probabilities, which depend on the batch size in their last digits."""
    fields = ("digit", "box", "line", "rejected")
    return result | {"digits": [{name: digit[name] for name in fields} for digit in result["digits"]]}


def probabilities(result: dict[str, Any]) -> list[list[float]]:
    return [digit["probabilities"] for digit in result["digits"]]


def test_from_training_to_command_line_http_and_dashboard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    folder = tmp_path / "runs"
    runs = ("--runs", str(folder))

    # Train for a few steps, and resume.
    trained = run_cli(*TRAIN, *runs)
    assert trained.returncode == 0, trained.stderr
    assert "epoch 1  step 21  validation loss" in trained.stderr
    assert "calibration: temperature " in trained.stderr
    assert (folder / "a" / "calibration.json").exists()
    assert_refused(run_cli(*TRAIN, *runs), "runs/a exists: continue it with --resume")
    assert run_cli(*TRAIN, *runs, "--resume").returncode == 0

    # Evaluate in a process of its own; reloaded in this one, the model computes the same logits bit for bit.
    evaluated = json.loads(run_cli("evaluate", "a", "--json", *runs).stdout)
    assert (evaluated["run"], evaluated["split"], evaluated["examples"]) == ("a", "test", 360)
    run = Run(folder / "a")
    classify, [step] = classifier.load([run])
    logits = classify(load_split(run, "test").images)
    np.testing.assert_array_equal(logits, evaluate.read(run, "test", step).logits)

    # Read pictures on the command line.
    pictures = {"two.png": tmp_path / "two.png", "bad.png": tmp_path / "bad.png"}
    Image.fromarray(digit_picture(0, count=2)).save(pictures["two.png"])
    pictures["bad.png"].write_bytes(b"not a picture")
    read = run_cli("read", *map(str, pictures.values()), "--model", "a", "--json", *runs)
    assert read.returncode == 2
    printed = [json.loads(line) for line in read.stdout.splitlines()]
    assert [list(result) for result in printed] == [["file", "text", "lines", "digits", "error"]] * 2
    assert [len(result["digits"]) for result in printed] == [2, 0]
    assert printed[0]["error"] is None
    assert printed[1]["error"].startswith("it is not a picture")

    # Read them over HTTP.
    with TestClient(make_app(recognizer.load("a", folder)), base_url="http://localhost") as client:
        files = [("files", (str(path), path.read_bytes())) for path in pictures.values()]
        answered = client.post("/read", files=files).json()["results"]
    assert list(map(exact_fields, answered)) == list(map(exact_fields, printed))
    for ours, theirs in zip(answered, printed, strict=True):
        np.testing.assert_allclose(probabilities(ours), probabilities(theirs), atol=1e-5)

    # Find the run in the dashboard, and read a picture there.
    monkeypatch.setattr(sys, "argv", ["app.py", str(folder)])
    monkeypatch.syspath_prepend(DASHBOARD)
    app = AppTest.from_file(DASHBOARD / "app.py", default_timeout=120)
    app.query_params["run"] = "a"
    app.switch_page("views/runs.py").run()
    row = next(row for row in app.dataframe[0].value.to_dict("records") if row["name"] == "a")
    assert row["test accuracy"] == pytest.approx(100 * evaluated["accuracy"])  # per cent
    app.switch_page("views/try_it.py").run()
    app.radio[0].set_value(app.radio[0].options[1]).run()
    app.segmented_control("source").set_value("Upload").run()
    app.file_uploader[0].set_value([("two.png", pictures["two.png"].read_bytes(), "image/png")]).run()
    assert not app.exception
    assert predictions(app) == [printed[0]["text"] or "\N{EN DASH}"]
