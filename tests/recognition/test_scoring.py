"""Scores of recognition, on a recognizer whose answers are known."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from digitjax.data.manifest import read_manifest
from digitjax.errors import InputError
from digitjax.imaging.decode import decode
from digitjax.imaging.source import Source
from digitjax.recognition import scoring
from digitjax.recognition.recognizer import Digit, Reading, Recognizer
from digitjax.runs import Run
from digitjax.runs.seed_stats import wilson_interval
from tests.recognition.drawing import digit_picture

MANIFEST = """file,label,kind,writer
right.png,7,photo,ann
wrong.png,7,photo,ann
rejected.png,7,scan,ann
twice.png,7,scan,bob
damaged.png,7,scan,bob
string.png,123,photo,ann
short.png,123,photo,ann
lines.png,12|34,photo,bob
second.png,12|34,photo,bob
joined.png,12|34,photo,bob
"""
READ = {
    "right": ["7"],
    "wrong": ["1"],
    "rejected": ["7?"],
    "twice": ["77"],
    "string": ["123"],
    "short": ["13"],
    "lines": ["12", "34"],
    "second": ["12", "35"],
    "joined": ["1234"],
}


class Stub(Recognizer):
    """A recognizer that answers by the name of the file; a question mark rejects the digit before it."""

    def __init__(self):
        self.name = "stub"

    def read(self, source: Source) -> Reading:
        if (answer := READ.get(Path(str(source)).stem)) is None:
            raise InputError("it is damaged: save it again")
        gray = np.zeros((28, 28), np.uint8)
        digits = [
            Digit(int(c), 1.0, (0.1,) * 10, (0, 0, 8, 8), line, text[i + 1 :].startswith("?"), gray)
            for line, text in enumerate(answer)
            for i, c in enumerate(text)
            if c != "?"
        ]
        return Reading(tuple(digits), decode(gray), gray.astype(np.float32))


@pytest.fixture
def evaluation(tmp_path: Path) -> scoring.PicturesEvaluation:
    (tmp_path / "manifest.csv").write_text(MANIFEST)
    for line in MANIFEST.splitlines()[1:]:
        (tmp_path / line.split(",")[0]).touch()
    return scoring.evaluate_pictures(tmp_path, Stub())


def test_a_picture_is_correct_if_exactly_its_lines_are_read(evaluation: scoring.PicturesEvaluation):
    correct = [result.row.file for result in evaluation.results if result.correct]
    assert correct == ["right.png", "string.png", "lines.png"]
    errors = {Path(result.row.file).stem: result.digit_errors for result in evaluation.results}
    one_error = dict.fromkeys(("wrong", "rejected", "twice", "damaged", "short", "second"), 1)
    assert errors == {"right": 0, "string": 0, "lines": 0, "joined": 0} | one_error
    assert len(evaluation.errors) == 7


def test_scores_equal_those_computed_by_hand(evaluation: scoring.PicturesEvaluation):
    summary = evaluation.summary
    assert summary == json.loads(json.dumps(summary))
    assert (summary["model"], summary["pictures"]) == ("stub", 10)
    assert summary["unreadable"] == {"damaged.png": "it is damaged: save it again"}
    singles, strings = summary["singles"], summary["strings"]
    assert (singles["pictures"], singles["correct"], singles["accuracy"]) == (5, 1, 0.2)
    assert singles["accuracy_interval"] == list(wilson_interval(1, 5))
    assert {value: score["correct"] for value, score in singles["by"]["kind"].items()} == {
        "photo": 1,
        "scan": 0,
    }
    assert {value: score["pictures"] for value, score in singles["by"]["writer"].items()} == {
        "ann": 3,
        "bob": 2,
    }
    assert (strings["pictures"], strings["correct"], strings["accuracy"]) == (5, 2, 0.4)
    assert (strings["digits"], strings["digit_errors"], strings["digit_error_rate"]) == (18, 2, 1 / 9)
    assert set(strings["by"]) == {"writer"}  # all are photos, and no polarity is given


def test_a_folder_of_one_layout_has_no_other_section(tmp_path: Path):
    (tmp_path / "string.png").touch()
    (tmp_path / "manifest.csv").write_text("file,label\nstring.png,123\n")
    summary = scoring.evaluate_pictures(tmp_path, Stub()).summary
    assert "singles" not in summary
    assert summary["strings"]["by"] == {}
    assert "one digit" not in scoring.format_summary(summary)


def test_files_hold_the_summary_and_one_row_per_picture(
    evaluation: scoring.PicturesEvaluation, tmp_path: Path
):
    out = tmp_path / "out"
    out.mkdir()
    scoring.write(evaluation, out)
    assert json.loads((out / "metrics.json").read_text()) == evaluation.summary
    with (out / "pictures.csv").open(newline="") as file:
        rows = {row["file"]: row for row in csv.DictReader(file)}
    assert len(rows) == 10
    assert rows["joined.png"] == {
        "file": "joined.png",
        "label": "12|34",
        "layout": "lines",
        "kind": "photo",
        "polarity": "",
        "writer": "bob",
        "read": "1234",
        "correct": "0",
        "digit_errors": "0",
        "error": "",
    }
    assert rows["damaged.png"]["error"] == "it is damaged: save it again"


def test_the_table_has_one_line_per_score_and_the_reasons(evaluation: scoring.PicturesEvaluation):
    lines = scoring.format_summary(evaluation.summary).splitlines()
    assert lines[0] == "stub on 10 pictures"
    [singles] = [line for line in lines if line.startswith("one digit")]
    assert " ".join(singles.split()) == "one digit 5 1 20.00% 3.62% to 62.45% 80.00%"
    assert [line.split()[:3] for line in lines if line.startswith("  kind")] == [
        ["kind", "scan", "3"],
        ["kind", "photo", "2"],
    ]
    assert lines[-1] == "could not be read: damaged.png: it is damaged: save it again"


def test_only_the_lowest_scores_of_a_long_grouping_are_printed(tmp_path: Path):
    rows = [f"{'right' if n else 'wrong'}.png,7,w{n:02}" for n in range(20)]
    (tmp_path / "manifest.csv").write_text("\n".join(["file,label,writer", *rows]))
    for name in ("right.png", "wrong.png"):
        (tmp_path / name).touch()
    summary = scoring.evaluate_pictures(tmp_path, Stub()).summary
    writers = [line for line in scoring.format_summary(summary).splitlines() if "writer" in line]
    assert writers[0].startswith("  writer w00")
    assert len(writers) == 12
    assert "  and 8 more, none below 100.00%" in scoring.format_summary(summary)


def test_a_real_recognizer_is_evaluated(tiny_run: Run, tmp_path: Path):
    from digitjax.recognition import recognizer

    for digit in range(10):
        Image.fromarray(digit_picture(digit)).save(tmp_path / f"{digit}.png")
    manifest = ["file,label", *(f"{digit}.png,{digit}" for digit in range(10))]
    (tmp_path / "manifest.csv").write_text("\n".join(manifest))
    evaluation = scoring.evaluate_pictures(tmp_path, recognizer.load(tiny_run.path))
    for result in evaluation.results:
        assert len(result.digits) == 1
        [digit] = result.digits
        expected = () if digit.rejected else (str(digit.digit),)
        assert result.lines == expected
    assert evaluation.summary["singles"]["correct"] == 10 - len(evaluation.errors)


def test_the_manifest_of_the_real_handwriting_is_read(test_data: Path):
    rows = read_manifest(test_data / "handwriting-dev")
    assert len(rows) == 425
    assert all(set(row.groups) == {"kind", "polarity", "writer"} for row in rows)
