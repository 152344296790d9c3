"""Classification of the crops of one picture, of which the proposals show many alike: none is classified twice."""

from collections.abc import Callable, Sequence

import numpy as np
from jaxtyping import Float32, UInt8

from digitjax.imaging.normalize import SIDE, NormalizeParams, center_in_frame, to_mnist
from digitjax.model.calibration import top2_probability

Probabilities = Callable[[UInt8[np.ndarray, "n 28 28"]], Float32[np.ndarray, "n 10"]]
"""A function of images in MNIST's format that returns the probability of each digit."""
_Crop = Float32[np.ndarray, "_ _"]
_Normalize = Callable[[_Crop, NormalizeParams], UInt8[np.ndarray, "28 28"]]
_Key = tuple[_Normalize, tuple[int, ...], bytes]
_Classified = tuple[UInt8[np.ndarray, "28 28"], Float32[np.ndarray, " 10"]]


class CropClassifier:
    """Normalizes and classifies the crops of one picture."""

    def __init__(self, probabilities: Probabilities, params: NormalizeParams):
        """Create a classifier that has seen no crop.

        Args:
            probabilities: the network.
            params: parameters of the normalization.
        """
        self._probabilities = probabilities
        self._params = params
        self._classified: dict[_Key, _Classified] = {}

    @property
    def count(self) -> int:
        """Number of different images that were classified."""
        return len(self._classified)

    @property
    def pixels(self) -> int:
        """Number of pixels of the crops that were classified."""
        return sum(height * width for _, (height, width), _ in self._classified)

    def __call__(
        self, crops: Sequence[_Crop], reject_threshold: float | None
    ) -> tuple[UInt8[np.ndarray, "n 28 28"], Float32[np.ndarray, "n 10"]]:
        """Classify crops.

        Args:
            crops: foreground intensities of one digit each, 0 to 1.
            reject_threshold: top-2 probability below which a crop is classified once more with the stroke width that it
                has, and that answer is taken if it is above; None leaves this out.

        Returns:
            The normalized images, and the probability of each digit.
        """
        if not crops:
            return np.zeros((0, SIDE, SIDE), np.uint8), np.zeros((0, 10), np.float32)
        images, rows = self._classify(crops, to_mnist)
        if reject_threshold is None:
            return images, rows
        rejected = np.flatnonzero(top2_probability(rows) < reject_threshold)
        if len(rejected):
            plain, plain_rows = self._classify([crops[i] for i in rejected.tolist()], center_in_frame)
            better = top2_probability(plain_rows) >= reject_threshold
            images[rejected[better]], rows[rejected[better]] = plain[better], plain_rows[better]
        return images, rows

    def _classify(
        self, crops: Sequence[_Crop], normalize: _Normalize
    ) -> tuple[UInt8[np.ndarray, "n 28 28"], Float32[np.ndarray, "n 10"]]:
        keys = [(normalize, crop.shape, crop.tobytes()) for crop in crops]
        new = {key: crop for key, crop in zip(keys, crops, strict=True) if key not in self._classified}
        if new:
            images = np.stack([normalize(crop, self._params) for crop in new.values()])
            self._classified |= dict(
                zip(new, zip(images, self._probabilities(images), strict=True), strict=True)
            )
        found_images, rows = zip(*(self._classified[key] for key in keys), strict=True)
        return np.stack(found_images), np.stack(rows)
