"""The training images nearest to an image, in the embedding of a classifier."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, UInt8
from sklearn.neighbors import NearestNeighbors

from digitjax.data.pipeline import Split
from digitjax.visualization.explain.features import embed
from digitjax.visualization.explain.network import DifferentiableClassifier

MAX_IMAGES = 5000
"""Maximum training images to search, which bounds the time to build an index."""


@dataclass(frozen=True)
class NeighborIndex:
    """Training images with their embeddings."""

    classifier: DifferentiableClassifier
    examples: Split
    embeddings: Float[np.ndarray, "n features"]

    def nearest(self, image: UInt8[np.ndarray, "28 28"], count: int) -> Split:
        """Return the training images whose embeddings are nearest to that of an image, the nearest first.

        Args:
            image: light digit on a dark ground.
            count: number of neighbors, or all training images if there are fewer.
        """
        search = NearestNeighbors(n_neighbors=min(count, len(self.examples))).fit(self.embeddings)
        (indices,) = search.kneighbors(embed(self.classifier, image[None]), return_distance=False)
        return Split(self.examples.images[indices], self.examples.labels[indices])


def build_neighbor_index(classifier: DifferentiableClassifier, train: Split) -> NeighborIndex:
    """Embed the training images; of more than `MAX_IMAGES` an evenly spaced selection.

    Args:
        classifier: the network.
        train: the training split.

    Returns:
        The index of the training images.
    """
    step = -(-len(train) // MAX_IMAGES)
    examples = Split(np.array(train.images[::step]), np.array(train.labels[::step]))
    return NeighborIndex(classifier, examples, embed(classifier, examples.images))
