"""The sections of a report. One that is not available says why."""

import contextlib
import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from digitjax.data.pipeline import Split
from digitjax.data.run_data import load_split
from digitjax.errors import InputError
from digitjax.evaluation import evaluate, history, reliability, robustness
from digitjax.evaluation.evaluate import Evaluation
from digitjax.evaluation.label_errors import score_without_label_errors
from digitjax.evaluation.reconstruction import Reconstruction
from digitjax.model import calibration, reconstructor
from digitjax.recognition import stress
from digitjax.runs import PRIMARY_METRIC, Run, log_reader
from digitjax.runs.seed_stats import format_metric
from digitjax.runs.summary import summarize_run
from digitjax.visualization import charts
from digitjax.visualization.grid import Row, image_grid
from digitjax.visualization.reconstruct import overview
from digitjax.visualization.report.explanations import explain_classifier
from digitjax.visualization.report.parts import Chart, Figure, Part, Section, Table, Text

MAX_ERRORS = 60
"""Maximum misclassified images shown."""
_COLUMNS = 12  # images in a row
_WIDTH = 560  # of a chart, in pixels
_EPOCH_METRICS = ("accuracy", "learned", "forgotten")


@dataclass(frozen=True)
class ReportContext:
    """The run and the evaluation that the sections of a report share."""

    run: Run
    split: str
    step: int | str
    """Of the weights: a number, `best` or `latest`."""

    @functools.cached_property
    def evaluation(self) -> Evaluation | Reconstruction:
        """The evaluation of this split and step, computed if there is none."""
        return evaluate.read_or_evaluate(self.run, self.split, self.step)

    @property
    def classification(self) -> Evaluation:
        """The evaluation of a classifier."""
        evaluation = self.evaluation
        if not isinstance(evaluation, Evaluation):
            raise InputError("an autoencoder is not a classifier")
        return evaluation

    @functools.cached_property
    def examples(self) -> Split:
        """The images and labels of the split."""
        return load_split(self.run, self.split)


def make_sections(context: ReportContext) -> list[Section]:
    """Return every section for the task of the run.

    Raises:
        InputError: its config is damaged.
    """
    by_title = _CLASSIFIER if context.run.config.task == "classification" else _AUTOENCODER
    sections = []
    for title, make in by_title.items():
        try:
            sections.append(Section(title, make(context)))
        except InputError as error:
            sections.append(Section(title, problem=str(error)))
    return sections


def _results(context: ReportContext) -> list[Part]:
    run, summary = context.run, context.evaluation.summary
    metric = PRIMARY_METRIC[run.config.task]
    low, high = (format_metric(metric, end) for end in summary[f"{metric}_interval"])
    rows = [
        (
            f"{metric} on the {context.split} split",
            f"{format_metric(metric, summary[metric])} ({low} to {high})",
        )
    ]
    if metric == "accuracy":
        rows += [
            ("correct", f"{summary['correct']:,} of {summary['examples']:,} images"),
            ("top-2 accuracy", f"{summary['top2_accuracy']:.2%}"),
        ]
        with contextlib.suppress(InputError):  # known for the test split of MNIST alone
            corrected = score_without_label_errors(
                context.classification.logits, context.classification.labels
            )
            low, high = corrected["accuracy_interval"]
            title = f"accuracy: {corrected['corrected']} corrected labels, {corrected['excluded']} ambiguous excluded"
            rows.append((title, f"{corrected['accuracy']:.2%} ({low:.2%} to {high:.2%})"))
    rows += [("loss", f"{summary['loss']:.4f} nats"), ("checkpoint step", f"{context.evaluation.step:,}")]
    return [Text("In parentheses: 95% CI."), Table(("", ""), rows)]


