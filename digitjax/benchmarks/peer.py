"""Accuracy and time of digitjax and of a general OCR, RapidOCR, on one folder of labelled pictures."""

import time
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Shaped

from digitjax.data.manifest import read_manifest
from digitjax.errors import InputError
from digitjax.progress import PictureCount
from digitjax.recognition import recognizer
from digitjax.recognition.scoring import PictureResult, PicturesEvaluation

Read = Callable[[Path], Sequence[str]]
"""Reads a picture file and returns its lines of digits from the top."""
PEER = "rapidocr"
"""Name of the peer, in the table and as a package."""
MISSING = f"{PEER} is not installed, to compare with it: pip install 'digitjax[bench]'"
"""What is printed in place of the peer's row."""
_WARM_UP = 10  # pictures that are read before the clock runs, since the first readings compile


def load_digitjax() -> Read:
    """Return what reads a picture with the pretrained model, without the digits that it rejects."""
    reader = recognizer.load()
    return lambda path: reader.read(path).lines


def load_peer() -> Read | None:
    """Return what reads the digits of a picture with RapidOCR, or None where the extra `bench` is not installed.

    RapidOCR finds text and reads it. Where that yields no digit, as in most pictures that end close around their
    digits, the whole picture is read as one line of text.
    """
    try:
        ocr = import_module("rapidocr").RapidOCR(params={"Global.log_level": "error"})
    except ImportError:
        return None

    def read(path: Path) -> list[str]:
        try:
            found = ocr(path, use_det=True, use_cls=True)
            lines = join_lines(found.boxes, found.txts) if found.txts else []
            return lines or _keep_digits(ocr(path, use_det=False, use_cls=False).txts or ())
        except (
            Exception
        ) as error:  # it has a class of its own for some failures; Pillow and OpenCV raise others
            raise InputError(f"{type(error).__name__}: {error}") from error

    return read


def join_lines(boxes: Shaped[np.ndarray, "n 4 2"], texts: Sequence[str]) -> list[str]:
    """Return the digits of pieces of text, line by line from the top.

    Pieces beside one another are joined to a line: those whose centre is above the bottom of the line's highest.

    Args:
        boxes: the corners of each piece, x and y.
        texts: the text of each piece.

    Returns:
        The lines that have a digit, without all other characters.
    """
    lines: list[
        tuple[float, dict[float, str]]
    ] = []  # bottom of the highest piece; each text by its left edge
    centres = boxes[:, :, 1].mean(axis=1)
    for piece in np.argsort(centres, kind="stable"):
        if not lines or centres[piece] > lines[-1][0]:
            lines.append((float(boxes[piece, :, 1].max()), {}))
        lines[-1][1][float(boxes[piece, :, 0].min())] = texts[piece]
    return _keep_digits(["".join(text for _, text in sorted(line.items())) for _, line in lines])


def _keep_digits(lines: Sequence[str]) -> list[str]:
    """Return the lines without all that is no digit, and without those that have none."""
    kept = ["".join(c for c in line if c in "0123456789") for line in lines]
    return [line for line in kept if line]


def score(name: str, read: Read, folder: Path) -> dict[str, Any]:
    """Read every picture in the `manifest.csv` of a folder, and time it.

    Args:
        name: of the reader.
        read: reads one picture. One that it refuses counts as read as nothing.
        folder: the folder of the pictures and the manifest.

    Returns:
        The scores of `PicturesEvaluation.summary`, and `ms`: the median and the 90th percentile per picture.
    """
    rows = read_manifest(folder)
    results, milliseconds = [], []
    for number, row in enumerate(PictureCount().over([*rows[:_WARM_UP], *rows])):
        lines: tuple[str, ...] = ()
        error = None
        start = time.perf_counter()
        try:
            lines = tuple(read(folder / row.file))
        except InputError as refusal:
            error = str(refusal)
        if number >= len(rows[:_WARM_UP]):
            milliseconds.append(1e3 * (time.perf_counter() - start))
            results.append(PictureResult(row, lines, (), error))
    p50, p90 = np.percentile(milliseconds, (50, 90)).tolist()
    return {**PicturesEvaluation(folder, name, tuple(results)).summary, "ms": {"p50": p50, "p90": p90}}


def compare(folder: Path) -> list[dict[str, Any]]:
    """Return the scores of digitjax and, if it is installed, of the peer on the pictures of a folder.

    One follows the other, since idle threads of each would slow down the other's.
    """
    scores = [score("digitjax", load_digitjax(), folder)]
    if read := load_peer():
        scores.append(score(PEER, read, folder))
    return scores


def format_scores(scores: Sequence[Mapping[str, Any]]) -> str:
    """Format the scores of `compare` as a table, each with its count."""
    lines = [
        f"{'':<10}{'one digit, exact':>24}{'several digits, exact':>24}{'their digit errors':>24}"
        f"{'unreadable':>12}{'ms, p50':>10}{'ms, p90':>10}"
    ]
    for row in scores:
        singles, strings = (row.get(section, {}) for section in ("singles", "strings"))
        lines.append(
            f"{row['model']:<10}{_share(singles, 'correct', 'pictures'):>24}"
            f"{_share(strings, 'correct', 'pictures'):>24}{_share(strings, 'digit_errors', 'digits'):>24}"
            f"{len(row['unreadable']):>12}{row['ms']['p50']:>10,.1f}{row['ms']['p90']:>10,.1f}"
        )
    return "\n".join(lines)


def _share(section: Mapping[str, Any], part: str, whole: str) -> str:
    if not section:
        return "-"
    return f"{section[part]:,} of {section[whole]:,} ({section[part] / section[whole]:.1%})"
