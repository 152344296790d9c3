"""Send pictures to a running `digitjax serve`, and print the digits of each.

pip install requests
python examples/http_client.py photo.jpg scan.png
"""

import sys
from pathlib import Path
from typing import Any

import requests


def read(*paths: str, url: str = "http://127.0.0.1:8000") -> list[dict[str, Any]]:
    """Return one result for each picture, with its text, its digits and their boxes."""
    files = [("files", (Path(path).name, Path(path).read_bytes())) for path in paths]
    response = requests.post(f"{url}/read", files=files, timeout=60)
    response.raise_for_status()
    return response.json()["results"]


if __name__ == "__main__":
    for result in read(*sys.argv[1:]):
        print(f"{result['file']}: {result['error'] or result['text']}")
