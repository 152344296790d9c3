"""Read pictures on many machines with Ray Data, where each worker has its own `Recognizer`.

    pip install digitjax "ray[data]"
    python examples/ray_read.py FOLDER OUT

Ray distributes the pictures of FOLDER; OUT becomes a folder of Parquet files with the columns file,
text, error (empty if there is none) and digits (the JSON that `digitjax read --json` prints). Where machines
share a disk, `digitjax read FOLDER --shard i/n --out FILE` does the same without Ray.
"""

import json
import sys
from typing import Any

import ray

import digitjax
from digitjax.recognition.bulk import SUFFIXES


class Reader:
    """A recognizer that Ray constructs once in each worker."""

    def __init__(self) -> None:
        self._recognizer = digitjax.load()

    def __call__(self, batch: dict[str, Any]) -> dict[str, Any]:
        """Read the columns bytes and path of a batch."""
        results = list(map(self._recognizer.read_file, batch["bytes"], batch["path"]))
        return {
            "file": [result["file"] for result in results],
            "text": [result["text"] for result in results],
            "error": [result["error"] or "" for result in results],
            "digits": [json.dumps(result["digits"]) for result in results],
        }


if __name__ == "__main__":
    folder, out = sys.argv[1:]
    pictures = ray.data.read_binary_files(
        folder, include_paths=True, file_extensions=[suffix[1:] for suffix in SUFFIXES]
    )
    workers = max(1, int(ray.cluster_resources()["CPU"]) - 1)
    pictures.map_batches(Reader, batch_size=64, concurrency=workers).write_parquet(out)
