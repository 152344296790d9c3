"""Optimizers, the learning rate, and how long a training goes on."""

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

from digitjax.config.base import Fraction, Options, Positive


@dataclass(frozen=True, kw_only=True)
class Adam(Options):
    """Adam with decoupled weight decay (Loshchilov and Hutter 2019, arXiv 1711.05101)."""

    kind: Literal["adam"] = "adam"
    """Optimizer; another one, with its own fields: --optimizer.kind sgd."""
    lr: Annotated[float, Field(gt=0, le=10)] = 2e-3
    """Highest learning rate."""
    b1: Fraction = 0.9
    """Decay of the mean of the gradients."""
    b2: Fraction = 0.999
    """Decay of the mean of their squares."""
    weight_decay: Annotated[float, Field(ge=0)] = 0.0
    """Share of each weight that is subtracted a step, times the learning rate."""


@dataclass(frozen=True, kw_only=True)
class SGD(Options):
    """Stochastic gradient descent with momentum."""

    kind: Literal["sgd"] = "sgd"
    """Optimizer; another one, with its own fields: --optimizer.kind adam."""
    lr: Annotated[float, Field(gt=0, le=10)] = 0.05
    """Highest learning rate."""
    momentum: Fraction = 0.9
    """Decay of the mean of the gradients."""
    nesterov: bool = True
    """Look ahead (Nesterov 1983)."""


@dataclass(frozen=True, kw_only=True)
class Schedule(Options):
    """How the learning rate moves over the run, as shares of its highest value."""

    shape: Literal["constant", "linear", "cosine"] = "cosine"
    """Way down from the highest value, after the warm-up."""
    warmup: Fraction = 0.1
    """Share of the steps over which the rate rises linearly from nearly zero."""
    final: Annotated[float, Field(ge=0, le=1)] = 0.0
    """Where it ends, as a share of the highest value."""


@dataclass(frozen=True, kw_only=True)
class Training(Options):
    """How long, how much at a time, and what is kept."""

    epochs: Annotated[int | float, Field(gt=0)] = 10
    """Passes over the training pictures; the last may be a part of one."""
    batch_size: Positive = 128
    """Pictures a step."""
    label_smoothing: Fraction = 0.0
    """Share of each label that is spread evenly over all classes (Szegedy et al. 2016, arXiv 1512.00567)."""
    log_every: Positive = 10
    """Steps from one logged training loss to the next."""
    patience: Positive | None = None
    """Stop after this many epochs without a better validation accuracy."""
    keep_best: Positive = 1
    """Checkpoints kept for their validation accuracy, beside the latest."""
    keep_weights_every: Positive | None = None
    """Keep the weights alone every so many epochs, to look at what happened when."""


Optimizer = Annotated[Adam | SGD, Field(discriminator="kind")]
