"""From a picture to the digits in it: the one path that the command line, the API and the dashboard share."""

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float32, UInt8
from scipy.special import softmax

from digitjax import runs
from digitjax.errors import InputError
from digitjax.imaging.decode import Picture, Source
from digitjax.imaging.extract import extract, to_images
from digitjax.imaging.normalize import COARSE, SIDE
from digitjax.imaging.oversegmentation import choose, readings
from digitjax.imaging.segmentation import Region
from digitjax.model import calibration, classifier
from digitjax.model.calibration import Calibration, top2_probability

PRETRAINED = "handwriting"
"""The model in the box that reads where no other is named."""
SMALL = 2 * COARSE
"""Longer side of a picture, in pixels, under which its digits have too few to be as certain of as of others."""
BY_CHANCE = 0.1
"""Share of what was found in a picture that passes even if none of it is a digit, as in a noisy one."""


@dataclass(frozen=True)
class Digit:
    """One digit of a picture."""

    digit: int
    confidence: float
    """Probability of `digit`."""
    probabilities: tuple[float, ...]
    """Probability of each of 0 to 9."""
    box: tuple[int, int, int, int]
    """x0, y0, x1, y1: half-open pixel intervals of the picture as displayed."""
    line: int
    """Number of its line, 0 at the top."""
    rejected: bool
    """Too unlike any digit to be counted as read."""
    image: UInt8[np.ndarray, "28 28"]
    """What the network saw."""

    @property
    def top2_probability(self) -> float:
        """How probable it is that it is a digit at all: see `digitjax.model.calibration.top2_probability`."""
        return float(top2_probability(np.array([self.probabilities]))[0])


@dataclass(frozen=True)
class Reading:
    """What was read in a picture, and every step on the way."""

    digits: tuple[Digit, ...]
    picture: Picture
    """As displayed."""
    ink: Float32[np.ndarray, "h w"]
    """Amount of ink, 0 to 1."""
    regions: tuple[Region, ...] = ()
    """Where each digit is in the ink."""
    threshold: float = Calibration().reject_threshold
    """Certainty below which a digit was rejected."""

    @property
    def small(self) -> bool:
        """Whether the picture has too few pixels to be as certain of its digits as of others."""
        return max(self.ink.shape) < SMALL

    def explain(self, digit: Digit) -> str:
        """Say in one sentence why one of its digits was rejected, or was not."""
        measured = f"its two likeliest digits have {digit.top2_probability:.2%} together"
        asked = f"the {self.threshold:.2%} asked for" + " in small pictures" * self.small
        if not digit.rejected:
            return f"It counts as read: {measured}, not below {asked}."
        if digit.top2_probability < self.threshold:
            return f"It was rejected: {measured}, below {asked}."
        return (
            f"It was rejected with all others of this picture: {measured}, but no more than {BY_CHANCE:.0%} of them "
            "would count as read, as few as do by chance where nothing is a digit."
        )

    @property
    def lines(self) -> list[str]:
        """What was read, a string a line from the top, without the rejected."""
        count = max((d.line + 1 for d in self.digits), default=0)
        lines = [
            "".join(str(d.digit) for d in self.digits if d.line == n and not d.rejected) for n in range(count)
        ]
        return [line for line in lines if line]

    @property
    def text(self) -> str:
        """The lines joined by spaces."""
        return " ".join(self.lines)

    def to_dict(self) -> dict[str, Any]:
        """Return what was read in the form of the JSON interface."""
        return {
            "text": self.text,
            "lines": self.lines,
            "digits": [
                {
                    "digit": d.digit,
                    "confidence": d.confidence,
                    "probabilities": list(d.probabilities),
                    "box": list(d.box),
                    "line": d.line,
                    "rejected": d.rejected,
                }
                for d in self.digits
            ],
        }


