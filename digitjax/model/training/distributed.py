"""One training by several processes, as a rule one on each machine.

All of them run the same program in step: what needs the devices of all, or asks what the others say, each must do.
Process 0 alone reads and writes the run, and what it found reaches the others by `broadcast` and `largest`: they need
no common file system. A process that ends before its time ends all. With one process, none of this does anything.
"""

import json
import os
import platform
import re
import subprocess
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

import jax
import numpy as np
from jax.experimental import multihost_utils

from digitjax.errors import InputError

HEARTBEAT = 20  # seconds without a sign of life after which a process counts as dead
_OF_OTHERS = re.compile(
    "gloo|nccl|coordination service", re.IGNORECASE
)  # what JAX says when a process is lost
_LAST_WORDS = (
    "a process of this training was lost, so all end: start them again with --resume to go on from the "
    "last checkpoint"
)


@contextmanager
def joined(
    coordinator: str | None = None, processes: int | None = None, process: int | None = None
) -> Iterator[None]:
    """Take part in what several processes do, for as long as the `with` statement lasts.

    It waits up to 5 minutes for the others. An error that all have alike goes on its way; any other is reported, and
    ends this process at once with exit code 1, and so the others.

    Args:
        coordinator: host and port at which process 0 answers, `HOST:PORT`. Without it JAX asks the cluster (Slurm,
            Open MPI, Cloud TPU, Kubernetes) for all three.
        processes: how many take part.
        process: which one this is, from 0.

    Raises:
        InputError: the arguments do not fit together, there is no cluster, or the others do not come.
    """
    _check(coordinator, processes, process)
    jax.config.update("jax_enable_preemption_service", False)  # it would take SIGTERM away from the training
    try:
        jax.distributed.initialize(coordinator, processes, process, heartbeat_timeout_seconds=HEARTBEAT)
    except (RuntimeError, ValueError) as error:
        if coordinator is None:
            raise InputError(
                f"--distributed: no cluster is detected ({_first_line(error)}): "
                "give --coordinator, --processes and --process"
            ) from error
        raise InputError(f"--coordinator {coordinator}: {_first_line(error)}") from error
    with _last_words():
        try:
            _require_equal_counts()
            yield
        except (InputError, FloatingPointError, SystemExit):
            raise  # as in all others
        except BaseException as error:
            _leave(error)
        finally:
            jax.distributed.shutdown()  # waits for the others


def is_writer() -> bool:
    """Whether this is process 0, which alone reads and writes the run."""
    return jax.process_index() == 0


def all_reduce_max(number: int) -> int:
    """Return the largest of the numbers that the processes give."""
    if jax.process_count() == 1:
        return int(number)
    return int(multihost_utils.process_allgather(np.int32(number)).max())


def gather(value: Any) -> list[Any]:
    """Return what the processes give, in their order; what JSON can hold."""
    if jax.process_count() == 1:
        return [value]
    content = json.dumps(value).encode()
    padded = np.frombuffer(content.ljust(all_reduce_max(len(content))), np.uint8)
    return [json.loads(row.tobytes()) for row in multihost_utils.process_allgather(padded)]


def broadcast(tree: Any) -> Any:
    """Return the arrays of process 0, bit for bit; the others give arrays of the same shapes and types."""
    if jax.process_count() == 1:
        return tree
    leaves = [np.asarray(leaf) for leaf in jax.tree.leaves(tree)]
    # As bytes, since JAX adds those of process 0 to zeros of the others, and -0.0 + 0.0 is 0.0.
    received = multihost_utils.broadcast_one_to_all(
        [np.frombuffer(leaf.tobytes(), np.uint8) for leaf in leaves]
    )
    copies = [
        np.asarray(copy).view(leaf.dtype).reshape(leaf.shape)
        for copy, leaf in zip(received, leaves, strict=True)
    ]
    return jax.tree.unflatten(jax.tree.structure(tree), copies)


@contextmanager
def propagate_errors() -> Iterator[None]:
    """Raise in every process the `InputError` that one of them raises; what is inside waits for no other process."""
    mine: InputError | None = None
    try:
        yield
    except InputError as error:
        mine = error
    reasons = gather(str(mine or ""))
    if mine:
        raise mine
    for process, reason in enumerate(reasons):
        if reason:
            raise InputError(f"process {process}: {reason}")


def require_same(**values: Any) -> None:
    """Refuse to go on where the processes were not started alike.

    Raises:
        InputError: they differ in a value; the message names the first one.
    """
    others = gather(values)
    for name in values:
        for process, other in enumerate(others):
            if other[name] != others[0][name]:
                raise InputError(
                    f"process {process} has another {name} than process 0: start all of them alike"
                )


def describe() -> list[dict[str, Any]]:
    """Return host name and kinds of devices of each process."""
    return gather(
        {"host": platform.node(), "devices": [device.device_kind for device in jax.local_devices()]}
    )


def _check(coordinator: str | None, processes: int | None, process: int | None) -> None:
    given = [value is not None for value in (coordinator, processes, process)]
    if any(given) and not all(given):
        raise InputError("give all of --coordinator, --processes and --process, or --distributed alone")
    if coordinator is None or processes is None or process is None:
        return
    if not re.fullmatch(r".+:\d+", coordinator):
        raise InputError(
            f"--coordinator is {coordinator!r}: give host and port of process 0, as in 10.0.0.1:1234"
        )
    if not 0 <= process < processes:
        raise InputError(
            f"--process is {process}: give each process a number of its own, 0 to {processes - 1}"
        )


def _require_equal_counts() -> None:
    """Refuse to go on where a process has more devices than another, which the collectives cannot serve."""
    counts = np.bincount([device.process_index for device in jax.devices()], minlength=jax.process_count())
    if len(set(counts)) > 1:
        raise InputError(f"the processes have {counts.tolist()} devices: give all of them equally many")


@contextmanager
def _last_words() -> Iterator[None]:
    """Have a line printed if this process ends before the `with` statement does.

    It may have no time to do it itself: where another process is lost, jaxlib aborts this one.
    """
    script = f"read -r _ || echo 'digitjax: error: {_LAST_WORDS}' >&2"
    with subprocess.Popen(["sh", "-c", script], stdin=subprocess.PIPE, start_new_session=True) as watcher:
        try:
            yield
        finally:
            watcher.communicate(b"\n")


def _leave(error: BaseException) -> NoReturn:
    """End this process at once: to end in order it would wait for the others, which wait for it."""
    if isinstance(error, OSError):
        print(f"digitjax: error: {_first_line(error)}", file=sys.stderr)
    elif not isinstance(error, KeyboardInterrupt) and not _OF_OTHERS.search(str(error)):
        traceback.print_exception(error)
    sys.stderr.flush()
    os._exit(1)


def _first_line(error: BaseException) -> str:
    return str(error).partition("\n")[0]
