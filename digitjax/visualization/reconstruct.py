"""What an autoencoder makes of pictures, and what the numbers of its latent stand for.

Functions return arrays of pictures uint8 (..., 28, 28); `digitjax.visualization.grid` lays them out as one picture.
"""

import numpy as np
from jaxtyping import Float, Int, UInt8

from digitjax.errors import InputError
from digitjax.model.reconstructor import Reconstructor
from digitjax.visualization.grid import Row

REACH = 3.0
"""How far a latent dimension is moved to either side, in standard deviations."""


def overview(
    autoencoder: Reconstructor, images: UInt8[np.ndarray, "n 28 28"], columns: int = 12, dimensions: int = 8
) -> list[Row]:
    """Return rows that show an autoencoder whole: reconstructions, traversals, interpolations, samples.

    Args:
        autoencoder: what is shown.
        images: pictures that it was not trained on, at least two.
        columns: pictures a row, at most.
        dimensions: latent dimensions to move, at most; the most varying come first.
    """
    rows = []
    for label, (pictures, reconstructed) in reconstructions(autoencoder, images, columns).items():
        rows += [Row(label, pictures), Row("reconstructed", reconstructed)]
    latents = autoencoder.encode(images)
    chosen = most_varying(latents, dimensions)
    moved = traversal(autoencoder, latents, latents[0], chosen, columns)
    rows += [Row(f"latent {i}", pictures) for i, pictures in zip(chosen, moved, strict=True)]
    rows += [
        Row("interpolated", interpolation(autoencoder, images[i], images[j], columns))
        for i, j in zip(range(0, 6, 2), range(1, 6, 2), strict=True)
        if j < len(images)
    ]
    if autoencoder.variational:
        rows += [Row("from noise", samples(autoencoder, columns, seed)) for seed in range(3)]
    return rows


def reconstructions(
    autoencoder: Reconstructor, images: UInt8[np.ndarray, "n 28 28"], count: int
) -> dict[str, UInt8[np.ndarray, "2 count2 28 28"]]:
    """Return the `best`, `typical` and `worst` pictures by error, each above its reconstruction.

    There are `count` of each, or all there are; typical are those in the middle of the ranking.
    """
    ranking = np.argsort(autoencoder.measure(images)["error"], kind="stable")
    middle = max(0, (len(images) - count) // 2)
    chosen = {
        "best": ranking[:count],
        "typical": ranking[middle : middle + count],
        "worst": ranking[::-1][:count],
    }
    return {
        name: np.stack([images[of], autoencoder.decode(autoencoder.encode(images[of]))])
        for name, of in chosen.items()
    }


def most_varying(latents: Float[np.ndarray, "n latent"], count: int) -> Int[np.ndarray, " dimensions"]:
    """Return the latent dimensions that differ most between pictures, at most `count`, the most varying first."""
    return np.argsort(-latents.std(axis=0), kind="stable")[:count]


def traversal(
    autoencoder: Reconstructor,
    latents: Float[np.ndarray, "n latent"],
    start: Float[np.ndarray, " latent"],
    dimensions: Int[np.ndarray, " dimensions"],
    steps: int,
) -> UInt8[np.ndarray, "dimensions steps 28 28"]:
    """Return what becomes of a picture when one latent dimension is moved and the others are kept.

    Args:
        autoencoder: what decodes.
        latents: of many pictures; a dimension moves from 3 of their standard deviations below its mean to 3 above.
        start: the latent of the picture.
        dimensions: which to move, one a row.
        steps: places on the way.
    """
    path = np.linspace(-REACH, REACH, steps)
    moved = np.tile(start, (len(dimensions), steps, 1))
    for row, i in zip(moved, dimensions, strict=True):
        row[:, i] = latents[:, i].mean() + path * latents[:, i].std()
    pictures = autoencoder.decode(moved.reshape(-1, len(start)))
    return pictures.reshape(len(dimensions), steps, 28, 28)


def interpolation(
    autoencoder: Reconstructor,
    first: UInt8[np.ndarray, "28 28"],
    last: UInt8[np.ndarray, "28 28"],
    steps: int,
) -> UInt8[np.ndarray, "steps 28 28"]:
    """Return the pictures on the straight line between the latents of two pictures."""
    start, end = autoencoder.encode(np.stack([first, last]))
    share = np.linspace(0, 1, steps)[:, None]
    return autoencoder.decode((1 - share) * start + share * end)


def samples(autoencoder: Reconstructor, count: int, seed: int = 0) -> UInt8[np.ndarray, "count 28 28"]:
    """Return pictures whose latents are drawn from the standard normal distribution.

    Raises:
        InputError: the autoencoder is not variational: nothing made its latents follow a distribution.
    """
    if not autoencoder.variational:
        raise InputError(
            "only a variational autoencoder draws pictures from noise: train one with model.kind vae"
        )
    return autoencoder.decode(np.random.default_rng(seed).standard_normal((count, autoencoder.latent)))
