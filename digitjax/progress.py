"""Progress of long work: one line that is redrawn on a terminal, plain lines elsewhere."""

import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sized
from typing import TypeVar

T = TypeVar("T")


class _StatusLine:
    """A line that is redrawn on standard error, since a program may read the standard output."""

    def __init__(self, shown: bool = True) -> None:
        self._stream = sys.stderr
        self._shown = shown
        self._terminal = shown and self._stream.isatty()
        self._drawn = 0.0

    def line(self, text: str) -> None:
        """Print a line that stays."""
        if not self._shown:
            return
        self._clear()
        self._stream.write(text + "\n")
        self._stream.flush()

    def _clear(self) -> None:
        """Erase the status line."""
        if self._terminal:
            self._stream.write("\r\x1b[K")
            self._stream.flush()

    def _draw(self, text: str) -> None:
        """Redraw the status line, at most ten times a second."""
        now = time.perf_counter()
        if self._terminal and now - self._drawn >= 0.1:
            self._drawn = now
            self._stream.write(f"\r\x1b[K{text}")
            self._stream.flush()


class Progress(_StatusLine):
    """The progress of a training."""

    def __init__(self, steps: int, epochs: int, first_step: int = 0, shown: bool = True):
        """Start the clock.

        Args:
            steps: number of steps of the whole training.
            epochs: number of its epochs.
            first_step: number of steps that were taken before.
            shown: whether anything is printed: of several processes one prints.
        """
        super().__init__(shown)
        self._steps, self._epochs, self._first = steps, epochs, first_step
        self._start = time.perf_counter()

    def step(self, epoch: int, step: int, metrics: Mapping[str, float], rate: float) -> None:
        """Show the metrics of a step, and the time that is left.

        Args:
            epoch: number of the epoch, from 1.
            step: number of steps that were taken.
            metrics: metrics of the last of them.
            rate: images per second.
        """
        elapsed = time.perf_counter() - self._start
        left = elapsed / max(1, step - self._first) * (self._steps - step)
        self._draw(
            f"epoch {epoch}/{self._epochs}  step {step:,}/{self._steps:,}  {format_metrics(metrics)}  "
            f"{rate:,.0f} images/s  {left // 60:.0f}:{left % 60:02.0f} left"
        )


class PictureCount(_StatusLine):
    """The number of pictures that are processed."""

    def over(self, items: Iterable[T]) -> Iterator[T]:
        """Yield the items one by one; the status line is erased at the end."""
        total = f"/{len(items):,}" if isinstance(items, Sized) else ""
        try:
            for done, item in enumerate(items):
                self._draw(f"{done:,}{total} pictures")
                yield item
        finally:
            self._clear()


class Status(_StatusLine):
    """A description of what runs at the moment, on a terminal alone; use it in a `with` statement."""

    def __call__(self, text: str) -> None:
        """Show a text instead of the one before."""
        self._draw(text)

    def __enter__(self) -> "Status":
        return self

    def __exit__(self, *error: object) -> None:
        self._clear()


def format_metrics(metrics: Mapping[str, float]) -> str:
    """Return metrics with their names: accuracy in per cent, all others with four decimals."""
    return "  ".join(
        f"{name} {value:.2%}" if name == "accuracy" else f"{name} {value:.4f}"
        for name, value in metrics.items()
    )
