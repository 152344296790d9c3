"""The sections of a report: what each shows of a run. One that cannot be made says why in its place."""

import contextlib
import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from digitjax.data.pipeline import Split
from digitjax.errors import InputError
from digitjax.evaluation import evaluate, history, reliability, robustness
from digitjax.evaluation.evaluate import Evaluation
from digitjax.evaluation.label_errors import score_without_label_errors
from digitjax.evaluation.reconstruction import Reconstruction
from digitjax.model import calibration, reconstructor
from digitjax.runs import MEASURES, Run
from digitjax.runs.seed_stats import format_measure
from digitjax.runs.summary import summarize_run
from digitjax.visualization import charts
from digitjax.visualization.grid import Row, picture_grid
from digitjax.visualization.reconstruct import overview
from digitjax.visualization.report import learned
from digitjax.visualization.report.parts import Chart, Part, Picture, Section, Table, Text

MOST_MISTAKES = 60
_A_ROW = 12
_WIDTH = 560  # pixels of a chart
_OF_AN_EPOCH = ("accuracy", "learned", "forgotten")


@dataclass(frozen=True)
class Subject:
    """The run that a report is of, and what its sections share."""

    run: Run
    split: str
    asked_step: int | str

    @functools.cached_property
    def evaluation(self) -> Evaluation | Reconstruction:
        """The evaluation of this split and step, made if it has not been."""
        return evaluate.read_or_evaluate(self.run, self.split, self.asked_step)

    @property
    def classification(self) -> Evaluation:
        """The evaluation of a classifier."""
        made = self.evaluation
        if not isinstance(made, Evaluation):
            raise InputError("an autoencoder tells no digits apart")
        return made

    @functools.cached_property
    def pictures(self) -> Split:
        """The pictures of the split."""
        return evaluate.load_images(self.run, self.split)


def sections(subject: Subject) -> list[Section]:
    """Make every section that fits the run.

    Raises:
        InputError: its config is damaged, without which nothing has a meaning.
    """
    of_task = _OF_CLASSIFIER if subject.run.config.task == "classification" else _OF_AUTOENCODER
    made = []
    for title, make in of_task.items():
        try:
            made.append(Section(title, make(subject)))
        except InputError as error:
            made.append(Section(title, gap=str(error)))
    return made


def _result(subject: Subject) -> list[Part]:
    run, summary = subject.run, subject.evaluation.summary
    measure = MEASURES[run.config.task]
    low, high = (format_measure(measure, end) for end in summary[f"{measure}_interval"])
    rows = [
        (
            f"{measure} on the {subject.split} split",
            f"{format_measure(measure, summary[measure])} ({low} to {high})",
        )
    ]
    if measure == "accuracy":
        rows += [
            ("right", f"{summary['correct']:,} of {summary['examples']:,} pictures"),
            ("right or second", f"{summary['top2_accuracy']:.2%}"),
        ]
        with contextlib.suppress(InputError):  # of another data set none are known
            view = score_without_label_errors(subject.classification.logits, subject.classification.labels)
            low, high = view["accuracy_interval"]
            title = f"by {view['corrected']} corrected labels, {view['left_out']} unclear ones left out"
            rows.append((title, f"{view['accuracy']:.2%} ({low:.2%} to {high:.2%})"))
    rows += [("loss", f"{summary['loss']:.4f} nats"), ("step of the weights", f"{subject.evaluation.step:,}")]
    return [Text("Intervals are of 95 %."), Table(("", ""), rows)]


def _training(subject: Subject) -> list[Part]:
    run = subject.run
    lines = run.metrics()
    if not lines:
        raise InputError(f"{run.metrics_file} has no line")
    kept = summarize_run(run)
    config = run.config
    environment = run.environment
    rows = [
        ("model", config.model.kind),
        ("data", config.data.name),
        ("seed", str(config.seed)),
        ("optimizer", config.optimizer.kind),
        ("epochs", f"{kept.epoch:g} of {kept.epochs:g}"),
        ("seconds", f"{kept.seconds:,.1f}"),
        ("cores", str(environment.get("cpus", "-"))),
        ("processor", environment.get("processor") or "-"),
    ]
    measures = ("loss", MEASURES[config.task])
    return [
        Table(("", ""), rows),
        *(_chart(measure, charts.curves(lines, measure)) for measure in measures),  # type: ignore[arg-type]
    ]


def _predictions(subject: Subject) -> list[Part]:
    made = subject.classification
    return [
        _chart("confusion", charts.confusion_matrix(made.summary["confusion"]), width=420),
        _chart("per-class", charts.per_class(made.summary["per_class"])),
    ]


def _mistakes(subject: Subject) -> list[Part]:
    made = subject.classification
    guesses, confidences = made.probabilities.argmax(axis=1), made.probabilities.max(axis=1)
    wrong = np.flatnonzero(guesses != made.labels)
    if not len(wrong):
        return [Text("There are none.")]
    wrong = wrong[np.argsort(-confidences[wrong], kind="stable")]
    shown = wrong[:MOST_MISTAKES]
    captions = [f"{label} > {guess}" for label, guess in zip(made.labels[shown], guesses[shown], strict=True)]
    rows = [
        Row("", subject.pictures.images[shown[i : i + _A_ROW]], captions[i : i + _A_ROW])
        for i in range(0, len(shown), _A_ROW)
    ]
    shows = f"{len(shown)} of {len(wrong)} mistakes, the most confident first: the true digit, and what it was read as"
    return [Picture("mistakes", picture_grid(rows), shows)]


