"""Which learning rate, betas and smoothing let the speedrun's network learn the most in one epoch of MNIST.

    digitjax sweep fast_cnn
    digitjax train runs/fast-cnn-sweep/best.json

FINDINGS-TO-MEASURE
"""

import dataclasses

from digitjax import experiments
from digitjax.config import Data, Float, Sweep

sweep = Sweep(
    name="fast-cnn-sweep",
    base=dataclasses.replace(experiments.load("mnist_speedrun"), data=Data(name="mnist")),
    space={
        "optimizer.lr": Float(5e-3, 5e-2, log=True),
        "optimizer.b1": Float(0.5, 0.95),
        "optimizer.b2": Float(0.8, 0.999),
        "training.label_smoothing": Float(0.0, 0.2),
    },
    trials=16,
)
