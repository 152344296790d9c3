"""Optimizers, the learning rate, and how long a training goes on."""

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

from digitjax.config.base import Fraction, Options, Positive

_Rate = Annotated[float, Field(gt=0, le=10)]
_Decay = Annotated[float, Field(ge=0)]


@dataclass(frozen=True, kw_only=True)
class SGD(Options):
    """Stochastic gradient descent with momentum."""

    kind: Literal["sgd"] = "sgd"
    """Optimizer; another one, with its own fields: --optimizer.kind adam, adamw, muon or lion."""
    lr: _Rate = 0.05
    """Highest learning rate."""
    momentum: Fraction = 0.9
    """Decay of the mean of the gradients."""
    nesterov: bool = True
    """Look ahead (Nesterov 1983)."""
    weight_decay: _Decay = 0.0
    """Share of each weight that is added to its gradient; biases and scales are left alone."""


@dataclass(frozen=True, kw_only=True)
class Adam(Options):
    """Adam (Kingma and Ba 2015, arXiv 1412.6980)."""

    kind: Literal["adam"] = "adam"
    """Optimizer; another one, with its own fields: --optimizer.kind sgd, adamw, muon or lion."""
    lr: _Rate = 2e-3
    """Highest learning rate."""
    b1: Fraction = 0.9
    """Decay of the mean of the gradients."""
    b2: Fraction = 0.999
    """Decay of the mean of their squares."""


@dataclass(frozen=True, kw_only=True)
class AdamW(Options):
    """Adam with decoupled weight decay (Loshchilov and Hutter 2019, arXiv 1711.05101)."""

    kind: Literal["adamw"] = "adamw"
    """Optimizer; another one, with its own fields: --optimizer.kind sgd, adam, muon or lion."""
    lr: _Rate = 2e-3
    """Highest learning rate."""
    b1: Fraction = 0.9
    """Decay of the mean of the gradients."""
    b2: Fraction = 0.999
    """Decay of the mean of their squares."""
    weight_decay: _Decay = 0.01
    """Share of each weight that is subtracted a step, times the learning rate; biases and scales are left alone."""


@dataclass(frozen=True, kw_only=True)
class Muon(Options):
    """Orthogonalised momentum for kernels (Jordan 2024, kellerjordan.github.io/posts/muon), Adam for the rest."""

    kind: Literal["muon"] = "muon"
    """Optimizer; another one, with its own fields: --optimizer.kind sgd, adam, adamw or lion."""
    lr: _Rate = 0.02
    """Highest learning rate of the kernels."""
    momentum: Fraction = 0.95
    """Decay of the mean of the kernels' gradients."""
    weight_decay: _Decay = 0.0
    """Share of each kernel that is subtracted a step, times the learning rate."""
    adam_lr: _Rate = 2e-3
    """Highest learning rate of biases and scales, which Adam with Nesterov's look-ahead changes."""


@dataclass(frozen=True, kw_only=True)
class Lion(Options):
    """Sign of an interpolated momentum (Chen et al. 2023, arXiv 2302.06675)."""

    kind: Literal["lion"] = "lion"
    """Optimizer; another one, with its own fields: --optimizer.kind sgd, adam, adamw or muon."""
    lr: _Rate = 3e-4
    """Highest learning rate: every weight moves by it at every step."""
    b1: Fraction = 0.9
    """Share of the momentum in the direction of a step."""
    b2: Fraction = 0.99
    """Decay of the momentum."""
    weight_decay: _Decay = 0.0
    """Share of each weight that is subtracted a step, times the learning rate; biases and scales are left alone."""


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
    mixup: Annotated[float, Field(ge=0, le=4)] = 0.0
    """Blend pictures and labels in pairs, by a share from Beta(mixup, mixup) (Zhang et al. 2018, arXiv 1710.09412)."""
    clip_norm: Annotated[float, Field(gt=0)] | None = None
    """Scale a gradient down to this norm if it is larger (Pascanu et al. 2013, arXiv 1211.5063)."""
    ema: Fraction = 0.0
    """Evaluate and keep an exponential moving average of the weights, with this decay a step; 0 is none."""
    init_from: str | None = None
    """Fine-tune: start from the best weights of a run with the same model, by its path or its name in runs/."""
    log_every: Positive = 10
    """Steps from one logged training loss to the next."""
    patience: Positive | None = None
    """Stop after this many epochs without a better validation accuracy."""
    keep_best: Positive = 1
    """Checkpoints kept for their validation accuracy, beside the latest."""
    keep_weights_every: Positive | None = None
    """Keep the weights alone every so many epochs, to look at what happened when."""


Optimizer = Annotated[SGD | Adam | AdamW | Muon | Lion, Field(discriminator="kind")]
