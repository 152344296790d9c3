"""The commands below `digitjax runs`: `rename`, `delete`, `restore`, `tag` and `note`."""

import argparse
import shlex
import sys
from typing import TYPE_CHECKING, Any

from digitjax.cli.arguments import add_command, add_runs

if TYPE_CHECKING:
    from digitjax.cli.arguments import Subparsers


def add_manage(parser: argparse.ArgumentParser) -> None:
    """Add the commands below `runs` to its parser."""
    subparsers = parser.add_subparsers(title="commands", metavar="COMMAND")
    for add in (_add_rename, _add_delete, _add_restore, _add_tag, _add_note):
        # What is given before the command must not be replaced by a default after it.
        add_runs(add(subparsers), default=argparse.SUPPRESS)


def _add_rename(subparsers: "Subparsers") -> argparse.ArgumentParser:
    parser = add_command(subparsers, "rename", rename, "digitjax runs rename mnist baseline")
    _add_run(parser)
    parser.add_argument("new", metavar="NAME", help="its new name")
    return parser


def rename(args: argparse.Namespace) -> None:
    """Rename a run, a group or an ensemble.

    Ensembles in the same folder that have it as a member are updated.
    """
    from digitjax.runs import manage

    print(f"{manage.rename(_find(args), args.new).path}", file=sys.stderr)


def _add_delete(subparsers: "Subparsers") -> argparse.ArgumentParser:
    parser = add_command(subparsers, "delete", delete, "digitjax runs delete mnist")
    _add_run(parser)
    return parser


def delete(args: argparse.Namespace) -> None:
    """Move a run, a group or an ensemble into the trash of its folder.

    Delete the folder `.trash` in the folder of the runs to free its space.
    """
    from digitjax.runs import manage

    deleted = manage.delete(_find(args))
    undo = shlex.join(["digitjax", "runs", "restore", deleted.name, "--runs", str(deleted.folder)])
    print(f"{deleted.path}: undo with `{undo}`", file=sys.stderr)


def _add_restore(subparsers: "Subparsers") -> argparse.ArgumentParser:
    parser = add_command(subparsers, "restore", restore, "digitjax runs restore mnist")
    parser.add_argument("run", nargs="?", metavar="RUN", help="name that it had; without, all are listed")
    return parser


def restore(args: argparse.Namespace) -> None:
    """Restore a deleted run, group or ensemble; without a name, list what can be restored."""
    from datetime import datetime

    from digitjax.runs import manage

    if args.run is None:
        for deleted in manage.list_deleted(args.runs):
            print(f"{deleted.name:<24} deleted {datetime.fromtimestamp(deleted.deleted):%Y-%m-%d %H:%M}")
        return
    print(f"{manage.restore(manage.find_deleted(args.run, args.runs)).path}", file=sys.stderr)


def _add_tag(subparsers: "Subparsers") -> argparse.ArgumentParser:
    parser = add_command(subparsers, "tag", tag, "digitjax runs tag mnist baseline")
    _add_run(parser)
    parser.add_argument("tags", nargs="+", metavar="TAG", help="tags to add")
    parser.add_argument("--remove", action="store_true", help="remove these tags instead")
    return parser


def tag(args: argparse.Namespace) -> None:
    """Tag a run, a group or an ensemble, or remove tags."""
    from digitjax.runs import annotations

    path = _find_own(args).path
    known = annotations.read(path)
    kept = [name for name in known.tags if name not in args.tags]
    tags = kept if args.remove else [*kept, *dict.fromkeys(args.tags)]
    annotations.write(path, annotations.create(tags, known.note))


def _add_note(subparsers: "Subparsers") -> argparse.ArgumentParser:
    parser = add_command(subparsers, "note", note, "digitjax runs note mnist 'first with dropout'")
    _add_run(parser)
    parser.add_argument("text", metavar="TEXT", help="the note; empty to delete it")
    return parser


def note(args: argparse.Namespace) -> None:
    """Replace the note of a run, a group or an ensemble."""
    from digitjax.runs import annotations

    path = _find_own(args).path
    annotations.write(path, annotations.create(annotations.read(path).tags, args.text))


def _add_run(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("run", metavar="RUN", help="name or path of a run, a group or an ensemble")


def _find(args: argparse.Namespace) -> Any:
    from digitjax import runs

    return runs.find_entry(args.run, args.runs, check=False)


def _find_own(args: argparse.Namespace) -> Any:
    from digitjax.runs import manage

    entry = _find(args)
    manage.require_own(entry)
    return entry
