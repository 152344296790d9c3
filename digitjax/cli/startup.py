"""How commands start: quickly, with streams that can be printed to, and on a device that there is."""

import contextlib
import gc
import io
import os
import sys
from collections.abc import Iterator

from digitjax.errors import InputError


@contextlib.contextmanager
def no_garbage_collection() -> Iterator[None]:
    """Suspend garbage collection while imports and weights, which are all kept, are loaded.

    It would take a fifth of the time that `digitjax read` needs to start.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def prepare_streams() -> None:
    """Replace standard streams that are closed, and escape characters that the encoding of standard output lacks."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:  # or `print` would raise, and files would get the number of the stream
            setattr(sys, name, open(os.devnull, mode))  # noqa: SIM115
    if isinstance(sys.stdout, io.TextIOWrapper) and sys.stdout.errors == "strict":
        sys.stdout.reconfigure(errors="backslashreplace")


def ignore_late_callbacks() -> None:
    """Print no traceback for reads and writes of Orbax that end after another one has failed, which is reported."""
    print_ignored = sys.unraisablehook

    def print_others(ignored: "sys.UnraisableHookArgs") -> None:
        if str(ignored.exc_value) != "Event loop is closed":
            print_ignored(ignored)

    sys.unraisablehook = print_others


def prepare_jax(start: bool = True) -> None:
    """Configure JAX, with a compilation cache that persists between processes.

    Args:
        start: whether the devices are looked for; processes must be connected before that.

    Raises:
        InputError: there is no device of the platform in JAX_PLATFORMS.
    """
    from digitjax.data.cache import cache_folder
    from digitjax.environment import configure_jax

    configure_jax(cache_folder() / "compiled")
    if start and (platforms := os.environ.get("JAX_PLATFORMS")):
        _require_device(platforms)


def _require_device(platforms: str) -> None:
    import jax

    try:
        jax.devices()
    except (AssertionError, RuntimeError):
        jax.config.update("jax_platforms", None)
        found = sorted({device.platform for device in jax.devices()} | {"cpu"})
        raise InputError(
            f"JAX_PLATFORMS is {platforms}, of which there is no device here: "
            f"unset it, or set it to {' or '.join(found)}"
        ) from None
