"""Robustness of a classifier: accuracy on corrupted images, and detection of out-of-distribution images.

It is stored in `evaluation/robustness-<split>@<step>/robustness.json`, apart from the evaluation of the same split.
"""

import dataclasses
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from jaxtyping import Float, Int32, UInt8
from pydantic import ConfigDict, TypeAdapter, ValidationError
from scipy.special import softmax
from sklearn.metrics import roc_auc_score

from digitjax.data import corrupt, outliers
from digitjax.data.corruptions import CORRUPTIONS, SEVERITIES
from digitjax.data.pipeline import Split
from digitjax.data.run_data import load_split
from digitjax.errors import InputError
from digitjax.evaluation import adversarial
from digitjax.evaluation import reference as references
from digitjax.evaluation.adversarial import AttackScore
from digitjax.evaluation.reference import mean_corruption_error
from digitjax.model import calibration, classifier
from digitjax.model.classifier import Classifier
from digitjax.model.network import Network, load_weights
from digitjax.progress import Status
from digitjax.runs import Ensemble, Run, integrity
from digitjax.runs.seed_stats import wilson_interval

FILE = "robustness.json"
MAX_OUTLIERS = 2000
"""Maximum generated outliers; fewer for a split with fewer images."""
OUTLIER_SEED = 190_602_337
"""Seed of the outliers, apart from `data.split_seed`, which generates those of the training."""
RECALL = 0.95
"""Share of the digits that the threshold of `false_positive_rate` accepts: the usual FPR at 95% recall."""


@dataclass(frozen=True, kw_only=True)
class CorruptionScore:
    """Accuracy under one corruption of one severity, with its 95% confidence interval (Wilson 1927)."""

    corruption: str
    severity: int
    accuracy: float
    interval: tuple[float, float]


@dataclass(frozen=True, kw_only=True)
class OutlierKindScore:
    """Detection of one kind of outliers."""

    kind: str
    auroc: float
    examples: int


@dataclass(frozen=True, kw_only=True)
class OutlierDetection:
    """Detection of out-of-distribution images, outliers, by the sum of the two highest probabilities."""

    examples: int
    auroc: float
    """Area under the ROC curve; digits are the positives."""
    false_positive_rate_at_95_recall: float
    """Share of the outliers that the threshold accepts that accepts 95% of the digits."""
    kinds: tuple[OutlierKindScore, ...]


