"""Evaluation: a run or an ensemble and a split in, files in its folder out."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from jaxtyping import Float, Int32
from scipy.special import softmax

from digitjax import runs
from digitjax.config import Config, differences
from digitjax.data import pipeline
from digitjax.errors import InputError
from digitjax.evaluation import metrics, reconstruction
from digitjax.evaluation.reconstruction import Reconstruction
from digitjax.model import checkpoint, classifier
from digitjax.model.tta import find_transforms
from digitjax.runs import Ensemble, Run
from digitjax.runs.arrays import read_arrays
from digitjax.runs.evaluation_files import replaced_whole

SPLITS = ("train", "validation", "test")


@dataclass(frozen=True)
class Evaluation:
    """What is known of one split with the weights of one step."""

    split: str
    step: int | str
    """The step of a run; of an ensemble `best` or `latest`, of each member its own."""
    summary: dict[str, Any]
    """As `digitjax.evaluation.metrics.summarize` returns it, with `tta`, and `steps` of an ensemble's members."""
    logits: Float[np.ndarray, "n classes"]
    labels: Int32[np.ndarray, " n"]

    @property
    def probabilities(self) -> Float[np.ndarray, "n classes"]:
        """Probability of each class."""
        return softmax(self.logits, axis=1)

    @property
    def arrays(self) -> dict[str, Any]:
        """What is kept of each picture."""
        return {"logits": self.logits, "labels": self.labels}

    def describe(self) -> str:
        """Lay the summary out for a terminal."""
        return metrics.format_summary(self.summary)


def evaluate(
    model: Run | Ensemble, split: str = "test", step: int | str = "best", tta: str = "none"
) -> Evaluation | Reconstruction:
    """Predict a split, and write `metrics.json` and `predictions.npz` into the folder of the run or the ensemble.

    A classifier predicts digits, an autoencoder the pictures themselves.

    Args:
        model: a trained run, or an ensemble of runs that were trained on the same data.
        split: `train`, `validation` or `test`, the very splits of the training.
        step: a step, `latest`, or `best` on the validation split, of each member its own.
        tta: over which tta of a picture probabilities are averaged: a name in `digitjax.model.tta.TRANSFORMS`.

    Raises:
        InputError: there is no such split, checkpoint or tta, or the data are not those of the training.
    """
    find_transforms(tta)
    pictures = load_images(model, split)
    evaluation: Evaluation | Reconstruction
    if isinstance(model, Run) and model.config.task == "reconstruction":
        if tta != "none":
            raise InputError(f"{model.path}: an autoencoder has no test-time augmentation: leave --tta out")
        evaluation = reconstruction.evaluate(model, split, pictures, step)
    else:
        evaluation = _classify(model, split, pictures, step, tta)
    evaluation.summary["tta"] = tta
    _write(model, evaluation)
    return evaluation


def load_images(model: Run | Ensemble, split: str) -> pipeline.Split:
    """Return the pictures of a split.

    Raises:
        InputError: there is no such split, it is empty, or the data are not those of the training.
    """
    if split not in SPLITS:
        raise InputError(f"there is no split {split!r}: choose one of {', '.join(SPLITS)}")
    pictures: pipeline.Split = getattr(_load_data(model.members()), split)
    if not len(pictures):
        raise InputError(f"{model.path}: its {split} split is empty, since data.refit trains on it")
    return pictures


def _load_data(members: Sequence[Run]) -> pipeline.Dataset:
    """Load the data that all members were trained on."""
    first, *others = (
        Config(data=replace(member.config.data, manual_dir=None, outliers=0.0)) for member in members
    )
    for member, other in zip(members[1:], others, strict=True):
        for field, values in differences(first, other).items():
            raise InputError(
                f"{members[0].path} and {member.path} differ in {field} ({values[0]!r} and {values[1]!r}): "
                "an ensemble is evaluated on the data of all its members"
            )
    dataset = pipeline.load(members[0].config.data)
    for member in members:
        if member.environment.get("data_sha256") != dataset.sha256:
            raise InputError(
                f"{member.path}: it was trained on other data than the {first.data.name} that is here"
            )
    return dataset


def _classify(
    model: Run | Ensemble, split: str, pictures: pipeline.Split, step: int | str, tta: str
) -> Evaluation:
    classify, steps = classifier.load(model.members(), step, tta)
    logits = classify(pictures.images)
    labels = np.asarray(pictures.labels)
    summary = metrics.summarize(logits, labels)
    if isinstance(model, Ensemble):
        summary["steps"] = dict(zip(model.member_paths(), steps, strict=True))
    used_step = step if isinstance(model, Ensemble) else steps[0]
    return Evaluation(split, used_step, summary, logits, labels)


def read(
    model: Run | Ensemble, split: str, step: int | str, tta: str = "none"
) -> Evaluation | Reconstruction:
    """Read an evaluation back.

    Raises:
        InputError: it was not made, or its files are damaged.
    """
    folder = model.evaluation_folder(split, step, tta)
    summary = runs.read_artifact(folder / "metrics.json")
    reconstructs = isinstance(model, Run) and model.config.task == "reconstruction"
    of_task = Reconstruction if reconstructs else Evaluation
    try:
        return of_task(split, step, summary, **read_arrays(folder / "predictions.npz"))
    except Exception as error:  # zipfile, zlib and numpy each have their own for a damaged file
        raise InputError(
            f"{folder / 'predictions.npz'}: it cannot be read: evaluate {model.name} again"
        ) from error


def read_or_evaluate(
    model: Run | Ensemble, split: str, step: int | str = "best", tta: str = "none"
) -> Evaluation | Reconstruction:
    """Read the evaluation of the step that is meant, or make it where there is none.

    Args and errors are those of `evaluate`; one that is there and damaged is an error too.
    """
    used = checkpoint.candidates(model.checkpoints, step)[0].step if isinstance(model, Run) else step
    if (model.evaluation_folder(split, used, tta) / "predictions.npz").exists():
        return read(model, split, used, tta)
    return evaluate(model, split, step, tta)


def _write(model: Run | Ensemble, evaluation: Evaluation | Reconstruction) -> None:
    folder = model.evaluation_folder(evaluation.split, evaluation.step, evaluation.summary["tta"])
    with replaced_whole(folder) as partial:
        runs.write_json(partial / "metrics.json", evaluation.summary)
        np.savez_compressed(partial / "predictions.npz", **evaluation.arrays)
