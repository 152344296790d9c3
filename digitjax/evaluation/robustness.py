"""Robustness: how well a model reads spoilt pictures, and how well it tells what is no digit.

It is kept in `evaluation/robustness-<split>@<step>/robustness.json`, apart from the evaluation of the same split.
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

from digitjax import runs
from digitjax.data import corrupt, outliers
from digitjax.data.corruptions import CORRUPTIONS, SEVERITIES
from digitjax.data.pipeline import Split
from digitjax.errors import InputError
from digitjax.evaluation import adversarial
from digitjax.evaluation import reference as references
from digitjax.evaluation.adversarial import AttackScore
from digitjax.evaluation.evaluate import load_images
from digitjax.evaluation.reference import mean_corruption_error
from digitjax.model import calibration, classifier
from digitjax.model.classifier import Classifier
from digitjax.model.network import Network, load_weights
from digitjax.progress import Status
from digitjax.runs import Ensemble, Run
from digitjax.runs.seed_stats import wilson_interval

FILE = "robustness.json"
MAX_OUTLIERS = 2000
OUTLIER_SEED = 190_602_337
"""Of the drawings that are no digits, apart from `data.split_seed`, which training draws its own with."""
RECALL = 0.95
"""Share of the digits that the threshold accepts at which false positives are counted."""


@dataclass(frozen=True, kw_only=True)
class CorruptionScore:
    """Accuracy on pictures spoilt in one way, with its 95 % interval."""

    corruption: str
    severity: int
    accuracy: float
    interval: tuple[float, float]


@dataclass(frozen=True, kw_only=True)
class KindScore:
    """How well one kind of drawing is told from digits."""

    kind: str
    auroc: float
    examples: int


@dataclass(frozen=True, kw_only=True)
class Detection:
    """How well drawings that are no digits are told from digits, by the top2_probability that they are one."""

    examples: int
    auroc: float
    """Area under the curve of recall over false positives; digits are the positives."""
    false_positive_rate_at_95_recall: float
    """Share of the drawings that the threshold accepts which accepts 95 % of the digits."""
    kinds: tuple[KindScore, ...]


@dataclass(frozen=True, kw_only=True)
class Robustness:
    """What is known of one split, spoilt, with the weights of one step."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    examples: int
    split: str
    step: int | str
    """The step of a run; of an ensemble `best` or `latest`, of each member its own."""
    clean_accuracy: float
    corruptions: tuple[CorruptionScore, ...]
    mean_corruption_error: float | None
    """1 is as many mistakes as the reference makes; nothing where there is no reference."""
    reference: str | None
    outliers: Detection
    attacks: tuple[AttackScore, ...] | None = None
    """Only where asked for."""

    @property
    def summary(self) -> dict[str, Any]:
        """Everything, ready for JSON."""
        summary = dataclasses.asdict(self)
        if self.attacks is None:
            del summary["attacks"]
        return summary

    def describe(self) -> str:
        """Lay it out for a terminal."""
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
    """Measure a classifier on spoilt pictures and on drawings of no digit, and write `robustness.json`.

    Args:
        model: a trained run, or an ensemble of runs that were trained on the same data.
        split: as in `digitjax.evaluation.evaluate.evaluate`; so is `step`.
        reference: whose mistakes the mean corruption error counts in; without one that of
            `digitjax.evaluation.reference`, which knows MNIST's test split alone.
        attacks: whether to attack it as well, which takes longer than all the rest.
        progress: told what is being done; without it a terminal is.

    Raises:
        InputError: there is no such split or checkpoint, the data are not those of the training, or a model is an
            autoencoder.
    """
    pictures = load_images(model, split)
    members = model.members()
    classify, steps = classifier.load(members, step)
    compared = classifier.load(reference.members())[0] if reference else None
    with Status() as status:
        tell = progress or status
        scores = _score_corruptions(classify, pictures, tell)
        known: tuple[str, references.Errors] | None
        if reference and compared:
            known = reference.name, errors_by_corruption(_score_corruptions(compared, pictures, tell))
        else:
            known = references.shipped(members[0], split)
        tell("drawings of no digit")
        temperatures = [
            calibration.read(member, used).temperature for member, used in zip(members, steps, strict=True)
        ]
        detection = detect(lambda images: _top2_probability(classify, images, temperatures), pictures.images)
        tell("attacks" if attacks else "")
        attacked = _attack(members, steps, pictures) if attacks else None
    made = Robustness(
        examples=len(pictures),
        split=split,
        step=step if isinstance(model, Ensemble) else steps[0],
        clean_accuracy=_correct(classify, pictures.images, pictures.labels) / len(pictures),
        corruptions=scores,
        mean_corruption_error=mean_corruption_error(errors_by_corruption(scores), known[1])
        if known
        else None,
        reference=known[0] if known else None,
        outliers=detection,
        attacks=attacked,
    )
    folder = _folder(model, split, made.step)
    folder.mkdir(parents=True, exist_ok=True)
    runs.write_json(folder / FILE, made.summary)
    return made


def read(model: Run | Ensemble, split: str = "test", step: int | str = "best") -> Robustness:
    """Read back what `evaluate_robustness` wrote; `step` is the one that it names.

    Raises:
        InputError: it was not made, or its file is damaged.
    """
    file = _folder(model, split, step) / FILE
    try:
        return _ADAPTER.validate_python(runs.read_artifact(file))
    except (InputError, ValidationError) as error:
        reason = "it is damaged" if file.exists() else "it is missing"
        raise InputError(
            f"{file}: {reason}: make it with `digitjax evaluate {model.name} --robustness`"
        ) from error