def _training(context: ReportContext) -> list[Part]:
    run = context.run
    log = log_reader.read(run)
    if not log.bytes_read:
        raise InputError(f"{run.metrics_file} has no lines")
    summary = summarize_run(run)
    config = run.config
    environment = run.environment
    rows = [
        ("model", config.model.kind),
        ("data", config.data.name),
        ("seed", str(config.seed)),
        ("optimizer", config.optimizer.kind),
        ("epochs", f"{summary.epoch:g} of {summary.epochs:g}"),
        ("training time (s)", f"{summary.seconds:,.1f}"),
        ("CPU cores", str(environment.get("cpus", "-"))),
        ("processor", environment.get("processor") or "-"),
    ]
    metrics: tuple[log_reader.Metric, ...] = ("loss", PRIMARY_METRIC[config.task])
    curves = {
        metric: charts.learning_curves({run.name: log}, metric, color_by="split", log_y=metric != "accuracy")
        for metric in metrics
    }
    return [Table(("", ""), rows), *(_chart(metric, chart) for metric, chart in curves.items())]


def _predictions(context: ReportContext) -> list[Part]:
    summary = context.classification.summary
    return [
        _chart("confusion", charts.confusion_matrix(summary["confusion"]), width=420),
        _chart("per-class", charts.per_class(summary["per_class"])),
    ]


def _errors(context: ReportContext) -> list[Part]:
    evaluation = context.classification
    predicted, confidences = evaluation.probabilities.argmax(axis=1), evaluation.probabilities.max(axis=1)
    wrong = np.flatnonzero(predicted != evaluation.labels)
    if not len(wrong):
        return [Text("No errors.")]
    wrong = wrong[np.argsort(-confidences[wrong], kind="stable")]
    shown = wrong[:MAX_ERRORS]
    captions = [
        f"{label} > {digit}" for label, digit in zip(evaluation.labels[shown], predicted[shown], strict=True)
    ]
    rows = [
        Row("", context.examples.images[shown[i : i + _COLUMNS]], captions[i : i + _COLUMNS])
        for i in range(0, len(shown), _COLUMNS)
    ]
    caption = f"{len(shown)} of {len(wrong)} errors, the most confident first: true > predicted digit"
    return [Figure("errors", image_grid(rows), caption)]


def _calibration(context: ReportContext) -> list[Part]:
    evaluation = context.classification
    fitted = calibration.find(context.run, int(evaluation.step)) or calibration.Calibration()
    report = reliability.calibration_report(evaluation.logits, evaluation.labels, fitted.temperature)
    before, after = report["before"], report["after"]
    names = {"ece": "expected calibration error", "brier": "Brier score", "nll": "negative log-likelihood"}
    rows = [(name, f"{before[key]:.4f}", f"{after[key]:.4f}") for key, name in names.items()]
    return [
        Text(
            f"Temperature {fitted.temperature:.3f}, "
            + (f"fitted on the {fitted.split} split." if fitted.split else "since no calibration was fitted.")
        ),
        Table(("", "before temperature scaling", "after temperature scaling"), rows),
        _chart("reliability", charts.reliability(before["reliability"], after["reliability"]), width=420),
        _chart("risk-coverage", charts.risk_coverage(report["risk_coverage"])),
    ]


def _robustness(context: ReportContext) -> list[Part]:
    summary = robustness.read(context.run, context.split, context.classification.step).summary
    rows = [("accuracy on clean images", f"{summary['clean_accuracy']:.2%}")]
    if summary["mean_corruption_error"] is not None:
        rows.append(
            (f"mean corruption error, {summary['reference']} = 1", f"{summary['mean_corruption_error']:.3f}")
        )
    if outliers := summary["outliers"]:
        rows += [
            ("out-of-distribution detection (AUROC)", f"{outliers['auroc']:.4f}"),
            (
                "false positive rate at 95 % true positive rate",
                f"{outliers['false_positive_rate_at_95_recall']:.2%}",
            ),
        ]
    corruptions = [
        row | {"corruption": row["corruption"].replace("_", " ")} for row in summary["corruptions"]
    ]
    headings = ("attack", "L∞ limit (intensity)", "accuracy")
    attacks = [
        (row["attack"], str(row["epsilon"]), f"{row['accuracy']:.2%}") for row in summary.get("attacks", ())
    ]
    return [
        Text(
            "The corruptions are this project's own versions of those of MNIST-C: figures are not comparable with "
            "published ones."
        ),
        Table(("", ""), rows),
        _chart("corruptions", charts.corruption_heatmap(corruptions), width=240),
        *([Table(headings, attacks)] if attacks else []),
    ]


