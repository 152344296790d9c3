"""The commands that measure how good a model is: `evaluate`, `compare`, `calibrate` and `evaluate-pictures`."""

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from digitjax.cli.arguments import add_command, add_json, add_model, add_runs, add_split, add_step, add_tta
from digitjax.cli.startup import prepare_jax
from digitjax.errors import InputError

if TYPE_CHECKING:
    from digitjax.cli.arguments import Subparsers


def add_evaluate(subparsers: "Subparsers") -> None:
    """Add `evaluate`."""
    parser = add_command(subparsers, "evaluate", evaluate, "digitjax evaluate mnist --split test")
    parser.add_argument("run", metavar="RUN", help="name or path of a run, a group or an ensemble")
    add_split(parser)
    add_step(parser)
    add_tta(parser)
    add_json(parser)
    add_runs(parser)
    parser.add_argument(
        "--robustness",
        action="store_true",
        help="also evaluate on corrupted images and on out-of-distribution drawings",
    )
    parser.add_argument(
        "--attacks", action="store_true", help="like --robustness, and also under adversarial attacks"
    )
    parser.add_argument(
        "--reading",
        action="store_true",
        help="also read the digits of the split on generated pages: photos, drawings, strings, in 117 conditions",
    )
    parser.add_argument(
        "--history",
        action="store_true",
        help="also evaluate the weights of every epoch that --training.keep-weights-every kept",
    )


def evaluate(args: argparse.Namespace) -> None:
    """Evaluate a run, an ensemble or every seed of a group.

    Writes the metrics and predictions to the folder evaluation/ of the run, and prints a summary.
    """
    from digitjax import runs

    entry = runs.find_entry(args.run, args.runs)
    show_evaluation(entry, args.split, args.step, args.tta, as_json=args.json)
    for model in entry.members() if isinstance(entry, runs.Group) else [entry]:
        if args.robustness or args.attacks:
            _show_robustness(model, args)
        if args.reading:
            _show_reading(model, args)
        if args.history:
            _show_history(model, args)


def _show_robustness(model: Any, args: argparse.Namespace) -> None:
    from digitjax.evaluation.robustness import evaluate_robustness

    result = evaluate_robustness(model, args.split, args.step, attacks=args.attacks)
    print(json.dumps({"run": model.name, **result.summary}) if args.json else f"\n{result.describe()}")


def _show_reading(model: Any, args: argparse.Namespace) -> None:
    from digitjax.progress import Status
    from digitjax.recognition import stress

    with Status() as status:
        report = stress.evaluate_model(
            model, args.split, args.step, observe=lambda condition, *_: status(f"reading: {condition}")
        )
    print(json.dumps({"run": model.name, **report.to_dict()}) if args.json else f"\n{report.describe()}")


def _show_history(model: Any, args: argparse.Namespace) -> None:
    from digitjax.evaluation.history import evaluate_history, format_history
    from digitjax.progress import Status
    from digitjax.runs import Ensemble

    if isinstance(model, Ensemble):
        raise InputError(f"{model.path} is an ensemble: only a run has a history")
    with Status() as status:
        history = evaluate_history(model, lambda done, total: status(f"history: {done} of {total} epochs"))
    print(
        json.dumps({"run": model.name, **history.summarize()})
        if args.json
        else f"\n{format_history(history)}"
    )


def show_evaluation(entry: Any, split: str, step: str, tta: str, as_json: bool = False) -> None:
    """Evaluate a run, an ensemble or a group, and print the summary.

    Args:
        entry: a `Run`, an `Ensemble` or a `Group`.
        split: `train`, `validation` or `test`.
        step: checkpoint: a step, `latest` or `best`.
        tta: test-time augmentation, `none` or `shifts`.
        as_json: print one JSON object in place of a table.
    """
    import dataclasses

    from digitjax.evaluation import evaluate as evaluation
    from digitjax.evaluation import evaluate_group as group_evaluation
    from digitjax.runs import Group

    prepare_jax()
    if isinstance(entry, Group):
        group_result = group_evaluation.evaluate_group(entry, split, step, tta)
        fields, text = dataclasses.asdict(group_result), group_evaluation.format_evaluation(group_result)
    else:
        result = evaluation.evaluate(entry, split, step, tta)
        step = str(result.step)
        fields, text = {"split": split, "step": result.step, **result.summary}, result.describe()
    if as_json:
        print(json.dumps({"run": entry.name, **fields}))
    else:
        print(f"{entry.name}, {split} split, step {step}{f', tta {tta}' * (tta != 'none')}\n\n{text}")


