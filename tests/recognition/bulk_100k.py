"""Very many pictures, read by two shards at once, one of them killed halfway and started again.

    python -m tests.recognition.bulk_100k [COUNT]

Prints how fast it was, how much memory each process held on the way, and whether every picture was read once.
Linux only.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from sklearn.datasets import load_digits

IN_A_FOLDER = 1000


def make_pictures(folder: Path, count: int) -> None:
    """Write scikit-learn's digits as PNGs of 28 x 28 pixels, again and again as links."""
    firsts: list[Path] = []
    images = np.pad(
        np.rint(load_digits().images.repeat(3, 1).repeat(3, 2) * (255 / 16)), ((0, 0), (2, 2), (2, 2))
    )
    for n in range(count):
        path = folder / f"{n // IN_A_FOLDER:04}" / f"{n % IN_A_FOLDER:03}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        if n < len(images):
            Image.fromarray(images[n].astype(np.uint8)).save(path)
            firsts.append(path)
        else:
            path.hardlink_to(firsts[n % len(images)])


class Reader:
    """A process that reads one shard, and what it has written and held so far."""

    def __init__(self, pictures: Path, shard: str, out: Path):
        """Start it, or start it again."""
        command = [
            sys.executable,
            "-m",
            "digitjax",
            "read",
            str(pictures),
            "--shard",
            shard,
            "--out",
            str(out),
        ]
        out.touch()
        self.lines = out.read_bytes().count(b"\n")
        self.resident: list[tuple[int, float]] = []
        self._file = out.open("rb")
        self._file.seek(0, os.SEEK_END)
        self._process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)

    def running(self) -> bool:
        """Look at it; the memory that it holds counts from its first picture on."""
        if self._process.poll() is not None:
            return False
        written = self._file.read().count(b"\n")
        self.lines += written
        with Path(f"/proc/{self._process.pid}/status").open() as status:
            found = re.search(r"VmRSS:\s*(\d+) kB", status.read())
        if found and (self.resident or written):
            self.resident.append((self.lines, int(found[1]) / 1000))
        return True

    def kill(self) -> None:
        self._process.kill()
        self.end()

    def end(self) -> tuple[int, str]:
        said = self._process.communicate()[1]
        self._file.close()
        return self._process.returncode, said.strip()

    @property
    def memory(self) -> list[float]:
        """Megabytes at a tenth of the way of this process, in the middle of it and at the end."""
        first, last = self.resident[0][0], self.resident[-1][0]
        marks = [first + share * (last - first) for share in (0.1, 0.5, 1.0)]
        return [next(held for lines, held in self.resident if lines >= mark) for mark in marks]


def measure(folder: Path, count: int) -> dict[str, Any]:
    """Read `count` pictures in a new folder, and return what came out."""
    pictures = folder / "pictures"
    make_pictures(pictures, count)
    outs = [folder / f"{number}.jsonl" for number in (1, 2)]
    readers = [Reader(pictures, f"{number}/2", out) for number, out in enumerate(outs, 1)]
    start, killed_at, memory_before = time.perf_counter(), 0, []
    while sum(reader.running() for reader in readers):
        if not killed_at and readers[0].lines > count / 4:
            killed_at, memory_before = readers[0].lines, readers[0].memory
            readers[0].kill()
            readers[0] = Reader(pictures, "1/2", outs[0])
        time.sleep(0.05)
    seconds = time.perf_counter() - start
    ends = [reader.end() for reader in readers]
    for reader, (_, said) in zip(readers, ends, strict=True):
        print(said, reader.memory if reader.resident else "")
    names = Counter(json.loads(line)["file"] for out in outs for line in out.read_bytes().splitlines())
    return {
        "pictures": count,
        "killed_at": killed_at,
        "lines": sum(names.values()),
        "different": len(names),
        "missing": count - sum(path in names for path in map(str, pictures.rglob("*.png"))),
        "exit_codes": [code for code, _ in ends],
        "megabytes_of_killed": memory_before,
        "megabytes": [reader.memory for reader in readers],
        "pictures_per_second": round(count / seconds),
    }


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        print(json.dumps(measure(Path(folder), int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)))
