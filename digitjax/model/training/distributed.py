"""Distributed training by several processes, usually one on each machine.

All processes run the same program, and each must call every collective operation. Process 0 alone reads and writes the
run, and sends what it reads to the others by `broadcast` and `all_reduce_max`: they need no common file system. If a
process is lost, all end. With one process, the functions here do nothing.
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

HEARTBEAT = 20
"""Seconds without a heartbeat after which a process is considered lost."""
_LOST_PROCESS = re.compile("gloo|nccl|coordination service", re.IGNORECASE)
"""Matches the errors of JAX when a process is lost."""
_LOST_MESSAGE = (
    "a process of this training was lost, so all end: start them again with --resume to continue from the "
    "last checkpoint"
)


@contextmanager
def joined(
    coordinator: str | None = None, processes: int | None = None, process: int | None = None
) -> Iterator[None]:
    """Connect the processes of a training for the duration of the `with` statement.

    It waits up to 5 minutes for the others. An error that all processes raise is raised; any other is printed, and
    ends this process at once with exit code 1, and so the others.

    Args:
        coordinator: address at which process 0 listens, `HOST:PORT`. Without it JAX detects the cluster (Slurm,
            Open MPI, Cloud TPU, Kubernetes) and takes all three arguments from it.
        processes: number of processes.
        process: number of this process, from 0.

    Yields:
        Nothing; inside, the processes are connected.

    Raises:
        InputError: the arguments do not fit together, there is no cluster, or the other processes do not start.
    """
    _require_valid(coordinator, processes, process)
    jax.config.update(
        "jax_enable_preemption_service", False
    )  # it would handle SIGTERM instead of the training
    try:
        jax.distributed.initialize(coordinator, processes, process, heartbeat_timeout_seconds=HEARTBEAT)
    except (RuntimeError, ValueError) as error:
        if coordinator is None:
            raise InputError(
                f"--distributed: no cluster is detected ({_first_line(error)}): "
                "give --coordinator, --processes and --process"
            ) from error
        raise InputError(f"--coordinator {coordinator}: {_first_line(error)}") from error
    with _report_abort():
        try:
            _require_equal_counts()
            yield
        except (InputError, FloatingPointError, SystemExit):
            raise  # in all processes
        except BaseException as error:
            _exit(error)
        finally:
            jax.distributed.shutdown()  # waits for the others


def is_writer() -> bool:
    """Whether this is process 0, which alone reads and writes the run."""
    return jax.process_index() == 0


def all_reduce_max(number: int) -> int:
    """Return the maximum of the numbers of all processes."""
    if jax.process_count() == 1:
        return int(number)
    return int(multihost_utils.process_allgather(np.int32(number)).max())


def gather(value: Any) -> list[Any]:
    """Return the values of all processes, which must be values of JSON, in the order of the processes."""
    if jax.process_count() == 1:
        return [value]
    content = json.dumps(value).encode()
    padded = np.frombuffer(content.ljust(all_reduce_max(len(content))), np.uint8)
    return [json.loads(row.tobytes()) for row in multihost_utils.process_allgather(padded)]


def broadcast(tree: Any) -> Any:
    """Return the arrays of process 0, bit for bit; the others pass arrays of the same shapes and dtypes."""
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
    """Raise in every process the `InputError` that any of them raises; the body must call no collective operation."""
    own: InputError | None = None
    try:
        yield
    except InputError as error:
        own = error
    reasons = gather(str(own or ""))
    if own:
        raise own
    for process, reason in enumerate(reasons):
        if reason:
            raise InputError(f"process {process}: {reason}")


def require_same(**values: Any) -> None:
    """Refuse processes that were started differently.

    Raises:
        InputError: a value differs between processes; the message names it.
    """
    gathered = gather(values)
    for name in values:
        for process, others in enumerate(gathered):
            if others[name] != gathered[0][name]:
                raise InputError(
                    f"process {process} has another {name} than process 0: start all of them alike"
                )


def describe() -> list[dict[str, Any]]:
    """Return the host name and the devices of each process."""
    return gather(
        {"host": platform.node(), "devices": [device.device_kind for device in jax.local_devices()]}
    )


def _require_valid(coordinator: str | None, processes: int | None, process: int | None) -> None:
    is_given = [value is not None for value in (coordinator, processes, process)]
    if any(is_given) and not all(is_given):
        raise InputError("give all of --coordinator, --processes and --process, or --distributed alone")
    if coordinator is None or processes is None or process is None:
        return
    if not re.fullmatch(r".+:\d+", coordinator):
        raise InputError(
            f"--coordinator is {coordinator!r}: give host and port of process 0, as in 10.0.0.1:1234"
        )
    if not 0 <= process < processes:
        raise InputError(f"--process is {process}: give each process another number, 0 to {processes - 1}")


def _require_equal_counts() -> None:
    """Refuse processes with different numbers of devices, which collective operations do not support."""
    counts = np.bincount([device.process_index for device in jax.devices()], minlength=jax.process_count())
    if len(set(counts)) > 1:
        raise InputError(f"the processes have {counts.tolist()} devices: give all of them the same number")


@contextmanager
def _report_abort() -> Iterator[None]:
    """Print a line if this process ends before the `with` statement does.

    Another process prints it, since jaxlib aborts this one when one of the others is lost.
    """
    script = f"read -r _ || echo 'digitjax: error: {_LOST_MESSAGE}' >&2"
    with subprocess.Popen(["sh", "-c", script], stdin=subprocess.PIPE, start_new_session=True) as watcher:
        try:
            yield
        finally:
            watcher.communicate(b"\n")


def _exit(error: BaseException) -> NoReturn:
    """End this process at once: an orderly end would wait for the other processes, which wait for this one."""
    if isinstance(error, OSError):
        print(f"digitjax: error: {_first_line(error)}", file=sys.stderr)
    elif not isinstance(error, KeyboardInterrupt) and not _LOST_PROCESS.search(str(error)):
        traceback.print_exception(error)
    sys.stderr.flush()
    os._exit(1)


def _first_line(error: BaseException) -> str:
    return str(error).partition("\n")[0]
