"""Which pictures, and how they are changed at random."""

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field, model_validator

from digitjax.config.base import Options


@dataclass(frozen=True, kw_only=True)
class Data(Options):
    """Which pictures, and how they are split."""

    name: Literal["digits", "mnist", "folder"] = "digits"
    """Data set; `folder` is one of your own."""
    folder: str | None = None
    """Folder of your own pictures, named in its manifest.csv or sorted into sub-folders 0 to 9."""
    validation: Annotated[float, Field(gt=0, lt=1)] = 0.1
    """Share of the training pictures that is held out for validation."""
    split_seed: Annotated[int, Field(ge=0)] = 0
    """Seed that decides which pictures are held out, apart from the seed of the training."""
    refit: bool = False
    """Train on the validation pictures too: for settings that are frozen, since nothing is left to choose on."""
    outliers: Annotated[float, Field(ge=0, le=1)] = 0.0
    """Generated strokes that are no digit, added to the training pictures as a share of them, for a classifier to doubt
    (Hendrycks et al. 2019, arXiv 1812.04606)."""
    manual_dir: str | None = None
    """Folder with the official files, used in place of a download."""

    @model_validator(mode="after")
    def _pair_name_and_folder(self) -> "Data":
        if self.name == "folder" and self.folder is None:
            raise ValueError("folder is missing: the data set folder needs one, which holds the pictures")
        if self.name != "folder" and self.folder is not None:
            raise ValueError(f"folder goes with the data set folder alone (name is {self.name!r})")
        return self


@dataclass(frozen=True, kw_only=True)
class Augment(Options):
    """How the training pictures are changed at random."""

    glyph_variants: Annotated[float, Field(ge=0, le=1.5)] = 0.0
    """Draw flags on 1s, bars on 7s and slashes on 0s: 1 is about as often as people do, 0.5 half as often."""
    shift: Annotated[int, Field(ge=0, le=8)] = 0
    """Move each picture by up to this many pixels up or down and left or right."""
    rotation: Annotated[float, Field(ge=0, le=180)] = 0.0
    """Turn each picture by up to this many degrees."""
    scale: Annotated[float, Field(ge=0, le=1)] = 0.0
    """Enlarge or reduce each picture by a factor of up to e to this power: 0.1 is about 10 %."""
    aspect: Annotated[float, Field(ge=0, le=1)] = 0.0
    """Change the ratio of height to width by a factor of up to e to this power."""
    shear: Annotated[float, Field(ge=0, le=60)] = 0.0
    """Slant each picture by up to this many degrees."""
    elastic: Annotated[float, Field(ge=0, le=4)] = 0.0
    """Bend strokes: standard deviation of the smooth displacements, in pixels."""
    reframe: bool = False
    """Fit the digit into 20 pixels again, its centre of mass in the middle, before it is scaled and shifted."""
    thickness: Annotated[float, Field(ge=0, le=1)] = 0.0
    """Widen or narrow strokes by up to this many pixels on each side."""
    blur: Annotated[float, Field(ge=0, le=4)] = 0.0
    """Blur with a Gaussian of a standard deviation of up to this many pixels."""
    sharpen: Annotated[float, Field(ge=0, le=1)] = 0.0
    """Share of the pictures whose grey edges become steep, up to hard."""
    low_res: Annotated[float, Field(ge=0, le=1)] = 0.0
    """Share of the pictures that are reduced to fewer pixels, the digit to 8 to 14, and enlarged again."""
    noise: Annotated[float, Field(ge=0, le=1)] = 0.0
    """Add Gaussian noise of a standard deviation of up to this, where full ink is 1."""
    erase: Annotated[int, Field(ge=0, le=28)] = 0
    """Blank a rectangle with sides of up to this many pixels."""

    @property
    def warps(self) -> bool:
        """Whether anything is asked for that moves ink to places between pixels."""
        return any((self.rotation, self.scale, self.aspect, self.shear, self.elastic, self.reframe))
