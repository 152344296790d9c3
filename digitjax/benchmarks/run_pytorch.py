"""Training and inference with PyTorch: eager or compiled, with or without channels_last."""

import time
from collections.abc import Callable

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from digitjax.benchmarks import task
from digitjax.config import Data
from digitjax.data import pipeline
from digitjax.data.pipeline import MEAN, STD


class Net(nn.Module):
    """The network of `task`."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, 32, 3, padding=1)
        self.conv2 = nn.Conv2d(32, 64, 3, padding=1)
        self.dense1 = nn.Linear(64 * 7 * 7, 256)
        self.dense2 = nn.Linear(256, 10)
        arrays = task.weight_arrays(task.network()[1])
        # The last feature map is flattened channel by channel here, pixel by pixel in Flax.
        first = arrays["dense1.kernel"].reshape(7, 7, 64, 256).transpose(2, 0, 1, 3).reshape(-1, 256)
        kernels = {
            "conv1": arrays["conv1.kernel"].transpose(3, 2, 0, 1),
            "conv2": arrays["conv2.kernel"].transpose(3, 2, 0, 1),
            "dense1": first.T,
            "dense2": arrays["dense2.kernel"].T,
        }
        for name, kernel in kernels.items():
            layer = getattr(self, name)
            layer.weight.data = torch.tensor(kernel).contiguous()
            layer.bias.data = torch.tensor(arrays[f"{name}.bias"])

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return logits (batch, 10) of normalized images (batch, 1, 28, 28)."""
        x = functional.max_pool2d(functional.relu(self.conv1(x)), 2)
        x = functional.max_pool2d(functional.relu(self.conv2(x)), 2)
        return self.dense2(functional.relu(self.dense1(x.flatten(1))))


def normalize(images: torch.Tensor) -> torch.Tensor:
    """Normalize uint8 images (batch, 28, 28) to floats (batch, 1, 28, 28)."""
    return (images[:, None].float() / 255 - MEAN) / STD


def _prepare(channels_last: bool, compiled: bool) -> tuple[Net, Callable[[torch.Tensor], torch.Tensor]]:
    net = Net()
    if channels_last:
        net = net.to(memory_format=torch.channels_last)

    def apply(images: torch.Tensor) -> torch.Tensor:
        x = normalize(images)
        return net(x.contiguous(memory_format=torch.channels_last) if channels_last else x)

    return net, torch.compile(apply) if compiled else apply


