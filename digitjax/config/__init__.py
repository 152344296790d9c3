"""What an experiment is: frozen dataclasses, strict JSON in and out, dotted overrides.

A choice among several things (a model, an optimizer) is a union of option classes told apart by their
`kind`. To add one, write its class in `models` or `training`, add it to the union, and name it where it is built.
"""

from digitjax.config.base import Options, options
from digitjax.config.data import Augment, Data
from digitjax.config.experiment import Config, Task, differences, from_json, to_json, validate
from digitjax.config.models import CNN, MLP, VAE, Autoencoder, FastCNN, Model
from digitjax.config.overrides import override
from digitjax.config.training import SGD, Adam, AdamW, Lion, Muon, Optimizer, Schedule, Training

__all__ = [
    "CNN",
    "MLP",
    "SGD",
    "VAE",
    "Adam",
    "AdamW",
    "Augment",
    "Autoencoder",
    "Config",
    "Data",
    "FastCNN",
    "Lion",
    "Model",
    "Muon",
    "Optimizer",
    "Options",
    "Schedule",
    "Task",
    "Training",
    "differences",
    "from_json",
    "options",
    "override",
    "to_json",
    "validate",
]
