"""Progress: one line that is redrawn on a terminal, plain lines elsewhere."""

import io
import sys

import pytest

from digitjax.progress import PictureCount, Progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_on_a_terminal_the_status_line_is_redrawn_with_the_time_left(monkeypatch: pytest.MonkeyPatch):
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


def test_elsewhere_only_plain_lines_are_printed(monkeypatch: pytest.MonkeyPatch):
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    progress = Progress(steps=1000, epochs=10)
    progress.step(1, 100, {"loss": 0.5, "accuracy": 0.9}, 12345.0)
    progress.line("epoch 1")
    assert stream.getvalue() == "epoch 1\n"


def test_pictures_are_counted_on_a_terminal_only(monkeypatch: pytest.MonkeyPatch):
    for stream, expected in (
        (Terminal(), "\r\x1b[K0/3 pictures\r\x1b[Kleft out one\n\r\x1b[K"),  # too fast for a second count
        (io.StringIO(), "left out one\n"),
    ):
        monkeypatch.setattr(sys, "stderr", stream)
        progress = PictureCount()
        seen = []
        for item in progress.over("abc"):
            seen.append(item)
            if item == "b":
                progress.line("left out one")
        assert seen == ["a", "b", "c"]
        assert stream.getvalue() == expected


def test_pictures_of_an_unknown_number_are_counted_too(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sys, "stderr", Terminal())
    assert list(PictureCount().over(iter("abc"))) == ["a", "b", "c"]
    assert sys.stderr.getvalue() == "\r\x1b[K0 pictures\r\x1b[K"
