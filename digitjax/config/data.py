"""Which pictures, and how they are changed at random."""

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

from digitjax.config.base import Options


@dataclass(frozen=True, kw_only=True)
class Data(Options):
    """Which pictures, and how they are split."""

    name: Literal["digits", "mnist"] = "digits"
    """Data set: a folder of digitjax/data."""
    validation: Annotated[float, Field(gt=0, lt=1)] = 0.1
    """Share of the training pictures that is held out for validation."""
    split_seed: Annotated[int, Field(ge=0)] = 0
    """Seed that decides which pictures are held out, apart from the seed of the training."""
    refit: bool = False
    """Train on the validation pictures too: for settings that are frozen, since nothing is left to choose on."""
    manual_dir: str | None = None
    """Folder with the official files, used in place of a download."""


@dataclass(frozen=True, kw_only=True)
class Augment(Options):
    """How the training pictures are changed at random."""

    shift: Annotated[int, Field(ge=0, le=8)] = 0
    """Move each picture by up to this many pixels up or down and left or right."""
