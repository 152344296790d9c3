"""Evaluation of a group: each of its runs on the same split, and what the seeds make of the result."""

from dataclasses import asdict, dataclass
from typing import Any

from digitjax import runs
from digitjax.evaluation.evaluate import evaluate
from digitjax.runs import MEASURES, Group
from digitjax.runs.seed_stats import SeedStats, format_measure, summarize_seeds
from digitjax.runs.summary import summarize_run


@dataclass(frozen=True, kw_only=True)
class GroupEvaluation:
    """What is known of one split with the weights of every seed."""

    split: str
    step: int | str
    tta: str
    accuracy: SeedStats | None = None
    error: SeedStats | None = None
    """Of autoencoders, in place of an accuracy."""
    loss: SeedStats
    seconds: SeedStats
    """Of the training."""
    members: tuple[dict[str, Any], ...]
    """Of each run its name, step, accuracy or error, loss and seconds."""


def evaluate_group(
    group: Group, split: str = "test", step: int | str = "best", tta: str = "none"
) -> GroupEvaluation:
    """Evaluate every run of a group, and write `metrics.json` into the folder of the group as well.

    Args:
        group: a group whose runs are all trained.
        split: as in `digitjax.evaluation.evaluate.evaluate`; so are `step` and `tta`.

    Raises:
        InputError: a run is missing, damaged or not finished, or as in `digitjax.evaluation.evaluate.evaluate`.
    """
    members = []
    seeds = group.members()
    measure = MEASURES[seeds[0].config.task]
    for run in seeds:
        made = evaluate(run, split, step, tta)
        metrics = {name: made.summary[name] for name in (measure, "loss")}
        seconds = summarize_run(run).seconds
        members.append({"name": run.name, "step": made.step, **metrics, "seconds": seconds})
    spreads = {
        name: summarize_seeds([member[name] for member in members]) for name in (measure, "loss", "seconds")
    }
    evaluation = GroupEvaluation(split=split, step=step, tta=tta, members=tuple(members), **spreads)
    folder = group.evaluation_folder(split, step, tta)
    folder.mkdir(parents=True, exist_ok=True)
    runs.write_json(folder / "metrics.json", asdict(evaluation))
    return evaluation


def format_evaluation(evaluation: GroupEvaluation) -> str:
    """Lay an evaluation out for a terminal: a line a seed, then the spreads."""
    measure = "accuracy" if evaluation.accuracy else "error"
    measured: SeedStats = getattr(evaluation, measure)
    low, high, least, most = (
        format_measure(measure, value) for value in (*measured.interval, measured.min, measured.max)
    )
    lines = [f"{'run':<24}  {measure:<8}    loss  seconds   step"]
    lines += [
        f"{member['name']:<24}  {format_measure(measure, member[measure]):>8}  {member['loss']:.4f}  "
        f"{member['seconds']:>7.1f}  {member['step']:>5}"
        for member in evaluation.members
    ]
    return "\n".join(
        [
            *lines,
            "",
            f"{measure:<8}   {format_measure(measure, measured)} over {measured.count} seeds (95 % interval of the "
            f"mean {low} to {high}; {least} to {most})",
            f"loss       {evaluation.loss.mean:.4f} +- {evaluation.loss.std:.4f}",
            f"training   {evaluation.seconds.mean:.1f} s +- {evaluation.seconds.std:.1f}",
        ]
    )
