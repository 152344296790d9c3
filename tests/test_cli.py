"""The command line: help, output, and what the commands do together."""

import contextlib
import gc
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from digitjax import cli
from digitjax.model.tta import TRANSFORMS
from digitjax.runs import Run
from tests.processes import run_cli
from tests.recognition.drawing import digit_picture


def test_help_imports_nothing_heavy():
    code = "import sys; from digitjax.cli import main; main()"
    script = (
        f"import atexit, sys; atexit.register(lambda: print(*sys.modules)); sys.argv[1:] = ['--help']; {code}"
    )
    printed = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    ).stdout
    assert "quickstart" in printed
    loaded = set(printed.splitlines()[-1].split())
    assert not loaded & {"jax", "numpy", "flax", "pydantic", "tyro", "PIL", "tensorflow_datasets"}


@pytest.mark.parametrize(
    "command",
    [
        "quickstart",
        "train",
        "sweep",
        "adapt",
        "runs",
        "evaluate",
        "compare",
        "report",
        "ensemble",
        "calibrate",
        "read",
        "reconstruct",
        "evaluate-pictures",
        "pack",
        "export",
        "dashboard",
        "serve",
        "bench",
        "data prepare",
    ],
)
def test_every_command_has_help_with_an_example(command: str, capsys: pytest.CaptureFixture[str]):
    with contextlib.suppress(SystemExit):
        cli.main([*command.split(), "--help"])
    assert f"example: digitjax {command}" in capsys.readouterr().out


def test_every_kind_of_test_time_augmentation_is_an_option(capsys: pytest.CaptureFixture[str]):
    with contextlib.suppress(SystemExit):
        cli.main(["evaluate", "--help"])
    assert f"{{{','.join(TRANSFORMS)}}}" in capsys.readouterr().out


def test_train_help_lists_the_fields_of_the_experiment(capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit):
        cli.main(["train", "digits", "--help"])
    assert "--optimizer.lr" in capsys.readouterr().out


