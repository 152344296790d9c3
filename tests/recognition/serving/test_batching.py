"""Dynamic batching: concurrent requests are classified together, and each gets its own logits."""

import asyncio
import threading

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("fastapi")

from digitjax import runs
from digitjax.model import classifier
from digitjax.recognition.serving.batching import MAX_BATCH, Batcher, QueueFull


def images_of(*values: int) -> np.ndarray:
    return np.stack([np.full((28, 28), value, np.uint8) for value in values])


def brightness(images: np.ndarray) -> np.ndarray:
    """Return logits that identify each image by its intensity."""
    return np.repeat(images[:, 0, 0].astype(np.float32)[:, None], 10, axis=1)


async def run_while(batcher: Batcher, *work):
    """Return the results of coroutines that run while the batcher does."""
    task = asyncio.create_task(batcher.run())
    try:
        return await asyncio.wait_for(asyncio.gather(*work, return_exceptions=True), 30)
    finally:
        task.cancel()


@given(st.lists(st.lists(st.integers(0, 255), min_size=1, max_size=90), min_size=1, max_size=20))
def test_each_request_gets_its_own_logits(requests: list[list[int]]):
    async def ask():
        batcher = Batcher(brightness)
        return await run_while(batcher, *(batcher(images_of(*values)) for values in requests))

    for values, logits in zip(requests, asyncio.run(ask()), strict=True):
        np.testing.assert_array_equal(logits[:, 0], values)


def test_requests_that_arrive_during_a_batch_form_the_next():
    started, release, sizes = threading.Event(), threading.Event(), []

    def classify(images):
        started.set()
        assert release.wait(20)
        return brightness(images)

    async def ask():
        batcher = Batcher(classify)
        batcher.on_batch = sizes.append

        async def rest():
            await asyncio.to_thread(started.wait, 20)
            asked = [asyncio.ensure_future(batcher(images_of(k))) for k in range(MAX_BATCH + 5)]
            await asyncio.sleep(0)
            release.set()
            return await asyncio.gather(*asked)

        return await run_while(batcher, batcher(images_of(7)), rest())

    asyncio.run(ask())
    assert sizes == [1, MAX_BATCH, 5]


def test_a_small_batch_is_padded():
    seen = []

    def classify(images):
        seen.append(len(images))
        return brightness(images)

    async def ask():
        batcher = Batcher(classify, min_batch=16)
        return await run_while(batcher, batcher(images_of(1, 2, 3)))

    (logits,) = asyncio.run(ask())
    assert seen == [16]
    assert logits.shape == (3, 10)


def test_an_error_fails_its_batch_but_not_the_next():
    def classify(images):
        if images[0, 0, 0] == 13:
            raise ValueError("thirteen")
        return brightness(images)

    async def ask():
        batcher = Batcher(classify)
        first = await run_while(batcher, batcher(images_of(13)), batcher(images_of(1)))
        return first, await run_while(batcher, batcher(images_of(2)))

    failed, [logits] = asyncio.run(ask())
    assert [str(error) for error in failed] == ["thirteen"] * 2
    assert logits[0, 0] == 2


def test_a_cancelled_request_is_not_classified():
    seen = []

    async def ask():
        batcher = Batcher(lambda images: seen.append(images[:, 0, 0].tolist()) or brightness(images))
        leaving = asyncio.ensure_future(batcher(images_of(1)))
        staying = asyncio.ensure_future(batcher(images_of(2)))
        await asyncio.sleep(0)
        leaving.cancel()
        return await run_while(batcher, staying)

    asyncio.run(ask())
    assert [row[0] for row in seen] == [2]


def test_a_full_queue_refuses_requests_but_an_empty_one_takes_a_large_request():
    async def ask():
        batcher = Batcher(brightness, max_queued=3)
        return await run_while(
            batcher, *(batcher(images_of(*[k] * 2)) for k in range(3)), batcher(images_of(9))
        )

    first, second, third, last = asyncio.run(ask())
    assert isinstance(second, QueueFull)
    assert isinstance(third, QueueFull)
    assert (first[0, 0], last[0, 0]) == (0, 9)


def test_cancelling_the_batcher_cancels_all_requests():
    async def ask():
        started, release = threading.Event(), threading.Event()

        def classify(images):
            started.set()
            assert release.wait(20)
            return brightness(images)

        batcher = Batcher(classify)
        task = asyncio.create_task(batcher.run())
        asked = [asyncio.ensure_future(batcher(images_of(k))) for k in range(3)]
        await asyncio.to_thread(started.wait, 20)
        asked.append(asyncio.ensure_future(batcher(images_of(3))))
        await asyncio.sleep(0)
        task.cancel()
        release.set()
        return await asyncio.wait_for(asyncio.gather(*asked, return_exceptions=True), 20)

    assert all(isinstance(error, asyncio.CancelledError) for error in asyncio.run(ask()))


@pytest.mark.parametrize("packed", [True, False])
def test_logits_do_not_depend_on_the_batch(packed: bool):
    """Bit for bit, with the pretrained model, run by ONNX Runtime and by JAX."""
    run = runs.find_run(runs.PRETRAINED, runs.PRETRAINED_FOLDER)
    classify, _ = classifier.load([run], prepare_jax=(lambda: None) if packed else None)
    assert classify.min_batch == (1 if packed else 16)
    images = np.random.default_rng(0).integers(0, 256, (MAX_BATCH, 28, 28)).astype(np.uint8)

    async def ask(size: int):
        batcher = Batcher(classify, classify.min_batch)
        parts = [images[start : start + size] for start in range(0, len(images), size)]
        return await run_while(batcher, *map(batcher, parts))

    together = np.concatenate([asyncio.run(ask(MAX_BATCH))[0]])
    for size in (1, 3, 16, 32):
        np.testing.assert_array_equal(np.concatenate(asyncio.run(ask(size))), together)

    async def ask_single():
        batcher = Batcher(classify, classify.min_batch)
        return await run_while(batcher, batcher(images[5:6]))

    np.testing.assert_array_equal(asyncio.run(ask_single())[0], together[5:6])
