"""How far long work has come: one line that moves on a terminal, plain lines elsewhere."""

import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sized
from typing import TypeVar

T = TypeVar("T")


class _MovingLine:
    """Writes to the standard error stream, since the standard output may be read by a program."""

    def __init__(self, shown: bool = True) -> None:
        self._stream = sys.stderr
        self._shown = shown
        self._terminal = shown and self._stream.isatty()
        self._drawn = 0.0

    def line(self, text: str) -> None:
        """Write a line that stays."""
        if not self._shown:
            return
        self._clear()
        self._stream.write(text + "\n")
        self._stream.flush()

    def _clear(self) -> None:
        """Take the moving line away."""
        if self._terminal:
            self._stream.write("\r\x1b[K")
            self._stream.flush()

    def _draw(self, text: str) -> None:
        """Redraw the moving line, at most ten times a second."""
        now = time.perf_counter()
        if self._terminal and now - self._drawn >= 0.1:
            self._drawn = now
            self._stream.write(f"\r\x1b[K{text}")
            self._stream.flush()


class Progress(_MovingLine):
    """How far a training has come; it may be left unsaid, where another process says it."""

    def __init__(self, steps: int, epochs: int, first_step: int = 0, shown: bool = True):
        super().__init__(shown)
        self._steps, self._epochs, self._first = steps, epochs, first_step
        self._start = time.perf_counter()

    def step(self, epoch: int, step: int, metrics: Mapping[str, float], rate: float) -> None:
        """Say what a step has reached; `rate` is in images a second."""
        elapsed = time.perf_counter() - self._start
        left = elapsed / max(1, step - self._first) * (self._steps - step)
        self._draw(
            f"epoch {epoch}/{self._epochs}  step {step:,}/{self._steps:,}  {format_metrics(metrics)}  "
            f"{rate:,.0f} images/s  {left // 60:.0f}:{left % 60:02.0f} left"
        )


class PictureCount(_MovingLine):
    """How many of some pictures are done."""

    def over(self, items: Iterable[T]) -> Iterator[T]:
        """Yield the items one by one; the moving line goes away in the end."""
        of_all = f"/{len(items):,}" if isinstance(items, Sized) else ""
        try:
            for done, item in enumerate(items):
                self._draw(f"{done:,}{of_all} pictures")
                yield item
        finally:
            self._clear()


class Status(_MovingLine):
    """What is being done just now; elsewhere than on a terminal, nothing. To be used with `with`."""

    def __call__(self, text: str) -> None:
        """Say it, in place of what was said before."""
        self._draw(text)

    def __enter__(self) -> "Status":
        return self

    def __exit__(self, *error: object) -> None:
        self._clear()


def format_metrics(metrics: Mapping[str, float]) -> str:
    """Write metrics with their names: accuracy in per cent, all others with four decimals."""
    return "  ".join(
        f"{name} {value:.2%}" if name == "accuracy" else f"{name} {value:.4f}"
        for name, value in metrics.items()
    )
