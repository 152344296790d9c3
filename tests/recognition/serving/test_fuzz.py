"""Fuzzing: valid and invalid requests, and damaged files of every format, never cause a server error."""

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
from digitjax.recognition.serving.access import Access
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
DAMAGED_FILES = 12  # of each format; decoding alone sees more
DAMAGED_FORMS = 40  # of each format


def load_schema(key: str = "") -> schemathesis.BaseSchema:
    """Return the OpenAPI schema of an application, whose operations can be called."""
    stub = Recognizer(lambda images: np.zeros((len(images), 10), np.float32), NAME)
    access = Access(key, hosts=("testserver",))  # the name that schemathesis uses
    headers = {"Authorization": f"Bearer {key}"}
    return schemathesis.openapi.from_asgi("/openapi.json", make_app(stub, access=access), headers=headers)


schema, protected_schema = load_schema(), load_schema(key="s3cret")
fuzzed = settings(max_examples=25, suppress_health_check=list(HealthCheck))


@pytest.mark.slow
@schema.parametrize()
@fuzzed
def test_every_operation_conforms_to_the_openapi_document(case: schemathesis.Case):
    case.call_and_validate(checks=CHECKED)


@pytest.mark.slow
@schema.include(path_regex="{name}").parametrize()
@fuzzed
def test_operations_on_the_served_model_conform_to_the_openapi_document(case: schemathesis.Case):
    case.path_parameters["name"] = NAME
    case.call_and_validate(checks=CHECKED)


@pytest.mark.slow
@protected_schema.parametrize()
@settings(fuzzed, max_examples=10)
def test_operations_with_an_api_key_conform_to_the_openapi_document(case: schemathesis.Case):
    case.call_and_validate(checks=CHECKED)


# --------------------------------------------------------------------------------------- pictures


@pytest.fixture(scope="module")
def client() -> Iterator[TestClient]:
    with TestClient(make_app(load()), base_url="http://localhost") as client:
        yield client


@pytest.mark.slow
@pytest.mark.parametrize("name", SOURCES)
def test_damaged_files_are_read_or_refused_with_a_reason(client: TestClient, name: str):
    rng = np.random.default_rng(list(name.encode()))
    contents = [SOURCES[name], *(damage(SOURCES[name], rng, number) for number in range(DAMAGED_FILES))]
    read = 0
    for start in range(0, len(contents), 4):
        batch = contents[start : start + 4]
        response = client.post("/read", files=[("files", (name, content)) for content in batch])
        assert response.status_code == 200, response.text
        results = Results.model_validate_json(response.content, strict=True).results
        assert len(results) == len(batch)
        assert all(not result.error or result.error.isprintable() for result in results)
        read += sum(not result.error for result in results)
    assert 1 <= read <= DAMAGED_FILES  # at least the undamaged file; some damage is noticed


@pytest.mark.slow
@pytest.mark.parametrize("name", SOURCES)
def test_damaged_forms_get_a_documented_status(client: TestClient, name: str):
    head = b'--b\r\nContent-Disposition: form-data; name="files"; filename="' + name.encode() + b'"\r\n\r\n'
    body = head + SOURCES[name] + b"\r\n--b--\r\n"
    known = {int(code) for code in schema.raw_schema["paths"]["/read"]["post"]["responses"]}
    rng = np.random.default_rng(list(name.encode()))
    for number in range(DAMAGED_FORMS):
        # Damage the head alone: it is only a small part of the body.
        damaged = damage(head, rng, number) + body[len(head) :]
        response = client.post(
            "/read", content=damaged, headers={"content-type": "multipart/form-data; boundary=b"}
        )
        assert response.status_code in known, (number, response.text)
