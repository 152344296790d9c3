"""Measure a suite: each benchmark in a process of its own, in interleaved rounds, summarized by median and quartiles.

The speed of a machine can drift by a factor of two, so only timings of the same rounds can be compared. All processes
are started once and sleep until their turn.
"""

import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from statistics import median, quantiles
from typing import Any, Literal

from digitjax.environment import TUNED_ALLOCATOR, find_processor
from digitjax.errors import InputError

_PACKAGES = ("digitjax", "jax", "flax", "torch", "onnxruntime", "rapidocr")


@dataclass(frozen=True)
class Benchmark:
    """A function of this package to measure, and the memory allocator it runs with."""

    name: str
    task: str
    """`module:function` in this package: a call prepares and returns a function that measures one round."""
    options: Mapping[str, Any]
    """Keyword arguments of the function."""
    allocator: Literal["default", "tuned"] = "default"

    @property
    def is_digitjax(self) -> bool:
        """Whether it measures digitjax and not a peer."""
        return self.task.startswith(("run_digitjax", "reading"))


@dataclass(frozen=True)
class Suite:
    """Benchmarks that are compared by the same metrics."""

    name: str
    benchmarks: Sequence[Benchmark]
    unit: str
    higher_is_better: bool
    flops: int = 0
    """Floating-point operations of what is timed in ms, if a benchmark of the suite measures the peak in GFLOP/s."""


def run_suite(suite: Suite, rounds: int, report: Callable[[str], None]) -> list[dict[str, Any]]:
    """Measure a suite in interleaved rounds.

    Args:
        suite: the benchmarks to compare.
        rounds: how often each is measured.
        report: called with a line on what is being done.

    Returns:
        A row for each benchmark and metric, as `summarize_rounds` returns them.

    Raises:
        InputError: a benchmark failed; its own message is on the standard error stream.
    """
    workers = []
    try:
        for benchmark in suite.benchmarks:
            report(f"preparing {benchmark.name}, {benchmark.allocator} allocator")
            workers.append(_Worker(benchmark))
        results: list[list[dict[str, float]]] = [[] for _ in workers]
        for number in range(rounds):
            report(f"{suite.name}: round {number + 1} of {rounds}")
            for worker, result in zip(workers, results, strict=True):
                result.append(worker.measure())
    finally:
        for worker in workers:
            worker.close()
    return summarize_rounds(suite, results, [worker.startup_seconds for worker in workers])


class _Worker:
    """The process of a benchmark."""

    def __init__(self, benchmark: Benchmark):
        self._benchmark = benchmark
        start = time.perf_counter()
        tunables = TUNED_ALLOCATOR if benchmark.allocator == "tuned" else ""
        options = json.dumps(dict(benchmark.options))
        self._process = subprocess.Popen(
            [sys.executable, "-m", __name__, benchmark.task, options],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "GLIBC_TUNABLES": tunables},
        )
        self._receive()
        self.startup_seconds = time.perf_counter() - start

    def measure(self) -> dict[str, float]:
        assert self._process.stdin is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        return self._receive()

    def _receive(self) -> Any:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            self.close()
            raise InputError(f"bench: {self._benchmark.name} stopped: see the message above")
        return json.loads(line)

    def close(self) -> None:
        try:
            self._process.communicate(timeout=5)  # at the end of its input it ends and removes its files
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.communicate()


def run_worker(task: str, options: str) -> None:
    """Run the process of a benchmark: measure one round for every line on the standard input.

    Args:
        task: `module:function` in this package.
        options: keyword arguments of the function as JSON.
    """
    from importlib import import_module

    module, function = task.split(":")
    measure = getattr(import_module(f"{__package__}.{module}"), function)(**json.loads(options))
    print(json.dumps("ready"), flush=True)
    for _ in sys.stdin:
        print(json.dumps(measure()), flush=True)


