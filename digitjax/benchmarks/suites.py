"""The suites of benchmarks."""

from digitjax.benchmarks.harness import Benchmark, Suite
from digitjax.benchmarks.task import STEP_FLOPS

_STEPS = 32

_PYTORCH = {
    "PyTorch eager": {"channels_last": False, "compiled": False},
    "PyTorch channels_last": {"channels_last": True, "compiled": False},
    "PyTorch compiled": {"channels_last": False, "compiled": True},
    "PyTorch channels_last compiled": {"channels_last": True, "compiled": True},
}

PEAK = Benchmark("matrix product", "run_digitjax:matrix_product", {})

TRAINING = Suite(
    "training",
    [
        PEAK,
        *[
            Benchmark("digitjax", "run_digitjax:training", {"steps": _STEPS, "steps_per_call": 8}, allocator)
            for allocator in ("tuned", "default")
        ],
    ]
    + [
        Benchmark(name, "run_pytorch:training", {"steps": _STEPS, **options}, allocator)
        for name, options in _PYTORCH.items()
        for allocator in ("default", "tuned")
    ],
    unit="ms per step of 128 images; share of the peak of a float32 matrix product, counting direct convolutions",
    higher_is_better=False,
    flops=STEP_FLOPS,
)

INFERENCE = Suite(
    "inference",
    [
        Benchmark("digitjax", "run_digitjax:inference", {}),
        Benchmark("digitjax, packed", "run_digitjax:packed_inference", {}),
        Benchmark("onnxruntime", "run_onnxruntime:inference", {}),
        *[Benchmark(name, "run_pytorch:inference", options) for name, options in _PYTORCH.items()],
    ],
    unit="images per second",
    higher_is_better=True,
)

SPEEDRUN = Suite(
    "speedrun",
    [
        *[
            Benchmark(
                f"digitjax, {experiment}",
                "run_digitjax:speedrun",
                {"experiment": f"mnist_speedrun:{experiment}", "tta": tta},
                "tuned",
            )
            for experiment, tta in (("to_99_0", "none"), ("to_99_4", "shifts"), ("to_99_5", "shifts"))
        ],
        *[
            Benchmark(
                f"train_mnist_fast{', channels_last' * last}",
                "run_pytorch:train_mnist_fast",
                {"channels_last": last},
                allocator,
            )
            for last in (False, True)
            for allocator in ("default", "tuned")
        ],
        Benchmark("PyTorch's MNIST example", "run_pytorch:example", {"steps": 100}),
    ],
    unit="seconds of training and evaluation, test accuracy",
    higher_is_better=False,
)

SCALING = Suite(
    "scaling",
    [
        Benchmark(f"digitjax, {examples:,} images", "run_digitjax:epoch", {"examples": examples}, "tuned")
        for examples in (1_797, 60_000, 240_000)
    ],
    unit="ms per 1,000 images of an epoch, peak memory in MB",
    higher_is_better=False,
)

READING = Suite(
    "reading",
    [
        Benchmark("one digit, PNG of 28x28", "reading:small_png", {}),
        Benchmark(
            "5 digits, photo of 1 megapixel",
            "reading:photo",
            {"width": 1152, "height": 864, "lines": ["35028"], "reads": 20},
        ),
        Benchmark(
            "20 digits, photo of 12 megapixels",
            "reading:photo",
            {"width": 4000, "height": 3000, "lines": ["3141592653", "5897932384"], "reads": 5},
        ),
        Benchmark("digitjax read, PNG of 28x28", "reading:small_png_cold_start", {}),
        Benchmark("digitjax read, largest PNG", "reading:large_png_cold_start", {}),
    ],
    unit="ms per picture, peak memory in MB",
    higher_is_better=False,
)

SUITES = {suite.name: suite for suite in (TRAINING, INFERENCE, SPEEDRUN, SCALING, READING)}
"""All suites by name."""
STANDALONE = {"scaling", "reading"}
"""Suites of digitjax alone, which need no other framework."""
