"""Read very many pictures by two shards at once, one of them killed halfway and restarted.

    python -m tests.recognition.bulk_100k [COUNT]

Prints the speed, the memory of each process over time, and whether every picture was read once.
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

PICTURES_PER_FOLDER = 1000


def make_pictures(folder: Path, count: int) -> None:
    """Write scikit-learn's digits as PNGs of 28 x 28 pixels, again and again as links."""
    originals: list[Path] = []
    images = np.pad(
        np.rint(load_digits().images.repeat(3, 1).repeat(3, 2) * (255 / 16)), ((0, 0), (2, 2), (2, 2))
    )
    for n in range(count):
        path = folder / f"{n // PICTURES_PER_FOLDER:04}" / f"{n % PICTURES_PER_FOLDER:03}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        if n < len(images):
            Image.fromarray(images[n].astype(np.uint8)).save(path)
            originals.append(path)
        else:
            path.hardlink_to(originals[n % len(images)])


class Reader:
    """A process that reads one shard, with its progress and its memory so far."""

    def __init__(self, pictures: Path, shard: str, out: Path):
        """Start or resume reading."""
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

    def poll(self) -> bool:
        """Record progress and memory, from the first picture on; return whether the process is running."""
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
        message = self._process.communicate()[1]
        self._file.close()
        return self._process.returncode, message.strip()

    @property
    def memory(self) -> list[float]:
        """Megabytes at a tenth, at half and at the end of the pictures of this process."""
        first, last = self.resident[0][0], self.resident[-1][0]
        marks = [first + share * (last - first) for share in (0.1, 0.5, 1.0)]
        return [next(megabytes for lines, megabytes in self.resident if lines >= mark) for mark in marks]


def measure(folder: Path, count: int) -> dict[str, Any]:
    """Read `count` pictures in a new folder, and return the measurements."""
    pictures = folder / "pictures"
    make_pictures(pictures, count)
    outs = [folder / f"{number}.jsonl" for number in (1, 2)]
    readers = [Reader(pictures, f"{number}/2", out) for number, out in enumerate(outs, 1)]
    start, killed_at, memory_before = time.perf_counter(), 0, []
    while sum(reader.poll() for reader in readers):
        if not killed_at and readers[0].lines > count / 4:
            killed_at, memory_before = readers[0].lines, readers[0].memory
            readers[0].kill()
            readers[0] = Reader(pictures, "1/2", outs[0])
        time.sleep(0.05)
    seconds = time.perf_counter() - start
    ends = [reader.end() for reader in readers]
    for reader, (_, message) in zip(readers, ends, strict=True):
        print(message, reader.memory if reader.resident else "")
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
