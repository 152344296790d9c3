"""The results of a sweep: its trials, the best first, and how important each hyper-parameter is."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from digitjax.errors import InputError
from digitjax.model.sweeps.study import find_importances, find_trials, open_journal
from digitjax.runs import SWEEP_FILE, read_json

_STATES = ("complete", "pruned", "failed", "running", "waiting")


def list_sweeps(folder: Path) -> list[Path]:
    """Return the folders of the sweeps in a folder of runs, newest first."""
    sweeps = [path.parent for path in folder.glob(f"*/{SWEEP_FILE}")]
    return sorted(sweeps, key=lambda path: (path.stat().st_mtime, path.name), reverse=True)


def read(folder: Path) -> dict[str, Any]:
    """Read the results of a sweep, which may be in progress; nothing is written.

    Args:
        folder: of the sweep.

    Returns:
        `sweep`, `trials` and `importances` as `digitjax.model.sweeps.sweep.run` returns them, and the `space` of
        `sweep.json`.

    Raises:
        InputError: a file is damaged, Optuna is missing, or the study is in a database.
    """
    content = read_json(folder / SWEEP_FILE)
    if not isinstance(content.get("name"), str) or not isinstance(content.get("space"), dict):
        raise InputError(f"{folder / SWEEP_FILE}: it must hold the name and the space of a sweep")
    study = open_journal(folder, content["name"])
    return report(content["name"], find_trials(study), find_importances(study)) | {"space": content["space"]}


def report(name: str, trials: Sequence[Any], importances: Mapping[str, float]) -> dict[str, Any]:
    """Return the results of a sweep as values of JSON.

    Args:
        name: of the sweep.
        trials: Optuna's `FrozenTrial`s.
        importances: of the fields.
    """
    rows = sorted(map(_row, trials), key=_rank)
    return {"sweep": name, "trials": rows, "importances": dict(importances)}


def _row(trial: Any) -> dict[str, Any]:
    reason = trial.user_attrs.get("reason", "")
    return {
        "trial": trial.user_attrs.get("run", f"trial-{trial.number:04}"),
        "state": "failed" if reason else trial.state.name.lower(),
        "accuracy": trial.value,
        "seconds": trial.duration.total_seconds() if trial.duration else None,
        "params": trial.params,
        "reason": reason,
    }


def _rank(row: Mapping[str, Any]) -> tuple[int, float, str]:
    return _STATES.index(row["state"]), -(row["accuracy"] or 0.0), row["trial"]


def format_result(result: Mapping[str, Any]) -> str:
    """Return the results of `digitjax.model.sweeps.sweep.run` as a table for a terminal."""
    rows = result["trials"]
    fields = list(dict.fromkeys(field for row in rows for field in row["params"]))
    cells = [["trial", "state", "accuracy", "seconds", *fields, ""]]
    for row in rows:
        accuracy = "" if row["accuracy"] is None else f"{row['accuracy']:.2%}"
        seconds = "" if row["seconds"] is None else f"{row['seconds']:.1f}"
        values = [_number(row["params"].get(field, "")) for field in fields]
        cells.append([row["trial"], row["state"], accuracy, seconds, *values, row["reason"]])
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = ["  ".join(map(str.ljust, line, widths)).rstrip() for line in cells]
    if shares := result["importances"]:
        lines += ["", "importance: " + ", ".join(f"{field} {share:.0%}" for field, share in shares.items())]
    if result["best"]:
        lines += ["", f"train the best: digitjax train {result['best']}"]
    return "\n".join(lines)


def format_params(params: Mapping[str, Any]) -> str:
    """Return the values of a trial in one line."""
    return "  ".join(f"{field} {_number(value)}" for field, value in params.items())


def _number(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
