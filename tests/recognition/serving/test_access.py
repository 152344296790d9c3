"""The API key, the names by which the server may be addressed, and the web pages that may read responses."""

import numpy as np
import pytest

pytest.importorskip("fastapi")

from fastapi.testclient import TestClient

from digitjax import cli
from digitjax.recognition.recognizer import Recognizer
from digitjax.recognition.serving.access import NO_KEY, OPEN_PATHS, Access
from digitjax.recognition.serving.app import make_app

FILES = [("files", ("a.png", b"no picture"))]


def client(access: Access = NO_KEY) -> TestClient:
    stub = Recognizer(lambda images: np.zeros((len(images), 10), np.float32), "stub")
    return TestClient(make_app(stub, access=access), base_url="http://localhost")


# --------------------------------------------------------------------------------------- API key


def test_requests_without_the_api_key_are_refused():
    with client(Access("s3cret")) as protected:
        for header in (
            "",
            "s3cret",
            "Bearer s3cre",
            "Bearer ",
            "Basic s3cret",
            "Bearer s3cret 2",
            "Bearer é",
        ):
            response = protected.post("/read", files=FILES, headers={"Authorization": header.encode()})
            assert (response.status_code, response.headers["WWW-Authenticate"]) == (401, "Bearer")
            assert "an API key is required" in response.json()["error"]
        for scheme in ("Bearer", "bearer", "BEARER"):
            good = protected.post("/read", files=FILES, headers={"Authorization": f"{scheme} s3cret"})
            assert good.status_code == 200
        assert [protected.get(path).status_code for path in OPEN_PATHS] == [200] * len(OPEN_PATHS)
        assert protected.get("/openapi.json").status_code == 401


# --------------------------------------------------------------------------------------- host


@pytest.mark.parametrize(
    "host", ["localhost", "LOCALHOST:8000", "127.0.0.1:8000", "192.168.0.7", "[::1]:8000", "digits.example:1"]
)
def test_a_server_may_be_addressed_as_localhost_by_its_address_and_by_its_names(host: str):
    with client(Access(hosts=("Digits.example",))) as server:
        assert server.get("/health", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "host",
    ["rebound.example", "localhost.example", "127.0.0.1.example:8000", "", "[", "::1", "digits.example.org"],
)
def test_a_server_may_not_be_addressed_by_other_names(host: str):
    with client(Access(hosts=("digits.example",))) as server:
        for path in ("/", "/health", "/nowhere"):
            response = server.get(path, headers={"Host": host})
            assert response.status_code == 421
            assert response.json() == {
                "error": f"host {host!r} is not allowed: add it to DIGITJAX_HOSTS where the server starts"
            }


def test_any_name_can_be_allowed():
    with client(Access(hosts=("*",))) as server:
        assert server.get("/health", headers={"Host": "any.example"}).status_code == 200


# --------------------------------------------------------------------------------------- web pages


PREFLIGHT = {"Origin": "https://pages.example", "Access-Control-Request-Method": "POST"}


def test_web_pages_of_other_origins_cannot_read_responses():
    for access in (Access(), Access(origins=("https://pages.example:8443", "https://example"))):
        with client(access) as server:
            for response in (
                server.get("/health", headers={"Origin": "https://pages.example"}),
                server.options("/read", headers=PREFLIGHT),
            ):
                assert "access-control-allow-origin" not in response.headers


def test_web_pages_of_allowed_origins_can_read_responses_with_the_key():
    with client(Access("s3cret", origins=("https://pages.example",))) as server:
        headers = PREFLIGHT | {"Access-Control-Request-Headers": "Authorization"}
        assert server.options("/read", headers=headers).status_code == 200
        for key, status in (("s3cret", 200), ("wrong", 401)):
            headers = {"Origin": "https://pages.example", "Authorization": f"Bearer {key}"}
            response = server.post("/read", files=FILES, headers=headers)
            assert response.status_code == status
            assert response.headers["access-control-allow-origin"] == "https://pages.example"


# --------------------------------------------------------------------------------------- start


@pytest.mark.parametrize("command", ["serve", "dashboard"])
@pytest.mark.parametrize(
    ("variable", "value", "reason"),
    [
        ("API_KEY", "schlüssel", "DIGITJAX_API_KEY must consist of ASCII characters without blanks"),
        ("API_KEY", "two words", "DIGITJAX_API_KEY must consist of ASCII characters without blanks"),
        ("API_KEY", "s3cret\n", "DIGITJAX_API_KEY must consist of ASCII characters without blanks"),
        (
            "HOSTS",
            "a.example, http://b.example",
            "DIGITJAX_HOSTS: 'http://b.example' must be the name of a host",
        ),
        ("HOSTS", "a.example:8000", "DIGITJAX_HOSTS: 'a.example:8000' must be the name of a host"),
        ("CORS_ORIGINS", "example.org", "DIGITJAX_CORS_ORIGINS: 'example.org' must be an origin"),
        ("CORS_ORIGINS", "https://example.org/", "DIGITJAX_CORS_ORIGINS: 'https://example.org/' must be"),
    ],
)
def test_invalid_settings_end_the_start_with_one_line(
    command: str,
    variable: str,
    value: str,
    reason: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
):
    monkeypatch.setenv(f"DIGITJAX_{variable}", value)
    with pytest.raises(SystemExit) as stop:
        cli.main([command, "--port", "0", *(["--api"] if command == "dashboard" else [])])
    assert stop.value.code == 2
    [line] = capsys.readouterr().err.splitlines()
    assert reason in line
    assert "s3cret" not in line


def test_settings_are_lists_and_the_name_that_the_server_listens_on_is_allowed(
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setenv("DIGITJAX_HOSTS", "a.example, b.example,")
    monkeypatch.setenv("DIGITJAX_CORS_ORIGINS", "https://a.example,http://localhost:3000")
    assert Access.from_environment("::1").hosts == ("::1", "a.example", "b.example")
    assert Access.from_environment("c.example") == Access(
        "", ("c.example", "a.example", "b.example"), ("https://a.example", "http://localhost:3000")
    )
