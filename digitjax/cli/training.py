"""The commands that train: `quickstart`, `train` and `sweep`."""

import argparse
import json
import sys
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

from digitjax.cli.arguments import add_command, add_json, add_runs, option_names
from digitjax.cli.evaluate import show_evaluation
from digitjax.cli.serve import add_dashboard_options, dashboard
from digitjax.cli.startup import prepare_jax

if TYPE_CHECKING:
    from digitjax.cli.arguments import Subparsers


def add_quickstart(subparsers: "Subparsers") -> None:
    """Add `quickstart`."""
    parser = add_command(subparsers, "quickstart", quickstart, "digitjax quickstart --no-dashboard")
    parser.add_argument(
        "--no-dashboard", dest="dashboard", action="store_false", help="stop after the evaluation"
    )
    add_runs(parser)
    add_dashboard_options(parser)
    parser.set_defaults(trains=True)


def quickstart(args: argparse.Namespace) -> None:
    """Train on scikit-learn's digits, evaluate and open the dashboard; needs no network."""
    import dataclasses

    from digitjax import experiments, runs

    config = dataclasses.replace(experiments.load("digits"), name=runs.free_name("quickstart", args.runs))
    run = _train(config, args.runs)
    show_evaluation(run, "test", "best", "none")
    if args.dashboard:
        dashboard(args)


def add_train(subparsers: "Subparsers") -> None:
    """Add `train`."""
    example = "digitjax train mnist --optimizer.lr 1e-3 --name slow"
    parser = add_command(subparsers, "train", train, example, add_help=False)
    parser.add_argument(
        "experiment", nargs="?", metavar="EXPERIMENT", help="name, or path of a .py or .json file"
    )
    parser.add_argument(
        "-h", "--help", action="store_true", help="with EXPERIMENT: list the fields that can be overridden"
    )
    parser.add_argument(
        "--resume", action="store_true", help="resume the run of this name; with more epochs, extend it"
    )
    parser.add_argument(
        "--allow-changes",
        action="append",
        default=[],
        metavar="FIELD",
        help="with --resume: take another optimizer.lr, optimizer.adam_lr or training.patience than the run has",
    )
    parser.add_argument("--overwrite", action="store_true", help="delete a run of this name first")
    parser.add_argument(
        "--seeds", type=int, metavar="N", help="train N seeds into one group, starting with --seed"
    )
    add_runs(parser)
    distributed = parser.add_argument_group(
        "distributed training", "one process per machine, each started with the same command except --process"
    )
    distributed.add_argument(
        "--distributed",
        action="store_true",
        help="take the options below from the cluster: Slurm, Open MPI or Cloud TPU",
    )
    distributed.add_argument(
        "--coordinator", metavar="HOST:PORT", help="address of process 0, with any free port"
    )
    distributed.add_argument("--processes", type=int, metavar="N", help="number of processes")
    distributed.add_argument("--process", type=int, metavar="I", help="index of this process, from 0")
    parser.set_defaults(takes_overrides=True, trains=True)


def train(args: argparse.Namespace) -> None:
    """Train an experiment and save it as a run.

    Every field of its config can be overridden, such as --training.epochs 5; `digitjax train EXPERIMENT --help`
    lists them.
    """
    if args.help and args.experiment is None:
        args.parser.print_help()
        return
    if args.experiment is None:
        args.parser.error("name an experiment")
    from digitjax import config, experiments

    experiment, overrides = experiments.load(args.experiment), args.overrides
    if args.help:
        args.parser.print_help()
        overrides = ["--help"]
    experiment = config.override(experiment, overrides, options=option_names(args.parser))
    with _connect_processes(args):
        _train(
            experiment,
            args.runs,
            args.seeds,
            resume=args.resume,
            overwrite=args.overwrite,
            allow_changes=args.allow_changes,
        )


def add_sweep(subparsers: "Subparsers") -> None:
    """Add `sweep`."""
    parser = add_command(subparsers, "sweep", sweep, "digitjax sweep cnn --trials 30")
    parser.add_argument("sweep", metavar="SWEEP", help="name, or path of a .py file with a `sweep`")
    parser.add_argument(
        "--trials", type=int, metavar="N", help="number of trials of all workers (default: that of the sweep)"
    )
    parser.add_argument(
        "--storage",
        metavar="URL",
        help="Optuna storage for several machines (default: a journal in the folder of the sweep)",
    )
    add_json(parser)
    add_runs(parser)
    parser.set_defaults(trains=True)


def sweep(args: argparse.Namespace) -> None:
    """Search the hyperparameters of an experiment with Optuna.

    Start the same command in several terminals for several workers, or again to resume.
    """
    import dataclasses

    from digitjax import experiments
    from digitjax.model.sweeps import sweep as sweeps
    from digitjax.model.sweeps.results import format_result
    from digitjax.model.training.train import Interrupted

    definition = experiments.load_sweep(args.sweep)
    if args.trials is not None:
        definition = dataclasses.replace(definition, trials=args.trials)
    prepare_jax()
    try:
        result = sweeps.run(definition, args.runs, args.storage)
    except Interrupted as stop:
        print(
            f"digitjax: {stop.run.path}: saved: run the same command again to resume the sweep",
            file=sys.stderr,
        )
        sys.exit(128 + stop.signal_number)
    print(json.dumps(result, indent=2) if args.json else format_result(result))


def _connect_processes(args: argparse.Namespace) -> AbstractContextManager[None]:
    """Return the context in which the processes of a distributed training are connected."""
    cluster = (args.coordinator, args.processes, args.process)
    if not args.distributed and cluster == (None, None, None):
        return nullcontext()
    from digitjax.model.training import distributed

    prepare_jax(start=False)  # its settings have no effect later
    return distributed.joined(*cluster)


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
    if distributed.is_writer():
        print(f"trained {trained.path}", file=sys.stderr)
    return trained
