"""Options of the data set and of the augmentation."""

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field, model_validator

from digitjax.config.base import Options


@dataclass(frozen=True, kw_only=True)
class Data(Options):
    """The data set and its splits."""

    name: Literal["digits", "mnist", "folder"] = "digits"
    """Data set; `folder` is one of your own images."""
    folder: str | None = None
    """Folder of your own images, listed in its manifest.csv or sorted into sub-folders 0 to 9."""
    validation: Annotated[float, Field(gt=0, lt=1)] = 0.1
    """Share of the training examples that is held out for validation."""
    split_seed: Annotated[int, Field(ge=0)] = 0
    """Seed that decides which examples are held out, independent of the seed of the training."""
    refit: bool = False
    """Train on the validation examples too, once the hyper-parameters are final: no validation accuracy is left."""
    outliers: Annotated[float, Field(ge=0, le=1)] = 0.0
    """Outlier exposure: generated images that show no digit, added to the training examples as a share of them and
    labelled with the uniform distribution (Hendrycks et al. 2019, arXiv 1812.04606)."""
    manual_dir: str | None = None
    """Folder with the official files of the data set, used instead of a download."""

    @model_validator(mode="after")
    def _require_folder(self) -> "Data":
        if self.name == "folder" and self.folder is None:
            raise ValueError("folder is missing: the data set folder needs the folder of its images")
        if self.name != "folder" and self.folder is not None:
            raise ValueError(f"folder is only for the data set folder (name is {self.name!r})")
        return self


@dataclass(frozen=True, kw_only=True)
class Augment(Options):
    """Random augmentation of the training images."""

    glyph_variants: Annotated[float, Field(ge=0, le=1.5)] = 0.0
    """Add strokes to 0s, 1s, 7s and 9s, and shorten those of 4s and 7s: 1 is about as often as people do."""
    breaks: Annotated[float, Field(ge=0, le=1)] = 0.0
    """Share of the images whose strokes are broken by a straight gap of one to two pixels."""
    neighbors: Annotated[float, Field(ge=0, le=1)] = 0.0
    """Share of the images that show the edge of another digit beside the digit, 1 to 4 pixels of it."""
    shift: Annotated[int, Field(ge=0, le=8)] = 0
    """Translate each image by up to this many pixels vertically and horizontally."""
    rotation: Annotated[float, Field(ge=0, le=180)] = 0.0
    """Rotate each image by up to this many degrees in either direction."""
    scale: Annotated[float, Field(ge=0, le=1)] = 0.0
    """Scale each image by a factor of up to e to this power, or its inverse: 0.1 is about 10 %."""
    aspect: Annotated[float, Field(ge=0, le=1)] = 0.0
    """Change the aspect ratio by a factor of up to e to this power, or its inverse."""
    shear: Annotated[float, Field(ge=0, le=60)] = 0.0
    """Shear each image by up to this many degrees."""
    elastic: Annotated[float, Field(ge=0, le=4)] = 0.0
    """Elastic distortion: standard deviation of the smooth displacements, in pixels."""
    reframe: bool = False
    """Fit the rotated and sheared digit into 20 pixels again, centred by mass, before it is scaled and shifted."""
    thickness: Annotated[float, Field(ge=0, le=1)] = 0.0
    """Dilate or erode strokes by up to this many pixels on each side."""
    blur: Annotated[float, Field(ge=0, le=4)] = 0.0
    """Blur with a Gaussian of a standard deviation of up to this many pixels."""
    sharpen: Annotated[float, Field(ge=0, le=1)] = 0.0
    """Share of the images whose edges are sharpened, up to black and white."""
    low_res: Annotated[float, Field(ge=0, le=1)] = 0.0
    """Share of the images that are downsampled, the digit to 7 to 14 pixels, and upsampled again."""
    noise: Annotated[float, Field(ge=0, le=1)] = 0.0
    """Add Gaussian noise of a standard deviation of up to this; intensities range from 0 to 1."""
    erase: Annotated[int, Field(ge=0, le=28)] = 0
    """Erase a rectangle with sides of up to this many pixels."""

    @property
    def warps(self) -> bool:
        """Whether any option needs interpolation between pixels."""
        return any((self.rotation, self.scale, self.aspect, self.shear, self.elastic, self.reframe))
