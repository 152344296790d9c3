"""The examples do what they say. Ray and Gradio are in no extra: their tests skip where they are not installed."""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest
from PIL import Image

pytest.importorskip("fastapi")

from digitjax.recognition import recognizer
from digitjax.recognition.serving.app import make_app
from tests.recognition.drawing import digit_picture
from tests.recognition.serving.live_server import served

FOLDER = Path(__file__).parents[1] / "examples"


def load(name: str) -> ModuleType:
    """Import an example."""
    spec = importlib.util.spec_from_file_location(f"digitjax_example_{name}", FOLDER / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    """A picture of two 0s."""
    path = tmp_path / "two.png"
    Image.fromarray(digit_picture(0, count=2)).save(path)
    return path


def test_every_example_is_tested():
    assert {path.stem for path in FOLDER.glob("*.py")} == {"http_client", "ray_read", "gradio_page"}


def test_the_client_reads_pictures_over_http(picture: Path):
    reader = recognizer.load()
    with served(make_app(reader)) as (host, port):
        [result] = load("http_client").read(str(picture), url=f"http://{host}:{port}")
    assert result["file"] == "two.png"
    assert result["text"] == reader.read(picture).text == "00"


def test_a_batch_is_read_in_a_worker_of_ray(picture: Path):
    pytest.importorskip("ray.data")
    columns = load("ray_read").Reader()({"bytes": [picture.read_bytes(), b"no"], "path": ["two.png", "bad"]})
    assert columns["file"] == ["two.png", "bad"]
    assert columns["text"] == ["00", ""]
    assert [bool(error) for error in columns["error"]] == [False, True]
    assert [len(json.loads(digits)) for digits in columns["digits"]] == [2, 0]


def test_the_page_of_gradio_draws_a_box_around_each_digit(picture: Path):
    if importlib.util.find_spec("gradio") is None:
        pytest.skip("Gradio is not installed")
    program = (
        "import sys, gradio_page; text, (_, boxes) = gradio_page.read(sys.argv[1]); print(text, len(boxes))"
    )
    # In a process of its own, as Gradio leaves sockets open.
    read = subprocess.run(
        [sys.executable, "-c", program, picture], cwd=FOLDER, capture_output=True, text=True, timeout=120
    )
    assert read.stdout == "00 2\n", read.stderr