def _reading(context: ReportContext) -> list[Part]:
    report = stress.read(context.run, context.split, context.classification.step)
    scores = report.to_dict()["scores"]
    rows = [
        ("mean digit error rate", f"{report.digit_error_rate:.2%}"),
        ("false readings on pages without digits", f"{report.false_reading_rate:.2%}"),
    ]
    return [
        Text(
            f"{report.per_condition:,} digits of the {context.split} split, shown on generated pages in each condition."
        ),
        Table(("", ""), rows),
        _chart("reading", charts.accuracy_by_condition(scores)),
        _chart("lost-digits", charts.lost_by_stage(scores)),
        _chart("false-readings", charts.false_readings(scores)),
    ]


def _history(context: ReportContext) -> list[Part]:
    recorded = history.read(context.run)
    rows = [
        {"epoch": epoch, "split": name, **dict(zip(_EPOCH_METRICS, values, strict=True))}
        for name, summary in recorded.summarize()["splits"].items()
        for epoch, *values in zip(recorded.epochs, *(summary[key] for key in _EPOCH_METRICS), strict=True)
    ]
    # The first epoch learns nearly everything, beside which later epochs could not be seen.
    later = [row for row in rows if row["epoch"] > recorded.epochs[0]]
    parts: list[Part] = [
        Text("Computed after training from the weights of each epoch; no choice was made on the test split."),
        _chart("history", charts.accuracy_by_epoch(rows)),
        _chart("learned-and-forgotten", charts.learned_and_forgotten(later)),
    ]
    if context.split not in recorded.splits:
        return parts
    events = history.forgetting_events(recorded, context.split)
    forgotten = history.most_forgotten_examples(recorded, context.split, _COLUMNS)
    hardest = history.hardest_examples(recorded, context.split, _COLUMNS)
    images, labels = context.examples.images, context.examples.labels
    image_rows = [Row("hardest", images[hardest], [str(label) for label in labels[hardest]])]
    if len(forgotten):
        captions = [f"{labels[i]}, {events[i]} x" for i in forgotten]
        image_rows.append(Row("forgotten", images[forgotten], captions))
    caption = (
        "The images of the lowest mean probability of the true digit over all epochs, and those of the most "
        "forgetting events"
    )
    return [*parts, Figure("hardest", image_grid(image_rows), caption)]


def _explanations(context: ReportContext) -> list[Part]:
    return explain_classifier(context.run, context.classification, context.examples)


def _reconstructions(context: ReportContext) -> list[Part]:
    autoencoder, _ = reconstructor.load(context.run, context.evaluation.step)
    grid = image_grid(overview(autoencoder, context.examples.images))
    caption = (
        "Images above their reconstructions: the best, typical and worst; latent traversals, interpolations and, of a "
        "variational autoencoder, samples"
    )
    return [Figure("reconstructions", grid, caption)]


def _chart(name: str, chart: Any, width: int = _WIDTH) -> Chart:
    return Chart(name, chart.properties(width=width), charts.table(chart))


_CLASSIFIER: dict[str, Callable[[ReportContext], Sequence[Part]]] = {
    "Results": _results,
    "Training": _training,
    "Predictions": _predictions,
    "Errors": _errors,
    "Calibration": _calibration,
    "Robustness": _robustness,
    "Reading": _reading,
    "History": _history,
    "Explanations": _explanations,
}
_AUTOENCODER: dict[str, Callable[[ReportContext], Sequence[Part]]] = {
    "Results": _results,
    "Training": _training,
    "Reconstructions": _reconstructions,
}
