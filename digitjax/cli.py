"""The command line. What a command needs is imported when it runs, so that `--help` answers at once."""

import argparse
import json
import sys
import warnings
from pathlib import Path
from typing import Any, NoReturn

from digitjax import __version__
from digitjax.errors import InputError

_RUNS = Path("runs")


def main(arguments: list[str] | None = None) -> None:
    """Run a command and exit: 0 when it worked, 2 with a one-line reason on bad input."""
    args, rest = _parser().parse_known_args(arguments)
    if rest and args.command is not train:
        _fail(f"unknown arguments: {' '.join(rest)}: see digitjax {args.name} --help")
    if arguments is None and args.command in (quickstart, train, sweep):
        from digitjax.environment import tune_allocator

        tune_allocator()
    warnings.showwarning = lambda message, *_, **__: print(f"digitjax: warning: {message}", file=sys.stderr)
    try:
        args.command(args, rest) if args.command is train else args.command(args)
    except InputError as error:
        _fail(str(error))
    except FloatingPointError as error:
        _fail(str(error), code=1)
    except OSError as error:
        _fail(f"{error.filename or 'disk'}: {error.strerror or error}")
    except KeyboardInterrupt:
        sys.exit(130)


def _fail(reason: str, code: int = 2) -> NoReturn:
    print(f"digitjax: error: {' '.join(reason.split())}", file=sys.stderr)
    sys.exit(code)


# -------------------------------------------------------------------------------------- commands


def quickstart(args: argparse.Namespace) -> None:
    """Train on the embedded digits, evaluate, and open the dashboard; needs no network."""
    from digitjax import experiments, runs

    config = experiments.load("digits")
    run = _train(config, runs.free_name("quickstart", args.runs), args.runs)
    _evaluate(run, "test", "best")
    if args.dashboard:
        dashboard(args)


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
    _train(chosen, chosen.name, args.runs, resume=args.resume, overwrite=args.overwrite)


def sweep(args: argparse.Namespace) -> None:
    """Search for better settings of an experiment: start it in several terminals, or again after a stop."""
    import dataclasses

    from digitjax import experiments
    from digitjax.model import sweep as sweeps
    from digitjax.model.train import Interrupted

    chosen = experiments.load_sweep(args.sweep)
    if args.trials is not None:
        chosen = dataclasses.replace(chosen, trials=args.trials)
    _configure_jax()
    try:
        result = sweeps.run(chosen, args.runs, args.storage)
    except Interrupted as stop:
        print(f"digitjax: {stop.run.path}: it is saved, and goes on when the sweep does", file=sys.stderr)
        sys.exit(128 + stop.signal_number)
    print(json.dumps(result, indent=2) if args.json else sweeps.format_result(result))


def list_runs(args: argparse.Namespace) -> None:
    """List the runs of a folder, newest first, with what is wrong with any of them."""
    import dataclasses

    from digitjax import runs

    summaries = [runs.summarize(run) for run in runs.list_runs(args.runs)]
    if args.json:
        print(json.dumps([dataclasses.asdict(summary) for summary in summaries], indent=2))
        return
    if not summaries:
        print(f"no runs in {args.runs}")
    for s in summaries:
        validation = "" if s.validation_accuracy is None else f"validation {s.validation_accuracy:.2%}"
        test = "" if s.test_accuracy is None else f"test {s.test_accuracy:.2%}"
        epochs = f"epoch {s.epoch}/{s.epochs:g}" if s.epochs else ""
        print(
            f"{s.name:<24} {s.model:<8} {s.data:<8} {epochs:<14} {validation:<18} {test:<12} "
            f"{s.seconds:>7.1f} s  {s.problem}".rstrip()
        )


def evaluate(args: argparse.Namespace) -> None:
    """Measure a run on a split; writes evaluation/ in its folder and prints the summary."""
    from digitjax import runs

    _evaluate(runs.find(args.run, args.runs), args.split, args.step, as_json=args.json)


