"""Recognition of the digits in a picture: the one path of the command line, the HTTP interface and the dashboard.

The stations from the bytes of a picture to JSON, in order, and where each is:

1. `imaging.decode.decode`: any picture file to RGB pixels as displayed
2. `imaging.letterbox.crop_letterbox`: bars around a photo are cropped
3. `imaging.binarize.binarize`: pixels to foreground intensity, 0 to 1: the first proposal
4. `imaging.components.find_components`: foreground to strokes, without page edges, ruled lines and specks
5. `imaging.segmentation.find_digits`: strokes to regions of one digit each
6. `imaging.oversegmentation.build_lattice`: regions that are unlikely digits to parts, cut and merged
7. `imaging.normalize.to_mnist`: each region to an image of 28x28 pixels, in MNIST's format
8. `model.classifier.Classifier`: images to calibrated logits
9. `recognition.acceptance.explains_picture`: a sure reading that explains the picture is taken at once
10. `imaging.proposals.propose_foregrounds`, `model.ink_model`: otherwise more foregrounds, for each of which 4 to 8
11. `recognition.selection.select`, `acceptance.accept`, `words.are_letters`: the digits that have most evidence at
    each place, without those that stand among letters
12. `Recognizer.read`: digits with their boxes, and rejection
13. `Reading.to_dict`: the JSON that `digitjax read --json`, `--out` and `POST /read` give

`recognition.search.search` runs 3 to 11, `Recognizer.read` all; `imaging.extract.extract` runs 1 to 5 and 7, and is how
pictures are trained on.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float32, UInt8

from digitjax import runs
from digitjax.errors import InputError
from digitjax.imaging.decode import DecodeParams, Picture, decode
from digitjax.imaging.letterbox import LetterboxParams, crop_letterbox
from digitjax.imaging.segmentation import Region
from digitjax.imaging.source import Source
from digitjax.model import calibration, classifier
from digitjax.model.calibration import Calibration, softmax, top2_probability
from digitjax.recognition.hypotheses import Hypothesis
from digitjax.recognition.search import SearchParams, search

Classify = Callable[[np.ndarray], np.ndarray]
"""A function of images, uint8 (n, 28, 28), that returns calibrated logits, float32 (n, 10)."""


@dataclass(frozen=True)
class RecognizerParams:
    """Parameters of the stages of `Recognizer.read`, in their order."""

    decode: DecodeParams = field(default_factory=DecodeParams)
    """File to pixels."""
    letterbox: LetterboxParams = field(default_factory=LetterboxParams)
    """Pixels to pixels without bars around them."""
    search: SearchParams = field(default_factory=SearchParams)
    """Pixels to digits."""
    low_res_side: int = 28
    """Longer side, in pixels, below which a picture has its own threshold; chosen on scikit-learn's 8x8 digits."""
    max_chance_share: float = 0.1
    """Share of a picture's digits above the threshold up to which all are rejected; noise has it by chance."""


@dataclass(frozen=True)
class Digit:
    """One digit of a picture."""

    digit: int
    """The most probable digit."""
    confidence: float
    """Its probability."""
    probabilities: tuple[float, ...]
    """Probability of each of 0 to 9."""
    box: tuple[int, int, int, int]
    """x0, y0, x1, y1: half-open pixel intervals of the picture as displayed."""
    line: int
    """Number of its line, 0 at the top."""
    rejected: bool
    """Whether it is too unlike any digit to be part of the text."""
    image: UInt8[np.ndarray, "28 28"]
    """The normalized image that the network classified."""

    @property
    def top2_probability(self) -> float:
        """Sum of the two largest probabilities: see `digitjax.model.calibration.top2_probability`."""
        return float(top2_probability(np.array([self.probabilities]))[0])

    def to_dict(self) -> dict[str, Any]:
        """Return the digit as JSON."""
        return {
            "digit": self.digit,
            "confidence": self.confidence,
            "probabilities": list(self.probabilities),
            "box": list(self.box),
            "line": self.line,
            "rejected": self.rejected,
        }


