"""What the pages share: how reasons and small pictures are shown, and which weights are used."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

import numpy as np
import streamlit as st

from digitjax.errors import InputError
from digitjax.model import checkpoint
from digitjax.runs import Run


def escape(text: str) -> str:
    """Return Markdown that shows this text as it is: names and reasons hold what files and people wrote."""
    return re.sub(r"([!-/:-@\[-`{-~])", r"\\\1", " ".join(text.split()))


@contextmanager
def reasons_shown() -> Iterator[None]:
    """Show why something cannot be read, in one line, in place of what stands inside the `with`."""
    try:
        yield
    except InputError as error:
        st.error(escape(str(error)))
    except (AttributeError, LookupError, OSError, TypeError, ValueError) as error:
        st.error(escape(f"a file of this run is missing or not as expected ({error!r})"))


def enlarge(image: np.ndarray) -> np.ndarray:
    """Enlarge a small picture uint8 (h, w) six times, each pixel to a square, so that browsers need not blur it."""
    return image.repeat(6, axis=0).repeat(6, axis=1)


class Model(NamedTuple):
    """Names the weights in use: caches go by it, so that a run that is trained again is loaded again."""

    path: str
    step: int
    written: int
    """When the checkpoint was written, in nanoseconds."""


def find_model(run: Run) -> Model:
    """Return the best checkpoint of a run.

    Raises:
        InputError: the run is damaged, or has no checkpoint yet.
    """
    _ = run.config
    best = checkpoint.candidates(run.checkpoints, "best")[0]
    return Model(str(run.path.absolute()), best.step, best.path.stat().st_mtime_ns)
