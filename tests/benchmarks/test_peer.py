"""Digitjax and a peer read one folder; here the peer is a stub."""

import json
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest
from PIL import Image

from digitjax import cli
from digitjax.benchmarks import peer, reading


class StubOCR:
    """Finds two pieces in a picture of several digits, nothing in another, and refuses a third."""

    def __init__(self, params: dict[str, Any]):
        assert params == {"Global.log_level": "error"}

    def __call__(self, path: Path, use_det: bool, use_cls: bool) -> SimpleNamespace:
        if path.stem == "refused":
            raise ValueError("unknown mode")
        if not use_det:
            return SimpleNamespace(txts=("7",))
        if path.stem == "single":
            return SimpleNamespace(boxes=None, txts=None)
        return SimpleNamespace(boxes=boxes((50, 2, 90, 30), (0, 0, 40, 30)), txts=("2B", "1 "))


def boxes(*corners: tuple[int, int, int, int]) -> np.ndarray:
    """Return the four corners of boxes given by left, top, right and bottom."""
    return np.array([[(x0, y0), (x1, y0), (x1, y1), (x0, y1)] for x0, y0, x1, y1 in corners])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "manifest.csv").write_text("file,label\nsingle.png,7\nstring.png,123\nrefused.png,7\n")
    for name in ("single", "refused"):
        Image.fromarray(reading.draw_digit(28)).save(tmp_path / f"{name}.png")
    Image.fromarray(reading.draw_photo(400, 200, ["123"])).save(tmp_path / "string.png")
    return tmp_path


def install(monkeypatch: pytest.MonkeyPatch, ocr: type | None) -> None:
    module = ModuleType("rapidocr")
    module.RapidOCR = ocr  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "rapidocr", module if ocr else None)


def test_both_read_the_folder(folder: Path, monkeypatch, capsys):
    install(monkeypatch, StubOCR)
    cli.main(["bench", "reading", "--folder", str(folder), "--json", str(folder / "scores.json")])
    title, _, _, *rows = capsys.readouterr().out.splitlines()
    assert title == f"3 pictures of {folder}"
    ours, theirs = (" ".join(row.split()) for row in rows)
    assert ours.startswith("digitjax 2 of 2 (100.0%) 1 of 1 (100.0%) 0 of 3 (0.0%) 0 ")
    assert theirs.startswith("rapidocr 1 of 2 (50.0%) 0 of 1 (0.0%) 1 of 3 (33.3%) 1 ")
    readers = json.loads((folder / "scores.json").read_text())["readers"]
    assert [reader["model"] for reader in readers] == ["digitjax", "rapidocr"]
    assert all(0 < reader["ms"]["p50"] <= reader["ms"]["p90"] for reader in readers)
    assert readers[1]["unreadable"] == {"refused.png": "ValueError: unknown mode"}


def test_without_the_peer_one_line_names_the_extra(folder: Path, monkeypatch, capsys):
    install(monkeypatch, None)
    (folder / "manifest.csv").write_text("file,label\nsingle.png,7\n")
    cli.main(["bench", "reading", "--folder", str(folder)])
    *_, ours, missing = capsys.readouterr().out.splitlines()
    assert ours.split()[:6] == ["digitjax", "1", "of", "1", "(100.0%)", "-"]
    assert missing == "rapidocr is not installed, to compare with it: pip install 'digitjax[bench]'"


def test_other_suites_take_no_folder(folder: Path, capsys):
    with pytest.raises(SystemExit):
        cli.main(["bench", "reading", "scaling", "--folder", str(folder)])
    assert "--folder is for the suite reading alone" in capsys.readouterr().err


def test_pieces_are_joined_to_lines_from_the_top():
    pieces = boxes((60, 100, 90, 130), (50, 5, 90, 35), (0, 105, 50, 140), (0, 0, 40, 30), (0, 200, 9, 220))
    assert peer.join_lines(pieces, ["4", "2", "o3", "1", "none"]) == ["12", "34"]
    assert peer.join_lines(boxes((0, 0, 9, 9)), ["²٣7"]) == ["7"]  # ASCII alone
