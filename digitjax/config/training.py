"""Options of the optimizers, the learning-rate schedule and the training."""

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field, model_validator

from digitjax.config.base import Fraction, Options, Positive

_Rate = Annotated[float, Field(gt=0, le=10)]
_Decay = Annotated[float, Field(ge=0)]


@dataclass(frozen=True, kw_only=True)
class SGD(Options):
    """Stochastic gradient descent with momentum."""

    kind: Literal["sgd"] = "sgd"
    """Optimizer; another one, with its own fields: --optimizer.kind adam, adamw, muon or lion."""
    lr: _Rate = 0.05
    """Peak learning rate."""
    momentum: Fraction = 0.9
    """Decay of the moving average of the gradients."""
    nesterov: bool = True
    """Whether the momentum is Nesterov's (1983)."""
    weight_decay: _Decay = 0.0
    """Share of each kernel that is added to its gradient; biases and scales do not decay."""


@dataclass(frozen=True, kw_only=True)
class Adam(Options):
    """Adam (Kingma and Ba 2015, arXiv 1412.6980)."""

    kind: Literal["adam"] = "adam"
    """Optimizer; another one, with its own fields: --optimizer.kind sgd, adamw, muon or lion."""
    lr: _Rate = 2e-3
    """Peak learning rate."""
    b1: Fraction = 0.9
    """Decay of the moving average of the gradients."""
    b2: Fraction = 0.999
    """Decay of the moving average of their squares."""


@dataclass(frozen=True, kw_only=True)
class AdamW(Options):
    """Adam with decoupled weight decay (Loshchilov and Hutter 2019, arXiv 1711.05101)."""

    kind: Literal["adamw"] = "adamw"
    """Optimizer; another one, with its own fields: --optimizer.kind sgd, adam, muon or lion."""
    lr: _Rate = 2e-3
    """Peak learning rate."""
    b1: Fraction = 0.9
    """Decay of the moving average of the gradients."""
    b2: Fraction = 0.999
    """Decay of the moving average of their squares."""
    weight_decay: _Decay = 0.01
    """Share of each kernel that is subtracted per step, times the learning rate; biases and scales do not decay."""


@dataclass(frozen=True, kw_only=True)
class Muon(Options):
    """Muon: orthogonalized momentum for kernels (Jordan 2024, kellerjordan.github.io/posts/muon), Adam for the rest."""

    kind: Literal["muon"] = "muon"
    """Optimizer; another one, with its own fields: --optimizer.kind sgd, adam, adamw or lion."""
    lr: _Rate = 0.02
    """Peak learning rate of the kernels."""
    momentum: Fraction = 0.95
    """Decay of the moving average of the gradients of the kernels."""
    weight_decay: _Decay = 0.0
    """Share of each kernel that is subtracted per step, times the learning rate."""
    adam_lr: _Rate = 2e-3
    """Peak learning rate of biases and scales, which Adam with Nesterov momentum updates."""


@dataclass(frozen=True, kw_only=True)
class Lion(Options):
    """Lion: the sign of an interpolated momentum (Chen et al. 2023, arXiv 2302.06675)."""

    kind: Literal["lion"] = "lion"
    """Optimizer; another one, with its own fields: --optimizer.kind sgd, adam, adamw or muon."""
    lr: _Rate = 3e-4
    """Peak learning rate, by which every weight moves at every step."""
    b1: Fraction = 0.9
    """Share of the momentum in the interpolation with the gradient."""
    b2: Fraction = 0.99
    """Decay of the momentum."""
    weight_decay: _Decay = 0.0
    """Share of each kernel that is subtracted per step, times the learning rate; biases and scales do not decay."""


@dataclass(frozen=True, kw_only=True)
class Schedule(Options):
    """Learning-rate schedule: linear warm-up to the peak, then decay."""

    shape: Literal["constant", "linear", "cosine"] = "cosine"
    """Decay from the peak, after the warm-up."""
    warmup: Fraction = 0.1
    """Share of the steps of the training over which the rate rises linearly from nearly zero."""
    final: Annotated[float, Field(ge=0, le=1)] = 0.0
    """Final learning rate, as a share of the peak."""


@dataclass(frozen=True, kw_only=True)
class Training(Options):
    """Length, batches, regularization and checkpoints of a training."""

    epochs: Annotated[int | float, Field(gt=0)] = 10
    """Passes over the training examples; a fraction ends within a pass."""
    batch_size: Positive = 128
    """Examples per step."""
    label_smoothing: Fraction = 0.0
    """Share of each label that is distributed evenly over all classes (Szegedy et al. 2016, arXiv 1512.00567)."""
    candidates: Annotated[int, Field(ge=1, le=16)] = 1
    """Online batch selection: each batch is chosen from this many times its size, images with a high loss more often
    (Loshchilov and Hutter 2016, arXiv 1511.06343). With 1 an epoch shows every image once; above, the logged training
    loss and accuracy are those of the chosen images."""
    mixup: Annotated[float, Field(ge=0, le=4)] = 0.0
    """Mix pairs of examples by shares from Beta(mixup, mixup); 0 is off (Zhang et al. 2018, arXiv 1710.09412)."""
    clip_norm: Annotated[float, Field(gt=0)] | None = None
    """Clip the norm of the gradient to this (Pascanu et al. 2013, arXiv 1211.5063)."""
    ema: Fraction = 0.0
    """Evaluate and keep an exponential moving average of the weights, with this decay per step; 0 is off."""
    init_from: str | None = None
    """Fine-tune: start from the best weights of a run with the same model, by its path or its name in runs/."""
    log_every: Positive = 10
    """Steps between two logged training losses."""
    patience: Positive | None = None
    """Early stopping after this many epochs without a higher validation accuracy."""
    keep_best: Positive = 1
    """Checkpoints that are kept for their validation accuracy, beside the latest two."""
    keep_weights_every: Positive | None = None
    """Also keep the weights alone after every so many epochs, for `digitjax evaluate --history`."""

    @model_validator(mode="after")
    def _require_losses_of_single_images(self) -> "Training":
        if self.mixup and self.candidates > 1:
            raise ValueError(
                f"candidates is {self.candidates}: set it to 1 or mixup to 0: mixed images have no loss of their own"
            )
        return self


Optimizer = Annotated[SGD | Adam | AdamW | Muon | Lion, Field(discriminator="kind")]
