"""How well pictures are read: a folder of labelled pictures in, what was read and the scores out."""

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

_MOST_SHOWN = 12  # values of a grouping in the printed table


@dataclass(frozen=True)
class PictureResult:
    """What was read in one picture."""

    entry: ManifestRow
    lines: tuple[str, ...]
    """What was read, a string a line, without the rejected digits."""
    digits: tuple[Digit, ...]
    """Every digit that was found, the rejected ones too."""
    error: str | None
    """Why the picture could not be read at all."""

    @property
    def correct(self) -> bool:
        """Whether every line was read, and nothing else."""
        return self.lines == self.entry.lines

    @property
    def digit_errors(self) -> int:
        """Edit distance from what was read to the label, lines put one after the other."""
        return edit_distance("".join(self.lines), "".join(self.entry.lines))


@dataclass(frozen=True)
class PicturesEvaluation:
    """How a reader did on the pictures of a folder."""

    folder: Path
    model: str
    """Name of the run that read them."""
    results: tuple[PictureResult, ...]
    """In the order of the manifest."""

    @property
    def mistakes(self) -> list[PictureResult]:
        """The pictures that were not read correctly."""
        return [result for result in self.results if not result.correct]

    @cached_property
    def summary(self) -> dict[str, Any]:
        """Every score, ready for JSON: of pictures of one digit (`singles`) and of several (`strings`).

        Each holds pictures, correct, accuracy with its 95 % interval (Wilson 1927), digits, digit_errors and
        digit_error_rate (edit distance over digits), and the same under `by` for each value of each grouping
        that tells its pictures apart. A kind of picture that the folder lacks is left out.
        """
        singles = [result for result in self.results if result.entry.layout == "single"]
        strings = [result for result in self.results if result.entry.layout != "single"]
        sections = {"singles": singles, "strings": strings}
        return {
            "model": self.model,
            "pictures": len(self.results),
            "unreadable": {result.entry.file: result.error for result in self.results if result.error},
            **{name: {**_score(part), "by": _score_groups(part)} for name, part in sections.items() if part},
        }


def evaluate_pictures(folder: Path, recognizer: Recognizer) -> PicturesEvaluation:
    """Read every picture that the `manifest.csv` of a folder names, and compare with its label.

    A picture that cannot be decoded is a mistake, with its reason.

    Raises:
        InputError: the manifest is missing or wrong (see `read_manifest`).
    """
    entries = read_manifest(folder)
    results = tuple(_read(folder, entry, recognizer) for entry in PictureCount().over(entries))
    return PicturesEvaluation(folder, recognizer.name, results)


def write(evaluation: PicturesEvaluation, folder: Path) -> None:
    """Write `metrics.json` and `pictures.csv`, a row a picture, into an existing folder."""
    write_json(folder / "metrics.json", evaluation.summary)
    table = io.StringIO()
    rows = csv.writer(table, lineterminator="\n")
    rows.writerow(["file", "label", "layout", *GROUPINGS, "read", "correct", "digit_errors", "error"])
    for result in evaluation.results:
        entry = result.entry
        groups = [entry.groups.get(name, "") for name in GROUPINGS]
        read = [_text(result.lines), int(result.correct), result.digit_errors, result.error or ""]
        rows.writerow([entry.file, _text(entry.lines), entry.layout, *groups, *read])
    write_text(folder / "pictures.csv", table.getvalue())


def format_summary(summary: Mapping[str, Any]) -> str:
    """Lay a summary out for a terminal: a line a score; of a long grouping, the lowest."""
    lines = [
        f"{summary['model']} on {summary['pictures']:,} pictures",
        "",
        f"{'':<24}pictures  correct  accuracy      95 % interval  digit errors",
    ]
    for section, name in (("singles", "one digit"), ("strings", "several digits")):
        if section in summary:
            lines += _format_section(name, summary[section])
    lines += [f"could not be read: {file}: {reason}" for file, reason in summary["unreadable"].items()]
    return "\n".join(lines)


def _read(folder: Path, entry: ManifestRow, recognizer: Recognizer) -> PictureResult:
    try:
        reading = recognizer.read(folder / entry.file)
    except InputError as error:
        return PictureResult(entry, (), (), str(error))
    return PictureResult(entry, tuple(reading.lines), reading.digits, None)


def _score(results: Sequence[PictureResult]) -> dict[str, Any]:
    correct = sum(result.correct for result in results)
    digits = sum(len("".join(result.entry.lines)) for result in results)
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
    """Score each value of each grouping that has more than one."""
    scores = {}
    for name in GROUPINGS:
        values = sorted({result.entry.groups.get(name, "") for result in results})
        if len(values) > 1:
            scores[name] = {
                v: _score([r for r in results if r.entry.groups.get(name, "") == v]) for v in values
            }
    return scores


def _format_section(name: str, section: Mapping[str, Any]) -> Iterator[str]:
    yield _format_score(name, section)
    for grouping, scores in section["by"].items():
        lowest = sorted(scores.items(), key=lambda item: item[1]["accuracy"])
        for value, score in lowest[:_MOST_SHOWN]:
            yield _format_score(f"  {grouping} {value or '(none)'}", score)
        if rest := lowest[_MOST_SHOWN:]:
            yield f"  and {len(rest)} more, none below {rest[0][1]['accuracy']:.2%}"
    yield ""


def _format_score(name: str, score: Mapping[str, Any]) -> str:
    low, high = score["accuracy_interval"]
    return (
        f"{name:<24.24}{score['pictures']:>8,}{score['correct']:>9,}{score['accuracy']:>10.2%}"
        f"{f'{low:.2%} to {high:.2%}':>19}{score['digit_error_rate']:>14.2%}"
    )


def _text(lines: Sequence[str]) -> str:
    return "|".join(lines)
