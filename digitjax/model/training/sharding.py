"""Data parallelism: batches are divided among all devices, and everything else is replicated.

The training step is written for the whole batch, and XLA divides it (GSPMD, Xu et al. 2021, arXiv 2105.04663). So the
statistics of batch normalization are those of the whole batch, and the random numbers of dropout and augmentation
belong to its examples: a training is the same function of its seed on any number of devices, up to rounding. On one
device all functions here but `replicate` are the identity.
"""

from typing import Any

import jax
import numpy as np
from jax.sharding import AxisType, NamedSharding, PartitionSpec

from digitjax.errors import InputError

_BATCH = "batch"


def require_divisible(batch_size: int) -> None:
    """Refuse a batch size that the devices do not divide: XLA would move activations between them, and be slow.

    Raises:
        InputError: the number of devices does not divide it.
    """
    if batch_size % jax.device_count():
        raise InputError(
            f"training.batch_size is {batch_size}: give a multiple of the {jax.device_count()} devices, "
            "or hide some of them (CUDA_VISIBLE_DEVICES)"
        )


def split(batch: Any) -> Any:
    """Divide arrays along their first axis among all devices, inside a jitted function."""
    if jax.device_count() == 1:
        return batch
    return jax.lax.with_sharding_constraint(batch, _over_all_devices(_BATCH))


def replicate(tree: Any) -> Any:
    """Put arrays, which are equal in all processes, on every device."""
    if jax.device_count() == 1:
        # Else restored arrays are committed to the device and new ones are not: two programs to compile.
        return jax.device_put(tree, jax.devices()[0])
    sharding = _over_all_devices()
    return jax.tree.map(lambda leaf: jax.make_array_from_process_local_data(sharding, np.asarray(leaf)), tree)


def replicated() -> NamedSharding | None:
    """Return the sharding of replicated arrays; None, the default of JAX, if there is one device."""
    return None if jax.device_count() == 1 else _over_all_devices()


def local(tree: Any) -> Any:
    """Return the copies of replicated arrays on the first device of this process."""
    if jax.device_count() == 1:
        return tree
    return jax.tree.map(lambda leaf: leaf.addressable_data(0), tree)


def _over_all_devices(*axes: str) -> NamedSharding:
    mesh = jax.make_mesh((jax.device_count(),), (_BATCH,), axis_types=(AxisType.Auto,))
    return NamedSharding(mesh, PartitionSpec(*axes))
