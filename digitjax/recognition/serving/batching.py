"""Pictures of concurrent requests, classified together: what comes in while a batch is in work is the next one."""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from anyio import CapacityLimiter, to_thread
from jaxtyping import Float32, UInt8

Logits = Float32[np.ndarray, "n 10"]

LEAST = 16
"""Fewest pictures of a batch, filled up with empty ones: from so many on each picture's answer is the same, bit for
bit, whatever it shares its batch with."""
MOST = 64
"""Most pictures of a batch; a request of more is a batch of its own."""
MOST_WAITING = 2048
"""Pictures that may wait, those of the requests in work not counted."""


class QueueFull(Exception):  # noqa: N818
    """More pictures wait than can be answered soon."""


class _Request(NamedTuple):
    images: UInt8[np.ndarray, "n 28 28"]
    answer: "asyncio.Future[Logits]"


class Batcher:
    """Classifies for many at once, while `run` runs in the same event loop."""

    def __init__(
        self, classify: Callable[[UInt8[np.ndarray, "n 28 28"]], Logits], most_waiting: int = MOST_WAITING
    ):
        """Prepare to classify with a function of pictures, which is called by one thread at a time."""
        self._classify = classify
        self._most_waiting = most_waiting
        self._waiting: deque[_Request] = deque()
        self._filled = asyncio.Event()
        self._turn = CapacityLimiter(1)
        self.on_batch: Callable[[int], None] = lambda pictures: None
        """Called with the number of pictures of each batch."""

    async def __call__(self, images: UInt8[np.ndarray, "n 28 28"]) -> Logits:
        """Return the logits of pictures.

        Raises:
            QueueFull: too many are waiting.
        """
        if self.waiting and self.waiting + len(images) > self._most_waiting:
            raise QueueFull
        request = _Request(images, asyncio.get_running_loop().create_future())
        self._waiting.append(request)
        self._filled.set()
        return await request.answer

    @property
    def waiting(self) -> int:
        """How many pictures wait."""
        return sum(len(request.images) for request in self._waiting)

    async def run(self) -> None:
        """Answer for ever; cancelled, it leaves nobody waiting."""
        try:
            while True:
                await self._filled.wait()
                if batch := self._take():
                    await self._answer(batch)
        finally:
            for request in self._waiting:
                request.answer.cancel()

    def _take(self) -> list[_Request]:
        """Take the requests of the next batch, without those that nobody waits for any more."""
        batch: list[_Request] = []
        size = 0
        while self._waiting and (not batch or size + len(self._waiting[0].images) <= MOST):
            request = self._waiting.popleft()
            if not request.answer.done():
                batch.append(request)
                size += len(request.images)
        if not self._waiting:
            self._filled.clear()
        return batch

    async def _answer(self, batch: list[_Request]) -> None:
        images = np.concatenate([request.images for request in batch])
        self.on_batch(len(images))
        try:
            logits = await to_thread.run_sync(self._classify, _padded(images), limiter=self._turn)
        except Exception as error:
            for request in batch:
                if not request.answer.done():
                    request.answer.set_exception(error)
            return
        except asyncio.CancelledError:
            for request in batch:
                request.answer.cancel()
            raise
        start = 0
        for request in batch:
            end = start + len(request.images)
            if not request.answer.done():
                request.answer.set_result(logits[start:end])
            start = end


def _padded(images: UInt8[np.ndarray, "n 28 28"]) -> UInt8[np.ndarray, "n2 28 28"]:
    missing = max(0, LEAST - len(images))
    return np.concatenate([images, np.zeros((missing, 28, 28), np.uint8)]) if missing else images
