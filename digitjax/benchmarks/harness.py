"""How everything is measured: each contestant in a process of its own, rounds in turn, medians and quartiles.

The machine's speed drifts by a factor of two, so no timing means anything but beside another of the same
round. Processes are started once and wait, without using the processor, until it is their turn.
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

from digitjax.environment import TUNED_ALLOCATOR
from digitjax.errors import InputError

_PACKAGES = ("digitjax", "jax", "flax", "torch", "onnxruntime")


@dataclass(frozen=True)
class Contestant:
    """One way to do a task: a function of a module of this package, and the allocator it runs with."""

    name: str
    task: str
    """`module:function` in this package; calling it prepares, calling what it returns measures one round."""
    options: Mapping[str, Any]
    allocator: Literal["default", "tuned"] = "default"

    @property
    def ours(self) -> bool:
        """Whether it is digitjax, and not a peer."""
        return self.task.startswith(("run_digitjax", "reading"))


@dataclass(frozen=True)
class Suite:
    """Contestants that are compared by the same measures."""

    name: str
    contestants: Sequence[Contestant]
    unit: str
    higher_is_better: bool
    flops: int = 0
    """Floating-point operations of what is timed in ms, where a contestant measures the peak in GFLOP/s beside it."""


def run(suite: Suite, rounds: int, report: Callable[[str], None]) -> list[dict[str, Any]]:
    """Measure a suite in interleaved rounds.

    Returns:
        A row for each contestant and measure: `contestant`, `allocator`, `measure`, `median`, `quartiles`,
        how many times better it is than the best peer with the default and with the tuned allocator
        (`against_best_peer_default`, `against_best_peer_tuned`), `seconds_to_start`, which is the time from the
        start of its process to its being ready, and the values of all `rounds`.

    Raises:
        InputError: a contestant failed; its own message is on the standard error stream.
    """
    workers = []
    try:
        for contestant in suite.contestants:
            report(f"preparing {contestant.name}, {contestant.allocator} allocator")
            workers.append(_Worker(contestant))
        results: list[list[dict[str, float]]] = [[] for _ in workers]
        for number in range(rounds):
            report(f"{suite.name}: round {number + 1} of {rounds}")
            for worker, result in zip(workers, results, strict=True):
                result.append(worker.measure())
    finally:
        for worker in workers:
            worker.close()
    return _rows(suite, results, [worker.seconds_to_start for worker in workers])


class _Worker:
    """The process of a contestant."""

    def __init__(self, contestant: Contestant):
        self._contestant = contestant
        start = time.perf_counter()
        tunables = TUNED_ALLOCATOR if contestant.allocator == "tuned" else ""
        options = json.dumps(dict(contestant.options))
        self._process = subprocess.Popen(
            [sys.executable, "-m", __name__, contestant.task, options],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "GLIBC_TUNABLES": tunables},
        )
        self._answer()
        self.seconds_to_start = time.perf_counter() - start

    def measure(self) -> dict[str, float]:
        assert self._process.stdin is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        return self._answer()

    def _answer(self) -> Any:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            self.close()
            raise InputError(f"bench: {self._contestant.name} stopped: see the message above")
        return json.loads(line)

    def close(self) -> None:
        try:
            self._process.communicate(timeout=5)  # it ends with its input, and removes its files
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.communicate()


def serve(task: str, options: str) -> None:
    """Be the process of a contestant: measure a round for every line that comes in."""
    from importlib import import_module

    module, function = task.split(":")
    measure = getattr(import_module(f"{__package__}.{module}"), function)(**json.loads(options))
    print(json.dumps("ready"), flush=True)
    for _ in sys.stdin:
        print(json.dumps(measure()), flush=True)


def _rows(
    suite: Suite, results: list[list[dict[str, float]]], starts: Sequence[float]
) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for contestant, rounds, start in zip(suite.contestants, results, starts, strict=True):
        for measure in rounds[0]:
            values = [r[measure] for r in rounds]
            low, _, high = quantiles(values, n=4) if len(values) > 1 else values * 3
            rows.append(
                {
                    "contestant": contestant.name,
                    "allocator": contestant.allocator,
                    "ours": contestant.ours,
                    "measure": measure,
                    "median": median(values),
                    "quartiles": [low, high],
                    "seconds_to_start": start,
                    "rounds": values,
                }
            )
    peak = next((row["median"] for row in rows if row["measure"] == "GFLOP/s"), 0.0)
    for row in rows:
        if suite.flops and row["measure"].startswith("ms"):
            row["share_of_peak"] = suite.flops / (1e6 * row["median"]) / peak
        if row["measure"].startswith("accuracy"):
            continue
        for allocator in ("default", "tuned"):
            peers = [
                peer["median"]
                for peer in rows
                if not peer["ours"] and peer["measure"] == row["measure"] and peer["allocator"] == allocator
            ]
            if peers:
                best = max(peers) if suite.higher_is_better else min(peers)
                ratio = row["median"] / best if suite.higher_is_better else best / row["median"]
                row[f"against_best_peer_{allocator}"] = ratio
    return rows


def table(suite: Suite, rows: Sequence[Mapping[str, Any]]) -> str:
    """Lay the rows out for a terminal."""
    lines = [
        f"{suite.name} ({suite.unit})",
        f"{'':<36}{'allocator':<11}{'measure':<14}{'median':>10}{'quartiles':>22}"
        "   times the best peer (default, tuned allocator)",
    ]
    measures = list(dict.fromkeys(row["measure"] for row in rows))
    for row in sorted(rows, key=lambda row: measures.index(row["measure"])):
        low, high = row["quartiles"]
        ratios = [row.get(f"against_best_peer_{allocator}") for allocator in ("default", "tuned")]
        lines.append(
            f"{row['contestant']:<36}{row['allocator']:<11}{row['measure']:<14}{row['median']:>10,.4g}"
            f"{f'{low:,.4g} to {high:,.4g}':>22}   {', '.join(f'{r:.2f}' for r in ratios if r is not None)}"
            + (f"   {row['share_of_peak']:.0%} of peak" if "share_of_peak" in row else "")
        )
    return "\n".join(lines)


def describe_machine() -> dict[str, Any]:
    """Return the versions and the processor that the figures belong to."""
    packages = {}
    for name in _PACKAGES:
        try:
            packages[name] = version(name)
        except PackageNotFoundError:
            packages[name] = ""
    cpus = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return {"packages": packages, "platform": platform.platform(), "cpus": cpus}


if __name__ == "__main__":
    serve(*sys.argv[1:])
