"""Trees of arrays in one NPZ file, without pickle: weights of small networks, and the state of their training."""

import io
from pathlib import Path
from typing import Any, TypeVar
from zipfile import BadZipFile

import jax
import numpy as np

from digitjax.errors import InputError
from digitjax.runs.files import read_bytes, write_bytes

Tree = TypeVar("Tree")


def save(path: Path, tree: object, dtype: type[np.floating] | None = None) -> None:
    """Write a tree of arrays atomically.

    Args:
        path: of the file, which is replaced if it exists.
        tree: arrays in containers that `jax.tree` knows.
        dtype: of the floating-point arrays in the file; None keeps their own.
    """
    arrays: dict[str, Any] = {}
    for place, leaf in jax.tree_util.tree_leaves_with_path(tree):
        array = np.asarray(leaf)
        is_float = dtype is not None and np.issubdtype(array.dtype, np.floating)
        arrays[jax.tree_util.keystr(place)] = array.astype(dtype) if is_float else array
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)
    write_bytes(path, buffer.getvalue())


def load(path: Path, abstract: Tree) -> Tree:
    """Read a tree of arrays.

    Args:
        path: of the file.
        abstract: the tree with the shapes and dtypes that it must have.

    Returns:
        The tree, in those dtypes.

    Raises:
        InputError: the file is missing or damaged, or holds other arrays.
    """
    leaves, structure = jax.tree_util.tree_flatten_with_path(abstract)
    try:
        with np.load(io.BytesIO(read_bytes(path)), allow_pickle=False) as file:
            arrays = [file[jax.tree_util.keystr(place)] for place, _ in leaves]
    except (KeyError, ValueError, OSError, EOFError, BadZipFile) as error:
        raise InputError(f"{path}: it does not hold the arrays of this network ({error})") from None
    for array, (place, leaf) in zip(arrays, leaves, strict=True):
        if array.shape != leaf.shape:
            name = jax.tree_util.keystr(place)
            raise InputError(f"{path}: {name} has the shape {array.shape} in place of {leaf.shape}")
    return jax.tree.unflatten(
        structure, [array.astype(leaf.dtype) for array, (_, leaf) in zip(arrays, leaves, strict=True)]
    )
