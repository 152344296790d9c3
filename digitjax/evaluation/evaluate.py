"""Evaluation: a run and a split in, files in the run folder out."""

import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float, Int32
from scipy.special import softmax

from digitjax import runs
from digitjax.data import pipeline
from digitjax.errors import InputError
from digitjax.evaluation import metrics, reconstruction
from digitjax.evaluation.reconstruction import Reconstruction
from digitjax.model import checkpoint
from digitjax.model.network import Network
from digitjax.model.predict import Predictor
from digitjax.runs import Run

SPLITS = ("train", "validation", "test")


@dataclass(frozen=True)
class Evaluation:
    """What is known of one split with the weights of one step."""

    split: str
    step: int
    summary: dict[str, Any]
    """As `digitjax.evaluation.metrics.summarize` returns it."""
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


def evaluate(run: Run, split: str = "test", step: int | str = "best") -> Evaluation | Reconstruction:
    """Predict a split, and write `metrics.json` and `predictions.npz` into the run folder.

    A classifier predicts digits, an autoencoder the pictures themselves.

    Args:
        run: a trained run.
        split: `train`, `validation` or `test`, the very splits of the training.
        step: a step, `latest`, or `best` by validation accuracy or, of an autoencoder, loss.

    Raises:
        InputError: there is no such split or checkpoint, or the data are not those of the training.
    """
    pictures = load_pictures(run, split)
    of_task = reconstruction.evaluate if run.config.task == "reconstruction" else _classify
    evaluation = of_task(run, split, pictures, step)
    _write(run, evaluation)
    return evaluation


def load_pictures(run: Run, split: str) -> pipeline.Split:
    """Return the pictures of a split.

    Raises:
        InputError: there is no such split, it is empty, or the data are not those of the training.
    """
    if split not in SPLITS:
        raise InputError(f"there is no split {split!r}: choose one of {', '.join(SPLITS)}")
    dataset = pipeline.load(run.config.data)
    trained_on = run.environment.get("data_sha256")
    if trained_on != dataset.sha256:
        raise InputError(
            f"{run.path}: it was trained on other data than the {run.config.data.name} that is here"
        )
    pictures: pipeline.Split = getattr(dataset, split)
    if not len(pictures):
        raise InputError(f"{run.path}: its {split} split is empty, since data.refit trains on it")
    return pictures


def _classify(run: Run, split: str, pictures: pipeline.Split, step: int | str) -> Evaluation:
    network = Network(run.config.model)
    used_step, parts = checkpoint.load(run.checkpoints, {"weights": network.abstract()}, step)
    logits = Predictor(network)(parts["weights"], pictures.images)
    labels = np.asarray(pictures.labels)
    return Evaluation(split, used_step, metrics.summarize(logits, labels), logits, labels)


def read(run: Run, split: str, step: int) -> Evaluation | Reconstruction:
    """Read an evaluation back.

    Raises:
        InputError: it was not made, or its files are damaged.
    """
    folder = run.evaluation_folder(split, step)
    summary = runs.read_json(folder / "metrics.json")
    of_task = Reconstruction if run.config.task == "reconstruction" else Evaluation
    try:
        with (folder / "predictions.npz").open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            return of_task(split, step, summary, **arrays)
    except Exception as error:  # zipfile, zlib and numpy each have their own for a damaged file
        raise InputError(
            f"{folder / 'predictions.npz'}: it cannot be read: evaluate {run.name} again"
        ) from error


def _write(run: Run, evaluation: Evaluation | Reconstruction) -> None:
    """Write the folder whole or not at all."""
    folder = run.evaluation_folder(evaluation.split, evaluation.step)
    folder.parent.mkdir(exist_ok=True)
    partial = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}-"))
    try:
        runs.write_json(partial / "metrics.json", evaluation.summary)
        np.savez_compressed(partial / "predictions.npz", **evaluation.arrays)
        partial.chmod(0o755)
        shutil.rmtree(folder, ignore_errors=True)
        partial.replace(folder)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
