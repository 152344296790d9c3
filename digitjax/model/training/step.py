"""The training step: a pure, jitted function from one state to the next."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax
from jax import lax
from jaxtyping import Array, Float, Int, Int32, UInt8

from digitjax.config import Config
from digitjax.data.augment import augment
from digitjax.data.normalize import normalize
from digitjax.environment import compiler_options
from digitjax.model.network import Network, Weights
from digitjax.model.training import batch_selection, sharding
from digitjax.model.training.objectives import make_objective
from digitjax.model.training.optimizer import make_optimizer, make_schedule

_SELECT = 3
"""Number of the random key of the selection; those of augmentation, network and mixup are 0 to 2."""


class TrainState(NamedTuple):
    """Everything that a step changes; with the config and the data it determines all later steps."""

    step: Int32[Array, ""]
    weights: Weights
    optimizer: optax.OptState
    ema: Weights | None
    """Exponential moving average of the weights; None without `training.ema`."""
    losses: Float[Array, " n"] | None
    """Latest loss of each training image; None without `training.candidates`."""

    @property
    def kept_weights(self) -> Weights:
        """The weights to evaluate and to keep: their moving average if there is one."""
        return self.weights if self.ema is None else self.ema


class Trainer:
    """The pure functions of a training: the initial state, and the steps."""

    def __init__(self, config: Config, steps: int, steps_per_call: int, examples: int = 0):
        """Build the network, its objective and its optimizer.

        Args:
            config: the config of the training.
            steps: number of steps of the whole training, which the learning-rate schedule depends on.
            steps_per_call: maximum number of steps in one call of `take_steps`.
            examples: number of training images; needed with `training.candidates` above 1.
        """
        self.network = Network(config.model)
        self.objective = make_objective(config)
        self._augment = config.augment
        self._options = config.training
        self._schedule = make_schedule(config.schedule, config.optimizer.lr, steps)
        self._optimizer = make_optimizer(config.optimizer, self._schedule, config.training.clip_norm)
        self._steps_per_call = steps_per_call
        self._examples = examples
        self.take_steps = jax.jit(
            self._take_steps,
            donate_argnums=0,
            out_shardings=sharding.replicated(),
            compiler_options=compiler_options(),
        )

    def initial_state(self, key: jax.Array) -> TrainState:
        """Return the state before the first step, with random weights."""
        return self.state_of(self.network.init(key))

    def abstract_state(self) -> TrainState:
        """Return the state with shapes and dtypes in place of arrays."""
        abstract: TrainState = jax.eval_shape(self.state_of, self.network.abstract())
        return abstract

    def state_of(self, weights: Weights) -> TrainState:
        """Return the state before the first step, with these weights."""
        # A copy, since a step consumes its state and cannot consume the same array twice.
        ema = jax.tree.map(jnp.copy, weights) if self._options.ema else None
        losses = jnp.full(self._examples, batch_selection.UNSEEN) if self._options.candidates > 1 else None
        return TrainState(jnp.int32(0), weights, self._optimizer.init(weights.params), ema, losses)

    def _take_steps(
        self,
        state: TrainState,
        key: jax.Array,
        images: UInt8[Array, "n 28 28"],
        labels: Int32[Array, " n"],
        indices: Int32[Array, "steps candidates"],
        weights: Float[Array, "steps candidates"],
        first: Int[Array, ""],
        last: Int[Array, ""],
    ) -> tuple[TrainState, dict[str, Float[Array, " steps_per_call"]]]:
        """Take the steps `first` to `last` of an epoch, without `last`, on the examples of `indices`.

        The buffers of `state` are donated. Returns the new state, and the metrics of each step.
        """

        @jax.jit  # so that it is traced once, and not for the names of the metrics too
        def take_step(state: TrainState, i: Int[Array, ""]) -> Any:
            batch, batch_weights = self._select(state, key, indices[i], weights[i])
            state, losses, metrics = self._step(state, key, images[batch], labels[batch], batch_weights)
            if state.losses is not None:
                state = state._replace(losses=state.losses.at[batch].set(losses))
            return state, metrics

        def body(i: Int32[Array, ""], carry: Any) -> Any:
            state, metrics = carry
            state, values = take_step(state, i)
            return state, {name: metrics[name].at[i - first].set(value) for name, value in values.items()}

        _, names = jax.eval_shape(take_step, state, first)
        metrics = {name: jnp.zeros(self._steps_per_call) for name in names}
        return lax.fori_loop(first, last, body, (state, metrics))

    def _select(
        self,
        state: TrainState,
        key: jax.Array,
        candidates: Int32[Array, " candidates"],
        weights: Float[Array, " candidates"],
    ) -> tuple[Int32[Array, " batch"], Float[Array, " batch"]]:
        """Return the images of a batch and their weights in the loss: all candidates, or the hard ones of them."""
        if state.losses is None:
            return candidates, weights
        select_key = jax.random.fold_in(jax.random.fold_in(key, state.step), _SELECT)
        chosen = batch_selection.select(
            select_key, state.losses[candidates], weights, self._options.batch_size
        )
        return candidates[chosen], weights[chosen]

    def _step(
        self,
        state: TrainState,
        key: jax.Array,
        images: UInt8[Array, "batch 28 28"],
        labels: Int32[Array, " batch"],
        weights: Float[Array, " batch"],
    ) -> tuple[TrainState, Float[Array, " batch"], dict[str, Float[Array, ""]]]:
        """Take one step on a batch, and return the loss of each example too; `weights` are theirs in the mean."""
        images, labels, weights = sharding.split((images, labels, weights))
        augment_key, network_key, mixup_key = jax.random.split(jax.random.fold_in(key, state.step), 3)
        inputs = normalize(augment(augment_key, images, labels, self._augment))
        targets = self.objective.targets(inputs, labels)
        if self._options.mixup:
            inputs, targets = mixup(mixup_key, self._options.mixup, inputs, targets)

        def mean(values: Float[Array, " batch"]) -> Float[Array, ""]:
            return values @ weights / weights.sum()

        def mean_loss(params: Any) -> tuple[Float[Array, ""], Any]:
            outputs, intermediates, stats = self.network.train(
                Weights(params, state.weights.stats), inputs, network_key
            )
            losses = self.objective.losses(outputs, intermediates, targets)
            values = self.objective.metrics(outputs, targets)
            return mean(losses), (stats, losses, {name: mean(value) for name, value in values.items()})

        gradients = jax.value_and_grad(mean_loss, has_aux=True)
        (loss, (stats, losses, values)), gradient = gradients(state.weights.params)
        updates, optimizer = self._optimizer.update(gradient, state.optimizer, state.weights.params)
        new = Weights(optax.apply_updates(state.weights.params, updates), stats)
        ema = state.ema
        if ema is not None:
            ema = update_ema(ema, new, self._options.ema, state.step)
        metrics = {"loss": loss, **values, "learning_rate": jnp.asarray(self._schedule(state.step))}
        return TrainState(state.step + 1, new, optimizer, ema, state.losses), losses, metrics


def mixup(
    key: jax.Array,
    concentration: float,
    inputs: Float[Array, "batch 28 28 1"],
    targets: Float[Array, "batch outputs"],
) -> tuple[Float[Array, "batch 28 28 1"], Float[Array, "batch outputs"]]:
    """Mix each example with the one at the opposite place of the batch (Zhang et al. 2018, arXiv 1710.09412).

    Args:
        key: random key.
        concentration: both parameters of the Beta distribution of the shares.
        inputs: normalized images, float32.
        targets: target of each image, such as the probabilities of the classes.

    Returns:
        The mixed inputs, and the targets mixed by the same shares.
    """
    share = jax.random.beta(key, concentration, concentration, (len(inputs), 1))
    mixed = share * targets + (1 - share) * targets[::-1]
    share = share[:, :, None, None]
    return share * inputs + (1 - share) * inputs[::-1], mixed


def update_ema(ema: Weights, new: Weights, decay: float, step: Int32[Array, ""]) -> Weights:
    """Return the exponential moving average of the weights after a step.

    Args:
        ema: the average before the step.
        new: the weights after the step.
        decay: highest decay; it is lower in the first steps, so that the initial weights fade soon.
        step: number of steps before this one.
    """
    warmed_up = jnp.minimum(decay, (1 + step) / (10 + step))
    updated: Weights = optax.incremental_update(new, ema, 1 - warmed_up)
    return updated
