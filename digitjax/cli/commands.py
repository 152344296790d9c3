"""What each command does: its docstring is its help, its arguments are those of `digitjax.cli.parser`."""

import argparse
import contextlib
import gc
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from digitjax.errors import InputError


def quickstart(args: argparse.Namespace) -> None:
    """Train on the embedded digits, evaluate, and open the dashboard; needs no network."""
    import dataclasses

    from digitjax import experiments, runs

    config = dataclasses.replace(experiments.load("digits"), name=runs.free_name("quickstart", args.runs))
    run = _train(config, args.runs)
    _evaluate(run, "test", "best", "one")
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
    _train(chosen, args.runs, args.seeds, resume=args.resume, overwrite=args.overwrite)


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
    """List the runs, groups and ensembles of a folder, newest first, with what is wrong with any of them."""
    import dataclasses

    from digitjax import groups

    entries = groups.list_all(args.runs)
    if args.markdown:
        from digitjax.visualization import table

        print(table.markdown(entries))
        return
    summaries = [groups.summarize(entry) for entry in entries]
    if args.json:
        print(json.dumps([dataclasses.asdict(summary) for summary in summaries], indent=2))
        return
    if not summaries:
        print(f"no runs in {args.runs}")
    for summary in summaries:
        print(_line(summary))


def ensemble(args: argparse.Namespace) -> None:
    """Name an ensemble of runs, which predicts with the mean of their probabilities; a group stands for its seeds."""
    from digitjax import groups

    members = [run for name in args.members for run in groups.find(name, args.runs).members()]
    made = groups.create_ensemble(args.ensemble, members, args.runs, overwrite=args.overwrite)
    print(f"{made.path}: {len(members)} runs", file=sys.stderr)


def evaluate(args: argparse.Namespace) -> None:
    """Measure a run, an ensemble or every seed of a group; writes evaluation/ and prints the summary."""
    from digitjax import groups

    _evaluate(groups.find(args.run, args.runs), args.split, args.step, args.views, as_json=args.json)


def calibrate(args: argparse.Namespace) -> None:
    """Fit on the validation split how sure a run may be, and what it rejects; `train` has done it already."""
    import dataclasses

    from digitjax import groups
    from digitjax.evaluation import calibrate as calibration

    _configure_jax()
    for run in groups.find(args.run, args.runs).members():
        fitted = calibration.calibrate(run, args.step)
        as_json = {"run": run.name, **dataclasses.asdict(fitted)}
        print(json.dumps(as_json) if args.json else f"{run.name}: {calibration.describe(fitted)}")


def read(args: argparse.Namespace) -> None:
    """Read the digits in pictures: one line, or with --json one JSON object, a picture."""
    with _no_garbage():
        from digitjax.recognition import recognizer

        _configure_jax()
        reader = recognizer.load(args.model, args.runs, args.views)
    failed = False
    for picture in args.pictures:
        result = reader.read_file(picture, picture)
        failed |= result["error"] is not None
        if args.json:
            print(json.dumps(result), flush=True)
        elif result["error"]:
            print(f"digitjax: error: {picture}: {result['error']}", file=sys.stderr)
        else:
            print(f"{picture}: {result['text'] or '(no digits)'}", flush=True)
    if failed:
        sys.exit(2)


def reconstruct(args: argparse.Namespace) -> None:
    """Show what an autoencoder makes of pictures: a PNG of reconstructions, latent traversals and interpolations."""
    import io

    from digitjax import runs
    from digitjax.evaluation.evaluate import load_pictures
    from digitjax.model import reconstructor
    from digitjax.visualization.reconstruct import overview, picture_grid

    run = runs.find(args.run, args.runs)
    out = args.out or run.path / "reconstructions.png"
    if out.suffix != ".png" or not out.parent.is_dir():
        raise InputError(f"{out}: name a file that ends in .png, in a folder that exists")
    _configure_jax()
    autoencoder, step = reconstructor.load(run, args.step)
    png = io.BytesIO()
    picture_grid(overview(autoencoder, load_pictures(run, args.split).images)).save(png, "PNG")
    runs.write_bytes(out, png.getvalue())
    print(f"{run.name}, {args.split} split, step {step}: {out}")


