"""safetensors: the weights of a run by name, with its config, for any framework."""

import dataclasses
import json
from pathlib import Path
from typing import Any

import jax
import numpy as np
import safetensors.numpy
from safetensors import SafetensorError, safe_open

from digitjax import runs
from digitjax.config import Config, from_json, to_json
from digitjax.errors import InputError
from digitjax.model import calibration
from digitjax.model.network import Network, Weights, load_weights
from digitjax.runs import Run


def write(run: Run, path: Path, step: int | str = "best") -> None:
    """Export the weights of a run.

    Each tensor is named by its path in `Weights`, such as `params.blocks.0.conv.kernel`. The metadata hold `config`
    and `calibration` as JSON, and `step`.

    Args:
        run: a trained run.
        path: file to write.
        step: a step, `latest`, or `best` on the validation split.

    Raises:
        InputError: the run has no usable checkpoint.
    """
    used_step, weights = load_weights(run, Network(run.config.model), step)
    tensors = {_name(key): np.asarray(array) for key, array in jax.tree.leaves_with_path(weights)}
    metadata = {
        "config": to_json(run.config),
        "calibration": json.dumps(dataclasses.asdict(calibration.read(run, used_step))),
        "step": str(used_step),
    }
    runs.write_bytes(path, safetensors.numpy.save(tensors, metadata))


def load(path: Path) -> tuple[Config, Weights]:
    """Return the config and the weights of an export, for `Network(config.model)`.

    Raises:
        InputError: the file is missing or damaged, or was not written by `write`.
    """
    try:
        with safe_open(path, "numpy") as file:
            config = from_json(file.metadata()["config"].encode(), str(path))
            weights = jax.tree.map_with_path(
                lambda key, leaf: jax.numpy.asarray(file.get_tensor(_name(key)), leaf.dtype),
                Network(config.model).abstract(),
            )
    except (OSError, SafetensorError, KeyError, TypeError) as error:
        raise InputError(f"{path}: it holds no weights of a run ({error}): export them again") from None
    return config, weights


def _name(key: tuple[Any, ...]) -> str:
    return jax.tree_util.keystr(key, simple=True, separator=".").removesuffix(".value")
