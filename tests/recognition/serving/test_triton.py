"""NVIDIA's client of the Open Inference Protocol gets the same predictions as the library."""

from collections.abc import Iterator

import numpy as np
import pytest

pytest.importorskip("fastapi")
pytest.importorskip("tritonclient")

import tritonclient.http as triton

from digitjax.recognition.recognizer import Recognizer, load
from digitjax.recognition.serving.app import make_app
from tests.recognition.drawing import digit_picture
from tests.recognition.serving.live_server import served

pytestmark = pytest.mark.slow  # starts a server


@pytest.fixture(scope="module")
def reader() -> Recognizer:
    return load()


@pytest.fixture(scope="module")
def client(reader: Recognizer) -> Iterator[triton.InferenceServerClient]:
    with (
        served(make_app(reader)) as (host, port),
        triton.InferenceServerClient(f"{host}:{port}") as client,
    ):
        yield client


def test_it_gets_the_metadata(client: triton.InferenceServerClient):
    assert client.is_server_live()
    assert client.is_server_ready()
    assert client.is_model_ready("handwriting")
    assert client.get_server_metadata()["name"] == "digitjax"
    assert [tensor["name"] for tensor in client.get_model_metadata("handwriting")["inputs"]] == ["images"]


@pytest.mark.parametrize("binary", [True, False])
def test_it_gets_the_same_predictions(client: triton.InferenceServerClient, reader: Recognizer, binary: bool):
    images = np.stack([reader.read(digit_picture(digit)).digits[0].image for digit in range(10)])
    sent = triton.InferInput("images", list(images.shape), "UINT8")
    sent.set_data_from_numpy(images, binary_data=binary)
    requested = [
        triton.InferRequestedOutput(name, binary_data=binary) for name in ("digits", "probabilities")
    ]
    answer = client.infer("handwriting", [sent], outputs=requested)
    assert answer.as_numpy("digits").tolist() == list(range(10))
    np.testing.assert_allclose(answer.as_numpy("probabilities"), reader.probabilities(images), atol=1e-6)


def test_it_gets_the_reason_of_an_error(client: triton.InferenceServerClient):
    sent = triton.InferInput("images", [1, 28, 27], "UINT8")
    sent.set_data_from_numpy(np.zeros((1, 28, 27), np.uint8))
    with pytest.raises(triton.InferenceServerException, match="28"):
        client.infer("handwriting", [sent])
    with pytest.raises(triton.InferenceServerException, match="'other' not found"):
        client.infer("other", [sent])