def evaluate_pictures(args: argparse.Namespace) -> None:
    """Measure the reader on a folder of pictures with manifest.csv: columns file and label, one line a picture."""
    from digitjax.evaluation import pictures
    from digitjax.recognition import recognizer
    from digitjax.visualization.contact_sheet import contact_sheet

    if args.out and args.out.exists() and not args.out.is_dir():
        raise InputError(f"{args.out} is no folder: name one with --out")
    _configure_jax()
    result = pictures.evaluate_pictures(args.folder, recognizer.load(args.model, args.runs, args.views))
    print(json.dumps(result.summary) if args.json else pictures.format_summary(result.summary))
    if args.out:
        args.out.mkdir(parents=True, exist_ok=True)
        pictures.write(result, args.out)
        contact_sheet(result).save(args.out / "mistakes.png")
        print(f"wrote metrics.json, pictures.csv and mistakes.png to {args.out}", file=sys.stderr)


def pack(args: argparse.Namespace) -> None:
    """Copy a run with the weights of one checkpoint alone, to give to others; the copy cannot be resumed."""
    from digitjax import runs
    from digitjax.model import pack as packing

    print(packing.pack(runs.find(args.run, args.runs), args.folder, args.step).path)


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


def serve(args: argparse.Namespace) -> None:
    """Read pictures over HTTP, on this machine alone unless --host says otherwise; Ctrl-C ends it."""
    import importlib.util

    missing = [
        name for name in ("fastapi", "uvicorn", "python_multipart") if not importlib.util.find_spec(name)
    ]
    if missing:
        raise InputError(f"serve needs {', '.join(missing)}: pip install 'digitjax[serve]'")
    if args.max_mb < 1:
        raise InputError(f"--max-mb is {args.max_mb}: it must be 1 or more")
    from digitjax.recognition import recognizer, server

    _configure_jax()
    listening = server.bind(args.host, args.port)
    reader = recognizer.load(args.model, args.runs, args.views)
    server.serve(server.make_app(reader, max_bytes=args.max_mb * 1_000_000), listening)


def bench(args: argparse.Namespace) -> None:
    """Time training, inference and speedruns beside PyTorch and onnxruntime, in turn; and scaling, and reading."""
    import importlib.util

    from digitjax.config import Data
    from digitjax.data import pipeline
    from digitjax.evaluation.bench import harness, suites
    from digitjax.runs import write_json

    missing = [name for name in ("torch", "onnx", "onnxruntime") if importlib.util.find_spec(name) is None]
    if missing and set(args.suites) - suites.ALONE:
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
    from digitjax.config import Config, Data, validate
    from digitjax.data import pipeline

    data = Data(name=args.dataset, folder=args.folder, manual_dir=args.manual_dir)
    print(pipeline.prepare(validate(Config(data=data), "arguments").data))


# --------------------------------------------------------------------------------------- helpers


def _train(config: Any, folder: Path, seeds: int | None = None, **options: Any) -> Any:
    from digitjax.model.train import Interrupted, train
    from digitjax.model.train_seeds import train_seeds

    _configure_jax()
    try:
        trained: Any = (
            train(config, folder, **options)
            if seeds is None
            else train_seeds(config, seeds, folder, **options)
        )
    except Interrupted as stop:
        print(f"digitjax: {stop.run.path}: {stop}", file=sys.stderr)
        sys.exit(128 + stop.signal_number)
    print(f"trained {trained.path}", file=sys.stderr)
    if config.task == "classification" and not config.data.refit:
        from digitjax.evaluation.calibrate import calibrate, describe

        for run in trained.members():
            print(f"{run.name}: {describe(calibrate(run))}", file=sys.stderr)
    return trained


def _evaluate(entry: Any, split: str, step: str, views: str, as_json: bool = False) -> None:
    import dataclasses

    from digitjax.evaluation import evaluate as evaluation
    from digitjax.evaluation import evaluate_group as group_evaluation
    from digitjax.groups import Group

    _configure_jax()
    if isinstance(entry, Group):
        of_group = group_evaluation.evaluate_group(entry, split, step, views)
        report, text = dataclasses.asdict(of_group), group_evaluation.format_evaluation(of_group)
    else:
        made = evaluation.evaluate(entry, split, step, views)
        step = str(made.step)
        report, text = {"split": split, "step": made.step, **made.summary}, made.describe()
    if as_json:
        print(json.dumps({"run": entry.name, **report}))
    else:
        print(f"{entry.name}, {split} split, step {step}{f', {views} views' * (views != 'one')}\n\n{text}")


def _line(summary: Any) -> str:
    """Lay the summary of a run, a group or an ensemble out for a terminal."""

    from digitjax.evaluation.spread import format_measure

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


@contextlib.contextmanager
def _no_garbage() -> Iterator[None]:
    """Collect no garbage where all that is made is kept: to search it takes a fifth of the time of starting."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def _configure_jax() -> None:
    from digitjax.data.cache import cache_folder
    from digitjax.environment import configure_jax

    configure_jax(cache_folder() / "compiled")
