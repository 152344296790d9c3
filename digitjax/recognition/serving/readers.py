"""Reading of uploaded pictures beside the event loop: in other processes, or in threads of this one."""

import multiprocessing
import signal
from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import Any, BinaryIO

from anyio import CapacityLimiter, from_thread, to_thread

from digitjax.errors import InputError
from digitjax.model import onnx_model
from digitjax.recognition.recognizer import Recognizer, to_result
from digitjax.recognition.serving.batching import Batcher
from digitjax.signals import catch_signals, starting_processes

MAX_CONCURRENT_READS = 4
"""Maximum number of pictures that are read at once."""


class Readers(ABC):
    """What reads the pictures: only a few at once, the others wait."""

    def __init__(self, count: int):
        """Create readers.

        Args:
            count: number of pictures that are read at once.
        """
        self._limiter = CapacityLimiter(count)

    @property
    def queued(self) -> int:
        """Number of pictures that wait."""
        return self._limiter.statistics().tasks_waiting

    async def read_file(self, file: BinaryIO, name: str) -> dict[str, Any]:
        """Read a picture when its turn comes.

        Args:
            file: the picture.
            name: the value of `file` in the result.

        Returns:
            The result of `Recognizer.read_file`.
        """
        return await to_thread.run_sync(self._read_file, file, name, limiter=self._limiter)

    @abstractmethod
    def _read_file(self, file: BinaryIO, name: str) -> dict[str, Any]:
        """Read a picture, in a thread that may wait."""

    def stop(self) -> None:  # noqa: B027
        """Stop, after the last picture was read."""


class ThreadReaders(Readers):
    """Threads, of which Python runs one at a time, but which share a network and its batches."""

    def __init__(self, recognizer: Recognizer, batcher: Batcher):
        """Create readers.

        Args:
            recognizer: reads the pictures.
            batcher: in the event loop of the server; it classifies the crops of all pictures.
        """
        super().__init__(MAX_CONCURRENT_READS)
        self._recognizer = recognizer.with_classifier(lambda images: from_thread.run(batcher, images))

    def _read_file(self, file: BinaryIO, name: str) -> dict[str, Any]:
        return self._recognizer.read_file(file, name)


class ProcessReaders(Readers):
    """Processes, each of which loads the network and keeps one core busy.

    A process that ends, for lack of memory or by a fault in a decoder, costs one picture and is replaced.
    """

    def __init__(self, load: Callable[[], Recognizer], count: int):
        """Start all processes, from the main thread, and wait until each has loaded the network.

        Args:
            load: loads the recognizer in each process. It must be picklable, since they are spawned.
            count: number of processes.

        Raises:
            InputError: one of them ended.
        """
        super().__init__(count)
        self._load = load
        # A signal waits until each has been told what to do: without that, it would end with a traceback.
        with catch_signals() as signals:
            self._idle = [_Reader(load) for _ in range(count)]
        for number in signals:
            signal.raise_signal(number)
        try:
            for reader in self._idle:
                reader.wait_until_ready()
        except EOFError:
            raise InputError(
                "a process that reads pictures ended while it started: is there enough memory?"
            ) from None

    def _read_file(self, file: BinaryIO, name: str) -> dict[str, Any]:
        content, reader = file.read(), self._idle.pop()
        try:
            return reader.read_file(content, name)
        except (EOFError, ConnectionError):
            reader.stop()
            reader = _Reader(self._load)
            return to_result(name, error="the process that read it ended: reduce it, or save it as PNG")
        finally:
            self._idle.append(reader)

    def stop(self) -> None:
        """End all processes."""
        for reader in self._idle:
            reader.stop()


class _Reader:
    """One process, and the connection to it."""

    def __init__(self, load: Callable[[], Recognizer]):
        context = multiprocessing.get_context("spawn")
        self._connection, other = context.Pipe()
        self._process = context.Process(target=_answer, args=(other, load), daemon=True)
        with starting_processes():
            self._process.start()
        other.close()
        self._is_ready = False

    def wait_until_ready(self) -> None:
        if not self._is_ready:
            self._is_ready = self._connection.recv()

    def read_file(self, content: bytes, name: str) -> dict[str, Any]:
        """Read a picture.

        Args:
            content: of the file.
            name: the value of `file` in the result.

        Returns:
            The result of `Recognizer.read_file`.
        """
        self.wait_until_ready()
        self._connection.send((content, name))
        result: dict[str, Any] = self._connection.recv()
        return result

    def stop(self) -> None:
        self._connection.close()
        self._process.join()


def _answer(connection: Connection, load: Callable[[], Recognizer]) -> None:
    """Read the pictures that a connection brings, until it is closed: in the process of a reader."""
    onnx_model.set_num_threads(1)  # the other cores have readers of their own
    recognizer = load()
    with suppress(EOFError, ConnectionError):  # also where the server was killed
        connection.send(True)
        while True:
            content, name = connection.recv()
            connection.send(recognizer.read_file(content, name))
