"""Evaluate every run of a group on the same split, and summarize the metrics over its seeds."""

from dataclasses import asdict, dataclass
from typing import Any

from digitjax.evaluation.evaluate import evaluate
from digitjax.runs import PRIMARY_METRIC, Group, integrity
from digitjax.runs.seed_stats import SeedStats, format_metric, summarize_seeds
from digitjax.runs.summary import summarize_run


@dataclass(frozen=True, kw_only=True)
class GroupEvaluation:
    """Metrics of a group on one split, over its seeds."""

    split: str
    step: int | str
    tta: str
    accuracy: SeedStats | None = None
    """Only of classifiers."""
    error: SeedStats | None = None
    """Mean squared error of the pixels, only of autoencoders."""
    loss: SeedStats
    seconds: SeedStats
    """Duration of the training."""
    members: tuple[dict[str, Any], ...]
    """For each run its name, step, accuracy or error, loss and seconds."""


def evaluate_group(
    group: Group, split: str = "test", step: int | str = "best", tta: str = "none"
) -> GroupEvaluation:
    """Evaluate every run of a group, and write `metrics.json` into the folder of the group as well.

    Args:
        group: a group whose runs are all trained.
        split: `train`, `validation` or `test`.
        step: a step, `latest`, or `best` on the validation split; each run resolves it for itself.
        tta: test-time augmentation: a name in `digitjax.model.tta.TRANSFORMS`.

    Returns:
        The metrics of each run, and their statistics over the seeds.

    Raises:
        InputError: a run is missing, damaged or not finished, or as in `digitjax.evaluation.evaluate.evaluate`.
    """
    members = []
    runs_of_group = group.members()
    metric = PRIMARY_METRIC[runs_of_group[0].config.task]
    for run in runs_of_group:
        evaluation = evaluate(run, split, step, tta)
        metrics = {name: evaluation.summary[name] for name in (metric, "loss")}
        seconds = summarize_run(run).seconds
        members.append({"name": run.name, "step": evaluation.step, **metrics, "seconds": seconds})
    statistics = {
        name: summarize_seeds([member[name] for member in members]) for name in (metric, "loss", "seconds")
    }
    result = GroupEvaluation(split=split, step=step, tta=tta, members=tuple(members), **statistics)
    folder = group.evaluation_folder(split, step, tta)
    folder.mkdir(parents=True, exist_ok=True)
    integrity.write_own(group, folder / "metrics.json", asdict(result))
    return result


def format_evaluation(evaluation: GroupEvaluation) -> str:
    """Format an evaluation for a terminal: a line for each seed, then the statistics."""
    metric = "accuracy" if evaluation.accuracy else "error"
    stats: SeedStats = getattr(evaluation, metric)
    low, high, lowest, highest = (
        format_metric(metric, value) for value in (*stats.interval, stats.min, stats.max)
    )
    lines = [f"{'run':<24}  {metric:<8}    loss  seconds   step"]
    lines += [
        f"{member['name']:<24}  {format_metric(metric, member[metric]):>8}  {member['loss']:.4f}  "
        f"{member['seconds']:>7.1f}  {member['step']:>5}"
        for member in evaluation.members
    ]
    return "\n".join(
        [
            *lines,
            "",
            f"{metric:<8}   {format_metric(metric, stats)} over {stats.count} seeds (95% CI of the "
            f"mean {low} to {high}; range {lowest} to {highest})",
            f"loss       {evaluation.loss.mean:.4f} ± {evaluation.loss.std:.4f}",
            f"training   {evaluation.seconds.mean:.1f} s ± {evaluation.seconds.std:.1f}",
        ]
    )