def read(args: argparse.Namespace) -> None:
    """Read the digits in pictures: one line, or with --json one JSON object, a picture."""
    from digitjax.recognition import recognizer

    _configure_jax()
    reader = recognizer.load(args.model, args.runs)
    failed = False
    for picture in args.pictures:
        result: dict[str, Any] = {"file": picture, "text": "", "lines": [], "digits": [], "error": None}
        try:
            result |= reader.read(picture).to_dict()
        except InputError as error:
            result["error"] = str(error)
            failed = True
        if args.json:
            print(json.dumps(result), flush=True)
        elif result["error"]:
            print(f"digitjax: error: {picture}: {result['error']}", file=sys.stderr)
        else:
            print(f"{picture}: {result['text'] or '(no digits)'}", flush=True)
    if failed:
        sys.exit(2)


def dashboard(args: argparse.Namespace) -> None:
    """Open the dashboard in a browser, on this machine alone."""
    import importlib.util
    import os

    from digitjax.experiments import shipped_folder

    if importlib.util.find_spec("streamlit") is None:
        raise InputError("the dashboard needs Streamlit: pip install 'digitjax[app]'")
    options = {
        "server.address": "127.0.0.1",
        "server.port": str(args.port),
        "server.headless": "true" if args.no_browser else "false",
        "browser.gatherUsageStats": "false",
        "client.toolbarMode": "minimal",
    }
    flags = [f"--{name}={value}" for name, value in options.items()]
    app = shipped_folder("dashboard") / "app.py"
    # -P: a click.py in the current folder must not take the place of Streamlit's.
    command = [sys.executable, "-P", "-m", "streamlit", "run", str(app), *flags, "--", str(args.runs)]
    sys.stdout.flush()
    os.execv(sys.executable, command)


def bench(args: argparse.Namespace) -> None:
    """Time digitjax beside PyTorch and onnxruntime, in interleaved rounds: training, inference, speedrun, scaling."""
    import importlib.util

    from digitjax.config import Data
    from digitjax.data import pipeline
    from digitjax.evaluation.bench import harness, suites
    from digitjax.runs import write_json

    missing = [name for name in ("torch", "onnx", "onnxruntime") if importlib.util.find_spec(name) is None]
    if missing and set(args.suites) - {"scaling"}:
        raise InputError(f"bench needs {', '.join(missing)}: pip install 'digitjax[bench]'")
    pipeline.load(Data(name="digits"))
    if "speedrun" in args.suites:
        pipeline.load(Data(name="mnist"))
    result: dict[str, Any] = {"machine": harness.describe_machine(), "suites": {}}
    for name in args.suites:
        suite = suites.SUITES[name]
        rows = harness.run(suite, args.rounds, lambda text: print(f"\r\x1b[K{text}", end="", file=sys.stderr))
        print("\r\x1b[K", end="", file=sys.stderr)
        print(harness.table(suite, rows), end="\n\n", flush=True)
        result["suites"][name] = rows
        if args.json:
            write_json(args.json, result)


def data_prepare(args: argparse.Namespace) -> None:
    """Download or take the files of a data set, verify them, and cache them as arrays."""
    from digitjax.data import pipeline

    print(pipeline.prepare(args.dataset, args.manual_dir))


# --------------------------------------------------------------------------------------- helpers


def _train(config: Any, name: str, folder: Path, **options: Any) -> Any:
    import dataclasses

    from digitjax.model import train as training

    _configure_jax()
    try:
        run = training.train(dataclasses.replace(config, name=name), folder, **options)
    except training.Interrupted as stop:
        print(f"digitjax: {stop.run.path}: {stop}", file=sys.stderr)
        sys.exit(128 + stop.signal_number)
    print(f"trained {run.path}", file=sys.stderr)
    return run


def _evaluate(run: Any, split: str, step: str, as_json: bool = False) -> None:
    from digitjax.evaluation import evaluate as evaluation
    from digitjax.evaluation.metrics import format_summary

    _configure_jax()
    result = evaluation.evaluate(run, split, step)
    if as_json:
        print(json.dumps({"run": run.name, "split": split, "step": result.step, **result.summary}))
    else:
        print(f"{run.name}, {split} split, step {result.step}\n\n{format_summary(result.summary)}")


def _configure_jax() -> None:
    from digitjax.data.pipeline import cache_folder
    from digitjax.environment import configure_jax

    configure_jax(cache_folder() / "compiled")