def add_compare(subparsers: "Subparsers") -> None:
    """Add `compare`."""
    parser = add_command(subparsers, "compare", compare, "digitjax compare lenet5 mnist")
    parser.add_argument("first", metavar="A", help="name or path of a run, an ensemble or a group")
    parser.add_argument("second", metavar="B", help="another of the same kind")
    add_split(parser)
    add_step(parser)
    add_tta(parser)
    add_json(parser)
    add_runs(parser)


def compare(args: argparse.Namespace) -> None:
    """Compare two models on the same images, or two groups over their seeds, with a significance test."""
    from digitjax import runs
    from digitjax.evaluation import compare as comparison

    prepare_jax()
    first, second = (runs.find_entry(name, args.runs) for name in (args.first, args.second))
    result = comparison.compare(first, second, args.split, args.step, args.tta)
    print(json.dumps(result.to_dict()) if args.json else result.describe())


def add_calibrate(subparsers: "Subparsers") -> None:
    """Add `calibrate`."""
    parser = add_command(subparsers, "calibrate", calibrate, "digitjax calibrate mnist")
    parser.add_argument("run", metavar="RUN", help="name or path of a run, a group or an ensemble")
    add_json(parser, "print one JSON object per run")
    add_step(parser)
    add_runs(parser)


def calibrate(args: argparse.Namespace) -> None:
    """Fit temperature scaling and rejection thresholds on the validation split.

    `digitjax train` does this at its end.
    """
    import dataclasses

    from digitjax import runs
    from digitjax.model import calibrate as calibration

    prepare_jax()
    for run in runs.find_entry(args.run, args.runs).members():
        fitted = calibration.calibrate(run, args.step)
        fields = {"run": run.name, **dataclasses.asdict(fitted)}
        print(json.dumps(fields) if args.json else f"{run.name}: {calibration.describe(fitted)}")


def add_evaluate_pictures(subparsers: "Subparsers") -> None:
    """Add `evaluate-pictures`."""
    example = "digitjax evaluate-pictures my-digits --out my-scores"
    parser = add_command(subparsers, "evaluate-pictures", evaluate_pictures, example)
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="folder of the pictures and manifest.csv")
    add_model(parser)
    parser.add_argument(
        "--out",
        type=Path,
        metavar="DIR",
        help="write metrics.json, pictures.csv and errors.png to a folder",
    )
    add_json(parser)
    add_tta(parser)
    add_runs(parser)


def evaluate_pictures(args: argparse.Namespace) -> None:
    """Evaluate recognition on a folder of labeled pictures with a manifest.csv.

    The manifest has the columns file and label, and one row per picture.
    """
    from digitjax.recognition import recognizer, scoring
    from digitjax.visualization.contact_sheet import contact_sheet

    if args.out and args.out.exists() and not args.out.is_dir():
        raise InputError(f"{args.out} is not a folder: name one with --out")
    prepare_jax()
    result = scoring.evaluate_pictures(args.folder, recognizer.load(args.model, args.runs, args.tta))
    print(json.dumps(result.summary) if args.json else scoring.format_summary(result.summary))
    if args.out:
        args.out.mkdir(parents=True, exist_ok=True)
        scoring.write(result, args.out)
        contact_sheet(result).save(args.out / "errors.png")
        print(f"wrote metrics.json, pictures.csv and errors.png to {args.out}", file=sys.stderr)
