"""The shortest trainings to 99.0 %, 99.4 % and 99.5 % test accuracy on MNIST on a CPU.

    digitjax train mnist_speedrun            for 99.4 %; the others are mnist_speedrun:to_99_0 and :to_99_5
    digitjax bench speedrun                  all of them, compared with the fastest public PyTorch recipe

Everything was selected on validation splits, then frozen, and trained on all 60,000 images (`refit`). Measured by
`digitjax bench speedrun`, 5 seeds, 2 cores of an AMD EPYC without AVX-512, with TTA (five shifts, but for to_99_0):

    to_99_0   99.18 % (99.15 to 99.25) in 3.1 s of training and evaluation
    to_99_4   99.45 % (99.40 to 99.52) in 6.5 s of training and evaluation
    to_99_5   99.57 % (99.54 to 99.58) in 37.1 s of training and evaluation
"""

from digitjax.config import Adam, Augment, Config, Data, FastCNNConfig, Schedule, Training


def schedule(name: str, channels: tuple[int, int, int], epochs: float) -> Config:
    """Return the recipe for a network width and a number of epochs.

    Args:
        name: of the run.
        channels: of the three convolutions.
        epochs: passes over the training images.
    """
    return Config(
        name=name,
        data=Data(name="mnist", refit=True),
        augment=Augment(shift=1),
        model=FastCNNConfig(channels=channels),
        optimizer=Adam(lr=0.02, b1=0.7, b2=0.9),
        schedule=Schedule(shape="linear", warmup=0.2),
        training=Training(epochs=epochs, batch_size=128, label_smoothing=0.05),
    )


to_99_0 = schedule("speedrun-99.0", (16, 32, 64), epochs=0.5)
to_99_4 = schedule("speedrun-99.4", (16, 32, 64), epochs=1)
to_99_5 = schedule("speedrun-99.5", (24, 48, 96), epochs=4)
config = to_99_4
