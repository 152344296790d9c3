"""The log of a training: metrics.jsonl, and the progress on the terminal."""

import json
import os
import time
from pathlib import Path

import jax
import numpy as np
from jaxtyping import Array

from digitjax.model.training import distributed
from digitjax.progress import Progress, format_metrics
from digitjax.runs import Run
from digitjax.runs.checkpoints import score
from digitjax.runs.seed_stats import wilson_interval

ADVICE = "the last checkpoint is good; try a lower --optimizer.lr"
"""Remedy of a loss or of weights that are not finite."""


class MetricsLog:
    """Writes metrics.jsonl and shows the progress, in process 0 alone.

    It fetches the metrics of a call from the device when the next call runs already, so that the device does not wait.
    """

    def __init__(self, run: Run, batch_size: int, every: int, progress: Progress):
        """Continue the log of a run.

        Args:
            run: the run.
            batch_size: examples per step.
            every: steps between two lines of the training split.
            progress: shows the progress.
        """
        lines = run.metrics()
        file = run.metrics_file if distributed.is_writer() else Path(os.devnull)
        self._file = file.open("a", buffering=1)
        self._scores = [score(line) for line in lines if line["split"] == "validation"]
        self._seconds_before = lines[-1]["seconds"] if lines else 0.0
        self._start = time.perf_counter()
        self._batch_size, self._every, self._progress = batch_size, every, progress
        self._epoch_start, self._epoch_images = self._start, 0
        self._pending: tuple[int, int, int, dict[str, Array]] | None = None
        self._path = run.path

    def __enter__(self) -> "MetricsLog":
        return self

    def __exit__(self, *error: object) -> None:
        self._file.close()

    def train(self, epoch: int, step: int, count: int, metrics: dict[str, Array]) -> None:
        """Take the metrics of a call, and write those of the call before.

        Args:
            epoch: number of the epoch, from 1.
            step: number of steps before this call.
            count: number of steps of this call.
            metrics: values of each step on the device; those beyond `count` are padding.
        """
        self.flush()
        self._pending = (epoch, step, count, metrics)

    def flush(self) -> None:
        """Write the metrics of the last call; waits for the device."""
        if self._pending is None:
            return
        (epoch, before, count, metrics), self._pending = self._pending, None
        values = {name: array[:count] for name, array in jax.device_get(metrics).items()}
        # The rate is that of the epoch so far: of a single call it would be wrong, since calls are fetched late.
        self._epoch_images += count * self._batch_size
        rate = self._epoch_images / (time.perf_counter() - self._epoch_start)
        for i in range(count):
            step, line = before + i + 1, {name: float(array[i]) for name, array in values.items()}
            if not np.isfinite(line["loss"]):
                raise FloatingPointError(
                    f"{self._path}: the loss at step {step:,} is {line['loss']}: {ADVICE}"
                )
            if step % self._every == 0:
                self._write_line("train", epoch, step, **line, images_per_second=round(rate, 1))
        self._progress.step(epoch, step, line, rate)

    def validation(self, epoch: int, step: int, metrics: dict[str, float], examples: int) -> None:
        """Write the metrics on the validation split, and begin a new epoch.

        Args:
            epoch: number of the epoch, from 1.
            step: number of steps until its end.
            metrics: metrics on the validation split; empty if it is.
            examples: number of examples of the validation split.
        """
        if metrics:
            interval = {}
            if "accuracy" in metrics:
                correct = round(metrics["accuracy"] * examples)
                interval = {"accuracy_interval": wilson_interval(correct, examples)}
            self._write_line("validation", epoch, step, **metrics, **interval)
            self._scores.append(score(metrics))
        values = f"validation {format_metrics(metrics)}  " if metrics else ""
        self._progress.line(f"epoch {epoch}  step {step:,}  {values}{self._seconds():.1f} s")
        self._epoch_start, self._epoch_images = time.perf_counter(), 0

    def out_of_patience(self, patience: int | None) -> bool:
        """Whether the best validation score is at least `patience` epochs old."""
        if patience is None or not self._scores:
            return False
        best = int(np.argmax(self._scores))
        return len(self._scores) - 1 - best >= patience

    def _write_line(self, split: str, epoch: int, step: int, **values: float | tuple[float, float]) -> None:
        line = {"step": step, "epoch": epoch, "split": split, **values, "seconds": round(self._seconds(), 3)}
        self._file.write(json.dumps(line) + "\n")

    def _seconds(self) -> float:
        return self._seconds_before + time.perf_counter() - self._start
