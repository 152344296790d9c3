"""Evaluate a run or an ensemble on a split, and keep the result in its folder."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float, Int32
from scipy.special import softmax

from digitjax.data import pipeline
from digitjax.data.run_data import load_split
from digitjax.errors import InputError
from digitjax.evaluation import metrics, reconstruction
from digitjax.evaluation.reconstruction import Reconstruction
from digitjax.model import classifier
from digitjax.runs import Ensemble, Run, integrity
from digitjax.runs.arrays import read_arrays
from digitjax.runs.checkpoints import find_checkpoint
from digitjax.runs.folders import atomic_folder


@dataclass(frozen=True)
class Evaluation:
    """Predictions of a classifier on a split, and their metrics."""

    split: str
    step: int | str
    """The step of a run; for an ensemble `best` or `latest`, which each member resolves for itself."""
    summary: dict[str, Any]
    """As `digitjax.evaluation.metrics.summarize` returns it, with `tta`, and `steps` of an ensemble's members."""
    logits: Float[np.ndarray, "n classes"]
    labels: Int32[np.ndarray, " n"]

    @property
    def probabilities(self) -> Float[np.ndarray, "n classes"]:
        """Probabilities of the classes for each image."""
        return softmax(self.logits, axis=1)

    @property
    def arrays(self) -> dict[str, Any]:
        """The arrays that are stored, with a value for each image."""
        return {"logits": self.logits, "labels": self.labels}

    def describe(self) -> str:
        """Format the summary for a terminal."""
        return metrics.format_summary(self.summary)


def evaluate(
    model: Run | Ensemble, split: str = "test", step: int | str = "best", tta: str = "none"
) -> Evaluation | Reconstruction:
    """Predict a split, and write `metrics.json` and `predictions.npz` into the folder of the run or the ensemble.

    Args:
        model: a trained run, or an ensemble of runs that were trained on the same data.
        split: `train`, `validation` or `test`, as the training split the data.
        step: a step, `latest`, or `best` on the validation split; an ensemble's members each resolve it.
        tta: test-time augmentation: a name in `digitjax.model.tta.TRANSFORMS`.

    Returns:
        The predicted digits of a classifier, or the reconstructions of an autoencoder, with their metrics.

    Raises:
        InputError: there is no such split, checkpoint or test-time augmentation, or the data are not those of the
            training.
    """
    from digitjax.model.tta import (
        find_transforms,  # only here, as it needs JAX, and who reads evaluations does not
    )

    find_transforms(tta)
    data = load_split(model, split)
    evaluation: Evaluation | Reconstruction
    if isinstance(model, Run) and model.config.task == "reconstruction":
        if tta != "none":
            raise InputError(f"{model.path}: an autoencoder has no test-time augmentation: leave --tta out")
        evaluation = reconstruction.evaluate(model, split, data, step)
    else:
        evaluation = _classify(model, split, data, step, tta)
    evaluation.summary["tta"] = tta
    _write(model, evaluation)
    return evaluation


def require_classifier(run: Run) -> None:
    """Raise an `InputError` if a run is an autoencoder."""
    if run.config.task != "classification":
        raise InputError(f"{run.path}: {run.config.model.kind} is not a classifier: name a classifier")


def _classify(
    model: Run | Ensemble, split: str, data: pipeline.Split, step: int | str, tta: str
) -> Evaluation:
    classify, steps = classifier.load(model.members(), step, tta)
    logits = classify(data.images)
    labels = np.asarray(data.labels)
    summary = metrics.summarize(logits, labels)
    if isinstance(model, Ensemble):
        summary["steps"] = dict(zip(model.member_paths(), steps, strict=True))
    used_step = step if isinstance(model, Ensemble) else steps[0]
    return Evaluation(split, used_step, summary, logits, labels)


def read(
    model: Run | Ensemble, split: str, step: int | str, tta: str = "none"
) -> Evaluation | Reconstruction:
    """Read an evaluation that `evaluate` wrote.

    Args:
        model: the run or ensemble that was evaluated.
        split: `train`, `validation` or `test`.
        step: the step of a run; `best` or `latest` of an ensemble.
        tta: test-time augmentation: a name in `digitjax.model.tta.TRANSFORMS`.

    Returns:
        An `Evaluation` of a classifier, or a `Reconstruction` of an autoencoder.

    Raises:
        InputError: there is no such evaluation, or its files are damaged.
    """
    folder = model.evaluation_folder(split, step, tta)
    remedy = f"evaluate {model.name} again"
    summary = integrity.read_own(model, folder / "metrics.json")
    for problem in integrity.find_changed(folder, summary.pop("files", None)):
        raise InputError(f"{problem}: {remedy}")
    is_autoencoder = isinstance(model, Run) and model.config.task == "reconstruction"
    result_type = Reconstruction if is_autoencoder else Evaluation
    try:
        return result_type(split, step, summary, **read_arrays(folder / "predictions.npz"))
    except Exception as error:  # zipfile, zlib and numpy raise many kinds for a damaged file
        raise InputError(f"{folder / 'predictions.npz'}: it cannot be read: {remedy}") from error


def read_or_evaluate(
    model: Run | Ensemble, split: str, step: int | str = "best", tta: str = "none"
) -> Evaluation | Reconstruction:
    """Read the evaluation of a step, or evaluate if there is none.

    Args:
        model: a trained run, or an ensemble of runs that were trained on the same data.
        split: `train`, `validation` or `test`.
        step: a step, `latest`, or `best` on the validation split.
        tta: test-time augmentation: a name in `digitjax.model.tta.TRANSFORMS`.

    Returns:
        An `Evaluation` of a classifier, or a `Reconstruction` of an autoencoder.

    Raises:
        InputError: as for `evaluate`, or the evaluation exists and is damaged.
    """
    resolved = find_checkpoint(model, step).step if isinstance(model, Run) else step
    if (model.evaluation_folder(split, resolved, tta) / "predictions.npz").exists():
        return read(model, split, resolved, tta)
    return evaluate(model, split, step, tta)


def _write(model: Run | Ensemble, evaluation: Evaluation | Reconstruction) -> None:
    folder = model.evaluation_folder(evaluation.split, evaluation.step, evaluation.summary["tta"])
    with atomic_folder(folder) as partial:
        np.savez_compressed(partial / "predictions.npz", **evaluation.arrays)
        integrity.write_own(model, partial / "metrics.json", evaluation.summary, ("predictions.npz",))
