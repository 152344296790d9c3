"""The training pictures that a network takes to be most like a picture."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, UInt8

from digitjax.data.pipeline import Split
from digitjax.visualization.explain.features import embed, nearest
from digitjax.visualization.explain.network import InkClassifier

MOST = 5000
"""Training pictures that are searched."""


@dataclass(frozen=True)
class Neighbourhood:
    """Training pictures with what the last layer before the logits makes of each."""

    classifier: InkClassifier
    examples: Split
    features: Float[np.ndarray, "n features"]

    def nearest(self, image: UInt8[np.ndarray, "28 28"], count: int) -> Split:
        """Return the training pictures whose features are nearest to those of a picture, the nearest first."""
        (found,) = nearest(self.features, embed(self.classifier, image[None]), count)
        return Split(self.examples.images[found], self.examples.labels[found])


def find_neighbourhood(classifier: InkClassifier, train: Split) -> Neighbourhood:
    """Embed training pictures, `MOST` of them in even steps where there are more."""
    step = -(-len(train) // MOST)
    pictures = Split(np.array(train.images[::step]), np.array(train.labels[::step]))
    return Neighbourhood(classifier, pictures, embed(classifier, pictures.images))
