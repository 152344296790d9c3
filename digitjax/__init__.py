"""Digit recognition in JAX and Flax: train, evaluate, explore, and recognize handwriting in pictures.

    >>> import digitjax
    >>> reader = digitjax.load("runs/quickstart")
    >>> reader.read("photo.jpg").text
    '42'

The five stages are the five subpackages: `data`, `model`, `evaluation`, `recognition`, `visualization`.
"""

TYPE_CHECKING = False  # as in `typing`, whose import is long enough for Ctrl-C to come in between
if TYPE_CHECKING:
    from typing import Any

    from digitjax.errors import InputError
    from digitjax.evaluation.evaluate import evaluate
    from digitjax.model.training.train import train
    from digitjax.recognition.recognizer import load

__version__ = "0.2.0"
__all__ = ["InputError", "evaluate", "load", "train"]

_MODULES = {
    "InputError": "digitjax.errors",
    "evaluate": "digitjax.evaluation.evaluate",
    "load": "digitjax.recognition.recognizer",
    "train": "digitjax.model.training.train",
}


def __getattr__(name: str) -> "Any":
    # Importing jax takes most of a second, which `digitjax --help` need not pay.
    if name in _MODULES:
        from importlib import import_module

        return getattr(import_module(_MODULES[name]), name)
    raise AttributeError(f"module 'digitjax' has no attribute {name!r}")
