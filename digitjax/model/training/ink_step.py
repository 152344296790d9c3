"""The training step of `InkNet`: loss, gradient, optimizer and the moving average of the weights."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax import nnx
from jaxtyping import Array, Float, Shaped

from digitjax.model.architectures.ink_net import InkNet, InkNetConfig, InkOutput
from digitjax.model.network import Weights

_DICE_WEIGHT, _VOTE_WEIGHT = 0.3, 0.3  # beside the cross-entropy of the pixels
_MIN_HEIGHT = 0.3  # of a digit of which errors are shares, in units of the votes
_FLIPPED_SHARE = 0.3  # of the crops whose light and dark are exchanged


class Crops(NamedTuple):
    """A batch of `digitjax.data.page_crops.PageCrops`, as the step takes it."""

    inputs: Shaped[Array | np.ndarray, "batch h w 5"]
    foreground: Shaped[Array | np.ndarray, "batch h w"]
    votes: Shaped[Array | np.ndarray, "batch h2 w2 3"]


class State(NamedTuple):
    """All that a step changes."""

    weights: Weights
    ema: Weights
    """Moving average of the weights, which is what is used after the training."""
    optimizer: Any
    step: Array


class InkTrainer:
    """The functions of a training, compiled."""

    def __init__(self, config: InkNetConfig, optimizer: optax.GradientTransformation, ema: float):
        """Prepare.

        Args:
            config: of the network.
            optimizer: of the weights.
            ema: decay of the moving average; lower in the first steps.
        """
        self._config, self._optimizer, self._ema = config, optimizer, ema
        module = nnx.eval_shape(lambda: InkNet(config, nnx.Rngs(0)))
        module.train()
        self._training = nnx.graphdef(module)
        module.eval()
        self._inference = nnx.graphdef(module)
        self.step = jax.jit(self._step, donate_argnums=0)
        self.evaluate = jax.jit(self._evaluate)

    def init(self, seed: int) -> State:
        """Return the state before the first step."""
        weights = Weights(*nnx.state(InkNet(self._config, nnx.Rngs(seed)), nnx.Param, ...))
        ema = jax.tree.map(jnp.copy, weights)
        return State(weights, ema, self._optimizer.init(weights.params), jnp.zeros((), jnp.int32))

    def _step(self, state: State, crops: Crops, key: Array) -> tuple[State, dict[str, Array]]:
        sign = jnp.where(jax.random.bernoulli(key, _FLIPPED_SHARE, (len(crops.inputs), 1, 1, 1)), -1.0, 1.0)

        def loss(params: nnx.State) -> tuple[Array, tuple[nnx.State, dict[str, Array]]]:
            module = nnx.merge(self._training, params, state.weights.stats, copy=True)
            output = module(crops.inputs.astype(jnp.float32) * sign)
            _, stats = nnx.state(module, nnx.Param, ...)
            parts = losses(output, crops)
            total = parts["bce"] + _DICE_WEIGHT * parts["dice"] + _VOTE_WEIGHT * parts["vote"]
            return total, (stats, {"loss": total, **parts})

        gradient, (stats, metrics) = jax.grad(loss, has_aux=True)(state.weights.params)
        updates, optimizer = self._optimizer.update(gradient, state.optimizer, state.weights.params)
        weights = Weights(optax.apply_updates(state.weights.params, updates), stats)
        step = state.step + 1
        decay = jnp.minimum(self._ema, step / (step + 20))
        ema = jax.tree.map(lambda old, new: decay * old + (1 - decay) * new, state.ema, weights)
        return State(weights, ema, optimizer, step), metrics

    def _evaluate(self, weights: Weights, crops: Crops) -> dict[str, Array]:
        """Return sums over a batch, of which `metrics_of` makes metrics."""
        output = nnx.merge(self._inference, *weights)(crops.inputs.astype(jnp.float32))
        target, found = crops.foreground > 127, output.logits > 0
        strokes = crops.votes[..., 2] > 0
        votes = crops.votes.astype(jnp.float32)
        error = jnp.abs(output.votes - votes) / jnp.maximum(votes[..., 2:], _MIN_HEIGHT)
        return {
            "both": (target & found).sum(),
            "either": (target | found).sum(),
            "vote": (error.mean(axis=-1) * strokes).sum(),
            "strokes": strokes.sum(),
            "found_without": (found & ~target.any(axis=(1, 2), keepdims=True)).sum(),
            "without": (~target.any(axis=(1, 2))).sum() * target[0].size,
        }


def losses(output: InkOutput, crops: Crops) -> dict[str, Float[Array, ""]]:
    """Return the parts of the loss.

    Args:
        output: of the network.
        crops: what it should be.

    Returns:
        `bce`: cross-entropy of the pixels in nats; `dice`: 1 less their Dice coefficient (Milletari et al. 2016, arXiv
        1606.04797); `vote`: mean error of the votes of strokes, in heights of their digits.
    """
    target = crops.foreground.astype(jnp.float32) / 255
    probability = jax.nn.sigmoid(output.logits)
    dice = (2 * (probability * target).sum() + 1) / (probability.sum() + target.sum() + 1)
    votes = crops.votes.astype(jnp.float32)
    strokes = votes[..., 2:] > 0
    error = jnp.abs(output.votes - votes) / jnp.maximum(votes[..., 2:], _MIN_HEIGHT) * strokes
    return {
        "bce": optax.sigmoid_binary_cross_entropy(output.logits, target).mean(),
        "dice": 1 - dice,
        "vote": error.sum() / (3 * strokes.sum() + 1),
    }


def metrics_of(sums: dict[str, float]) -> dict[str, float]:
    """Return the metrics of a validation.

    Args:
        sums: of all its batches.

    Returns:
        `iou`: intersection over union of the strokes; `vote_error`: mean error of a vote, in heights of its digit;
        `false_share`: share of the pixels of pages without digits that are taken for strokes.
    """
    return {
        "iou": sums["both"] / max(sums["either"], 1),
        "vote_error": sums["vote"] / max(sums["strokes"], 1),
        "false_share": sums["found_without"] / max(sums["without"], 1),
    }