# ---------------------------------------------------------------------------------------- parser


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="digitjax", description="Digit recognition in JAX and Flax.", allow_abbrev=False
    )
    parser.add_argument("--version", action="version", version=f"digitjax {__version__}")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND", dest="name")

    def add(name: str, command: Any, example: str, **options: Any) -> argparse.ArgumentParser:
        sub: argparse.ArgumentParser = commands.add_parser(
            name,
            help=command.__doc__.split(":")[0].split(";")[0].rstrip("."),
            description=command.__doc__,
            epilog=f"example: {example}",
            allow_abbrev=False,
            **options,
        )
        sub.set_defaults(command=command, parser=sub)
        return sub

    def add_runs(sub: argparse.ArgumentParser) -> None:
        sub.add_argument(
            "--runs", type=Path, default=_RUNS, metavar="DIR", help="folder of the runs (default: runs)"
        )

    def add_dashboard(sub: argparse.ArgumentParser) -> None:
        sub.add_argument("--port", type=int, default=8501, help="port to serve on (default: 8501)")
        sub.add_argument("--no-browser", action="store_true", help="do not open a browser")

    sub = add("quickstart", quickstart, "digitjax quickstart --no-dashboard")
    sub.add_argument(
        "--no-dashboard", dest="dashboard", action="store_false", help="stop after the evaluation"
    )
    add_runs(sub)
    add_dashboard(sub)

    sub = add("train", train, "digitjax train mnist --optimizer.lr 1e-3 --name slow", add_help=False)
    sub.add_argument(
        "experiment", nargs="?", metavar="EXPERIMENT", help="a name, or the path of a .py or .json file"
    )
    sub.add_argument(
        "-h", "--help", action="store_true", help="with EXPERIMENT: list every field that can be changed"
    )
    sub.add_argument("--resume", action="store_true", help="continue the run of this name where it stopped")
    sub.add_argument("--overwrite", action="store_true", help="discard a run of this name first")
    add_runs(sub)

    sub = add("sweep", sweep, "digitjax sweep cnn --trials 30")
    sub.add_argument("sweep", metavar="SWEEP", help="a name, or the path of a .py file with a `sweep`")
    sub.add_argument(
        "--trials", type=int, metavar="N", help="trainings, of all workers together (default: the sweep's)"
    )
    sub.add_argument(
        "--storage",
        metavar="URL",
        help="database for many machines (default: a journal in the sweep's folder)",
    )
    sub.add_argument("--json", action="store_true", help="print JSON")
    add_runs(sub)

    sub = add("runs", list_runs, "digitjax runs")
    sub.add_argument("--json", action="store_true", help="print JSON")
    add_runs(sub)

    sub = add("evaluate", evaluate, "digitjax evaluate mnist --split test")
    sub.add_argument("run", metavar="RUN", help="name or path of a run")
    sub.add_argument(
        "--split", default="test", choices=("train", "validation", "test"), help="(default: test)"
    )
    sub.add_argument(
        "--step", default="best", help="a step, latest, or best by validation accuracy (default: best)"
    )
    sub.add_argument("--json", action="store_true", help="print JSON")
    add_runs(sub)

    sub = add("read", read, "digitjax read photo.jpg --json")
    sub.add_argument("pictures", nargs="+", metavar="PICTURE", help="picture files")
    sub.add_argument("--model", metavar="RUN", help="name or path of a run (default: the newest)")
    sub.add_argument("--json", action="store_true", help="print one JSON object a picture")
    add_runs(sub)

    sub = add("dashboard", dashboard, "digitjax dashboard --port 8600")
    add_runs(sub)
    add_dashboard(sub)

    sub = add("bench", bench, "digitjax bench training --rounds 7 --json bench.json")
    every = ("training", "inference", "speedrun", "scaling")
    sub.add_argument("suites", nargs="*", metavar="SUITE", default=every, help=f"some of {', '.join(every)}")
    sub.add_argument("--rounds", type=int, default=5, help="rounds of each suite (default: 5)")
    sub.add_argument("--json", type=Path, metavar="FILE", help="write everything that was measured to a file")

    data = commands.add_parser("data", help="Prepare data sets", description="Prepare data sets.")
    data_commands = data.add_subparsers(title="commands", required=True, metavar="COMMAND")
    commands = data_commands
    sub = add("prepare", data_prepare, "digitjax data prepare mnist --manual-dir ~/mnist")
    sub.add_argument("dataset", metavar="NAME", choices=("digits", "mnist"), help="digits or mnist")
    sub.add_argument(
        "--manual-dir", metavar="DIR", help="folder with the official files, in place of a download"
    )
    return parser
