"""Which checkpoints a run has, and which of them a step names; needs no JAX, as it loads none."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from digitjax.errors import InputError, warn
from digitjax.runs import manifest
from digitjax.runs.manifest import Checkpoint
from digitjax.runs.run import Run


def score(metrics: Mapping[str, Any]) -> float:
    """Return the score of a checkpoint, higher is better: its accuracy, or else its negative loss."""
    return float(metrics["accuracy"] if "accuracy" in metrics else -metrics.get("loss", math.inf))


def list_checkpoints(folder: Path) -> list[Checkpoint]:
    """Return the complete checkpoints of a folder in the order of their steps, without verifying their files."""
    return manifest.find(folder)[0]


def candidates(folder: Path, step: int | str, weights_folder: Path | None = None) -> list[Checkpoint]:
    """Return the checkpoints that match a step, the preferred one first.

    Args:
        folder: folder of the checkpoints.
        step: a number, `latest`, or `best` (highest validation score; at a tie the later one).
        weights_folder: folder of more checkpoints, which hold weights alone; searched for a number, while `latest`
            and `best` are those of `folder`.

    Returns:
        At least one checkpoint.

    Warns:
        UserWarning: one that has no valid manifest, and might be preferred, is passed over.

    Raises:
        InputError: there is none.
    """
    found, unusable = manifest.find(folder)
    if step == "latest":
        found.reverse()
        unusable = {s: damage for s, damage in unusable.items() if not found or s > found[0].step}
    elif step == "best":
        found.sort(key=lambda c: (score(c.metrics), c.step), reverse=True)
    else:
        more, more_unusable = manifest.find(weights_folder) if weights_folder else ([], {})
        steps = sorted({c.step for c in found + more})
        found = [c for c in found + more if str(c.step) == str(step)]
        unusable = {s: damage for s, damage in (more_unusable | unusable).items() if str(s) == str(step)}
        if not found and not unusable:
            one_of = f" or one of {', '.join(map(str, steps))}" * bool(steps)
            raise InputError(f"{folder}: there is no step {step!r}: choose latest, best{one_of}")
    if not found:
        every = f"every checkpoint is damaged: {'; '.join(unusable.values())}"
        raise InputError(f"{folder}: {every if unusable else 'there is no checkpoint yet'}")
    for damage in unusable.values():
        warn_of_damage(damage, f"using step {found[0].step}")
    return found


def warn_of_damage(damage: str, consequence: str) -> None:
    """Warn of a damaged checkpoint.

    Args:
        damage: which file, and what is wrong with it.
        consequence: what is done instead.
    """
    remedy = "restore the file from a copy, or delete the folder of its step"
    warn(f"damaged checkpoint: {damage}: {consequence}: {remedy}")


def find_checkpoint(run: Run, step: int | str = "best") -> Checkpoint:
    """Return the checkpoint that `digitjax.model.network.load_weights` prefers, without loading it.

    Args:
        run: a trained run.
        step: one of `saved_steps`, `latest`, or `best` on the validation split.

    Returns:
        The checkpoint, whose files are not checked for damage.

    Raises:
        InputError: there is none.
    """
    return candidates(run.checkpoints, step, run.weights)[0]


def saved_steps(run: Run) -> list[int]:
    """Return the steps whose weights a run has, in `checkpoints/` or `weights/`, in ascending order."""
    found = [*list_checkpoints(run.checkpoints), *list_checkpoints(run.weights)]
    return sorted({c.step for c in found})
