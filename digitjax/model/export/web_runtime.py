"""The runtime of web pages, onnxruntime-web: npm fetches it once into the user's cache folder."""

import base64
import hashlib
import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path

from digitjax.data.cache import cache_folder
from digitjax.errors import InputError

PACKAGE, VERSION = "onnxruntime-web", "1.24.3"
_SHA512 = "41dDq7fxtTm0XzGE7N0d6m8FcOY8EWtUA65GkOixJPB/G7DGzBmiDAnVVXHznRw9bgUZpb+4/1lQK/PNxGpbrQ=="
"""Of the package, in base64 as npm states it."""
FILES = ("ort.wasm.min.mjs", "ort-wasm-simd-threaded.mjs", "ort-wasm-simd-threaded.wasm")
"""The build for the CPU alone, which is half as large as those with WebGPU. It grows with each version: 1.30 has 1.9 MB
more, and would leave no room for a network in the 15 MB that a page may have."""


def copy_runtime(folder: Path) -> None:
    """Copy the runtime into a folder.

    Args:
        folder: that exists.

    Raises:
        InputError: the runtime is not in the cache and cannot be fetched, or is not the one that is expected.
    """
    archive = find_archive()
    with tarfile.open(archive) as package:
        for name in FILES:
            member = package.extractfile(f"package/dist/{name}")
            assert member is not None  # a regular file
            (folder / name).write_bytes(member.read())


def find_archive() -> Path:
    """Return the file of the package, which is fetched first if it is not in the cache.

    Raises:
        InputError: npm is missing or fails, or the file is damaged.
    """
    archive = cache_folder() / "npm" / f"{PACKAGE}-{VERSION}.tgz"
    if not archive.exists():
        _fetch(archive)
    if digest(archive) != _SHA512:
        raise InputError(f"{archive} is not {PACKAGE} {VERSION} as published: delete it, and export again")
    return archive


def digest(path: Path) -> str:
    """Return the SHA-512 of a file, in base64 as npm states it."""
    return base64.b64encode(hashlib.sha512(path.read_bytes()).digest()).decode()


def _fetch(archive: Path) -> None:
    """Have npm download the package."""
    command = ["npm", "pack", f"{PACKAGE}@{VERSION}"]
    by_hand = f"or put the file that `{' '.join(command)}` writes on another machine into {archive.parent}"
    if shutil.which("npm") is None:
        raise InputError(f"export to web needs npm to fetch {PACKAGE} {VERSION}: install npm, {by_hand}")
    archive.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=archive.parent) as scratch:
        result = subprocess.run(
            [*command, "--pack-destination", scratch], capture_output=True, text=True, check=False
        )
        if result.returncode:
            reason = (result.stderr.strip().splitlines() or ["no reason given"])[0]
            raise InputError(f"npm cannot fetch {PACKAGE} {VERSION} ({reason}): check the network, {by_hand}")
        Path(scratch, archive.name).rename(archive)
