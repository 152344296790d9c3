"""Evaluation of a group: each of its runs on the same split, and what the seeds make of the result."""

from dataclasses import asdict, dataclass
from typing import Any

from digitjax import runs
from digitjax.evaluation.evaluate import evaluate
from digitjax.evaluation.spread import Spread, spread
from digitjax.groups import Group


@dataclass(frozen=True)
class GroupEvaluation:
    """What is known of one split with the weights of every seed."""

    split: str
    step: int | str
    views: str
    accuracy: Spread
    loss: Spread
    seconds: Spread
    """Of the training."""
    members: tuple[dict[str, Any], ...]
    """Of each run its name, step, accuracy, loss and seconds."""


def evaluate_group(
    group: Group, split: str = "test", step: int | str = "best", views: str = "one"
) -> GroupEvaluation:
    """Evaluate every run of a group, and write `metrics.json` into the folder of the group as well.

    Args:
        group: a group whose runs are all trained.
        split: as in `digitjax.evaluation.evaluate.evaluate`; so are `step` and `views`.

    Raises:
        InputError: a run is missing, damaged or not finished, or as in `digitjax.evaluation.evaluate.evaluate`.
    """
    members = []
    for run in group.members():
        made = evaluate(run, split, step, views)
        metrics = {name: made.summary[name] for name in ("accuracy", "loss")}
        seconds = runs.summarize(run).seconds
        members.append({"name": run.name, "step": made.step, **metrics, "seconds": seconds})
    spreads = {name: spread([member[name] for member in members]) for name in ("accuracy", "loss", "seconds")}
    evaluation = GroupEvaluation(split, step, views, **spreads, members=tuple(members))
    folder = group.evaluation_folder(split, step, views)
    folder.mkdir(parents=True, exist_ok=True)
    runs.write_json(folder / "metrics.json", asdict(evaluation))
    return evaluation


def format_evaluation(evaluation: GroupEvaluation) -> str:
    """Lay an evaluation out for a terminal: a line a seed, then the spreads."""
    accuracy, seconds = evaluation.accuracy, evaluation.seconds
    lines = [f"{'run':<24}  accuracy    loss  seconds   step"]
    lines += [
        f"{member['name']:<24}  {member['accuracy']:>8.2%}  {member['loss']:.4f}  {member['seconds']:>7.1f}  "
        f"{member['step']:>5}"
        for member in evaluation.members
    ]
    low, high = accuracy.interval
    return "\n".join(
        [
            *lines,
            "",
            f"accuracy   {accuracy.percent()} over {accuracy.count} seeds (95 % interval of the mean {low:.2%} to "
            f"{high:.2%}; {accuracy.min:.2%} to {accuracy.max:.2%})",
            f"loss       {evaluation.loss.mean:.4f} +- {evaluation.loss.std:.4f}",
            f"training   {seconds.mean:.1f} s +- {seconds.std:.1f}",
        ]
    )
