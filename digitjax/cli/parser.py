"""The arguments of every command; what each does is in `training`, `measuring`, `reading` and `shipping`."""

import argparse
from pathlib import Path
from typing import Any

from digitjax import __version__
from digitjax.cli import evaluate, export, reading, training

_RUNS = Path("runs")


def make_parser() -> argparse.ArgumentParser:
    """Return the parser, with the function that runs it in `command` and its own parser in `parser`."""
    parser = argparse.ArgumentParser(
        prog="digitjax", description="Digit recognition in JAX and Flax.", allow_abbrev=False
    )
    parser.add_argument("--version", action="version", version=f"digitjax {__version__}")
    subparsers = parser.add_subparsers(title="commands", required=True, metavar="COMMAND", dest="name")

    def add(name: str, command: Any, example: str, **options: Any) -> argparse.ArgumentParser:
        sub: argparse.ArgumentParser = subparsers.add_parser(
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

    def add_model(sub: argparse.ArgumentParser) -> None:
        sub.add_argument(
            "--model",
            metavar="RUN",
            help="name or path of a run, a group or an ensemble (default: handwriting, the model in the box)",
        )

    def add_step(sub: argparse.ArgumentParser) -> None:
        sub.add_argument(
            "--step", default="best", help="a step, latest, or best on the validation split (default: best)"
        )

    def add_split_and_step(sub: argparse.ArgumentParser) -> None:
        sub.add_argument(
            "--split", default="test", choices=("train", "validation", "test"), help="(default: test)"
        )
        add_step(sub)

    def add_views(sub: argparse.ArgumentParser) -> None:
        sub.add_argument(
            "--tta",
            default="none",
            choices=("none", "shifts"),
            help="test-time augmentation: none (default), or the mean over shifts of each image by a pixel",
        )

    def add_host(sub: argparse.ArgumentParser) -> None:
        sub.add_argument("--host", default="127.0.0.1", help="address to listen on (default: 127.0.0.1)")

    def add_dashboard(sub: argparse.ArgumentParser) -> None:
        add_host(sub)
        sub.add_argument("--port", type=int, default=8501, help="port to serve on (default: 8501)")
        sub.add_argument("--no-browser", action="store_true", help="do not open a browser")
        sub.add_argument(
            "--api", action="store_true", help="also answer what `digitjax serve` does, below /api"
        )

    sub = add("quickstart", training.quickstart, "digitjax quickstart --no-dashboard")
    sub.add_argument(
        "--no-dashboard", dest="dashboard", action="store_false", help="stop after the evaluation"
    )
    add_runs(sub)
    add_dashboard(sub)

    sub = add("train", training.train, "digitjax train mnist --optimizer.lr 1e-3 --name slow", add_help=False)
    sub.add_argument(
        "experiment", nargs="?", metavar="EXPERIMENT", help="a name, or the path of a .py or .json file"
    )
    sub.add_argument(
        "-h", "--help", action="store_true", help="with EXPERIMENT: list every field that can be changed"
    )
    sub.add_argument("--resume", action="store_true", help="continue the run of this name where it stopped")
    sub.add_argument("--overwrite", action="store_true", help="discard a run of this name first")
    sub.add_argument("--seeds", type=int, metavar="N", help="train N seeds, from --seed on, into one group")
    add_runs(sub)
    several = sub.add_argument_group(
        "several machines", "one process on each, all started with the same command but for --process"
    )
    several.add_argument(
        "--distributed",
        action="store_true",
        help="ask the cluster for all of this: Slurm, Open MPI, Cloud TPU",
    )
    several.add_argument(
        "--coordinator",
        metavar="HOST:PORT",
        help="where process 0 answers the others; any free port of its host",
    )
    several.add_argument("--processes", type=int, metavar="N", help="how many there are")
    several.add_argument("--process", type=int, metavar="I", help="which one this is, from 0")

    sub = add("sweep", training.sweep, "digitjax sweep cnn --trials 30")
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

    sub = add("runs", training.list_runs, "digitjax runs")
    sub.add_argument("--json", action="store_true", help="print JSON")
    sub.add_argument(
        "--markdown", action="store_true", help="print a table of the results in Markdown, by name"
    )
    add_runs(sub)

    sub = add("evaluate", evaluate.evaluate, "digitjax evaluate mnist --split test")
    sub.add_argument("run", metavar="RUN", help="name or path of a run, a group or an ensemble")
    add_split_and_step(sub)
    add_views(sub)
    sub.add_argument("--json", action="store_true", help="print JSON")
    add_runs(sub)

    sub.add_argument(
        "--robustness", action="store_true", help="also on corrupted pictures, and on drawings of no digit"
    )
    sub.add_argument("--attacks", action="store_true", help="--robustness, and against adversarial attacks")
    sub.add_argument(
        "--history", action="store_true", help="also with the weights kept by --training.keep-weights-every"
    )

    sub = add("compare", evaluate.compare, "digitjax compare lenet5 mnist")
    sub.add_argument("first", metavar="A", help="name or path of a run, an ensemble or a group")
    sub.add_argument("second", metavar="B", help="another of the same kind")
    add_split_and_step(sub)
    add_views(sub)
    sub.add_argument("--json", action="store_true", help="print JSON")
    add_runs(sub)

    sub = add("report", evaluate.report, "digitjax report mnist")
    sub.add_argument("run", metavar="RUN", help="name or path of a run")
    sub.add_argument("--out", type=Path, metavar="DIR", help="folder to write (default: report in the run)")
    add_split_and_step(sub)
    add_runs(sub)

    sub = add("ensemble", training.ensemble, "digitjax ensemble five mnist  # all seeds of the group mnist")
    sub.add_argument("ensemble", metavar="NAME", help="name of the new ensemble")
    sub.add_argument("members", nargs="+", metavar="MEMBER", help="name or path of a run, or of a group")
    sub.add_argument("--overwrite", action="store_true", help="discard an ensemble of this name first")
    add_runs(sub)

    sub = add("calibrate", evaluate.calibrate, "digitjax calibrate mnist")
    sub.add_argument("run", metavar="RUN", help="name or path of a run, a group or an ensemble")
    sub.add_argument("--json", action="store_true", help="print a JSON object a run")
    add_step(sub)
    add_runs(sub)

    sub = add("read", reading.read, "digitjax read photo.jpg --json")
    sub.add_argument(
        "pictures",
        nargs="*",
        metavar="PICTURE",
        help="picture files, and folders for all pictures below them",
    )
    sub.add_argument("--list", metavar="FILE", help="file with a PICTURE a line, - for standard input")
    sub.add_argument("--shard", metavar="I/N", help="only the Ith of N parts, such as 1/2 here and 2/2 there")
    sub.add_argument(
        "--out",
        type=Path,
        metavar="FILE",
        help="write the JSON objects there, and do not read again what it has",
    )
    add_model(sub)
    add_views(sub)
    sub.add_argument("--json", action="store_true", help="print one JSON object a picture")
    add_runs(sub)

    sub = add("reconstruct", evaluate.reconstruct, "digitjax reconstruct vae --out vae.png")
    sub.add_argument("run", metavar="RUN", help="name or path of a run of an autoencoder")
    sub.add_argument(
        "--out", type=Path, metavar="FILE", help="PNG to write (default: reconstructions.png in the run)"
    )
    add_split_and_step(sub)
    add_runs(sub)

    sub = add(
        "evaluate-pictures",
        evaluate.evaluate_pictures,
        "digitjax evaluate-pictures my-digits --out my-scores",
    )
    sub.add_argument("folder", type=Path, metavar="FOLDER", help="folder of the pictures and manifest.csv")
    add_model(sub)
    sub.add_argument(
        "--out", type=Path, metavar="DIR", help="write metrics.json, pictures.csv and mistakes.png there"
    )
    sub.add_argument("--json", action="store_true", help="print JSON")
    add_views(sub)
    add_runs(sub)

    sub = add("pack", training.pack, "digitjax pack mnist models/mnist")
    sub.add_argument("run", metavar="RUN", help="name or path of a run")
    sub.add_argument("folder", type=Path, metavar="FOLDER", help="folder to make")
    add_step(sub)
    add_runs(sub)

    sub = add("export", export.export, "digitjax export mnist --to onnx --out mnist.onnx")
    sub.add_argument("run", metavar="RUN", help="name or path of a run")
    formats = ("stablehlo", "onnx", "safetensors", "tensorboard")
    sub.add_argument("--to", required=True, choices=formats, help="format")
    sub.add_argument(
        "--out", type=Path, required=True, metavar="PATH", help="file to write, or folder of tensorboard"
    )
    sub.add_argument("--overwrite", action="store_true", help="replace an earlier export")
    add_step(sub)
    add_runs(sub)

    sub = add("dashboard", reading.dashboard, "digitjax dashboard --port 8600")
    add_runs(sub)
    add_dashboard(sub)

    sub = add("serve", reading.serve, "digitjax serve --port 8080")
    add_model(sub)
    add_views(sub)
    add_host(sub)
    sub.add_argument("--port", type=int, default=8000, help="port to serve on (default: 8000)")
    sub.add_argument(
        "--max-mb", type=int, default=60, metavar="N", help="megabytes of a request (default: 60)"
    )
    sub.add_argument(
        "--workers", type=int, default=1, metavar="N", help="processes that read side by side (default: 1)"
    )
    sub.add_argument(
        "--log", action="store_true", help="write a line of JSON for each request to standard error"
    )
    add_runs(sub)

    sub = add("bench", evaluate.bench, "digitjax bench training --rounds 7 --json bench.json")
    every = ("training", "inference", "speedrun", "scaling", "reading")
    sub.add_argument("suites", nargs="*", metavar="SUITE", default=every, help=f"some of {', '.join(every)}")
    sub.add_argument("--rounds", type=int, default=5, help="rounds of each suite (default: 5)")
    sub.add_argument("--json", type=Path, metavar="FILE", help="write everything that was measured to a file")

    data = subparsers.add_parser("data", help="Prepare data sets", description="Prepare data sets.")
    subparsers = data.add_subparsers(title="commands", required=True, metavar="COMMAND")
    sub = add("prepare", training.data_prepare, "digitjax data prepare mnist --manual-dir ~/mnist")
    names = ("digits", "mnist", "folder")
    sub.add_argument("dataset", metavar="NAME", choices=names, help=f"one of {', '.join(names)}")
    sub.add_argument("--folder", metavar="DIR", help="for folder: folder of your own pictures")
    sub.add_argument(
        "--manual-dir", metavar="DIR", help="folder with the official files, in place of a download"
    )
    return parser
