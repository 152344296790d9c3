"""The commands that manage runs: `runs`, `verify` and `ensemble`."""

import argparse
import json
import sys
from typing import TYPE_CHECKING, Any

from digitjax.cli.arguments import add_command, add_json, add_runs
from digitjax.cli.manage_runs import add_manage
from digitjax.errors import escape_control

if TYPE_CHECKING:
    from digitjax.cli.arguments import Subparsers


def add_list(subparsers: "Subparsers") -> None:
    """Add `runs`."""
    example = "digitjax runs --filter 'optimizer.lr>0.001 accuracy>=99% tag=baseline'"
    parser = add_command(subparsers, "runs", list_runs, example)
    add_json(parser)
    parser.add_argument(
        "--filter",
        default="",
        metavar="EXPR",
        help="list the runs that fulfil all of these: a word in the name, model, data, status, tags or note; or a "
        "condition with = != > < >= <= on a field of the config or on accuracy, error (test split), "
        "validation_accuracy, validation_error, status, tag, note, date, epoch, seconds, type",
    )
    parser.add_argument(
        "--markdown", action="store_true", help="print a table of the results in Markdown, sorted by name"
    )
    add_runs(parser)
    add_manage(parser)


def list_runs(args: argparse.Namespace) -> None:
    """List the runs, groups and ensembles of a folder, newest first, with any problems.

    The commands below rename, delete, restore, tag and note one of them.
    """
    import dataclasses

    from digitjax import runs
    from digitjax.runs import query

    summaries = {entry: runs.summarize(entry) for entry in runs.list_entries(args.runs)}
    if args.filter:
        fields = {entry.name: query.find_fields(entry, summary) for entry, summary in summaries.items()}
        selected = query.select(args.filter, fields)
        summaries = {entry: summary for entry, summary in summaries.items() if entry.name in selected}
    if args.markdown:
        from digitjax.visualization import table

        print(table.markdown(list(summaries)))
        return
    if args.json:
        print(json.dumps([dataclasses.asdict(summary) for summary in summaries.values()], indent=2))
        return
    if not summaries:
        print(f"no runs in {args.runs}" + f" for {args.filter}" * bool(args.filter))
    for summary in summaries.values():
        print(_format_summary(summary))


def _format_summary(summary: Any) -> str:
    """Format the summary of a run, a group or an ensemble as one line."""
    from digitjax.runs.seed_stats import format_metric

    def format_split(split: str) -> str:
        for metric in ("accuracy", "error"):
            value = getattr(summary, f"{split}_{metric}", None)
            if value is not None:
                return f"{split} {'error ' * (metric == 'error')}{format_metric(metric, value)}"
        return ""

    s = summary
    seconds = getattr(s.seconds, "mean", s.seconds) or 0.0
    tags = f"[{', '.join(s.tags)}] " if s.tags else ""
    return escape_control(
        f"{s.name:<24} {s.model:<8} {s.data:<8} {s.extent:<16} {format_split('validation'):<26} "
        f"{format_split('test'):<20} {seconds:>7.1f} s  {s.status:<8} {tags}{s.problem}".rstrip()
    )


def add_verify(subparsers: "Subparsers") -> None:
    """Add `verify`."""
    parser = add_command(subparsers, "verify", verify, "digitjax verify mnist")
    parser.add_argument("run", metavar="RUN", help="name or path of a run, a group or an ensemble")
    add_json(parser)
    add_runs(parser)


def verify(args: argparse.Namespace) -> None:
    """Verify every file of a run, and exit with code 1 if any was changed, lost or swapped.

    Prints a line for each problem.
    """
    from digitjax import runs
    from digitjax.evaluation.verify import verify as find_problems

    entry = runs.find_entry(args.run, args.runs, check=False)
    problems = find_problems(entry)
    if args.json:
        print(json.dumps({"run": entry.name, "problems": problems}))
    else:
        print("\n".join(problems) or f"{entry.path}: every file is as it was written")
    if problems:
        sys.exit(1)


def add_ensemble(subparsers: "Subparsers") -> None:
    """Add `ensemble`."""
    example = "digitjax ensemble five mnist  # all seeds of the group mnist"
    parser = add_command(subparsers, "ensemble", ensemble, example)
    parser.add_argument("ensemble", metavar="NAME", help="name of the new ensemble")
    parser.add_argument("members", nargs="+", metavar="MEMBER", help="name or path of a run, or of a group")
    parser.add_argument("--overwrite", action="store_true", help="replace an ensemble of this name")
    add_runs(parser)


def ensemble(args: argparse.Namespace) -> None:
    """Create an ensemble of runs, which predicts the mean of their probabilities.

    A group stands for all its seeds.
    """
    from digitjax import runs

    members = [run for name in args.members for run in runs.find_entry(name, args.runs).members()]
    created = runs.create_ensemble(args.ensemble, members, args.runs, overwrite=args.overwrite)
    print(f"{created.path}: {len(members)} runs", file=sys.stderr)
