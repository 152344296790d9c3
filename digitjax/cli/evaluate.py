"""Commands that tell how good something is: each docstring is the help."""

import argparse
import json
import sys
from typing import Any

from digitjax.cli.startup import prepare_jax
from digitjax.errors import InputError


def evaluate(args: argparse.Namespace) -> None:
    """Measure a run, an ensemble or every seed of a group; writes evaluation/ and prints the summary."""
    from digitjax import runs

    entry = runs.find_entry(args.run, args.runs)
    show_evaluation(entry, args.split, args.step, args.tta, as_json=args.json)
    for model in entry.members() if isinstance(entry, runs.Group) else [entry]:
        if args.robustness or args.attacks:
            _show_robustness(model, args)
        if args.history:
            _show_history(model, args)


def _show_robustness(model: Any, args: argparse.Namespace) -> None:
    from digitjax.evaluation.robustness import evaluate_robustness

    made = evaluate_robustness(model, args.split, args.step, attacks=args.attacks)
    print(json.dumps({"run": model.name, **made.summary}) if args.json else f"\n{made.describe()}")


def _show_history(model: Any, args: argparse.Namespace) -> None:
    from digitjax.evaluation.history import evaluate_history, format_history
    from digitjax.progress import Status
    from digitjax.runs import Ensemble

    if isinstance(model, Ensemble):
        raise InputError(f"{model.path} is an ensemble: only a run has a history")
    with Status() as status:
        made = evaluate_history(model, lambda done, total: status(f"history: {done} of {total} epochs"))
    print(json.dumps({"run": model.name, **made.summarize()}) if args.json else f"\n{format_history(made)}")


def compare(args: argparse.Namespace) -> None:
    """Compare two models on the same pictures, or two groups over their seeds, and say if the difference is real."""
    from digitjax import runs
    from digitjax.evaluation import compare as comparison

    prepare_jax()
    first, second = (runs.find_entry(name, args.runs) for name in (args.first, args.second))
    made = comparison.compare(first, second, args.split, args.step, args.tta)
    print(json.dumps(made.to_dict()) if args.json else made.describe())


def report(args: argparse.Namespace) -> None:
    """Show all that is known of a run in one HTML file that opens offline, with its charts as PNGs beside it."""
    from digitjax import runs
    from digitjax.visualization.report import write_report

    prepare_jax()
    print(write_report(runs.find_run(args.run, args.runs), args.out, args.split, args.step))


def calibrate(args: argparse.Namespace) -> None:
    """Fit on the validation split how sure a run may be, and what it rejects; `train` has done it already."""
    import dataclasses

    from digitjax import runs
    from digitjax.evaluation import calibrate as calibration

    prepare_jax()
    for run in runs.find_entry(args.run, args.runs).members():
        fitted = calibration.calibrate(run, args.step)
        as_json = {"run": run.name, **dataclasses.asdict(fitted)}
        print(json.dumps(as_json) if args.json else f"{run.name}: {calibration.describe(fitted)}")


def evaluate_pictures(args: argparse.Namespace) -> None:
    """Measure the reader on a folder of pictures with manifest.csv: columns file and label, one line a picture."""
    from digitjax.recognition import recognizer, scoring
    from digitjax.visualization.contact_sheet import contact_sheet

    if args.out and args.out.exists() and not args.out.is_dir():
        raise InputError(f"{args.out} is no folder: name one with --out")
    prepare_jax()
    result = scoring.evaluate_pictures(args.folder, recognizer.load(args.model, args.runs, args.tta))
    print(json.dumps(result.summary) if args.json else scoring.format_summary(result.summary))
    if args.out:
        args.out.mkdir(parents=True, exist_ok=True)
        scoring.write(result, args.out)
        contact_sheet(result).save(args.out / "mistakes.png")
        print(f"wrote metrics.json, pictures.csv and mistakes.png to {args.out}", file=sys.stderr)


def reconstruct(args: argparse.Namespace) -> None:
    """Show what an autoencoder makes of pictures: a PNG of reconstructions, latent traversals and interpolations."""
    import io

    from digitjax import runs
    from digitjax.evaluation.evaluate import load_images
    from digitjax.model import reconstructor
    from digitjax.visualization.grid import picture_grid
    from digitjax.visualization.reconstruct import overview

    run = runs.find_run(args.run, args.runs)
    out = args.out or run.path / "reconstructions.png"
    if out.suffix != ".png" or not out.parent.is_dir():
        raise InputError(f"{out}: name a file that ends in .png, in a folder that exists")
    prepare_jax()
    autoencoder, step = reconstructor.load(run, args.step)
    png = io.BytesIO()
    picture_grid(overview(autoencoder, load_images(run, args.split).images)).save(png, "PNG")
    runs.write_bytes(out, png.getvalue())
    print(f"{run.name}, {args.split} split, step {step}: {out}")


def bench(args: argparse.Namespace) -> None:
    """Time training, inference and speedruns beside PyTorch and onnxruntime, in turn; and scaling, and reading."""
    import importlib.util

    from digitjax.benchmarks import harness, suites
    from digitjax.config import Data
    from digitjax.data import pipeline
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


def show_evaluation(entry: Any, split: str, step: str, tta: str, as_json: bool = False) -> None:
    """Evaluate a run, an ensemble or a group, and print the summary."""
    import dataclasses

    from digitjax.evaluation import evaluate as evaluation
    from digitjax.evaluation import evaluate_group as group_evaluation
    from digitjax.runs import Group

    prepare_jax()
    if isinstance(entry, Group):
        of_group = group_evaluation.evaluate_group(entry, split, step, tta)
        report, text = dataclasses.asdict(of_group), group_evaluation.format_evaluation(of_group)
    else:
        made = evaluation.evaluate(entry, split, step, tta)
        step = str(made.step)
        report, text = {"split": split, "step": made.step, **made.summary}, made.describe()
    if as_json:
        print(json.dumps({"run": entry.name, **report}))
    else:
        print(f"{entry.name}, {split} split, step {step}{f', tta {tta}' * (tta != 'none')}\n\n{text}")