def test_results_are_printed_for_people(tiny_run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    runs = ["--runs", str(tiny_run.path.parent)]
    cli.main(["evaluate", "tiny", *runs])
    assert "accuracy" in capsys.readouterr().out
    cli.main(["runs", *runs])
    assert capsys.readouterr().out.startswith("tiny  ")

    good, bad = tmp_path / "two.png", tmp_path / "bad.png"
    Image.fromarray(digit_picture(0, count=2)).save(good)
    bad.write_bytes(b"not a picture")
    with pytest.raises(SystemExit) as stop:
        cli.main(["read", str(good), str(bad), *runs])
    assert stop.value.code == 2
    printed = capsys.readouterr()
    assert printed.out.startswith(f"{good}: ")
    assert printed.err.startswith(f"digitjax: error: {bad}: it is not a picture")


@pytest.mark.long
def test_two_runs_are_compared_and_a_history_is_evaluated(
    tiny_run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    runs = str(tmp_path)
    small = ["--model.channels", "4", "8", "--training.epochs", "2", "--training.keep-weights-every", "1"]
    for seed in ("1", "2"):
        cli.main(["train", "digits", "--runs", runs, "--name", f"seed{seed}", "--seed", seed, *small])
    cli.main(["compare", "seed1", "seed2", "--runs", runs])
    assert "McNemar's exact test" in capsys.readouterr().out
    cli.main(["compare", "seed1", "seed2", "--runs", runs, "--json"])
    assert json.loads(capsys.readouterr().out)["examples"] == 360
    cli.main(["evaluate", "seed1", "--runs", runs, "--history", "--attacks"])
    output = capsys.readouterr().out
    assert re.search(r"^ +2 +[\d.]+%", output, re.MULTILINE)  # the second epoch
    assert "zigzag" in output
    assert "pgd" in output.lower()
    cli.main(["report", "seed1", "--runs", runs])
    html = Path(capsys.readouterr().out.strip()).read_text()
    assert 'class="gap"' not in html
    assert "largest change of ink" in html
    with pytest.raises(SystemExit):
        cli.main(["evaluate", str(tiny_run.path), "--history", "--runs", runs])
    assert "--training.keep-weights-every" in capsys.readouterr().err


def test_garbage_collection_resumes_after_the_start(tmp_path: Path):
    with pytest.raises(SystemExit):
        cli.main(["read", "one.png", "--model", "none", "--runs", str(tmp_path)])
    assert gc.isenabled()


def test_an_autoencoder_is_evaluated_listed_and_drawn_but_cannot_read(
    tiny_vae: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    shutil.copytree(tiny_vae.path, tmp_path / "vae")

    def run(*arguments: str) -> str:
        capsys.readouterr()
        cli.main([*arguments, "--runs", str(tmp_path)])
        return capsys.readouterr().out

    def refused(*arguments: str) -> str:
        with pytest.raises(SystemExit) as stop:
            run(*arguments)
        assert stop.value.code == 2
        return capsys.readouterr().err

    error = json.loads(run("evaluate", "vae", "--json"))["error"]
    assert run("evaluate", "vae").splitlines()[2].startswith(f"error       {error:.5f}")
    assert f"test error {error:.5f}" in run("runs")
    picture = tmp_path / "vae" / "reconstructions.png"
    assert (
        run("reconstruct", "vae", "--split", "validation") == f"vae, validation split, step 21: {picture}\n"
    )
    with Image.open(picture) as image:
        assert image.format == "PNG"
    for out in ("a.jpg", "nowhere/a.png"):
        assert f"{out}: name a file that ends in .png" in refused("reconstruct", "vae", "--out", out)
    assert "its vae is not a classifier: name a run" in refused("read", "a.png", "--model", "vae")


def test_from_seeds_to_an_ensemble(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    """Train a group, make an ensemble of it, and evaluate and read with both, with and without tta."""

    def run(*arguments: str) -> str:
        cli.main([*arguments, "--runs", str(tmp_path)])
        return capsys.readouterr().out

    run("train", "digits", "--name", "g", "--seeds", "2", "--training.epochs", "1", "--model.channels", "4")
    group = json.loads(run("evaluate", "g", "--json"))
    assert [member["name"] for member in group["members"]] == ["g/seed-0", "g/seed-1"]
    assert "accuracy   " in run("evaluate", "g/seed-1")
    run("ensemble", "e", "g")
    assert json.loads(run("evaluate", "e", "--json"))["steps"] == {"g/seed-0": 21, "g/seed-1": 21}
    shifted = run("evaluate", "e", "--tta", "shifts")
    assert shifted.startswith("e, test split, step best, tta shifts\n")
    assert (tmp_path / "e/evaluation/test@best+shifts/predictions.npz").is_file()

    listed = {entry["name"]: entry for entry in json.loads(run("runs", "--json"))}
    assert listed["g"]["test_accuracy"] == group["accuracy"]
    assert [member["name"] for member in listed["g"]["members"]] == ["g/seed-0", "g/seed-1"]
    assert (listed["e"]["kind"], listed["e"]["members"]) == ("ensemble", ["g/seed-0", "g/seed-1"])
    lines = run("runs").splitlines()
    assert [re.split(r"  +", line)[0].split()[0] for line in lines] == ["e", "g"]
    assert re.search(r"cnn +digits +2 seeds +validation .*% ± .* test .*% ± ", lines[1])
    assert "| `g`, 2 seeds | cnn |" in run("runs", "--markdown")

    picture = tmp_path / "one.png"
    Image.fromarray(digit_picture(0)).save(picture)
    for model in ("e", "g"):
        digits = json.loads(run("read", str(picture), "--json", "--model", model))["digits"]
        augmented = json.loads(run("read", str(picture), "--json", "--model", model, "--tta", "shifts"))[
            "digits"
        ]
        assert digits[0]["probabilities"] != augmented[0]["probabilities"]


def test_a_folder_of_pictures_is_evaluated(tiny_run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    folder, out = tmp_path / "mine", tmp_path / "scores" / "new"
    folder.mkdir()
    command = ["evaluate-pictures", str(folder), "--model", str(tiny_run.path), "--out", str(out)]
    with pytest.raises(SystemExit) as stop:
        cli.main(command)
    assert stop.value.code == 2
    assert "manifest.csv: No such file or directory" in capsys.readouterr().err
    assert not out.exists()

    Image.fromarray(digit_picture(0)).save(folder / "zero.png")
    (folder / "bad.png").write_bytes(b"not a picture")
    (folder / "manifest.csv").write_text("file,label\nzero.png,0\nbad.png,1\n")
    cli.main([*command, "--json"])
    summary = json.loads(capsys.readouterr().out)
    assert (summary["model"], summary["singles"]["pictures"]) == ("tiny", 2)
    assert list(summary["unreadable"]) == ["bad.png"]
    assert {path.name for path in out.iterdir()} == {"metrics.json", "pictures.csv", "errors.png"}
    assert json.loads((out / "metrics.json").read_text()) == summary
    cli.main(command)
    assert capsys.readouterr().out.startswith("tiny on 2 pictures")


def test_an_interrupted_training_says_how_to_resume(tmp_path: Path):
    command = [
        sys.executable,
        "-m",
        "digitjax",
        "train",
        "digits",
        "--training.epochs",
        "500",
        "--runs",
        str(tmp_path),
    ]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    assert process.stderr.readline().startswith("epoch 1")
    process.terminate()
    lines = process.stderr.read().splitlines()
    process.stderr.close()
    assert process.wait(60) == 128 + 15
    assert re.fullmatch(r"digitjax: .*digits: stopped at step .*: continue it with --resume", lines[-1])
    assert json.loads(run_cli("runs", "--json", "--runs", str(tmp_path)).stdout)[0]["problem"].startswith(
        "not finished"
    )


def test_the_python_interface_does_what_the_commands_do(tiny_run: Run):
    import digitjax

    assert digitjax.evaluate(tiny_run).split == "test"
    assert len(digitjax.load(tiny_run.path).read(np.full((40, 40), 255, np.uint8)).digits) == 0
    with pytest.raises(AttributeError, match="no attribute 'fly'"):
        digitjax.fly  # noqa: B018