@dataclass(frozen=True, kw_only=True)
class Robustness:
    """Robustness of a model on one split, with the weights of one step."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    examples: int
    split: str
    step: int | str
    """The step of a run; for an ensemble `best` or `latest`, which each member resolves for itself."""
    clean_accuracy: float
    corruptions: tuple[CorruptionScore, ...]
    mean_corruption_error: float | None
    """1 if the model makes as many errors as the reference; None without a reference."""
    reference: str | None
    outliers: OutlierDetection
    attacks: tuple[AttackScore, ...] | None = None
    """None unless attacks were asked for."""

    @property
    def summary(self) -> dict[str, Any]:
        """All fields, ready for JSON."""
        summary = dataclasses.asdict(self)
        if self.attacks is None:
            del summary["attacks"]
        return summary

    def describe(self) -> str:
        """Format the scores for a terminal."""
        return format_summary(self)


_ADAPTER = TypeAdapter(Robustness)


def evaluate_robustness(
    model: Run | Ensemble,
    split: str = "test",
    step: int | str = "best",
    reference: Run | Ensemble | None = None,
    *,
    attacks: bool = False,
    progress: Callable[[str], None] | None = None,
) -> Robustness:
    """Evaluate a classifier on corrupted images and on outliers, and write `robustness.json`.

    Args:
        model: a trained run, or an ensemble of runs that were trained on the same data.
        split: `train`, `validation` or `test`.
        step: a step, `latest`, or `best` on the validation split; an ensemble's members each resolve it.
        reference: the model whose errors the mean corruption error is relative to; by default that of
            `digitjax.evaluation.reference`, which is known for MNIST's test split alone.
        attacks: whether to run adversarial attacks too, which take longer than all the rest.
        progress: called with a line on what is being done; by default the line is shown on the terminal.

    Returns:
        The accuracies under corruptions and attacks, and the detection of outliers.

    Raises:
        InputError: there is no such split or checkpoint, the data are not those of the training, or a model is an
            autoencoder.
    """
    data = load_split(model, split)
    members = model.members()
    classify, steps = classifier.load(members, step)
    reference_classify = classifier.load(reference.members())[0] if reference else None
    with Status() as status:
        report = progress or status
        scores = _score_corruptions(classify, data, report)
        named_errors: tuple[str, references.Errors] | None
        if reference and reference_classify:
            reference_scores = _score_corruptions(reference_classify, data, report)
            named_errors = reference.name, errors_by_corruption(reference_scores)
        else:
            named_errors = references.load_reference_errors(members[0], split)
        report("out-of-distribution images")
        temperatures = [
            calibration.read(member, used).temperature for member, used in zip(members, steps, strict=True)
        ]
        detection = evaluate_ood_detection(
            lambda images: _top2_probability(classify, images, temperatures), data.images
        )
        report("attacks" if attacks else "")
        attack_scores = _score_attacks(members, steps, data) if attacks else None
    robustness = Robustness(
        examples=len(data),
        split=split,
        step=step if isinstance(model, Ensemble) else steps[0],
        clean_accuracy=_count_correct(classify, data.images, data.labels) / len(data),
        corruptions=scores,
        mean_corruption_error=mean_corruption_error(errors_by_corruption(scores), named_errors[1])
        if named_errors
        else None,
        reference=named_errors[0] if named_errors else None,
        outliers=detection,
        attacks=attack_scores,
    )
    file = report_file(model, split, robustness.step)
    file.parent.mkdir(parents=True, exist_ok=True)
    integrity.write_own(model, file, robustness.summary)
    return robustness


def read(model: Run | Ensemble, split: str = "test", step: int | str = "best") -> Robustness:
    """Read what `evaluate_robustness` wrote.

    Args:
        model: the run or ensemble that was evaluated.
        split: `train`, `validation` or `test`.
        step: the step of a run; `best` or `latest` of an ensemble.

    Returns:
        The robustness of the model on the split.

    Raises:
        InputError: it was not evaluated, or its file is damaged.
    """
    file = report_file(model, split, step)
    try:
        return _ADAPTER.validate_python(integrity.read_own(model, file))
    except (InputError, ValidationError) as error:
        reason = "it is damaged" if file.exists() else "it is missing"
        raise InputError(
            f"{file}: {reason}: write it with `digitjax evaluate {model.name} --robustness`"
        ) from error


def evaluate_ood_detection(
    top2_probability: Callable[[UInt8[np.ndarray, "n 28 28"]], Float[np.ndarray, " n"]],
    digits: UInt8[np.ndarray, "n 28 28"],
) -> OutlierDetection:
    """Evaluate the detection of generated outliers among digits.

    Args:
        top2_probability: returns for each image the sum of its two highest probabilities.
        digits: uint8 (n, 28, 28); as many outliers are generated, up to `MAX_OUTLIERS`.

    Returns:
        The scores over all outliers, and for each kind.
    """
    images, kinds = outliers.generate_kinds(min(len(digits), MAX_OUTLIERS), OUTLIER_SEED)
    digit_scores, outlier_scores = top2_probability(digits), top2_probability(images)
    return OutlierDetection(
        examples=len(images),
        auroc=auroc(digit_scores, outlier_scores),
        false_positive_rate_at_95_recall=false_positive_rate(digit_scores, outlier_scores),
        kinds=tuple(
            OutlierKindScore(
                kind=kind,
                auroc=auroc(digit_scores, outlier_scores[kinds == kind]),
                examples=int((kinds == kind).sum()),
            )
            for kind in sorted(set(kinds.tolist()))
        ),
    )


def auroc(digit_scores: Float[np.ndarray, " n"], outlier_scores: Float[np.ndarray, " m"]) -> float:
    """Return the area under the ROC curve: 1 if every digit has a higher score than every outlier.

    Args:
        digit_scores: scores of the positives, float (n,).
        outlier_scores: scores of the negatives, float (m,).
    """
    is_digit = np.repeat([1, 0], [len(digit_scores), len(outlier_scores)])
    return float(roc_auc_score(is_digit, np.concatenate([digit_scores, outlier_scores])))


def false_positive_rate(
    digit_scores: Float[np.ndarray, " n"], outlier_scores: Float[np.ndarray, " m"]
) -> float:
    """Return the share of outliers above the highest threshold that accepts `RECALL` of the digits.

    Args:
        digit_scores: scores of the positives, float (n,).
        outlier_scores: scores of the negatives, float (m,).
    """
    threshold = np.sort(digit_scores)[len(digit_scores) - math.ceil(RECALL * len(digit_scores))]
    return float((outlier_scores >= threshold).mean())


def errors_by_corruption(scores: Sequence[CorruptionScore]) -> dict[str, list[float]]:
    """Return for each corruption its error rates, one for each severity."""
    errors: dict[str, list[float]] = {}
    for score in scores:
        errors.setdefault(score.corruption, []).append(1 - score.accuracy)
    return errors


def format_summary(robustness: Robustness) -> str:
    """Format the scores for a terminal: a line for each corruption with its severities, then the main metrics."""
    detection = robustness.outliers
    lines = [f"{'corruption':<16}{'severity 1':>11}{'2':>9}{'3':>9}"]
    for name, errors in errors_by_corruption(robustness.corruptions).items():
        accuracies = "".join(f"{1 - error:>9.2%}" for error in errors)
        lines.append(f"{name.replace('_', ' '):<18}{accuracies}")
    corrupted_accuracy = np.mean([score.accuracy for score in robustness.corruptions])
    lines += [
        "",
        f"clean      {robustness.clean_accuracy:.2%} of {robustness.examples:,} images",
        f"corrupted  {corrupted_accuracy:.2%}",
    ]
    if robustness.mean_corruption_error is not None:
        lines.append(
            f"mCE        {robustness.mean_corruption_error:.3f}  (1: as many errors as {robustness.reference})"
        )
    lines.append(
        f"outliers   AUROC {detection.auroc:.4f}, false positive rate {detection.false_positive_rate_at_95_recall:.2%} "
        f"at {RECALL:.0%} recall ({detection.examples:,} images)"
    )
    lines += [
        f"{score.attack:<11}{score.accuracy:.2%} with epsilon {score.epsilon:g}"
        for score in robustness.attacks or ()
    ]
    return "\n".join(lines)


def report_file(model: Run | Ensemble, split: str, step: int | str) -> Path:
    """Return the path of a report, which may not exist.

    Args:
        model: a run or an ensemble.
        split: which is corrupted.
        step: the step of a run; `best` or `latest` of an ensemble.
    """
    return model.evaluation_folder(f"robustness-{split}", step) / FILE


def _score_corruptions(
    classify: Classifier, data: Split, report: Callable[[str], None]
) -> tuple[CorruptionScore, ...]:
    """Score every corruption with every severity."""
    scores = []
    for done, name in enumerate(CORRUPTIONS):
        report(f"{done}/{len(CORRUPTIONS)} corruptions  {name}")
        for severity, images in zip(SEVERITIES, corrupt.load(data.images, name), strict=True):
            correct = _count_correct(classify, images, data.labels)
            scores.append(
                CorruptionScore(
                    corruption=name,
                    severity=severity,
                    accuracy=correct / len(data),
                    interval=wilson_interval(correct, len(data)),
                )
            )
    return tuple(scores)


def _count_correct(
    classify: Classifier, images: UInt8[np.ndarray, "n 28 28"], labels: Int32[np.ndarray, " n"]
) -> int:
    return int((classify(images).argmax(axis=1) == labels).sum())


def _top2_probability(
    classify: Classifier, images: UInt8[np.ndarray, "n 28 28"], temperatures: Sequence[float]
) -> Float[np.ndarray, " n"]:
    """Return for each image the sum of its two highest probabilities, in double precision: many are nearly 1."""
    logits = classify(images, temperatures).astype(np.float64)
    return calibration.top2_probability(softmax(logits, axis=1))


def _score_attacks(members: Sequence[Run], steps: Sequence[int], data: Split) -> tuple[AttackScore, ...]:
    networks = []
    for member, step in zip(members, steps, strict=True):
        network = Network(member.config.model)
        networks.append((network, load_weights(member, network, step)[1]))
    return adversarial.evaluate_attacks(networks, data.images, data.labels)
