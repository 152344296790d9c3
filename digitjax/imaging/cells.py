"""Statistics of a picture's surroundings, fast: averages of square cells of pixels, and interpolation between them."""

import numpy as np
from jaxtyping import Float32
from PIL import Image
from scipy import ndimage

CELL = 4
"""Side of a cell, in pixels."""
_WEIGHTS = np.array(
    [[0.375, 0.625, 0], [0.125, 0.875, 0], [0, 0.875, 0.125], [0, 0.625, 0.375]], np.float32
)  # of the cell before, the pixel's own and the one after, for each pixel of a cell


def average_cells(plane: Float32[np.ndarray, "h w"]) -> Float32[np.ndarray, "h2 w2"]:
    """Return the mean of each cell; those at the right and below may hold fewer pixels."""
    return np.asarray(Image.fromarray(plane).reduce(CELL))


def smooth_cells(cells: Float32[np.ndarray, "h w"], side: int) -> Float32[np.ndarray, "h w"]:
    """Return the mean of the square around each cell.

    Args:
        cells: one number a cell.
        side: of the square, in pixels.
    """
    return ndimage.uniform_filter(cells, max(1, round(side / CELL)), mode="reflect")


def enlarge_cells(cells: Float32[np.ndarray, "h w"], shape: tuple[int, ...]) -> Float32[np.ndarray, "h2 w2"]:
    """Interpolate linearly between cells.

    Args:
        cells: one number a cell.
        shape: height and width of the picture, in pixels.

    Returns:
        One number a pixel.
    """
    padded = np.pad(cells, 1, mode="edge")
    height, width = cells.shape
    rows = np.empty((height, CELL, width + 2), np.float32)
    for i, (before, at, after) in enumerate(_WEIGHTS):
        rows[:, i] = before * padded[:-2] + at * padded[1:-1] + after * padded[2:]
    tall = rows.reshape(height * CELL, width + 2)
    columns = np.empty((height * CELL, width, CELL), np.float32)
    for i, (before, at, after) in enumerate(_WEIGHTS):
        columns[..., i] = before * tall[:, :-2] + at * tall[:, 1:-1] + after * tall[:, 2:]
    return columns.reshape(height * CELL, width * CELL)[: shape[0], : shape[1]]
