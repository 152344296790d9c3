"""Slow results that are prepared in the background, and a progress bar for who waits for one."""

import logging
import threading
import time
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from typing import Generic, TypeVar

import streamlit as st

T = TypeVar("T")
_PATIENCE = 0.3  # seconds before the progress bar is shown
_REFRESH_SECONDS = 0.2
# Streamlit warns of cached functions in threads that belong to no session, as these do on purpose.
logging.getLogger("streamlit.runtime.scriptrunner_utils.script_run_context").setLevel(logging.ERROR)


class Preparation(Generic[T]):
    """A result that a thread computes."""

    def __init__(self, compute: Callable[[], T]):
        """Start the thread, which the process waits for at its end, since a compilation that is broken off aborts it.

        Args:
            compute: returns the result.
        """
        self._compute = compute
        self._future: Future[T] = Future()
        self._start = time.monotonic()
        threading.Thread(target=self._run, daemon=False).start()  # those of sessions are daemons

    @property
    def failed(self) -> bool:
        """Whether it has raised an exception."""
        return self._future.done() and self._future.exception() is not None

    @property
    def seconds(self) -> float:
        """Seconds since its start."""
        return time.monotonic() - self._start

    def result(self, timeout: float | None = None) -> T:
        """Return the result.

        Args:
            timeout: seconds to wait for it at most.

        Raises:
            TimeoutError: it is not there yet.
            Exception: what the computation raised.
        """
        return self._future.result(timeout)

    def _run(self) -> None:
        try:
            self._future.set_result(self._compute())
        except Exception as error:
            self._future.set_exception(error)


@st.cache_resource(max_entries=8, show_spinner=False)
def _find_preparation(key: Hashable, _compute: Callable[[], T]) -> Preparation[T]:
    return Preparation(_compute)


def import_modules() -> None:
    """Import what the pages of models need: JAX, scikit-learn and Altair, in some seconds."""
    from parts import confusion, embedding_map  # noqa: F401


def prepare(key: Hashable, compute: Callable[[], T]) -> Preparation[T]:
    """Begin to compute a result in the background, once for all sessions, and again after a failure.

    Args:
        key: of the result.
        compute: returns it.

    Returns:
        The preparation, which may be finished.
    """
    preparation = _find_preparation(key, compute)
    if preparation.failed:
        _find_preparation.clear(key, compute)
        preparation = _find_preparation(key, compute)
    return preparation


def wait_for(key: Hashable, label: str, seconds: float, compute: Callable[[], T]) -> T:
    """Return a result that is prepared in the background, and show a progress bar until it is there.

    Args:
        key: of the result.
        label: what is being done, such as `Projecting`.
        seconds: that it takes about, for the bar.
        compute: returns the result.

    Raises:
        Exception: what `compute` raised.
    """
    preparation = prepare(key, compute)
    bar = st.empty()  # always: else what follows would move up in the next run, and lose the focus
    try:
        return preparation.result(_PATIENCE)
    except TimeoutError:
        if preparation.failed:  # with a timeout of its own
            raise
    while True:
        passed = preparation.seconds
        # Ever slower towards the end, which a slow machine does not reach too early.
        bar.progress(passed / (passed + seconds / 2), f"{label}: {passed:.0f} s of about {seconds:.0f} s")
        try:
            result = preparation.result(_REFRESH_SECONDS)
        except TimeoutError:
            if preparation.failed:
                raise
        else:
            bar.empty()
            return result
