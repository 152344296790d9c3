"""Dynamic batching: images that arrive while one batch is classified form the next."""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from anyio import CapacityLimiter, to_thread
from jaxtyping import Float32, UInt8

Logits = Float32[np.ndarray, "n 10"]

MAX_BATCH = 64
"""Maximum batch size, in images; a single request of more is a batch of its own."""
MAX_QUEUED = 2048
"""Maximum number of images in the queue, not counting those of the batch that is being classified."""


class QueueFull(Exception):  # noqa: N818
    """The queue is full."""


class _Request(NamedTuple):
    images: UInt8[np.ndarray, "n 28 28"]
    logits: "asyncio.Future[Logits]"


class Batcher:
    """Classifies the images of concurrent requests together, while `run` runs in the same event loop."""

    def __init__(
        self,
        classify: Callable[[UInt8[np.ndarray, "n 28 28"]], Logits],
        min_batch: int = 1,
        max_queued: int = MAX_QUEUED,
    ):
        """Create a batcher with an empty queue.

        Args:
            classify: returns float32 logits (n, 10) of uint8 images (n, 28, 28), n between `min_batch` and MAX_BATCH or
                the size of a larger request. It is called in a thread, one call at a time.
            min_batch: images of the smallest batch; smaller ones are padded with empty images, so that the logits of
                an image do not depend on the others.
            max_queued: maximum number of images in the queue.
        """
        self._classify = classify
        self._min_batch = min_batch
        self._max_queued = max_queued
        self._queue: deque[_Request] = deque()
        self._not_empty = asyncio.Event()
        self._limiter = CapacityLimiter(1)
        self.on_batch: Callable[[int], None] = lambda size: None
        """Called with the number of images of each batch."""

    async def __call__(self, images: UInt8[np.ndarray, "n 28 28"]) -> Logits:
        """Return the logits of images.

        Raises:
            QueueFull: the queue has images, and no room for these.
        """
        if self.queued and self.queued + len(images) > self._max_queued:
            raise QueueFull
        request = _Request(images, asyncio.get_running_loop().create_future())
        self._queue.append(request)
        self._not_empty.set()
        return await request.logits

    @property
    def queued(self) -> int:
        """Number of images in the queue."""
        return sum(len(request.images) for request in self._queue)

    async def run(self) -> None:
        """Classify until cancelled, which also cancels all requests in the queue."""
        try:
            while True:
                await self._not_empty.wait()
                if batch := self._take():
                    await self._classify_batch(batch)
        finally:
            for request in self._queue:
                request.logits.cancel()

    def _take(self) -> list[_Request]:
        """Take the requests of the next batch from the queue, and drop cancelled ones."""
        batch: list[_Request] = []
        size = 0
        while self._queue and (not batch or size + len(self._queue[0].images) <= MAX_BATCH):
            request = self._queue.popleft()
            if not request.logits.done():
                batch.append(request)
                size += len(request.images)
        if not self._queue:
            self._not_empty.clear()
        return batch

    async def _classify_batch(self, batch: list[_Request]) -> None:
        images = np.concatenate([request.images for request in batch])
        self.on_batch(len(images))
        try:
            logits = await to_thread.run_sync(
                self._classify, _pad(images, self._min_batch), limiter=self._limiter
            )
        except Exception as error:
            for request in batch:
                if not request.logits.done():
                    request.logits.set_exception(error)
            return
        except asyncio.CancelledError:
            for request in batch:
                request.logits.cancel()
            raise
        start = 0
        for request in batch:
            end = start + len(request.images)
            if not request.logits.done():
                request.logits.set_result(logits[start:end])
            start = end


def _pad(images: UInt8[np.ndarray, "n 28 28"], count: int) -> UInt8[np.ndarray, "n2 28 28"]:
    missing = max(0, count - len(images))
    return np.concatenate([images, np.zeros((missing, 28, 28), np.uint8)]) if missing else images
