"""The machine and its settings: chosen before jax starts, recorded with every run."""

import os
import platform
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

_PACKAGES = ("digitjax", "jax", "jaxlib", "flax", "optax", "orbax-checkpoint", "tensorflow-datasets", "numpy")


def use_compilation_cache(folder: Path) -> None:
    """Keep compiled programs on disk, so that a second start need not compile them again."""
    import jax

    jax.config.update("jax_compilation_cache_dir", str(folder))
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
        "cpus": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "settings": {name: os.environ.get(name, "") for name in ("XLA_FLAGS", "GLIBC_TUNABLES")},
    }


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
