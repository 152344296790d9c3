"""Progress: one moving line on a terminal, nothing that moves elsewhere."""

import io
import sys

import pytest

from digitjax.progress import Progress, counted


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_on_a_terminal_the_line_moves_and_says_what_is_left(monkeypatch: pytest.MonkeyPatch):
    stream = Terminal()
    monkeypatch.setattr(sys, "stderr", stream)
    progress = Progress(steps=1000, epochs=10)
    progress.step(1, 100, {"loss": 0.5, "accuracy": 0.9}, 12345.0)
    progress.step(1, 101, {"loss": 0.4, "accuracy": 0.9}, 12345.0)  # too soon to be drawn
    progress.line("epoch 1")
    drawn = stream.getvalue().split("\r\x1b[K")
    assert len(drawn) == 3
    assert drawn[1].startswith(
        "epoch 1/10  step 100/1,000  loss 0.5000  accuracy 90.00%  12,345 images/s  0:0"
    )
    assert drawn[1].endswith("left")
    assert drawn[2] == "epoch 1\n"


def test_elsewhere_only_lines_are_written(monkeypatch: pytest.MonkeyPatch):
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    progress = Progress(steps=1000, epochs=10)
    progress.step(1, 100, {"loss": 0.5, "accuracy": 0.9}, 12345.0)
    progress.line("epoch 1")
    assert stream.getvalue() == "epoch 1\n"


def test_counting_shows_a_line_on_a_terminal_and_takes_it_away(monkeypatch: pytest.MonkeyPatch):
    stream = Terminal()
    monkeypatch.setattr(sys, "stderr", stream)
    assert list(counted([7, 8, 9], "picture")) == [7, 8, 9]  # too fast for a second line
    assert stream.getvalue() == "\r\x1b[Kpicture 1/3\r\x1b[K"


def test_counting_shows_nothing_elsewhere(monkeypatch: pytest.MonkeyPatch):
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    assert list(counted("ab", "letter")) == ["a", "b"]
    assert not stream.getvalue()
