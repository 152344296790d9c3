"""Which settings of the baseline CNN matter on MNIST, in trainings of 3 epochs.

    digitjax sweep cnn                       type it in several terminals to use several processors
    digitjax train runs/cnn-sweep/best.json

FINDINGS-TO-MEASURE
"""

import dataclasses

from digitjax import experiments
from digitjax.config import Choice, Float, Int, Sweep, Training

sweep = Sweep(
    name="cnn-sweep",
    base=dataclasses.replace(experiments.load("mnist"), training=Training(epochs=3, batch_size=128)),
    space={
        "optimizer.lr": Float(5e-4, 2e-2, log=True),
        "model.channels": Choice([(16, 32), (32, 64), (48, 96)]),
        "model.dropout": Float(0.0, 0.6),
        "training.label_smoothing": Float(0.0, 0.2),
        "augment.shift": Int(0, 3),
    },
    trials=8,
)