def _calibration(subject: Subject) -> list[Part]:
    made = subject.classification
    fitted = calibration.read(subject.run, int(made.step))
    report = reliability.calibration_report(made.logits, made.labels, fitted.temperature)
    before, after = report["before"], report["after"]
    named = {"ece": "expected calibration error", "brier": "Brier score", "nll": "negative log-likelihood"}
    rows = [(name, f"{before[key]:.4f}", f"{after[key]:.4f}") for key, name in named.items()]
    return [
        Text(
            f"The temperature is {fitted.temperature:.3f}, "
            + (f"fitted on the {fitted.split} split." if fitted.split else "as no calibration was fitted.")
        ),
        Table(("", "as trained", "with the temperature"), rows),
        _chart("reliability", charts.reliability(before["reliability"], after["reliability"]), width=420),
        _chart("risk-coverage", charts.risk_coverage(report["risk_coverage"])),
    ]


def _robustness(subject: Subject) -> list[Part]:
    summary = robustness.read(subject.run, subject.split, subject.classification.step).summary
    rows = [("accuracy on clean pictures", f"{summary['clean_accuracy']:.2%}")]
    if summary["mean_corruption_error"] is not None:
        rows.append(
            (f"mean corruption error, {summary['reference']} = 1", f"{summary['mean_corruption_error']:.3f}")
        )
    if outliers := summary["outliers"]:
        rows += [
            ("non-digits told from digits, AUROC", f"{outliers['auroc']:.4f}"),
            (
                "non-digits taken for digits where 95 % of the digits are accepted",
                f"{outliers['false_positive_rate_at_95_recall']:.2%}",
            ),
        ]
    corruptions = [
        row | {"corruption": row["corruption"].replace("_", " ")} for row in summary["corruptions"]
    ]
    headings = ("attack", "largest change of ink", "accuracy")
    attacked = [
        (row["attack"], str(row["epsilon"]), f"{row['accuracy']:.2%}") for row in summary.get("attacks", ())
    ]
    return [
        Text(
            "The corruptions are the project's own, after MNIST-C: figures are not comparable with those of its files."
        ),
        Table(("", ""), rows),
        _chart("corruptions", charts.corruption_heatmap(corruptions), width=240),
        *([Table(headings, attacked)] if attacked else []),
    ]


def _history(subject: Subject) -> list[Part]:
    kept = history.read(subject.run)
    rows = [
        {"epoch": epoch, "split": name, **dict(zip(_OF_AN_EPOCH, values, strict=True))}
        for name, summary in kept.summarize()["splits"].items()
        for epoch, *values in zip(kept.epochs, *(summary[key] for key in _OF_AN_EPOCH), strict=True)
    ]
    made: list[Part] = [
        Text("Looks back at the weights that the training kept; nothing was chosen by the test split."),
        _chart("history", charts.history(rows)),
        # In the first epoch all that is right is learned, and beside it nothing else could be seen.
        _chart(
            "learned-and-forgotten",
            charts.learned_and_forgotten([row for row in rows if row["epoch"] > kept.epochs[0]]),
        ),
    ]
    if subject.split not in kept.splits:
        return made
    events = history.forgetting_events(kept, subject.split)
    forgotten = history.most_forgotten(kept, subject.split, _A_ROW)
    hardest = history.hardest(kept, subject.split, _A_ROW)
    pictures = subject.pictures
    rows_of_pictures = [
        Row("hardest", pictures.images[hardest], [str(label) for label in pictures.labels[hardest]])
    ]
    if len(forgotten):
        captions = [f"{pictures.labels[i]}, {events[i]} x" for i in forgotten]
        rows_of_pictures.append(Row("forgotten", pictures.images[forgotten], captions))
    shows = "The pictures whose true digit had the lowest probability over all epochs, and the most often forgotten"
    return [*made, Picture("hardest", picture_grid(rows_of_pictures), shows)]


def _learned(subject: Subject) -> list[Part]:
    made = subject.classification
    return learned.parts(subject.run, made, subject.pictures)


def _reconstructions(subject: Subject) -> list[Part]:
    autoencoder, _ = reconstructor.load(subject.run, subject.evaluation.step)
    grid = picture_grid(overview(autoencoder, subject.pictures.images))
    shows = (
        "Pictures above their reconstructions: the best, typical and worst; then latent dimensions moved, pictures "
        "interpolated, and, of a variational autoencoder, pictures from noise"
    )
    return [Picture("reconstructions", grid, shows)]


def _chart(name: str, chart: Any, width: int = _WIDTH) -> Chart:
    return Chart(name, chart.properties(width=width), charts.table(chart))


_OF_CLASSIFIER: dict[str, Callable[[Subject], Sequence[Part]]] = {
    "Result": _result,
    "Training": _training,
    "Predictions": _predictions,
    "Mistakes": _mistakes,
    "Calibration": _calibration,
    "Robustness": _robustness,
    "History": _history,
    "What it learned": _learned,
}
_OF_AUTOENCODER: dict[str, Callable[[Subject], Sequence[Part]]] = {
    "Result": _result,
    "Training": _training,
    "Reconstructions": _reconstructions,
}
