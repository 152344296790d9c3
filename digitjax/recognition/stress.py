"""The stress test of reading: the same digits shown in every condition of `digitjax.data.pages`.

Its report is kept in `evaluation/reading-<split>@<step>/reading.json`.
"""

import statistics
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from jaxtyping import Int, UInt8
from pydantic import ConfigDict, TypeAdapter, ValidationError

from digitjax.data.pages import CONDITIONS, Condition, Page, generate_pages
from digitjax.data.run_data import load_split
from digitjax.errors import InputError
from digitjax.recognition.lost_digits import STAGES, PageScore, score_page
from digitjax.recognition.recognizer import Reading, Recognizer, load
from digitjax.runs import Ensemble, Run, integrity
from digitjax.runs.checkpoints import find_checkpoint
from digitjax.runs.seed_stats import wilson_interval

FILE = "reading.json"

Observer = Callable[[str, Page, Reading, PageScore], None]
"""Function of the name of a condition, a page of it, what was read in it, and its score."""


@dataclass(frozen=True, kw_only=True)
class ConditionScore:
    """How the pages of one condition were read."""

    condition: str
    pages: int
    exact: int
    """Pages of which every line was read, and nothing else."""
    digits: int
    """Digits on the pages; 0 for a condition that shows none."""
    digit_errors: int
    """Edit distances from what was read to the true text."""
    classifier_correct: int
    """Digits of the pages that the classifier alone gets right, from their images."""
    lost: Mapping[str, int]
    """Digits that each stage lost."""
    extra: int
    """Digits that were read where there is none, or another."""
    median_ms: float
    """Milliseconds to read a page."""

    @property
    def shows_digits(self) -> bool:
        """Whether its pages show digits; else whatever is read in them is a false reading."""
        return self.digits > 0

    @property
    def exact_match(self) -> float:
        """Share of the pages that were read exactly."""
        return self.exact / self.pages

    @property
    def interval(self) -> tuple[float, float]:
        """95% CI of `exact_match` (Wilson 1927)."""
        return wilson_interval(self.exact, self.pages)

    @property
    def digit_error_rate(self) -> float | None:
        """Edit distance over digits."""
        return self.digit_errors / self.digits if self.digits else None

    @property
    def rejected_share(self) -> float | None:
        """Share of the digits that were found and rejected."""
        return self.lost["rejection"] / self.digits if self.digits else None

    @property
    def classifier_accuracy(self) -> float | None:
        """Accuracy of the classifier alone on the same digits."""
        return self.classifier_correct / self.digits if self.digits else None

    @property
    def shortfall(self) -> float | None:
        """How much less accurate reading is than the classifier alone: the digits that the condition costs."""
        if not self.digits:
            return None
        return (self.classifier_correct - (self.digits - self.digit_errors)) / self.digits

    @property
    def false_readings(self) -> int | None:
        """Pages without digits in which some were read."""
        return None if self.digits else self.pages - self.exact

    def to_dict(self) -> dict[str, Any]:
        """Return all figures, ready for JSON."""
        return asdict(self) | {
            "exact_match": self.exact_match,
            "exact_match_interval": list(self.interval),
            "digit_error_rate": self.digit_error_rate,
            "rejected_share": self.rejected_share,
            "classifier_accuracy": self.classifier_accuracy,
            "false_readings": self.false_readings,
        }