def training(steps: int, channels_last: bool, compiled: bool) -> Callable[[], dict[str, float]]:
    """Return a function that measures the time of a training step in ms.

    Args:
        steps: optimizer steps of one round.
        channels_last: whether to use the memory format channels_last.
        compiled: whether to use torch.compile.
    """
    net, apply = _prepare(channels_last, compiled)
    optimizer = torch.optim.Adam(net.parameters(), task.OPTIMIZER.lr)
    data = task.load_examples()
    images, labels = torch.tensor(np.asarray(data.images)), torch.tensor(np.asarray(data.labels)).long()

    def measure() -> dict[str, float]:
        order = torch.randperm(len(images))
        start = time.perf_counter()
        for step in range(steps):
            batch = order[step * task.BATCH_SIZE : (step + 1) * task.BATCH_SIZE]
            loss = functional.cross_entropy(apply(images[batch]), labels[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        return {"ms per step": 1e3 * (time.perf_counter() - start) / steps}

    measure()
    return measure


def train_mnist_fast(channels_last: bool) -> Callable[[], dict[str, float]]:
    """Return a function that trains the fastest public PyTorch recipe for 99 % with a new seed, and evaluates it.

    After github.com/tuomaso/train_mnist_fast: convolutions of 5x5 to 24 and 3x3 to 32 channels without padding, each
    followed by max-pooling and ReLU, 256 hidden units; one epoch in the order of the files, batches of 256, Adam with
    betas 0.7 and 0.9, a one-cycle schedule up to 0.01. Seconds are counted as for digitjax.
    """
    data = pipeline.load(Data(name="mnist", refit=True))
    memory_format = torch.channels_last if channels_last else torch.contiguous_format
    x, test_x = (
        normalize(torch.tensor(np.asarray(split.images))).contiguous(memory_format=memory_format)
        for split in (data.train, data.test)
    )
    y = torch.tensor(np.asarray(data.train.labels)).long()
    seed = -1

    def measure() -> dict[str, float]:
        nonlocal seed
        seed += 1
        torch.manual_seed(seed)
        start = time.perf_counter()
        net = nn.Sequential(
            *(nn.Conv2d(1, 24, 5), nn.MaxPool2d(2), nn.ReLU()),
            *(nn.Conv2d(24, 32, 3), nn.MaxPool2d(2), nn.ReLU()),
            *(nn.Flatten(), nn.Linear(32 * 5 * 5, 256), nn.ReLU(), nn.Linear(256, 10)),
        ).to(memory_format=memory_format)
        optimizer = torch.optim.Adam(net.parameters(), betas=(0.7, 0.9))
        cycle = torch.optim.lr_scheduler.OneCycleLR(
            optimizer, 1e-2, total_steps=-(-len(x) // 256), cycle_momentum=False
        )
        for first in range(0, len(x), 256):
            loss = functional.cross_entropy(net(x[first : first + 256]), y[first : first + 256])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            cycle.step()
        with torch.inference_mode():
            predicted = torch.cat([net(part).argmax(1) for part in test_x.split(1000)]).numpy()
        seconds = time.perf_counter() - start
        return {"seconds": seconds, "accuracy (%)": 100 * float((predicted == data.test.labels).mean())}

    measure()
    return measure


def example(steps: int) -> Callable[[], dict[str, float]]:
    """Return a function that measures the time of an epoch of PyTorch's official MNIST example, from some of its steps.

    After github.com/pytorch/examples: convolutions of 32 and 64 channels, max-pooling, dropout, 128 hidden units,
    Adadelta, batches of 64; an epoch has 938 steps. The loading of single images by torchvision is left out.
    """
    net = nn.Sequential(
        *(nn.Conv2d(1, 32, 3), nn.ReLU(), nn.Conv2d(32, 64, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Dropout(0.25)),
        *(nn.Flatten(), nn.Linear(9216, 128), nn.ReLU(), nn.Dropout(0.5), nn.Linear(128, 10)),
    )
    optimizer = torch.optim.Adadelta(net.parameters(), lr=1.0)
    data = task.load_examples(64 * steps)
    images, labels = torch.tensor(np.asarray(data.images)), torch.tensor(np.asarray(data.labels)).long()

    def measure() -> dict[str, float]:
        start = time.perf_counter()
        for x, y in zip(images.split(64), labels.split(64), strict=True):
            loss = functional.cross_entropy(net(normalize(x)), y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        return {"seconds per epoch": 938 / steps * (time.perf_counter() - start)}

    measure()
    return measure


def inference(channels_last: bool, compiled: bool) -> Callable[[], dict[str, float]]:
    """Return a function that measures the speed of predictions at every batch size.

    Args:
        channels_last: whether to use the memory format channels_last.
        compiled: whether to use torch.compile.
    """
    predict = predictor(channels_last, compiled)
    return lambda: task.measure_inference(predict)


def predictor(channels_last: bool, compiled: bool) -> Callable[[np.ndarray], np.ndarray]:
    """Return a function from uint8 images (n, 28, 28) to logits (n, 10).

    Args:
        channels_last: whether to use the memory format channels_last.
        compiled: whether to use torch.compile.
    """
    net, apply = _prepare(channels_last, compiled)
    net.eval()

    def predict(images: np.ndarray) -> np.ndarray:
        with torch.inference_mode():
            return apply(torch.from_numpy(images)).numpy()

    return predict
