"""What the tests of the pages about single pictures share."""

import json
import shutil

import streamlit

from digitjax.runs import Ensemble, Run, create_ensemble


def gallery(app) -> list[str]:
    """Return the captions of the gallery of a page."""
    (element,) = app.get("bidi_component")
    return json.loads(element.proto.json)["captions"]


def count_line(app) -> str:
    """Return the line above the gallery, as it stands before its first comma behind the number."""
    (line,) = [element.value for element in app.markdown if element.value.startswith("**")]
    return line.split("**")[1]


def serve_at(monkeypatch, address: str | None) -> None:
    """Have the pages believe that the server listens there."""
    asked = streamlit.get_option
    monkeypatch.setattr(
        streamlit, "get_option", lambda name: address if name == "server.address" else asked(name)
    )


def copy_run(run: Run, folder, name: str) -> Run:
    """Copy a run into a folder of runs."""
    return Run(shutil.copytree(run.path, folder / name))


def ensemble_of(group, folder) -> Ensemble:
    """Copy the runs of a group, and make an ensemble of them."""
    members = [copy_run(run, folder, f"member-{i}") for i, run in enumerate(group.members())]
    return create_ensemble("both", members, folder)