@dataclass(frozen=True, kw_only=True)
class StressReport:
    """How a recognizer reads the same digits in many conditions."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="ignore")

    model: str
    seed: int
    per_condition: int
    """Digits that each condition shows."""
    scores: tuple[ConditionScore, ...]
    """In the order of the table of conditions."""

    @property
    def digit_error_rate(self) -> float:
        """Mean of the digit error rates of the conditions that show digits; 0 where there is none."""
        rates = [score.digit_errors / score.digits for score in self.scores if score.digits]
        return statistics.fmean(rates) if rates else 0.0

    @property
    def false_reading_rate(self) -> float:
        """Share of the pages without digits in which some were read; 0 where there is none."""
        counts = [(s.false_readings, s.pages) for s in self.scores if s.false_readings is not None]
        return sum(count for count, _ in counts) / sum(pages for _, pages in counts) if counts else 0.0

    def to_dict(self) -> dict[str, Any]:
        """Return all figures, ready for JSON."""
        return {
            "model": self.model,
            "seed": self.seed,
            "per_condition": self.per_condition,
            "digit_error_rate": self.digit_error_rate,
            "false_reading_rate": self.false_reading_rate,
            "scores": [score.to_dict() for score in self.scores],
        }

    def describe(self) -> str:
        """Lay it out for a terminal: the conditions that cost the most first, then the pages without digits."""
        return format_report(self)


_ADAPTER = TypeAdapter(StressReport)


def evaluate_reading(
    recognizer: Recognizer,
    images: UInt8[np.ndarray, "n 28 28"],
    labels: Int[np.ndarray, " n"],
    seed: int = 0,
    per_condition: int = 200,
    pages_without_digits: int = 50,
    conditions: Mapping[str, Condition] = CONDITIONS,
    observe: Observer | None = None,
) -> StressReport:
    """Read the same digits in every condition.

    Args:
        recognizer: what reads.
        images: digits of a test or validation split, light strokes on a dark ground, uint8 (n, 28, 28).
        labels: what they are, int (n,).
        seed: of the choice of digits and of the pages.
        per_condition: digits that each condition shows, no more than there are.
        pages_without_digits: pages of each condition that shows no digit, no more than there are digits.
        conditions: which conditions, by name.
        observe: called after each page, to show progress or to keep the pages that were not read.

    Returns:
        The scores of all conditions.
    """
    subset = np.random.default_rng(seed).permutation(len(labels))[:per_condition]
    images, labels = images[subset], labels[subset]
    correct = int((recognizer.classify(images).argmax(axis=1) == labels).sum())
    scores = []
    for name, condition in conditions.items():
        count = len(labels) if condition.shows_digits else min(len(labels), pages_without_digits)
        pages = generate_pages(images[:count], labels[:count], name, condition, seed)
        scores.append(_score_condition(recognizer, name, pages, correct, observe))
    return StressReport(model=recognizer.name, seed=seed, per_condition=len(labels), scores=tuple(scores))


def evaluate_model(
    model: Run | Ensemble,
    split: str = "test",
    step: int | str = "best",
    seed: int = 0,
    per_condition: int = 200,
    pages_without_digits: int = 50,
    conditions: Mapping[str, Condition] = CONDITIONS,
    observe: Observer | None = None,
) -> StressReport:
    """Read the digits of a split in every condition with a run or an ensemble, and write `reading.json`.

    Args:
        model: a classifier.
        split: `train`, `validation` or `test`.
        step: a step, `latest`, or `best` on the validation split; an ensemble's members each resolve it.
        seed: of the choice of digits and of the pages.
        per_condition: digits that each condition shows, no more than the split has.
        pages_without_digits: pages of each condition that shows no digit.
        conditions: which conditions, by name.
        observe: called after each page, such as to show progress.

    Returns:
        The scores of all conditions.

    Raises:
        InputError: there is no such split or checkpoint, the data are not those of the training, or the model is not
            a classifier.
    """
    recognizer = load(model.path, tta="none", step=step)
    examples = load_split(model, split)
    counts = seed, per_condition, pages_without_digits
    report = evaluate_reading(recognizer, examples.images, examples.labels, *counts, conditions, observe)
    write(report, model, split, step)
    return report


def write(report: StressReport, model: Run | Ensemble, split: str, step: int | str) -> None:
    """Write `reading.json`.

    Args:
        report: what to write.
        model: what read.
        split: whose digits were read.
        step: of the weights.
    """
    file = report_file(model, split, step)
    file.parent.mkdir(parents=True, exist_ok=True)
    integrity.write_own(model, file, report.to_dict())


def read(model: Run | Ensemble, split: str = "test", step: int | str = "best") -> StressReport:
    """Read what `evaluate_model` wrote.

    Args:
        model: a run or an ensemble.
        split: whose digits were read.
        step: of the weights.

    Returns:
        The report.

    Raises:
        InputError: it was not evaluated, or its file is damaged.
    """
    file = report_file(model, split, step)
    try:
        return _ADAPTER.validate_python(integrity.read_own(model, file))
    except (InputError, ValidationError) as error:
        reason = "it is damaged" if file.exists() else "it is missing"
        raise InputError(
            f"{file}: {reason}: write it with `digitjax evaluate {model.name} --reading`"
        ) from error


def report_file(model: Run | Ensemble, split: str, step: int | str) -> Path:
    """Return the path of a report, which may not exist.

    Args:
        model: a run or an ensemble.
        split: whose digits are read.
        step: of the weights; that of a run is resolved to its number.
    """
    resolved = find_checkpoint(model, step).step if isinstance(model, Run) else step
    return model.evaluation_folder(f"reading-{split}", resolved) / FILE


def format_report(report: StressReport) -> str:
    """Lay a report out for a terminal: the conditions that cost the most first, then the pages without digits."""
    with_digits = [score for score in report.scores if score.shows_digits]
    lines = [
        f"{report.model}: {report.per_condition:,} digits in each of {len(report.scores)} conditions, "
        f"seed {report.seed}",
        "",
        f"{'condition':<34}{'pages':>6}{'exact':>8}{'95% CI':>18}{'digit errors':>14}{'classifier':>12}"
        f"{'foreground':>12}{'segmentation':>14}{'classifier':>12}{'rejection':>11}{'extra':>7}{'ms':>8}",
    ]
    lines += [
        _format_score(score) for score in sorted(with_digits, key=lambda score: -(score.shortfall or 0))
    ]
    lines += ["", f"{'pages without digits':<34}{'pages':>6}{'false readings':>20}{'ms':>8}"]
    lines += [
        f"{score.condition:<34.34}{score.pages:>6,}{score.false_readings or 0:>10}"
        f"{(score.false_readings or 0) / score.pages:>10.1%}{score.median_ms:>8.1f}"
        for score in report.scores
        if not score.shows_digits
    ]
    return "\n".join(
        [
            *lines,
            "",
            f"mean digit error rate  {report.digit_error_rate:.2%}",
            f"false readings         {report.false_reading_rate:.2%} of the pages without digits",
        ]
    )


def _score_condition(
    recognizer: Recognizer,
    name: str,
    pages: Iterable[Page],
    classifier_correct: int,
    observe: Observer | None,
) -> ConditionScore:
    """Read the pages of one condition, the first of them twice, since it may compile."""
    scores: list[PageScore] = []
    times: list[float] = []
    digits = 0
    for page in pages:
        if not scores:
            recognizer.read(page.source)
        start = time.perf_counter()
        reading = recognizer.read(page.source)
        times.append(1000 * (time.perf_counter() - start))
        scores.append(score_page(page, reading))
        digits += len(page.digits)
        if observe:
            observe(name, page, reading, scores[-1])
    stages = Counter(stage for score in scores for _, stage in score.lost)
    return ConditionScore(
        condition=name,
        pages=len(scores),
        exact=sum(score.exact for score in scores),
        digits=digits,
        digit_errors=sum(score.digit_errors for score in scores),
        classifier_correct=classifier_correct if digits else 0,
        lost={stage: stages[stage] for stage in STAGES},
        extra=sum(score.extra for score in scores),
        median_ms=statistics.median(times),
    )


def _format_score(score: ConditionScore) -> str:
    low, high = score.interval
    return (
        f"{score.condition:<34.34}{score.pages:>6,}{score.exact_match:>8.1%}{f'{low:.1%} to {high:.1%}':>18}"
        f"{score.digit_error_rate or 0:>14.1%}{score.classifier_accuracy or 0:>12.1%}"
        f"{score.lost['foreground']:>12}{score.lost['segmentation']:>14}{score.lost['classifier']:>12}"
        f"{score.lost['rejection']:>11}{score.extra:>7}{score.median_ms:>8.1f}"
    )
