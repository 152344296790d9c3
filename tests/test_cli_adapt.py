"""`digitjax adapt`: from a folder of one's own digits to a run that reads, without MNIST."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from digitjax import cli
from digitjax.data.hands import draw_hand, write_digit


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """A folder with a picture of each digit, in a sub-folder for each."""
    rng = np.random.default_rng(1030)
    hand = draw_hand(rng)
    for digit in range(10):
        folder = tmp_path / "pictures" / str(digit)
        folder.mkdir(parents=True)
        strokes = write_digit(hand, digit, rng)
        Image.fromarray(np.rint(250 - 230 * strokes).astype(np.uint8)).save(folder / "a.png")
    return tmp_path / "pictures"


def test_a_folder_becomes_a_run_that_every_command_takes(
    pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setenv("DIGITJAX_CACHE", str(tmp_path / "cache"))  # without MNIST

    def run(*arguments: str) -> str:
        cli.main([*arguments, "--runs", str(tmp_path / "runs")])
        return capsys.readouterr().out

    result = json.loads(run("adapt", str(pictures), "--name", "mine", "--json"))
    assert result["kept"]
    assert result["person"]["digits"] == 10
    assert result["reference"]["errors_after"] <= result["reference"]["errors_before"] + 2
    assert result["validation"] is None
    assert "every file is as it was written" in run("verify", "mine")
    assert json.loads(run("runs", "--json"))[0]["problem"] == ""
    assert "epoch" not in run("runs")  # of which an adaptation has none
    assert run("read", str(pictures / "3" / "a.png"), "--model", "mine").strip().endswith("3")


def test_a_folder_that_is_none_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit) as stop:
        cli.main(["adapt", str(tmp_path / "none"), "--name", "mine", "--runs", str(tmp_path)])
    assert stop.value.code == 2
    assert "there is no folder" in capsys.readouterr().err
