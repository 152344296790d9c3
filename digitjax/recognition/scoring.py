"""Accuracy of recognition on a folder of labelled pictures."""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from digitjax.data.manifest import GROUPINGS, ManifestRow, read_manifest
from digitjax.errors import InputError
from digitjax.evaluation.metrics import edit_distance
from digitjax.progress import PictureCount
from digitjax.recognition.recognizer import Digit, Recognizer
from digitjax.runs import write_json, write_text
from digitjax.runs.seed_stats import wilson_interval

_MAX_VALUES = 12  # maximum values of a grouping in the printed table


@dataclass(frozen=True)
class PictureResult:
    """The reading of one labelled picture."""

    row: ManifestRow
    """The picture and its label."""
    lines: tuple[str, ...]
    """The text of each line that was read, without the rejected digits."""
    digits: tuple[Digit, ...]
    """Every digit that was found, including the rejected ones."""
    error: str | None
    """Why the picture could not be decoded, or None."""

    @property
    def correct(self) -> bool:
        """Whether the lines that were read are exactly those of the label."""
        return self.lines == self.row.lines

    @property
    def digit_errors(self) -> int:
        """Edit distance between the reading and the label, each with its lines joined."""
        return edit_distance("".join(self.lines), "".join(self.row.lines))


@dataclass(frozen=True)
class PicturesEvaluation:
    """The readings of the pictures of a folder, and their scores."""

    folder: Path
    """The folder of the pictures."""
    model: str
    """Name of the model that read them."""
    results: tuple[PictureResult, ...]
    """In the order of the manifest."""

    @property
    def errors(self) -> list[PictureResult]:
        """The pictures that were not read correctly."""
        return [result for result in self.results if not result.correct]

    @cached_property
    def summary(self) -> dict[str, Any]:
        """All scores as JSON, of pictures of one digit (`singles`) and of several (`strings`).

        Each of the two holds pictures, correct, accuracy with its 95% CI (Wilson 1927), digits, digit_errors
        and digit_error_rate (edit distance over digits), and under `by` the same for each value of each grouping of
        more than one value. It is left out where the folder has no such pictures.
        """
        singles = [result for result in self.results if result.row.layout == "single"]
        strings = [result for result in self.results if result.row.layout != "single"]
        sections = {"singles": singles, "strings": strings}
        return {
            "model": self.model,
            "pictures": len(self.results),
            "unreadable": {result.row.file: result.error for result in self.results if result.error},
            **{name: {**_score(part), "by": _score_groups(part)} for name, part in sections.items() if part},
        }


def evaluate_pictures(folder: Path, recognizer: Recognizer) -> PicturesEvaluation:
    """Read every picture in the `manifest.csv` of a folder, and compare it with its label.

    A picture that cannot be decoded counts as an error, with its reason.

    Args:
        folder: the folder of the pictures and the manifest.
        recognizer: what reads them.

    Returns:
        The readings, in the order of the manifest.

    Raises:
        InputError: the manifest is missing or wrong (see `read_manifest`).
    """
    rows = read_manifest(folder)
    results = tuple(_read(folder, row, recognizer) for row in PictureCount().over(rows))
    return PicturesEvaluation(folder, recognizer.name, results)


def write(evaluation: PicturesEvaluation, folder: Path) -> None:
    """Write `metrics.json` and `pictures.csv`, which has a row per picture.

    Args:
        evaluation: the readings and scores.
        folder: an existing folder to write into.
    """
    write_json(folder / "metrics.json", evaluation.summary)
    table = io.StringIO()
    writer = csv.writer(table, lineterminator="\n")
    writer.writerow(["file", "label", "layout", *GROUPINGS, "read", "correct", "digit_errors", "error"])
    for result in evaluation.results:
        row = result.row
        groups = [row.groups.get(name, "") for name in GROUPINGS]
        reading = [_join(result.lines), int(result.correct), result.digit_errors, result.error or ""]
        writer.writerow([row.file, _join(row.lines), row.layout, *groups, *reading])
    write_text(folder / "pictures.csv", table.getvalue())


def format_summary(summary: Mapping[str, Any]) -> str:
    """Format a summary as a table: a line per score, and for a long grouping only the lowest scores."""
    lines = [
        f"{summary['model']} on {summary['pictures']:,} pictures",
        "",
        f"{'':<24}pictures  correct  accuracy             95% CI  digit errors",
    ]
    for section, name in (("singles", "one digit"), ("strings", "several digits")):
        if section in summary:
            lines += _format_section(name, summary[section])
    lines += [f"could not be read: {file}: {reason}" for file, reason in summary["unreadable"].items()]
    return "\n".join(lines)


def _read(folder: Path, row: ManifestRow, recognizer: Recognizer) -> PictureResult:
    try:
        reading = recognizer.read(folder / row.file)
    except InputError as error:
        return PictureResult(row, (), (), str(error))
    return PictureResult(row, tuple(reading.lines), reading.digits, None)


def _score(results: Sequence[PictureResult]) -> dict[str, Any]:
    correct = sum(result.correct for result in results)
    digits = sum(len("".join(result.row.lines)) for result in results)
    errors = sum(result.digit_errors for result in results)
    return {
        "pictures": len(results),
        "correct": correct,
        "accuracy": correct / len(results),
        "accuracy_interval": list(wilson_interval(correct, len(results))),
        "digits": digits,
        "digit_errors": errors,
        "digit_error_rate": errors / digits,
    }


def _score_groups(results: Sequence[PictureResult]) -> dict[str, dict[str, Any]]:
    """Score each value of each grouping of more than one value."""
    scores = {}
    for name in GROUPINGS:
        values = sorted({result.row.groups.get(name, "") for result in results})
        if len(values) > 1:
            scores[name] = {
                v: _score([r for r in results if r.row.groups.get(name, "") == v]) for v in values
            }
    return scores


def _format_section(name: str, section: Mapping[str, Any]) -> Iterator[str]:
    yield _format_score(name, section)
    for grouping, scores in section["by"].items():
        lowest = sorted(scores.items(), key=lambda item: item[1]["accuracy"])
        for value, score in lowest[:_MAX_VALUES]:
            yield _format_score(f"  {grouping} {value or '(none)'}", score)
        if rest := lowest[_MAX_VALUES:]:
            yield f"  and {len(rest)} more, none below {rest[0][1]['accuracy']:.2%}"
    yield ""


def _format_score(name: str, score: Mapping[str, Any]) -> str:
    low, high = score["accuracy_interval"]
    return (
        f"{name:<24.24}{score['pictures']:>8,}{score['correct']:>9,}{score['accuracy']:>10.2%}"
        f"{f'{low:.2%} to {high:.2%}':>19}{score['digit_error_rate']:>14.2%}"
    )


def _join(lines: Sequence[str]) -> str:
    return "|".join(lines)
