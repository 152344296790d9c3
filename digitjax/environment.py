"""The machine and its settings: chosen before jax starts, recorded with every run."""

import contextlib
import os
import platform
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

_PACKAGES = ("digitjax", "jax", "jaxlib", "flax", "optax", "orbax-checkpoint", "tensorflow-datasets", "numpy")


# glibc returns freed memory to the kernel and asks for it anew at every step, page by page. Kept, and in huge
# pages, the same memory makes a training step about a quarter faster.
TUNED_ALLOCATOR = (
    "glibc.malloc.mmap_max=0:glibc.malloc.mmap_threshold=8589934592:glibc.malloc.trim_threshold=17179869184:"
    "glibc.malloc.top_pad=268435456:glibc.malloc.hugetlb=1"
)


def tune_allocator() -> None:
    """Start this very command again with an allocator tuned for training, on Linux with glibc.

    The allocator reads its settings before the program begins, so they cannot be changed later. A
    GLIBC_TUNABLES of the user's own, even an empty one, is left as it is.
    """
    if "GLIBC_TUNABLES" not in os.environ and platform.libc_ver()[0] == "glibc":
        sys.stdout.flush()
        os.execve(sys.executable, sys.orig_argv, {**os.environ, "GLIBC_TUNABLES": TUNED_ALLOCATOR})


def configure_jax(cache: Path | None) -> None:
    """Answer at once, and keep compiled programs in a folder, so that a second start need not compile them again.

    Handing each call to another thread, as jax does by default, makes one prediction in a hundred take ten
    times as long on a CPU of two cores.
    """
    import jax

    jax.config.update("jax_cpu_enable_async_dispatch", False)
    if cache is None:
        return
    jax.config.update("jax_compilation_cache_dir", str(cache))
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0)
    jax.config.update("jax_persistent_cache_min_entry_size_bytes", -1)


def describe() -> dict[str, Any]:
    """Return what a reader needs to repeat a run: versions, commit, command line, devices, settings."""
    import jax

    return {
        "packages": {name: version(name) for name in _PACKAGES},
        "python": platform.python_version(),
        "platform": platform.platform(),
        "commit": _commit(),
        "command": sys.argv,
        "devices": [device.device_kind for device in jax.devices()],
        "backend": jax.default_backend(),
        "processor": _processor(),
        "cpus": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "settings": {name: os.environ.get(name, "") for name in ("XLA_FLAGS", "GLIBC_TUNABLES")},
    }


def _processor() -> str:
    """Return the name of the processor, where Linux or the platform knows it."""
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor()


def _commit() -> str:
    """Return the commit of the checkout that the code runs from, with `+` if it was changed; or nothing."""
    folder = Path(__file__).parent
    git = ["git", "-C", str(folder)]
    try:
        inside = subprocess.run([*git, "ls-files", "--error-unmatch", __file__], capture_output=True)
        if inside.returncode:
            return ""
        head = subprocess.run([*git, "rev-parse", "HEAD"], capture_output=True, text=True).stdout.strip()
        changed = subprocess.run([*git, "status", "--porcelain", "-uno"], capture_output=True).stdout
    except OSError:
        return ""
    return head + "+" * bool(changed)
