"""How far a training has come: one line that moves on a terminal, plain lines elsewhere."""

import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import TypeVar

T = TypeVar("T")


class Progress:
    """Reports on the standard error stream, since the standard output may be read by a program."""

    def __init__(self, steps: int, epochs: int, first_step: int = 0):
        self._stream = sys.stderr
        self._terminal = self._stream.isatty()
        self._steps, self._epochs, self._first = steps, epochs, first_step
        self._start = time.perf_counter()
        self._drawn = 0.0

    def step(self, epoch: int, step: int, metrics: Mapping[str, float], rate: float) -> None:
        """Redraw the moving line, at most ten times a second; `rate` is in images a second."""
        now = time.perf_counter()
        if not self._terminal or now - self._drawn < 0.1:
            return
        self._drawn = now
        left = (now - self._start) / max(1, step - self._first) * (self._steps - step)
        self._stream.write(
            f"\r\x1b[Kepoch {epoch}/{self._epochs}  step {step:,}/{self._steps:,}  {format_metrics(metrics)}  "
            f"{rate:,.0f} images/s  {left // 60:.0f}:{left % 60:02.0f} left"
        )
        self._stream.flush()

    def line(self, text: str) -> None:
        """Write a line that stays."""
        self._stream.write(("\r\x1b[K" if self._terminal else "") + text + "\n")
        self._stream.flush()


def format_metrics(metrics: Mapping[str, float]) -> str:
    """Write metrics with their names: accuracy in per cent, all others with four decimals."""
    return "  ".join(
        f"{name} {value:.2%}" if name == "accuracy" else f"{name} {value:.4f}"
        for name, value in metrics.items()
    )


def counted(items: Sequence[T], noun: str) -> Iterator[T]:
    """Yield the items, and count them on a line that moves and goes away; shows nothing without a terminal."""
    stream = sys.stderr
    drawn = 0.0
    try:
        for number, item in enumerate(items, 1):
            now = time.perf_counter()
            if stream.isatty() and now - drawn >= 0.1:
                drawn = now
                stream.write(f"\r\x1b[K{noun} {number:,}/{len(items):,}")
                stream.flush()
            yield item
    finally:
        if drawn:
            stream.write("\r\x1b[K")
            stream.flush()
