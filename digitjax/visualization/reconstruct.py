"""Reconstructions, latent traversals, interpolations and samples of an autoencoder.

Functions return images uint8 (..., 28, 28); `digitjax.visualization.grid` lays them out as one image.
"""

import numpy as np
from jaxtyping import Float, Int, UInt8

from digitjax.errors import InputError
from digitjax.model.reconstructor import Reconstructor
from digitjax.visualization.grid import Row

TRAVERSAL_RANGE = 3.0
"""How far a latent dimension is moved to either side of its mean, in standard deviations."""


def overview(
    autoencoder: Reconstructor, images: UInt8[np.ndarray, "n 28 28"], columns: int = 12, dimensions: int = 8
) -> list[Row]:
    """Return rows of reconstructions, latent traversals, interpolations and, of a variational autoencoder, samples.

    Args:
        autoencoder: a trained autoencoder.
        images: at least two images that it was not trained on.
        columns: maximum images in a row.
        dimensions: maximum latent dimensions to traverse; those of the highest variance come first.
    """
    rows = []
    for label, (originals, reconstructed) in reconstructions(autoencoder, images, columns).items():
        rows += [Row(label, originals), Row("reconstructed", reconstructed)]
    latents = autoencoder.encode(images)
    varying = top_variance_dimensions(latents, dimensions)
    traversals = traversal(autoencoder, latents, latents[0], varying, columns)
    rows += [Row(f"latent {i}", images) for i, images in zip(varying, traversals, strict=True)]
    rows += [
        Row("interpolated", interpolation(autoencoder, images[i], images[j], columns))
        for i, j in zip(range(0, 6, 2), range(1, 6, 2), strict=True)
        if j < len(images)
    ]
    if autoencoder.variational:
        rows += [Row("sampled", samples(autoencoder, columns, seed)) for seed in range(3)]
    return rows


def reconstructions(
    autoencoder: Reconstructor, images: UInt8[np.ndarray, "n 28 28"], count: int
) -> dict[str, UInt8[np.ndarray, "2 count2 28 28"]]:
    """Return the `best`, `typical` and `worst` images by reconstruction error, each with its reconstruction.

    Args:
        autoencoder: a trained autoencoder.
        images: the images to rank.
        count: images of each kind, or as many as there are; `typical` is the middle of the ranking.
    """
    ranking = np.argsort(autoencoder.measure(images)["error"], kind="stable")
    middle = max(0, (len(images) - count) // 2)
    selected = {
        "best": ranking[:count],
        "typical": ranking[middle : middle + count],
        "worst": ranking[::-1][:count],
    }
    return {
        name: np.stack([images[indices], autoencoder.decode(autoencoder.encode(images[indices]))])
        for name, indices in selected.items()
    }


def top_variance_dimensions(
    latents: Float[np.ndarray, "n latent"], count: int
) -> Int[np.ndarray, " dimensions"]:
    """Return the latent dimensions of the highest variance, in descending order.

    Args:
        latents: of many images.
        count: maximum dimensions.
    """
    return np.argsort(-latents.std(axis=0), kind="stable")[:count]


def traversal(
    autoencoder: Reconstructor,
    latents: Float[np.ndarray, "n latent"],
    start: Float[np.ndarray, " latent"],
    dimensions: Int[np.ndarray, " dimensions"],
    steps: int,
) -> UInt8[np.ndarray, "dimensions steps 28 28"]:
    """Return the decoded images as one latent dimension at a time is moved and the others are kept.

    Args:
        autoencoder: a trained autoencoder.
        latents: of many images; a dimension moves `TRAVERSAL_RANGE` of their standard deviations around their mean.
        start: the latent vector to edit.
        dimensions: the dimension to move in each row.
        steps: images in a row.
    """
    path = np.linspace(-TRAVERSAL_RANGE, TRAVERSAL_RANGE, steps)
    moved = np.tile(start, (len(dimensions), steps, 1))
    for row, i in zip(moved, dimensions, strict=True):
        row[:, i] = latents[:, i].mean() + path * latents[:, i].std()
    images = autoencoder.decode(moved.reshape(-1, len(start)))
    return images.reshape(len(dimensions), steps, 28, 28)


def interpolation(
    autoencoder: Reconstructor,
    first: UInt8[np.ndarray, "28 28"],
    last: UInt8[np.ndarray, "28 28"],
    steps: int,
) -> UInt8[np.ndarray, "steps 28 28"]:
    """Return the decoded images on the straight line between the latent vectors of two images.

    Args:
        autoencoder: a trained autoencoder.
        first: the image at the start of the line.
        last: the image at its end.
        steps: images on the line, with both ends.
    """
    start, end = autoencoder.encode(np.stack([first, last]))
    share = np.linspace(0, 1, steps)[:, None]
    return autoencoder.decode((1 - share) * start + share * end)


def samples(autoencoder: Reconstructor, count: int, seed: int = 0) -> UInt8[np.ndarray, "count 28 28"]:
    """Return decoded samples of the prior, a standard normal distribution.

    Args:
        autoencoder: a trained variational autoencoder.
        count: number of images.
        seed: of the random numbers.

    Raises:
        InputError: the autoencoder is not variational, so that its latents follow no known distribution.
    """
    if not autoencoder.variational:
        raise InputError("only a variational autoencoder can be sampled: train one with model.kind vae")
    return autoencoder.decode(np.random.default_rng(seed).standard_normal((count, autoencoder.latent)))
