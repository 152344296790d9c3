"""How fast a CPU learns MNIST: three schedules for 99.0 %, 99.4 % and 99.5 % test accuracy.

    digitjax train mnist_speedrun            the one for 99.4 %; mnist_speedrun:to_99_0 and :to_99_5 are the others
    digitjax bench speedrun                  all of them, beside the fastest public PyTorch recipe

Everything was chosen on validation splits, then frozen, and trained on all 60,000 pictures (`refit`). RESULTS
"""

from digitjax.config import Adam, Augment, Config, Data, FastCNN, Schedule, Training


def schedule(name: str, channels: tuple[int, int, int], epochs: float) -> Config:
    """Return the recipe for a width and a length."""
    return Config(
        name=name,
        data=Data(name="mnist", refit=True),
        augment=Augment(shift=1),
        model=FastCNN(channels=channels),
        optimizer=Adam(lr=0.02, b1=0.7, b2=0.9),
        schedule=Schedule(shape="linear", warmup=0.2),
        training=Training(epochs=epochs, batch_size=128, label_smoothing=0.05),
    )


to_99_0 = schedule("speedrun-99.0", (16, 32, 64), epochs=0.5)
to_99_4 = schedule("speedrun-99.4", (16, 32, 64), epochs=1)
to_99_5 = schedule("speedrun-99.5", (24, 48, 96), epochs=2)
config = to_99_4