def summarize_rounds(
    suite: Suite, results: Sequence[Sequence[Mapping[str, float]]], startup_seconds: Sequence[float]
) -> list[dict[str, Any]]:
    """Summarize the measurements of a suite, and compare digitjax with its peers.

    Args:
        suite: the benchmarks that were measured.
        results: for each benchmark and round the values by metric.
        startup_seconds: for each benchmark the time from the start of its process to its first round.

    Returns:
        A row for each benchmark and metric: `benchmark`, `allocator`, `is_digitjax`, `metric`, `median`, `quartiles`,
        how many times better it is than the best peer with the default and with the tuned allocator
        (`ratio_to_best_peer_default`, `ratio_to_best_peer_tuned`), `startup_seconds`, and the values of all `rounds`.
    """
    rows: list[dict[str, Any]] = []
    for benchmark, rounds, seconds in zip(suite.benchmarks, results, startup_seconds, strict=True):
        for metric in rounds[0]:
            values = [values_by_metric[metric] for values_by_metric in rounds]
            low, _, high = quantiles(values, n=4) if len(values) > 1 else values * 3
            rows.append(
                {
                    "benchmark": benchmark.name,
                    "allocator": benchmark.allocator,
                    "is_digitjax": benchmark.is_digitjax,
                    "metric": metric,
                    "median": median(values),
                    "quartiles": [low, high],
                    "startup_seconds": seconds,
                    "rounds": values,
                }
            )
    _add_ratios(suite, rows)
    return rows


def _add_ratios(suite: Suite, rows: Sequence[dict[str, Any]]) -> None:
    peak = next((row["median"] for row in rows if row["metric"] == "GFLOP/s"), 0.0)
    for row in rows:
        if suite.flops and row["metric"].startswith("ms"):
            row["share_of_peak"] = suite.flops / (1e6 * row["median"]) / peak
        if row["metric"].startswith("accuracy"):
            continue
        for allocator in ("default", "tuned"):
            peers = [
                peer["median"]
                for peer in rows
                if not peer["is_digitjax"]
                and peer["metric"] == row["metric"]
                and peer["allocator"] == allocator
            ]
            if peers:
                best = max(peers) if suite.higher_is_better else min(peers)
                ratio = row["median"] / best if suite.higher_is_better else best / row["median"]
                row[f"ratio_to_best_peer_{allocator}"] = ratio


def format_table(suite: Suite, rows: Sequence[Mapping[str, Any]]) -> str:
    """Format the rows for a terminal.

    Args:
        suite: the benchmarks that were measured.
        rows: as `summarize_rounds` returns them.

    Returns:
        The lines of a table.
    """
    header = (
        "",
        "allocator",
        "metric",
        "median",
        "quartiles",
        "times better than the best peer (default, tuned allocator)",
    )
    metrics = list(dict.fromkeys(row["metric"] for row in rows))
    lines = [
        header,
        *(_format_row(row) for row in sorted(rows, key=lambda row: metrics.index(row["metric"]))),
    ]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    padded = [
        "  ".join(
            cell.rjust(width) if i in _RIGHT else cell.ljust(width)
            for i, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    ]
    return "\n".join([f"{suite.name} ({suite.unit})", *padded])


_RIGHT = (3, 4)
"""Columns of numbers."""


def _format_row(row: Mapping[str, Any]) -> tuple[str, ...]:
    low, high = row["quartiles"]
    ratios = [row.get(f"ratio_to_best_peer_{allocator}") for allocator in ("default", "tuned")]
    comparison = ", ".join(f"{ratio:.2f}" for ratio in ratios if ratio is not None)
    share = f"{row['share_of_peak']:.0%} of peak" if "share_of_peak" in row else ""
    return (
        row["benchmark"],
        row["allocator"],
        row["metric"],
        f"{row['median']:,.4g}",
        f"{low:,.4g} to {high:,.4g}",
        "  ".join(part for part in (comparison, share) if part),
    )


def describe_machine() -> dict[str, Any]:
    """Return the versions of the packages, the platform, the processors, and how busy they are."""
    packages = {}
    for name in _PACKAGES:
        try:
            packages[name] = version(name)
        except PackageNotFoundError:
            packages[name] = ""
    cpus = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return {
        "packages": packages,
        "platform": platform.platform(),
        "processor": find_processor(),
        "cpus": cpus,
        "load": round(os.getloadavg()[0], 2),
    }


def format_machine(machine: Mapping[str, Any]) -> str:
    """Return a line on the machine that `describe_machine` described."""
    packages = ", ".join(f"{name} {version}" for name, version in machine["packages"].items() if version)
    return f"on {machine['cpus']} CPUs of {machine['processor']}, load {machine['load']}: {packages}"


if __name__ == "__main__":
    run_worker(*sys.argv[1:])