def detect(
    top2_probability: Callable[[UInt8[np.ndarray, "n 28 28"]], Float[np.ndarray, " n"]],
    digits: UInt8[np.ndarray, "n 28 28"],
) -> Detection:
    """Compare the top2_probability of digits with that of drawings, as many up to `MAX_OUTLIERS`."""
    drawings, kinds = outliers.generate_kinds(min(len(digits), MAX_OUTLIERS), OUTLIER_SEED)
    of_digits, of_drawings = top2_probability(digits), top2_probability(drawings)
    return Detection(
        examples=len(drawings),
        auroc=auroc(of_digits, of_drawings),
        false_positive_rate_at_95_recall=false_positive_rate(of_digits, of_drawings),
        kinds=tuple(
            KindScore(
                kind=kind,
                auroc=auroc(of_digits, of_drawings[kinds == kind]),
                examples=int((kinds == kind).sum()),
            )
            for kind in sorted(set(kinds.tolist()))
        ),
    )


def auroc(digits: Float[np.ndarray, " n"], others: Float[np.ndarray, " m"]) -> float:
    """Return the area under the curve of recall over false positives: 1 where every digit is more certain."""
    are_digits = np.repeat([1, 0], [len(digits), len(others)])
    return float(roc_auc_score(are_digits, np.concatenate([digits, others])))


def false_positive_rate(digits: Float[np.ndarray, " n"], others: Float[np.ndarray, " m"]) -> float:
    """Return the share of others that the highest threshold accepts which accepts `RECALL` of the digits."""
    threshold = np.sort(digits)[len(digits) - math.ceil(RECALL * len(digits))]
    return float((others >= threshold).mean())


def errors_by_corruption(scores: Sequence[CorruptionScore]) -> dict[str, list[float]]:
    """Return of each corruption the shares of mistakes, a severity each."""
    errors: dict[str, list[float]] = {}
    for score in scores:
        errors.setdefault(score.corruption, []).append(1 - score.accuracy)
    return errors


def format_summary(made: Robustness) -> str:
    """Lay it out for a terminal: a line a corruption with its severities, then the headlines."""
    detection = made.outliers
    lines = [f"{'corruption':<16}{'severity 1':>11}{'2':>9}{'3':>9}"]
    for name, errors in errors_by_corruption(made.corruptions).items():
        accuracies = "".join(f"{1 - error:>9.2%}" for error in errors)
        lines.append(f"{name.replace('_', ' '):<18}{accuracies}")
    lines += [
        "",
        f"clean      {made.clean_accuracy:.2%} of {made.examples:,} pictures",
        f"spoilt     {np.mean([score.accuracy for score in made.corruptions]):.2%}",
    ]
    if made.mean_corruption_error is not None:
        lines.append(
            f"mCE        {made.mean_corruption_error:.3f}  (1: as many mistakes as {made.reference})"
        )
    lines.append(
        f"no digits  AUROC {detection.auroc:.4f}, {detection.false_positive_rate_at_95_recall:.2%} accepted "
        f"where {RECALL:.0%} of the digits are ({detection.examples:,} drawings)"
    )
    lines += [
        f"{score.attack:<11}{score.accuracy:.2%} within {score.epsilon:g} of full ink"
        for score in made.attacks or ()
    ]
    return "\n".join(lines)


def _folder(model: Run | Ensemble, split: str, step: int | str) -> Path:
    return model.evaluation_folder(f"robustness-{split}", step)


def _score_corruptions(
    classify: Classifier, pictures: Split, tell: Callable[[str], None]
) -> tuple[CorruptionScore, ...]:
    """Score every corruption in every severity."""
    scores = []
    for done, name in enumerate(CORRUPTIONS):
        tell(f"{done}/{len(CORRUPTIONS)} corruptions  {name}")
        for severity, images in zip(SEVERITIES, corrupt.load(pictures.images, name), strict=True):
            correct = _correct(classify, images, pictures.labels)
            scores.append(
                CorruptionScore(
                    corruption=name,
                    severity=severity,
                    accuracy=correct / len(pictures),
                    interval=wilson_interval(correct, len(pictures)),
                )
            )
    return tuple(scores)


def _correct(
    classify: Classifier, images: UInt8[np.ndarray, "n 28 28"], labels: Int32[np.ndarray, " n"]
) -> int:
    return int((classify(images).argmax(axis=1) == labels).sum())


def _top2_probability(
    classify: Classifier, images: UInt8[np.ndarray, "n 28 28"], temperatures: Sequence[float]
) -> Float[np.ndarray, " n"]:
    """Return how certain it is of each picture that it is a digit, in double precision: many are nearly 1."""
    logits = classify(images, temperatures).astype(np.float64)
    return calibration.top2_probability(softmax(logits, axis=1))


def _attack(members: Sequence[Run], steps: Sequence[int], pictures: Split) -> tuple[AttackScore, ...]:
    networks = []
    for member, step in zip(members, steps, strict=True):
        network = Network(member.config.model)
        networks.append((network, load_weights(member, network, step)[1]))
    return adversarial.attack(networks, pictures.images, pictures.labels)
