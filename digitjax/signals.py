"""Signals that end the process, or that are handled at a safe point."""

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

TYPE_CHECKING = False  # as in `typing`: nothing that takes long stands before the handler of the command line
if TYPE_CHECKING:
    from typing import Any, NoReturn

_clean_ups: list[Callable[[], object]] = []
"""What is left to do where the process ends now, the latest last."""


def exit_on_interrupt() -> None:
    """From here on, end the process with code 130 on SIGINT, unless whoever started it ignores that.

    Python raises `KeyboardInterrupt` instead, wherever the main thread happens to be: callbacks swallow it, as JAX has
    them, and extension modules abort while they are imported.
    """
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
        signal.signal(signal.SIGINT, _exit)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})  # see `hold_interrupts`


def hold_interrupts() -> None:
    """Block SIGINT before this process is replaced by another one, which calls `exit_on_interrupt`."""
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})


def _exit(number: int, frame: "Any") -> "NoReturn":
    for clean_up in reversed(_clean_ups):
        with suppress(Exception):  # it may have been in the middle of it
            clean_up()
    os._exit(128 + number)


@contextmanager
def cleaning_up(clean_up: Callable[[], object]) -> Iterator[None]:
    """Call a function when a `with` block ends, and also where SIGINT ends the process in it."""
    _clean_ups.append(clean_up)
    try:
        yield
    finally:
        clean_up()
        _clean_ups.remove(clean_up)


@contextmanager
def catch_signals() -> Iterator[list[int]]:
    """Collect SIGINT and SIGTERM in a list, for a loop to stop at a safe point; a second one is not caught."""
    received: list[int] = []

    def receive(number: int, frame: "Any") -> None:
        received.append(number)
        signal.signal(number, before[number])

    before: dict[int, Any] = {n: signal.signal(n, receive) for n in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield received
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def starting_processes() -> Iterator[None]:
    """Block SIGINT in the processes that multiprocessing starts in a `with` block: whoever started them ends them.

    Ctrl-C reaches all processes of a terminal, and Python would print a traceback for each.
    """
    from multiprocessing import resource_tracker

    resource_tracker.ensure_running()  # which unblocks SIGINT when it starts
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
