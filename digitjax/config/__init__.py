"""The config of an experiment: frozen dataclasses, strict JSON in and out, dotted overrides.

A choice, such as that of a model or an optimizer, is a union of option classes with the discriminator `kind`. To add
one, write its class in `models` or `training`, add it to the union, and build it where the others are built.

A config is validated where it comes in: `from_json`, `override` and `Sweep.config` return valid ones, and `train` and
`experiments.load` validate what was written in Python.
"""

from digitjax.config.base import Options, options
from digitjax.config.data import Augment, Data
from digitjax.config.experiment import (
    Config,
    Task,
    differences,
    differing,
    flatten,
    from_json,
    to_json,
    validate,
)
from digitjax.config.models import (
    AutoencoderConfig,
    CNNConfig,
    DeepCNNConfig,
    FastCNNConfig,
    LeNet5Config,
    MLPConfig,
    Model,
    ResNetConfig,
    TinyCNNConfig,
    VAEConfig,
)
from digitjax.config.overrides import override, split_arguments
from digitjax.config.sweep import Choice, Float, Int, Sweep, validate_sweep
from digitjax.config.training import SGD, Adam, AdamW, Lion, Muon, Optimizer, Schedule, Training

__all__ = [
    "SGD",
    "Adam",
    "AdamW",
    "Augment",
    "AutoencoderConfig",
    "CNNConfig",
    "Choice",
    "Config",
    "Data",
    "DeepCNNConfig",
    "FastCNNConfig",
    "Float",
    "Int",
    "LeNet5Config",
    "Lion",
    "MLPConfig",
    "Model",
    "Muon",
    "Optimizer",
    "Options",
    "ResNetConfig",
    "Schedule",
    "Sweep",
    "Task",
    "TinyCNNConfig",
    "Training",
    "VAEConfig",
    "differences",
    "differing",
    "flatten",
    "from_json",
    "options",
    "override",
    "split_arguments",
    "to_json",
    "validate",
    "validate_sweep",
]
