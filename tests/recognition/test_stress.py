"""The stress test of reading, on readers whose answers are known."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from digitjax.config import Data
from digitjax.data import pipeline
from digitjax.data.pages import CONDITIONS, Page
from digitjax.data.pipeline import Split
from digitjax.errors import InputError
from digitjax.imaging.decode import decode
from digitjax.imaging.source import Source
from digitjax.recognition import stress
from digitjax.recognition.lost_digits import STAGES
from digitjax.recognition.recognizer import Digit, Reading, Recognizer
from digitjax.recognition.stress import StressReport, evaluate_reading
from digitjax.runs import Run

SOME = {name: CONDITIONS[name] for name in ("28x28", "5 digits, gap 0.2", "no digit: ruled page")}


@pytest.fixture(scope="module")
def digits() -> Split:
    return pipeline.load(Data(name="digits")).test


class Stub(Recognizer):
    """Reads a 7 in the middle of every picture; its classifier answers 7 too."""

    def __init__(self, rejected: bool = False):
        self.name = "stub"
        self.rejected = rejected
        self.classify = lambda images: np.tile(np.eye(10, dtype=np.float32)[7], (len(images), 1))

    def read(self, source: Source) -> Reading:
        picture = decode(source)
        height, width = picture.pixels.shape[:2]
        box = (width // 3, height // 3, 2 * width // 3, 2 * height // 3)
        digit = Digit(7, 1.0, (0.1,) * 10, box, 0, self.rejected, np.zeros((28, 28), np.uint8))
        return Reading((digit,), picture, np.zeros((height, width), np.float32))


@pytest.fixture(scope="module")
def report(digits: Split) -> StressReport:
    return evaluate_reading(Stub(), digits.images, digits.labels, 3, 40, 8, SOME)


@pytest.fixture
def run(tiny_run: Run, tmp_path: Path) -> Run:
    """A copy of the tiny run."""
    return Run(shutil.copytree(tiny_run.path, tmp_path / "run"))


def test_a_run_reads_its_own_split_and_keeps_the_report(run: Run):
    report = stress.evaluate_model(run, "validation", "latest", 3, 20, 4, SOME)
    assert [score.condition for score in report.scores] == list(SOME)
    assert (report.per_condition, report.scores[0].digits) == (20, 20)
    assert stress.read(run, "validation", "latest") == report


def test_every_condition_shows_the_same_digits(report: StressReport, digits: Split):
    single, string, empty = report.scores
    assert (single.pages, single.digits, string.pages, string.digits) == (40, 40, 8, 40)
    subset = np.random.default_rng(3).permutation(len(digits.labels))[:40]
    sevens = int((digits.labels[subset] == 7).sum())
    assert single.exact == single.classifier_correct == string.classifier_correct == sevens
    assert single.digit_errors == 40 - sevens
    assert single.shortfall == 0
    assert string.exact == 0
    assert single.lost["foreground"] == 40 - sevens
    assert all(set(score.lost) == set(STAGES) for score in report.scores)
    assert (empty.pages, empty.digits, empty.false_readings) == (8, 0, 8)
    assert empty.digit_error_rate is empty.classifier_accuracy is empty.rejected_share is None
    assert report.false_reading_rate == 1.0


def test_what_is_rejected_is_no_false_reading(digits: Split):
    report = evaluate_reading(Stub(rejected=True), digits.images, digits.labels, 3, 10, 4, SOME)
    assert report.false_reading_rate == 0.0
    assert report.digit_error_rate == 1.0
    assert report.scores[0].digit_errors == 10


def test_the_seed_alone_decides_the_pages(digits: Split):
    def pages_of(seed: int) -> list[Page]:
        pages: list[Page] = []
        evaluate_reading(
            Stub(), digits.images, digits.labels, seed, 10, 4, SOME, lambda name, page, *_: pages.append(page)
        )
        return pages

    first, again, other = pages_of(1), pages_of(1), pages_of(2)
    assert len(first) == 10 + 2 + 4
    assert all((a.pixels == b.pixels).all() for a, b in zip(first, again, strict=True))
    assert any((a.pixels != b.pixels).any() for a, b in zip(first[:10], other[:10], strict=True))


def test_a_report_is_read_back_as_it_was_written(report: StressReport, run: Run):
    stress.write(report, run, "test", "best")
    assert stress.read(run, "test", 21) == report
    saved = json.loads((run.path / "evaluation/reading-test@21/reading.json").read_text())
    assert saved["scores"][0]["exact_match"] == report.scores[0].exact_match
    assert saved["scores"][2]["false_readings"] == 8


@pytest.mark.parametrize("content", [None, "{", '{"model": 3}'])
def test_a_missing_or_damaged_report_is_an_error_of_one_line(run: Run, content: str | None):
    if content is not None:
        file = stress.report_file(run, "test", "best")
        file.parent.mkdir(parents=True)
        file.write_text(content)
    with pytest.raises(
        InputError, match=r"reading\.json.*write it with `digitjax evaluate run --reading`"
    ) as error:
        stress.read(run)
    assert "\n" not in str(error.value)


def test_it_is_laid_out_with_the_worst_condition_first(report: StressReport):
    lines = report.describe().splitlines()
    rows = [line for line in lines if line.startswith(tuple(SOME))]
    assert [row.split("  ")[0] for row in rows] == ["5 digits, gap 0.2", "28x28", "no digit: ruled page"]
    assert "100.0%" in rows[2]
    assert lines[0] == "stub: 40 digits in each of 3 conditions, seed 3"