@dataclass(frozen=True)
class Reading:
    """The digits of a picture, and the intermediate results."""

    digits: tuple[Digit, ...]
    """Those of the text in reading order, then the rejected ones."""
    picture: Picture
    """The picture as displayed."""
    intensity: Float32[np.ndarray, "h w"]
    """Foreground intensity, 0 to 1; a picture of large digits that is hard to read is reduced for it."""
    regions: tuple[Region, ...] = ()
    """Where each digit is in the intensity."""
    reject_threshold: float = Calibration().reject_threshold
    """Top-2 probability below which a digit was rejected, unless it fits to sure ones beside it."""
    params: RecognizerParams = RecognizerParams()
    """Parameters that the picture was read with."""
    ink: Float32[np.ndarray, "h w"] | None = None
    """Probability of each pixel to be a stroke of a digit, as the ink network sees it; None if it was not needed."""
    proposals: tuple[str, ...] = ()
    """Names of the ways in which the picture was binarized."""

    @property
    def low_res(self) -> bool:
        """Whether the picture is so small that it has a rejection threshold of its own."""
        return max(self.picture.pixels.shape[:2]) < self.params.low_res_side

    def explain(self, digit: Digit) -> str:
        """Explain in one sentence why one of its digits was rejected, or was not."""
        scope = " for small pictures" * self.low_res
        reason = (
            f"top-2 probability {digit.top2_probability:.2%} (threshold {self.reject_threshold:.2%}{scope})"
        )
        is_unsure = digit.top2_probability < self.reject_threshold
        if not digit.rejected and is_unsure:
            return f"Accepted: low confidence, but as tall as the confident digits beside it, {reason}."
        if not digit.rejected:
            return f"Accepted: {reason}."
        if is_unsure:
            return f"Rejected: low confidence, {reason}."
        if self.text:
            return f"Rejected: unlike the other digits in height, contrast or stroke, or among letters, {reason}."
        return (
            "Rejected: the picture has too few likely digits, or they explain less than half of its strokes, as in "
            f"letters and noise, {reason}."
        )

    @property
    def lines(self) -> list[str]:
        """The text of each line from the top, without the rejected digits."""
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
        """Return the reading as JSON; `Recognizer.read_file` adds the file's name and its error."""
        return {"text": self.text, "lines": self.lines, "digits": [d.to_dict() for d in self.digits]}


