"""The training step: a pure, jitted function from one state to the next."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax
from jax import lax
from jaxtyping import Array, Float, Int, Int32, UInt8

from digitjax.config import Config
from digitjax.data.augment import augment
from digitjax.data.pipeline import normalize
from digitjax.model.network import Network, Weights
from digitjax.model.training import sharding
from digitjax.model.training.objectives import make_objective
from digitjax.model.training.optimizer import make_optimizer, make_schedule


class TrainState(NamedTuple):
    """All that changes from step to step. With the config it decides every later step."""

    step: Int32[Array, ""]
    weights: Weights
    optimizer: optax.OptState
    ema: Weights | None
    """Exponential moving average of the weights, where there is one."""

    @property
    def kept_weights(self) -> Weights:
        """The weights to evaluate and to keep: their average where there is one."""
        return self.weights if self.ema is None else self.ema


class Trainer:
    """The pure functions of a training: the state before the first step, and the steps."""

    def __init__(self, config: Config, steps: int, steps_per_call: int):
        """Prepare a training of so many steps in all, of which a call takes up to `steps_per_call`."""
        self.network = Network(config.model)
        self.objective = make_objective(config)
        self._augment = config.augment
        self._options = config.training
        self._schedule = make_schedule(config.schedule, config.optimizer.lr, steps)
        self._optimizer = make_optimizer(config.optimizer, self._schedule, config.training.clip_norm)
        self._steps_per_call = steps_per_call
        self.take_steps = jax.jit(self._take_steps, donate_argnums=0, out_shardings=sharding.replicated())

    def initial_state(self, key: jax.Array) -> TrainState:
        """Return the state before the first step, with weights drawn from `key`."""
        return self.state_of(self.network.init(key))

    def state_of(self, weights: Weights) -> TrainState:
        """Return the state before the first step, with these weights."""
        # A copy, since a step consumes its state and cannot consume the same array twice.
        average = jax.tree.map(jnp.copy, weights) if self._options.ema else None
        return TrainState(jnp.int32(0), weights, self._optimizer.init(weights.params), average)

    def _take_steps(
        self,
        state: TrainState,
        key: jax.Array,
        images: UInt8[Array, "n 28 28"],
        labels: Int32[Array, " n"],
        indices: Int32[Array, "steps batch"],
        weights: Float[Array, "steps batch"],
        first: Int[Array, ""],
        last: Int[Array, ""],
    ) -> tuple[TrainState, dict[str, Float[Array, " steps_per_call"]]]:
        """Take the steps from `first` up to `last` of an epoch, on the pictures that `indices` names.

        Consumes the state that it is given. Returns the new one, and the metrics of each step.
        """

        def step_on(state: TrainState, i: Int[Array, ""]) -> Any:
            return self._step(state, key, images[indices[i]], labels[indices[i]], weights[i])

        def body(i: Int32[Array, ""], carry: Any) -> Any:
            state, metrics = carry
            state, values = step_on(state, i)
            return state, {name: metrics[name].at[i - first].set(value) for name, value in values.items()}

        _, names = jax.eval_shape(step_on, state, first)
        metrics = {name: jnp.zeros(self._steps_per_call) for name in names}
        return lax.fori_loop(first, last, body, (state, metrics))

    def _step(
        self,
        state: TrainState,
        key: jax.Array,
        images: UInt8[Array, "batch 28 28"],
        labels: Int32[Array, " batch"],
        weights: Float[Array, " batch"],
    ) -> tuple[TrainState, dict[str, Float[Array, ""]]]:
        """Take one step on these pictures, each with its weight in the loss."""
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
            measures = self.objective.measures(outputs, targets)
            return mean(losses), (stats, {name: mean(values) for name, values in measures.items()})

        gradients = jax.value_and_grad(mean_loss, has_aux=True)
        (loss, (stats, measures)), gradient = gradients(state.weights.params)
        updates, optimizer = self._optimizer.update(gradient, state.optimizer, state.weights.params)
        new = Weights(optax.apply_updates(state.weights.params, updates), stats)
        average = state.ema
        if average is not None:
            average = update_ema(average, new, self._options.ema, state.step)
        metrics = {"loss": loss, **measures, "learning_rate": jnp.asarray(self._schedule(state.step))}
        return TrainState(state.step + 1, new, optimizer, average), metrics


def mixup(
    key: jax.Array,
    concentration: float,
    inputs: Float[Array, "batch 28 28 1"],
    targets: Float[Array, "batch outputs"],
) -> tuple[Float[Array, "batch 28 28 1"], Float[Array, "batch outputs"]]:
    """Blend each picture, and what it is, with another one (Zhang et al. 2018, arXiv 1710.09412)."""
    share = jax.random.beta(key, concentration, concentration, (len(inputs), 1))
    mixed = share * targets + (1 - share) * targets[::-1]
    share = share[:, :, None, None]
    return share * inputs + (1 - share) * inputs[::-1], mixed


def update_ema(average: Weights, new: Weights, decay: float, step: Int32[Array, ""]) -> Weights:
    """Move the average towards the new weights; faster at first, so that the random start is soon forgotten."""
    used = jnp.minimum(decay, (1 + step) / (10 + step))
    moved: Weights = optax.incremental_update(new, average, 1 - used)
    return moved
