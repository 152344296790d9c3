"""Commands that make runs and keep them: each docstring is the help."""

import argparse
import json
import sys
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

from digitjax.cli import evaluate, reading
from digitjax.cli.startup import prepare_jax


def quickstart(args: argparse.Namespace) -> None:
    """Train on the embedded digits, evaluate, and open the dashboard; needs no network."""
    import dataclasses

    from digitjax import experiments, runs

    config = dataclasses.replace(experiments.load("digits"), name=runs.free_name("quickstart", args.runs))
    run = _train(config, args.runs)
    evaluate.show_evaluation(run, "test", "best", "none")
    if args.dashboard:
        reading.dashboard(args)


def train(args: argparse.Namespace, overrides: list[str]) -> None:
    """Train an experiment and keep all of it in a run folder."""
    if args.help and args.experiment is None:
        args.parser.print_help()
        return
    if args.experiment is None:
        args.parser.error("name an experiment")
    from digitjax import config, experiments

    chosen = experiments.load(args.experiment)
    if args.help:
        args.parser.print_help()
        overrides = ["--help"]
    chosen = config.override(chosen, overrides)
    with _processes(args):
        _train(chosen, args.runs, args.seeds, resume=args.resume, overwrite=args.overwrite)


def sweep(args: argparse.Namespace) -> None:
    """Search for better settings of an experiment: start it in several terminals, or again after a stop."""
    import dataclasses

    from digitjax import experiments
    from digitjax.model.sweeps import sweep as sweeps
    from digitjax.model.training.train import Interrupted

    chosen = experiments.load_sweep(args.sweep)
    if args.trials is not None:
        chosen = dataclasses.replace(chosen, trials=args.trials)
    prepare_jax()
    try:
        result = sweeps.run(chosen, args.runs, args.storage)
    except Interrupted as stop:
        print(f"digitjax: {stop.run.path}: it is saved, and goes on when the sweep does", file=sys.stderr)
        sys.exit(128 + stop.signal_number)
    print(json.dumps(result, indent=2) if args.json else sweeps.format_result(result))


def list_runs(args: argparse.Namespace) -> None:
    """List the runs, groups and ensembles of a folder, newest first, with what is wrong with any of them."""
    import dataclasses

    from digitjax import runs

    entries = runs.list_entries(args.runs)
    if args.markdown:
        from digitjax.visualization import table

        print(table.markdown(entries))
        return
    summaries = [runs.summarize(entry) for entry in entries]
    if args.json:
        print(json.dumps([dataclasses.asdict(summary) for summary in summaries], indent=2))
        return
    if not summaries:
        print(f"no runs in {args.runs}")
    for summary in summaries:
        print(_line(summary))


def ensemble(args: argparse.Namespace) -> None:
    """Name an ensemble of runs, which predicts with the mean of their probabilities; a group stands for its seeds."""
    from digitjax import runs

    members = [run for name in args.members for run in runs.find_entry(name, args.runs).members()]
    made = runs.create_ensemble(args.ensemble, members, args.runs, overwrite=args.overwrite)
    print(f"{made.path}: {len(members)} runs", file=sys.stderr)


def pack(args: argparse.Namespace) -> None:
    """Copy a run with the weights of one checkpoint alone, to give to others; the copy cannot be resumed."""
    from digitjax import runs
    from digitjax.model.export import pack as packing

    print(packing.pack(runs.find_run(args.run, args.runs), args.folder, args.step).path)


def data_prepare(args: argparse.Namespace) -> None:
    """Download or take the files of a data set, verify them, and cache them as arrays."""
    from digitjax.config import Config, Data, validate
    from digitjax.data import pipeline

    data = Data(name=args.dataset, folder=args.folder, manual_dir=args.manual_dir)
    print(pipeline.prepare(validate(Config(data=data), "arguments").data))


def _processes(args: argparse.Namespace) -> AbstractContextManager[None]:
    """Return what joins the processes that the arguments speak of."""
    place = (args.coordinator, args.processes, args.process)
    if not args.distributed and place == (None, None, None):
        return nullcontext()
    from digitjax.model.training import distributed

    prepare_jax()  # whose settings count from the moment that the devices are known
    return distributed.joined(*place)


def _train(config: Any, folder: Path, seeds: int | None = None, **options: Any) -> Any:
    from digitjax.model.training import distributed
    from digitjax.model.training.train import Interrupted, train
    from digitjax.model.training.train_seeds import train_seeds

    prepare_jax()
    try:
        trained: Any = (
            train(config, folder, **options)
            if seeds is None
            else train_seeds(config, seeds, folder, **options)
        )
    except Interrupted as stop:
        if distributed.is_writer():
            print(f"digitjax: {stop.run.path}: {stop}", file=sys.stderr)
        sys.exit(128 + stop.signal_number)
    if not distributed.is_writer():
        return trained
    print(f"trained {trained.path}", file=sys.stderr)
    if config.task == "classification" and not config.data.refit:
        from digitjax.evaluation.calibrate import calibrate, describe

        for run in trained.members():
            print(f"{run.name}: {describe(calibrate(run))}", file=sys.stderr)
    return trained


def _line(summary: Any) -> str:
    """Lay the summary of a run, a group or an ensemble out for a terminal."""
    from digitjax.runs.seed_stats import format_measure

    def reached(split: str) -> str:
        for measure in ("accuracy", "error"):
            value = getattr(summary, f"{split}_{measure}", None)
            if value is not None:
                return f"{split} {'error ' * (measure == 'error')}{format_measure(measure, value)}"
        return ""

    s = summary
    seconds = getattr(s.seconds, "mean", s.seconds) or 0.0
    return (
        f"{s.name:<24} {s.model:<8} {s.data:<8} {s.size:<14} {reached('validation'):<26} "
        f"{reached('test'):<20} {seconds:>7.1f} s  {s.problem}".rstrip()
    )