class Recognizer:
    """Reads pictures of digits with one trained network or an ensemble."""

    def __init__(
        self,
        classify: Classify,
        name: str = "",
        reject_threshold: float = Calibration().reject_threshold,
        low_res_reject_threshold: float = Calibration().low_res_reject_threshold,
        params: RecognizerParams = RecognizerParams(),
        min_batch: int = classifier.XLA_MIN_BATCH,
    ):
        """Create a recognizer.

        Args:
            classify: a function of images, uint8 (n, 28, 28), that returns calibrated logits, float32 (n, 10).
            name: of the model.
            reject_threshold: top-2 probability, 0 to 1, below which a digit is rejected.
            low_res_reject_threshold: the same in pictures smaller than `params.low_res_side`.
            params: parameters of each stage.
            min_batch: images from which on the logits of an image do not depend on the others, bit for bit.
        """
        self.name = name
        self.classify = classify
        self.reject_threshold = reject_threshold
        self.low_res_reject_threshold = low_res_reject_threshold
        self.params = params
        self.min_batch = min_batch

    def with_classifier(self, classify: Classify) -> "Recognizer":
        """Return the same recognizer with another classifier, such as one that batches the images of many requests."""
        thresholds = self.reject_threshold, self.low_res_reject_threshold
        return Recognizer(classify, self.name, *thresholds, self.params, self.min_batch)

    def probabilities(self, images: UInt8[np.ndarray, "n 28 28"]) -> Float32[np.ndarray, "n 10"]:
        """Return the probability of each digit for images in MNIST's format."""
        return softmax(self.classify(images))

    def read(self, source: Source) -> Reading:
        """Find and classify the digits of a picture.

        Args:
            source: a path, the bytes of a file, an open file, or pixels: uint8 (h, w), (h, w, 3) or (h, w, 4).

        Raises:
            InputError: the source is no picture that can be decoded.
        """
        picture = decode(source, self.params.decode)
        rows, columns = crop_letterbox(picture.pixels, self.params.letterbox)
        is_low_res = max(picture.pixels.shape[:2]) < self.params.low_res_side
        threshold = self.low_res_reject_threshold if is_low_res else self.reject_threshold
        pixels = np.ascontiguousarray(picture.pixels[rows, columns])
        found = search(pixels, self.probabilities, threshold, self.params.search)
        height, width = (-(-side // found.reduction) for side in picture.pixels.shape[:2])
        top, left = rows.start // found.reduction, columns.start // found.reduction

        def with_letterbox(values: Float32[np.ndarray, "h w"]) -> Float32[np.ndarray, "h2 w2"]:
            """Return a map of the whole picture, 0 in the bars around the photo."""
            whole = np.zeros((height, width), np.float32)
            inside = whole[top : top + values.shape[0], left : left + values.shape[1]]
            inside[:] = values[: inside.shape[0], : inside.shape[1]]
            return whole

        scale = picture.width / width, picture.height / height
        hypotheses = [replace(h, region=h.region.translate(left, top)) for h in found.digits + found.rejected]
        by_chance = len(found.digits) <= self.params.max_chance_share * len(hypotheses)
        digits = tuple(
            _describe(h, scale, rejected=by_chance or i >= len(found.digits))
            for i, h in enumerate(hypotheses)
        )
        regions = tuple(h.region for h in hypotheses)
        ink = None if found.ink is None else with_letterbox(found.ink)
        intensity = with_letterbox(found.intensity)
        return Reading(digits, picture, intensity, regions, threshold, self.params, ink, found.proposals)

    def read_file(self, source: Source, name: str) -> dict[str, Any]:
        """Read a picture to JSON: the form of `digitjax read --json`, of `--out` and of `POST /read`.

        Args:
            source: a path, the bytes of a file, an open file, or pixels.
            name: the value of `file`.

        Returns:
            `file`, the fields of `Reading.to_dict`, and `error`: why it cannot be decoded, or None.
        """
        try:
            return to_result(name, self.read(source))
        except InputError as error:
            return to_result(name, error=str(error))


def to_result(name: str, reading: Reading | None = None, error: str | None = None) -> dict[str, Any]:
    """Return what `Recognizer.read_file` does, for a picture that was read already.

    Args:
        name: the value of `file`.
        reading: of the picture; None if it cannot be decoded.
        error: why it cannot be decoded, or None.
    """
    result: dict[str, Any] = {"file": name, "text": "", "lines": [], "digits": [], "error": error}
    return result | reading.to_dict() if reading else result


def _describe(hypothesis: Hypothesis, scale: tuple[float, float], rejected: bool) -> Digit:
    """Return a digit, given the horizontal and vertical scale from its region to the picture."""
    x0, y0, x1, y1 = np.rint(np.array(hypothesis.region.corners) * [*scale, *scale]).astype(int).tolist()
    return Digit(
        digit=hypothesis.label,
        confidence=float(hypothesis.probabilities.max()),
        probabilities=tuple(float(p) for p in hypothesis.probabilities),
        box=(x0, y0, x1, y1),
        line=hypothesis.region.line,
        rejected=rejected,
        image=hypothesis.image,
    )


def load(
    model: str | os.PathLike[str] | None = None,
    folder: Path = runs.DEFAULT_FOLDER,
    tta: str = "none",
    step: int | str = "best",
    prepare_jax: Callable[[], None] = lambda: None,
) -> Recognizer:
    """Load the weights of a run, or of every member of an ensemble, with their calibrations.

    The pretrained model and other packed runs are run by ONNX Runtime, all others by JAX.

    An ensemble rejects below the mean of its members' thresholds.

    Args:
        model: the name of a run, a group or an ensemble in `folder`, or the path of one; by default the pretrained
            model. A group reads as the ensemble of its seeds.
        folder: the folder of the runs.
        tta: test-time augmentation, over which probabilities are averaged: a name in `digitjax.model.tta.TRANSFORMS`.
        step: of the weights: a number, `latest`, or `best` on the validation split.
        prepare_jax: called before JAX is used, if it is.

    Returns:
        The recognizer.

    Raises:
        InputError: there is no such run or augmentation, none of its checkpoints can be used, or its calibration is
            damaged.
    """
    entry = runs.find_entry(model or runs.PRETRAINED, folder)
    members = entry.members()
    classify, steps = classifier.load(members, step, tta, prepare_jax)
    calibrations = [calibration.read(run, step) for run, step in zip(members, steps, strict=True)]
    temperatures = [c.temperature for c in calibrations]
    thresholds = np.mean([(c.reject_threshold, c.low_res_reject_threshold) for c in calibrations], axis=0)
    reject_threshold, low_res_reject_threshold = thresholds.tolist()
    return Recognizer(
        partial(classify, temperatures=temperatures),
        entry.name,
        reject_threshold,
        low_res_reject_threshold,
        min_batch=classify.min_batch,
    )
