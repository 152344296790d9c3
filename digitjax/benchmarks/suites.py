"""What is compared with what."""

from digitjax.benchmarks.harness import Contestant, Suite
from digitjax.benchmarks.task import STEP_FLOPS

_STEPS = 32

_PYTORCH = {
    "PyTorch eager": {"channels_last": False, "compiled": False},
    "PyTorch channels_last": {"channels_last": True, "compiled": False},
    "PyTorch compiled": {"channels_last": False, "compiled": True},
    "PyTorch channels_last compiled": {"channels_last": True, "compiled": True},
}

PEAK = Contestant("matrix product", "run_digitjax:matrix_product", {})

TRAINING = Suite(
    "training",
    [
        PEAK,
        *[
            Contestant("digitjax", "run_digitjax:training", {"steps": _STEPS, "steps_per_call": 8}, allocator)
            for allocator in ("tuned", "default")
        ],
    ]
    + [
        Contestant(name, "run_pytorch:training", {"steps": _STEPS, **options}, allocator)
        for name, options in _PYTORCH.items()
        for allocator in ("default", "tuned")
    ],
    unit="ms a step of 128 pictures; peak of a float32 matrix product, with direct convolutions counted",
    higher_is_better=False,
    flops=STEP_FLOPS,
)

INFERENCE = Suite(
    "inference",
    [
        Contestant("digitjax", "run_digitjax:inference", {}),
        Contestant("onnxruntime", "run_onnxruntime:inference", {}),
        *[Contestant(name, "run_pytorch:inference", options) for name, options in _PYTORCH.items()],
    ],
    unit="pictures a second",
    higher_is_better=True,
)

SPEEDRUN = Suite(
    "speedrun",
    [
        *[
            Contestant(
                f"digitjax, {experiment}",
                "run_digitjax:speedrun",
                {"experiment": f"mnist_speedrun:{experiment}", "tta": tta},
                "tuned",
            )
            for experiment, tta in (("to_99_0", "none"), ("to_99_4", "shifts"), ("to_99_5", "shifts"))
        ],
        *[
            Contestant(
                f"train_mnist_fast{', channels_last' * last}",
                "run_pytorch:train_mnist_fast",
                {"channels_last": last},
                allocator,
            )
            for last in (False, True)
            for allocator in ("default", "tuned")
        ],
        Contestant("PyTorch's MNIST example", "run_pytorch:example", {"steps": 100}),
    ],
    unit="seconds of training and evaluation, test accuracy",
    higher_is_better=False,
)

SCALING = Suite(
    "scaling",
    [
        Contestant(f"digitjax, {pictures:,} pictures", "run_digitjax:epoch", {"pictures": pictures}, "tuned")
        for pictures in (1_797, 60_000, 240_000)
    ],
    unit="ms for 1,000 pictures of an epoch, peak memory in MB",
    higher_is_better=False,
)

READING = Suite(
    "reading",
    [
        Contestant("one digit, PNG of 28x28", "reading:small", {}),
        Contestant(
            "5 digits, photo of 1 megapixel",
            "reading:photo",
            {"width": 1152, "height": 864, "lines": ["35028"], "reads": 20},
        ),
        Contestant(
            "20 digits, photo of 12 megapixels",
            "reading:photo",
            {"width": 4000, "height": 3000, "lines": ["3141592653", "5897932384"], "reads": 5},
        ),
        Contestant("digitjax read, PNG of 28x28", "reading:small_from_cold", {}),
        Contestant("digitjax read, largest PNG", "reading:deep_from_cold", {}),
    ],
    unit="ms a picture, peak memory in MB",
    higher_is_better=False,
)

SUITES = {suite.name: suite for suite in (TRAINING, INFERENCE, SPEEDRUN, SCALING, READING)}
"""All suites by name."""
ALONE = {"scaling", "reading"}
"""Suites of digitjax alone, which need no peer."""
