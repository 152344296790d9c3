"""What the API's own document allows and what it forbids, and damaged pictures of every format: never a 500."""

from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import HealthCheck, settings

pytest.importorskip("fastapi")
pytest.importorskip("schemathesis")

import schemathesis
from fastapi.testclient import TestClient
from schemathesis import checks

from digitjax.recognition.recognizer import Recognizer, load
from digitjax.recognition.serving.app import make_app
from digitjax.recognition.serving.schema import Results
from tests.imaging.test_decode_fuzz import SOURCES, damage

NAME = "stub"
CHECKED = [
    checks.not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
]
EACH = 40
"""Damaged files of each format."""


def document(key: str = "") -> schemathesis.BaseSchema:
    """Return the document of an application, with which its operations can be called."""
    stub = Recognizer(lambda images: np.zeros((len(images), 10), np.float32), NAME)
    headers = {"Authorization": f"Bearer {key}"}
    return schemathesis.openapi.from_asgi("/openapi.json", make_app(stub, key=key), headers=headers)


opened, locked = document(), document(key="s3cret")
fuzzed = settings(max_examples=25, suppress_health_check=list(HealthCheck))


@pytest.mark.slow
@opened.parametrize()
@fuzzed
def test_every_operation_answers_as_its_document_says(case: schemathesis.Case):
    case.call_and_validate(checks=CHECKED)


@pytest.mark.slow
@opened.include(path_regex="{name}").parametrize()
@fuzzed
def test_the_model_that_is_served_answers_as_its_document_says(case: schemathesis.Case):
    case.path_parameters["name"] = NAME
    case.call_and_validate(checks=CHECKED)


@pytest.mark.slow
@locked.parametrize()
@settings(fuzzed, max_examples=10)
def test_without_the_key_every_operation_answers_as_its_document_says(case: schemathesis.Case):
    case.call_and_validate(checks=CHECKED)


# --------------------------------------------------------------------------------------- pictures


@pytest.fixture(scope="module")
def client() -> Iterator[TestClient]:
    with TestClient(make_app(load())) as client:
        yield client


@pytest.mark.slow
@pytest.mark.parametrize("name", SOURCES)
def test_damaged_pictures_are_read_or_say_why(client: TestClient, name: str):
    rng = np.random.default_rng(list(name.encode()))
    contents = [SOURCES[name], *(damage(SOURCES[name], rng, number) for number in range(EACH))]
    read = 0
    for start in range(0, len(contents), 4):
        batch = contents[start : start + 4]
        response = client.post("/read", files=[("files", (name, content)) for content in batch])
        assert response.status_code == 200, response.text
        results = Results.model_validate_json(response.content, strict=True).results
        assert len(results) == len(batch)
        assert all(not result.error or result.error.isprintable() for result in results)
        read += sum(not result.error for result in results)
    assert 1 <= read <= EACH  # the first at the least; some damage shows


@pytest.mark.slow
@pytest.mark.parametrize("name", SOURCES)
def test_damaged_forms_are_refused_as_the_document_says(client: TestClient, name: str):
    head = b'--b\r\nContent-Disposition: form-data; name="files"; filename="' + name.encode() + b'"\r\n\r\n'
    body = head + SOURCES[name] + b"\r\n--b--\r\n"
    known = {int(code) for code in opened.raw_schema["paths"]["/read"]["post"]["responses"]}
    rng = np.random.default_rng(list(name.encode()))
    for number in range(EACH):
        # The head is a small part of the body: it is damaged by itself.
        damaged = damage(head, rng, number) + body[len(head) :]
        response = client.post(
            "/read", content=damaged, headers={"content-type": "multipart/form-data; boundary=b"}
        )
        assert response.status_code in known, (number, response.text)
