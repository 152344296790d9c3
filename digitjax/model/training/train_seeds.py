"""Training with several seeds: from a config to a group of runs."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path

from digitjax import runs
from digitjax.config import Config, validate
from digitjax.data import pipeline
from digitjax.errors import InputError
from digitjax.model.training import distributed
from digitjax.model.training.resume import require_changeable, require_resumable
from digitjax.model.training.train import is_complete, lock, train
from digitjax.runs import Group, Run
from digitjax.runs.summary import summarize_run


def train_seeds(
    config: Config,
    count: int,
    folder: Path = runs.DEFAULT_FOLDER,
    *,
    resume: bool = False,
    overwrite: bool = False,
    allow_changes: Collection[str] = (),
) -> Group:
    """Train an experiment with the seeds `config.seed`, `config.seed + 1`, ... and return their group.

    Args:
        config: the experiment; its name becomes that of the group.
        count: number of seeds, at least two.
        folder: folder of run folders.
        resume: continue the group of that name, if there is one: complete runs are kept, and seeds may be added;
            with more epochs than they have, its runs are extended.
        overwrite: delete a group or a run of that name first.
        allow_changes: see `digitjax.model.training.train.train`.

    Returns:
        The group, with every run trained and calibrated.

    Raises:
        InputError: the config, the data or the folder cannot be used.
        FloatingPointError: the loss of a run is not finite; its last good checkpoint is kept.
        Interrupted: on Ctrl-C or SIGTERM, after saving.
    """
    config = validate(config)
    require_changeable(allow_changes, resume)
    if count < 2:
        raise InputError(f"--seeds is {count}: a group has at least two seeds")
    seeds = range(config.seed, config.seed + count)
    configs = [validate(replace(config, name=f"seed-{seed}", seed=seed)) for seed in seeds]
    with distributed.propagate_errors():
        pipeline.load(config.data)  # before the folder is created, so that nothing is left behind
    group = Group(folder / config.name)
    with lock(group.path):  # before anything is removed
        with distributed.propagate_errors():
            if distributed.is_writer() and resume and group.path.exists():
                _resume(group, seeds, configs, allow_changes)
            elif distributed.is_writer():
                runs.create_group(config.name, seeds, folder, overwrite=overwrite)
        for member in configs:
            run = Run(group.path / member.name)
            complete = distributed.is_writer() and is_complete(run) and run.config == member
            if not distributed.all_reduce_max(complete):
                train(member, group.path, resume=True, allow_changes=allow_changes)
        if distributed.is_writer():
            summaries = [summarize_run(member) for member in group.members()]
            group.write(
                seeds, runs.summarize_known_seeds([summary.validation_accuracy for summary in summaries])
            )
    return group


def _resume(
    group: Group, seeds: Sequence[int], configs: Sequence[Config], allow_changes: Collection[str]
) -> None:
    """Add these seeds to a group, if its seeds and the configs of its runs agree with them."""
    if (group.path / "config.json").exists():
        raise InputError(f"{group.path} is a run of one seed: choose another --name")
    known = group.seeds()
    if list(seeds[: len(known)]) != known:
        raise InputError(
            f"{group.path} was started with seeds {known[0]} to {known[-1]}: resume it with at least these"
        )
    existing = [(run, config) for config in configs if (run := Run(group.path / config.name)).path.exists()]
    for run, config in existing:
        require_resumable(run, config, allow_changes)
    if len(seeds) > len(known) or any(run.config != config for run, config in existing):
        group.write(seeds, None)
