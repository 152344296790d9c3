"""What each command does: its docstring is its help, its arguments are those of `digitjax.cli.parser`."""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from digitjax.errors import InputError


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
        epochs = f"epoch {s.epoch}/{s.epochs:g}" if s.epochs else ""
        print(
            f"{s.name:<24} {s.model:<8} {s.data:<8} {epochs:<14} {_measured(s, 'validation'):<24} "
            f"{_measured(s, 'test'):<18} {s.seconds:>7.1f} s  {s.problem}".rstrip()
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


def _measured(summary: Any, split: str) -> str:
    """Return what a run reached on a split, or nothing."""
    accuracy, error = (getattr(summary, f"{split}_{measure}") for measure in ("accuracy", "error"))
    if error is not None:
        return f"{split} error {error:.5f}"
    return "" if accuracy is None else f"{split} {accuracy:.2%}"


def _train(config: Any, name: str, folder: Path, **options: bool) -> Any:
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

    _configure_jax()
    result = evaluation.evaluate(run, split, step)
    if as_json:
        print(json.dumps({"run": run.name, "split": split, "step": result.step, **result.summary}))
    else:
        print(f"{run.name}, {split} split, step {result.step}\n\n{result.describe()}")


def _configure_jax() -> None:
    from digitjax.data.pipeline import cache_folder
    from digitjax.environment import configure_jax

    configure_jax(cache_folder() / "compiled")
