"""Batches: what comes in together is classified together, and everybody gets what is theirs."""

import asyncio
import threading

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("fastapi")

from digitjax.recognition.recognizer import load
from digitjax.recognition.serving.batching import LEAST, MOST, Batcher, QueueFull


def pictures(*values: int) -> np.ndarray:
    return np.stack([np.full((28, 28), value, np.uint8) for value in values])


def brightness(images: np.ndarray) -> np.ndarray:
    """Logits that say which picture it is."""
    return np.repeat(images[:, 0, 0].astype(np.float32)[:, None], 10, axis=1)


async def run_while(batcher: Batcher, *work):
    """Return what coroutines return while the batcher runs."""
    task = asyncio.create_task(batcher.run())
    try:
        return await asyncio.wait_for(asyncio.gather(*work, return_exceptions=True), 30)
    finally:
        task.cancel()


@given(st.lists(st.lists(st.integers(0, 255), min_size=1, max_size=90), min_size=1, max_size=20))
def test_everybody_gets_their_own(requests: list[list[int]]):
    async def ask():
        batcher = Batcher(brightness)
        return await run_while(batcher, *(batcher(pictures(*values)) for values in requests))

    for values, logits in zip(requests, asyncio.run(ask()), strict=True):
        np.testing.assert_array_equal(logits[:, 0], values)


def test_what_comes_in_while_one_batch_is_in_work_is_the_next():
    started, go_on, sizes = threading.Event(), threading.Event(), []

    def classify(images):
        started.set()
        assert go_on.wait(20)
        return brightness(images)

    async def ask():
        batcher = Batcher(classify)
        batcher.on_batch = sizes.append

        async def rest():
            await asyncio.to_thread(started.wait, 20)
            asked = [asyncio.ensure_future(batcher(pictures(k))) for k in range(MOST + 5)]
            await asyncio.sleep(0)
            go_on.set()
            return await asyncio.gather(*asked)

        return await run_while(batcher, batcher(pictures(7)), rest())

    asyncio.run(ask())
    assert sizes == [1, MOST, 5]


def test_few_are_filled_up():
    seen = []

    def classify(images):
        seen.append(len(images))
        return brightness(images)

    async def ask():
        batcher = Batcher(classify)
        return await run_while(batcher, batcher(pictures(1, 2, 3)))

    (logits,) = asyncio.run(ask())
    assert seen == [LEAST]
    assert logits.shape == (3, 10)


def test_a_failure_is_told_to_all_who_wait_and_the_next_are_answered():
    def classify(images):
        if images[0, 0, 0] == 13:
            raise ValueError("thirteen")
        return brightness(images)

    async def ask():
        batcher = Batcher(classify)
        first = await run_while(batcher, batcher(pictures(13)), batcher(pictures(1)))
        return first, await run_while(batcher, batcher(pictures(2)))

    failed, answered = asyncio.run(ask())
    assert [str(error) for error in failed] == ["thirteen"] * 2
    assert answered[0][0, 0] == 2


def test_who_leaves_is_not_classified():
    seen = []

    async def ask():
        batcher = Batcher(lambda images: seen.append(images[:, 0, 0].tolist()) or brightness(images))
        leaving = asyncio.ensure_future(batcher(pictures(1)))
        staying = asyncio.ensure_future(batcher(pictures(2)))
        await asyncio.sleep(0)
        leaving.cancel()
        return await run_while(batcher, staying)

    asyncio.run(ask())
    assert [row[0] for row in seen] == [2]


def test_too_many_are_refused_and_a_large_one_alone_is_not():
    async def ask():
        batcher = Batcher(brightness, most_waiting=3)
        return await run_while(
            batcher, *(batcher(pictures(*[k] * 2)) for k in range(3)), batcher(pictures(9))
        )

    first, second, third, last = asyncio.run(ask())
    assert isinstance(second, QueueFull)
    assert isinstance(third, QueueFull)
    assert (first[0, 0], last[0, 0]) == (0, 9)


def test_nobody_is_left_waiting_at_the_end():
    async def ask():
        release = threading.Event()
        batcher = Batcher(lambda images: release.wait(20) and brightness(images))
        task = asyncio.create_task(batcher.run())
        asked = [asyncio.ensure_future(batcher(pictures(k))) for k in range(3)]
        await asyncio.sleep(0.05)
        asked.append(asyncio.ensure_future(batcher(pictures(3))))
        await asyncio.sleep(0)
        task.cancel()
        release.set()
        return await asyncio.wait_for(asyncio.gather(*asked, return_exceptions=True), 20)

    assert all(isinstance(error, asyncio.CancelledError) for error in asyncio.run(ask()))


def test_answers_do_not_depend_on_the_batch():
    """Bit for bit, with the model in the box: a program of 16 pictures or more computes each row alike."""
    classify = load().classify
    images = np.random.default_rng(0).integers(0, 256, (MOST, 28, 28)).astype(np.uint8)

    async def ask(size: int):
        batcher = Batcher(classify)
        parts = [images[start : start + size] for start in range(0, len(images), size)]
        return await run_while(batcher, *map(batcher, parts))

    alone = np.concatenate([asyncio.run(ask(MOST))[0]])
    for size in (1, 3, 16, 32):
        np.testing.assert_array_equal(np.concatenate(asyncio.run(ask(size))), alone)
    one = asyncio.run(run_while_one(classify, images[5:6]))
    np.testing.assert_array_equal(one[0], alone[5:6])


async def run_while_one(classify, images):
    batcher = Batcher(classify)
    return await run_while(batcher, batcher(images))
