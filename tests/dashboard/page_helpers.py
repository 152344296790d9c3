"""What the tests of several pages share."""

import base64
import json
import re
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import streamlit
from streamlit.testing.v1 import AppTest

from digitjax.runs import Ensemble, Group, Run, create_ensemble


def gallery_captions(app: AppTest) -> list[str]:
    """Return the captions of the gallery of a page."""
    (element,) = app.get("bidi_component")
    return json.loads(element.proto.json)["captions"]


def count_line(app: AppTest) -> str:
    """Return the line above the gallery that counts its images, without its explanation."""
    (line,) = [element.value for element in app.markdown if element.value.startswith("**")]
    return line.split("**")[1]


def predictions(app: AppTest) -> list[str]:
    """Return the predicted text of each picture on a page, with <br> between its lines."""
    parts = [
        re.search(r'class="prediction".*?>(.*)</div>', element.proto.body) for element in app.get("html")
    ]
    return [part[1] for part in parts if part]


def as_url(content: bytes) -> str:
    """Return the bytes of a PNG file as a data URL."""
    return "data:image/png;base64," + base64.b64encode(content).decode()


def listen_at(monkeypatch: pytest.MonkeyPatch, address: str | None) -> None:
    """Make the pages find this address in the options of their server."""
    get_option = streamlit.get_option
    monkeypatch.setattr(
        streamlit, "get_option", lambda name: address if name == "server.address" else get_option(name)
    )


def copy_run(run: Run, folder: Path, name: str) -> Run:
    """Copy a run into a folder of runs."""
    return Run(shutil.copytree(run.path, folder / name))


def copy_as_ensemble(group: Group, folder: Path) -> Ensemble:
    """Copy the runs of a group, and create an ensemble of them."""
    members = [copy_run(run, folder, f"member-{i}") for i, run in enumerate(group.members())]
    return create_ensemble("both", members, folder)


def wait_for(condition: Callable[[], Any], timeout: float = 60) -> Any:
    """Return the value of a condition as soon as it is true; fail after so many seconds."""
    end = time.monotonic() + timeout
    while time.monotonic() < end:
        if value := condition():
            return value
        time.sleep(0.005)  # between two looks
    return pytest.fail(f"a condition did not hold within {timeout} seconds")
