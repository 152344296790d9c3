"""The Open Inference Protocol: valid and invalid requests."""

import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("fastapi")

from fastapi.testclient import TestClient
from scipy.special import softmax

from digitjax.recognition.recognizer import Recognizer, load
from digitjax.recognition.serving.app import make_app
from tests.recognition.drawing import digit_picture

URL = "/v2/models/handwriting/infer"


@pytest.fixture(scope="module")
def reader() -> Recognizer:
    return load()


@pytest.fixture(scope="module")
def client(reader: Recognizer) -> Iterator[TestClient]:
    with TestClient(make_app(reader), base_url="http://localhost") as client:
        yield client


@pytest.fixture(scope="module")
def images(reader: Recognizer) -> np.ndarray:
    """Return one 28x28 image of each digit, as the network gets them."""
    return np.stack([reader.read(digit_picture(digit)).digits[0].image for digit in range(10)])


def request(images: np.ndarray, **fields: Any) -> dict[str, Any]:
    tensor = {"name": "images", "datatype": "UINT8", "shape": list(images.shape), "data": images.tolist()}
    return {"inputs": [tensor | fields]}


def outputs(answer: dict[str, Any]) -> dict[str, np.ndarray]:
    return {out["name"]: np.reshape(out["data"], out["shape"]) for out in answer["outputs"]}


def test_metadata_and_readiness(client: TestClient):
    assert client.get("/v2").json()["extensions"] == ["binary_tensor_data"]
    assert client.get("/v2/health/live").json() == {"live": True}
    assert client.get("/v2/health/ready").json() == client.get("/v2/models/handwriting/ready").json()
    model = client.get("/v2/models/handwriting").json()
    assert (model["name"], model["inputs"][0]["shape"]) == ("handwriting", [-1, 28, 28])
    assert "'other' not found" in client.get("/v2/models/other").json()["error"]


@pytest.mark.parametrize("shape", [(10, 28, 28), (10, 28, 28, 1), (10, 784)])
def test_images_are_classified(
    client: TestClient, reader: Recognizer, images: np.ndarray, shape: tuple[int, ...]
):
    answer = client.post(URL, json={"id": "a1"} | request(images.reshape(shape))).json()
    result = outputs(answer)
    assert (answer["model_name"], answer["id"]) == ("handwriting", "a1")
    np.testing.assert_array_equal(result["digits"], np.arange(10))
    np.testing.assert_allclose(result["probabilities"], reader.probabilities(images), atol=1e-5)


def test_binary_tensors_equal_json_tensors(client: TestClient, images: np.ndarray):
    listed = outputs(client.post(URL, json=request(images)).json())
    head = request(images, parameters={"binary_data_size": images.size})
    del head["inputs"][0]["data"]
    head["outputs"] = [{"name": "digits"}, {"name": "probabilities", "parameters": {"binary_data": True}}]
    text = json.dumps(head).encode()
    headers = {"Inference-Header-Content-Length": str(len(text))}
    response = client.post(URL, content=text + images.tobytes(), headers=headers)
    end = int(response.headers["Inference-Header-Content-Length"])
    answer = json.loads(response.content[:end])
    assert [out["name"] for out in answer["outputs"]] == ["digits", "probabilities"]
    assert answer["outputs"][0]["data"] == list(range(10))
    assert answer["outputs"][1]["parameters"] == {"binary_data_size": 400}
    sent = np.frombuffer(response.content[end:], np.float32).reshape(10, 10)
    np.testing.assert_array_equal(sent, listed["probabilities"].astype(np.float32))


def test_only_requested_outputs_are_returned(client: TestClient, images: np.ndarray):
    answer = client.post(URL, json=request(images) | {"outputs": [{"name": "digits"}]}).json()
    assert list(outputs(answer)) == ["digits"]
    asked = request(images) | {"parameters": {"binary_data_output": True}}
    assert client.post(URL, json=asked).headers["content-type"] == "application/octet-stream"


TINY = np.zeros((1, 28, 28), np.uint8)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ({}, "inputs: field required"),
        ({"inputs": []}, "inputs: there must be one"),
        (request(TINY, name="pixels"), "named 'images'"),
        (request(TINY, datatype="FP32"), "it must be UINT8"),
        (request(TINY, shape=[1, 28]), "it must be [n, 28, 28]"),
        (request(TINY, shape=[0, 28, 28]), "n from 1 to 4,096"),
        (request(TINY, shape=[2, 28, 28]), "it has 784 values: its shape requires 1,568"),
        (request(TINY, data=[300] * 784), "integers from 0 to 255"),
        (request(TINY, data=[0.5] * 784), "integers from 0 to 255"),
        (request(TINY, data=[[0], [0, 0]]), "integers from 0 to 255"),
        (request(TINY, data=["a"] * 784), "integers from 0 to 255"),
        (request(TINY, parameters={"binary_data_size": 784}), "differs from the number of bytes"),
        (request(TINY) | {"outputs": [{"name": "logits"}]}, "'logits' not found"),
    ],
)
def test_invalid_requests_are_refused_with_a_reason(client: TestClient, body: dict[str, Any], reason: str):
    response = client.post(URL, json=body)
    assert response.status_code == 400
    assert reason in response.json()["error"]


@pytest.mark.parametrize("length", ["x", "-1", "9999", "٣"])
def test_an_invalid_header_length_is_refused(client: TestClient, length: str):
    headers = {"Inference-Header-Content-Length": length.encode()}
    response = client.post(URL, content=b"{}", headers=headers)
    assert (response.status_code, list(response.json())) == (400, ["error"])


@given(st.binary(max_size=200))
def test_arbitrary_bytes_are_refused(client: TestClient, body: bytes):
    assert client.post(URL, content=body).status_code == 400


def test_probabilities_are_calibrated(client: TestClient, reader: Recognizer, images: np.ndarray):
    result = outputs(client.post(URL, json=request(images)).json())
    np.testing.assert_allclose(result["probabilities"], softmax(reader.classify(images), axis=1), atol=1e-5)


def test_a_huge_header_length_and_huge_json_are_refused(client: TestClient):
    refusal = client.post(URL, content=b"{}", headers={"Inference-Header-Content-Length": "9" * 5000})
    assert (refusal.status_code, len(refusal.json()["error"]) < 150) == (400, True)
    assert client.post(URL, content=b"[" * 20_000_001).status_code == 413
    assert client.post(URL, content=b"[" * 20_000_000).status_code == 400
