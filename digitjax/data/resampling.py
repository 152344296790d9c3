"""Matrices that resample rows of pixels."""

from functools import cache

import numpy as np
from jaxtyping import Float32
from PIL import Image
from PIL.Image import Resampling


@cache
def resize_matrix(size: int, new_size: int, method: Resampling) -> Float32[np.ndarray, "new_size size"]:
    """Return the matrix that resizes a row of pixels, as `jax.image.resize` does.

    Pillow computes it: `jax.image.resize` in an augmentation takes over a second to compile, a product with a constant
    hardly any.

    Args:
        size: number of pixels.
        new_size: number of pixels after it.
        method: BILINEAR or BICUBIC.

    Returns:
        float32 (new_size, size).
    """
    return np.asarray(Image.fromarray(np.eye(size, dtype=np.float32)).resize((size, new_size), method))