class Recognizer:
    """Reads pictures of digits with one trained network or several."""

    def __init__(
        self,
        classify: Callable[[np.ndarray], np.ndarray],
        name: str = "",
        reject_threshold: float = Calibration().reject_threshold,
        low_res_reject_threshold: float = Calibration().low_res_reject_threshold,
    ):
        """Prepare to read with a function of pictures uint8 (n, 28, 28) that returns calibrated logits (n, 10)."""
        self.name = name
        self.classify = classify
        self._reject_below = reject_threshold
        self._reject_coarse_below = low_res_reject_threshold

    def classified_by(self, classify: Callable[[np.ndarray], np.ndarray]) -> "Recognizer":
        """Return the same reader with another function of pictures, such as one that gathers those of many requests."""
        return Recognizer(classify, self.name, self._reject_below, self._reject_coarse_below)

    def probabilities(self, images: UInt8[np.ndarray, "n 28 28"]) -> Float32[np.ndarray, "n 10"]:
        """Return the probability of each digit for pictures in the form of MNIST."""
        return softmax(self.classify(images), axis=1)

    def read(self, source: Source) -> Reading:
        """Find and recognize the digits of a picture.

        Args:
            source: a path, the bytes of a file, an open file, or pixels: uint8 (h, w), (h, w, 3) or (h, w, 4).

        Raises:
            InputError: it is no picture that can be decoded.
        """
        picture, ink, regions = extract(source)
        regions, images, probabilities = self._classify_regions(ink, regions)
        height, width = ink.shape
        scale = np.array([picture.width / width, picture.height / height] * 2)
        digits = []
        threshold = self._reject_coarse_below if max(ink.shape) < SMALL else self._reject_below
        rejected = top2_probability(probabilities) < threshold
        for region, image, row, doubtful in zip(regions, images, probabilities, rejected, strict=True):
            x0, y0, x1, y1 = np.rint(np.array(region.corners) * scale).astype(int).tolist()
            best = int(row.argmax())
            digits.append(
                Digit(
                    digit=best,
                    confidence=float(row[best]),
                    probabilities=tuple(float(p) for p in row),
                    box=(x0, y0, x1, y1),
                    line=region.line,
                    rejected=bool(doubtful),
                    image=image,
                )
            )
        if sum(not d.rejected for d in digits) <= BY_CHANCE * len(digits):
            digits = [replace(d, rejected=True) for d in digits]
        return Reading(tuple(digits), picture, ink, tuple(regions), threshold)

    def _classify_regions(
        self, ink: Float32[np.ndarray, "h w"], regions: list[Region]
    ) -> tuple[list[Region], UInt8[np.ndarray, "n 28 28"], Float32[np.ndarray, "n 10"]]:
        """Return the regions, those of touching digits cut where that is likelier, what each shows, and its digits."""
        ways = [readings(region) for region in regions]
        parts = [part for choices in ways for way in choices for part in way]
        if not parts:
            return [], np.zeros((0, SIDE, SIDE), np.uint8), np.zeros((0, 10), np.float32)
        images = to_images(ink, parts)
        probabilities = self.probabilities(images)
        chosen = choose(ways, top2_probability(probabilities))
        return [parts[i] for i in chosen], images[chosen], probabilities[chosen]

    def read_file(self, source: Source, name: str) -> dict[str, Any]:
        """Read a picture into one object of the JSON interface, with `error` set where it cannot be decoded.

        Args:
            source: a path, the bytes of a file, an open file, or pixels.
            name: what the object calls it, in `file`.
        """
        result: dict[str, Any] = {"file": name, "text": "", "lines": [], "digits": [], "error": None}
        try:
            return result | self.read(source).to_dict()
        except InputError as error:
            return result | {"error": str(error)}


def load(
    model: str | os.PathLike[str] | None = None, folder: Path = runs.DEFAULT_FOLDER, tta: str = "none"
) -> Recognizer:
    """Load the best weights of a run, or of every member of an ensemble, with their calibrations.

    An ensemble rejects below the mean of its members' thresholds.

    Args:
        model: the name of a run or an ensemble in `folder`, or the path of one; by default the
            model in the box. A group reads as the ensemble of its seeds.
        folder: where run folders lie.
        tta: over which tta of a digit probabilities are averaged: a name in `digitjax.model.tta.TRANSFORMS`.

    Raises:
        InputError: there is no such run, or none of its checkpoints can be used, or its calibration is damaged, or
            there are no such views.
    """
    chosen = runs.find_entry(model or PRETRAINED, folder)
    members = chosen.members()
    classify, steps = classifier.load(members, "best", tta)
    calibrations = [calibration.read(run, step) for run, step in zip(members, steps, strict=True)]
    temperatures = [one.temperature for one in calibrations]
    thresholds = np.mean(
        [(one.reject_threshold, one.low_res_reject_threshold) for one in calibrations], axis=0
    )
    return Recognizer(partial(classify, temperatures=temperatures), chosen.name, *thresholds.tolist())
