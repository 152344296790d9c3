"""What an experiment is: frozen dataclasses, strict JSON in and out, dotted overrides.

A choice among several things (a model, an optimizer) is a union of option classes told apart by their
`kind`. To add one, write its class here, add it to the union, and name it where it is built.
"""

import contextlib
import dataclasses
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal, get_args

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError

from digitjax.errors import InputError

Positive = Annotated[int, Field(ge=1)]
Fraction = Annotated[float, Field(ge=0, lt=1)]


class Options:
    """Base of all option classes: unknown fields and wrong types are errors when they are validated."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid", strict=True)


@dataclass(frozen=True, kw_only=True)
class Data(Options):
    """Which pictures, and how they are split."""

    name: Literal["digits", "mnist"] = "digits"
    """Data set: a folder of digitjax/data."""
    validation: Annotated[float, Field(gt=0, lt=1)] = 0.1
    """Share of the training pictures that is held out for validation."""
    split_seed: Annotated[int, Field(ge=0)] = 0
    """Seed that decides which pictures are held out, apart from the seed of the training."""
    refit: bool = False
    """Train on the validation pictures too: for settings that are frozen, since nothing is left to choose on."""
    manual_dir: str | None = None
    """Folder with the official files, used in place of a download."""


@dataclass(frozen=True, kw_only=True)
class Augment(Options):
    """How the training pictures are changed at random."""

    shift: Annotated[int, Field(ge=0, le=8)] = 0
    """Move each picture by up to this many pixels up or down and left or right."""


@dataclass(frozen=True, kw_only=True)
class CNN(Options):
    """Blocks of convolution, batch normalisation, ReLU and 2x2 max-pooling, then dense layers."""

    kind: Literal["cnn"] = "cnn"
    """Architecture; another one, with its own fields: --model.kind mlp."""
    channels: Annotated[tuple[Positive, ...], Field(min_length=1, max_length=4)] = (32, 64)
    """Output channels of each block; each block halves the picture's side."""
    kernel_size: Literal[1, 3, 5, 7] = 3
    """Side of the square kernels."""
    batch_norm: bool = True
    """Normalise after each convolution."""
    dense: tuple[Positive, ...] = (128,)
    """Widths of the hidden dense layers."""
    dropout: Fraction = 0.3
    """Share of the features that is dropped before each dense layer while training."""


@dataclass(frozen=True, kw_only=True)
class FastCNN(Options):
    """Three convolutions, the first at stride 2: made to learn the most in a second of a CPU's time."""

    kind: Literal["fast_cnn"] = "fast_cnn"
    """Architecture; another one, with its own fields: --model.kind cnn."""
    channels: tuple[Positive, Positive, Positive] = (16, 32, 64)
    """Output channels of each convolution."""


@dataclass(frozen=True, kw_only=True)
class MLP(Options):
    """Dense layers alone, the reference that any convolution has to beat."""

    kind: Literal["mlp"] = "mlp"
    """Architecture; another one, with its own fields: --model.kind cnn."""
    dense: tuple[Positive, ...] = (256, 128)
    """Widths of the hidden dense layers."""
    dropout: Fraction = 0.2
    """Share of the features that is dropped after each hidden layer while training."""


@dataclass(frozen=True, kw_only=True)
class Adam(Options):
    """Adam with decoupled weight decay (Loshchilov and Hutter 2019, arXiv 1711.05101)."""

    kind: Literal["adam"] = "adam"
    """Optimizer; another one, with its own fields: --optimizer.kind sgd."""
    lr: Annotated[float, Field(gt=0, le=10)] = 2e-3
    """Highest learning rate."""
    b1: Fraction = 0.9
    """Decay of the mean of the gradients."""
    b2: Fraction = 0.999
    """Decay of the mean of their squares."""
    weight_decay: Annotated[float, Field(ge=0)] = 0.0
    """Share of each weight that is subtracted a step, times the learning rate."""


@dataclass(frozen=True, kw_only=True)
class SGD(Options):
    """Stochastic gradient descent with momentum."""

    kind: Literal["sgd"] = "sgd"
    """Optimizer; another one, with its own fields: --optimizer.kind adam."""
    lr: Annotated[float, Field(gt=0, le=10)] = 0.05
    """Highest learning rate."""
    momentum: Fraction = 0.9
    """Decay of the mean of the gradients."""
    nesterov: bool = True
    """Look ahead (Nesterov 1983)."""


@dataclass(frozen=True, kw_only=True)
class Schedule(Options):
    """How the learning rate moves over the run, as shares of its highest value."""

    shape: Literal["constant", "linear", "cosine"] = "cosine"
    """Way down from the highest value, after the warm-up."""
    warmup: Fraction = 0.1
    """Share of the steps over which the rate rises linearly from nearly zero."""
    final: Annotated[float, Field(ge=0, le=1)] = 0.0
    """Where it ends, as a share of the highest value."""


@dataclass(frozen=True, kw_only=True)
class Training(Options):
    """How long, how much at a time, and what is kept."""

    epochs: Annotated[int | float, Field(gt=0)] = 10
    """Passes over the training pictures; the last may be a part of one."""
    batch_size: Positive = 128
    """Pictures a step."""
    label_smoothing: Fraction = 0.0
    """Share of each label that is spread evenly over all classes (Szegedy et al. 2016, arXiv 1512.00567)."""
    log_every: Positive = 10
    """Steps from one logged training loss to the next."""
    patience: Positive | None = None
    """Stop after this many epochs without a better validation accuracy."""
    keep_best: Positive = 1
    """Checkpoints kept for their validation accuracy, beside the latest."""
    keep_weights_every: Positive | None = None
    """Keep the weights alone every so many epochs, to look at what happened when."""


Model = Annotated[CNN | FastCNN | MLP, Field(discriminator="kind")]
Optimizer = Annotated[Adam | SGD, Field(discriminator="kind")]


@dataclass(frozen=True, kw_only=True)
class Config(Options):
    """An experiment: with the code and the data set, all that is needed to repeat a run."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")] = "run"
    """Name of the run folder."""
    seed: Annotated[int, Field(ge=0, lt=2**32)] = 0
    """Seed of the initial weights, the order of the pictures and the dropout."""
    data: Data = Data()
    augment: Augment = Augment()
    model: Model = CNN()
    optimizer: Optimizer = Adam()
    schedule: Schedule = Schedule()
    training: Training = Training()


_ADAPTER: TypeAdapter[Config] = TypeAdapter(Config)


# ------------------------------------------------------------------------------------------ JSON


def to_json(config: Config) -> str:
    """Return the config as indented JSON, every field spelled out."""
    return _ADAPTER.dump_json(config, indent=2).decode() + "\n"


def from_json(text: str | bytes, source: str = "config") -> Config:
    """Read a config from JSON; fields that are left out have their defaults.

    Raises:
        InputError: the JSON is malformed, or a field is unknown, of the wrong type or out of range;
            the message begins with `source` and names the field and what it may be.
    """
    try:
        return _ADAPTER.validate_json(text)
    except ValidationError as error:
        raise InputError(f"{source}: {_reason(error)}") from None


def validate(config: Config, source: str = "config") -> Config:
    """Return the config if every field is in its range; option classes do not check themselves.

    Raises:
        InputError: as `from_json`.
    """
    return from_json(to_json(config), source)


def differences(a: Config, b: Config) -> dict[str, tuple[Any, Any]]:
    """Return the fields in which two configs differ, by dotted name, with both values."""
    flat_a, flat_b = (_flatten(dataclasses.asdict(config)) for config in (a, b))
    names = sorted(flat_a.keys() | flat_b.keys())
    return {n: (flat_a.get(n), flat_b.get(n)) for n in names if flat_a.get(n) != flat_b.get(n)}


def _flatten(tree: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in tree.items():
        flat |= _flatten(value, f"{prefix}{key}.") if isinstance(value, dict) else {prefix + key: value}
    return flat


def _reason(error: ValidationError) -> str:
    """Say in one line which field is wrong and what it may be."""
    first = error.errors(include_url=False)[0]
    kinds = {option.kind for union in (Model, Optimizer) for option in options(union)}
    field = ".".join(str(part) for part in first["loc"] if part not in kinds)
    if first["type"] == "unexpected_keyword_argument":
        return f"unknown field {field}"
    if first["type"] == "union_tag_invalid":
        return f"{field}.kind is {first['ctx']['tag']!r}: it must be one of {first['ctx']['expected_tags']}"
    message = first["msg"][0].lower() + first["msg"][1:]
    given = "" if first["type"] == "json_invalid" else f" (it is {first['input']!r})"
    return f"{field}: {message}{given}" if field else f"{message}{given}"


# ------------------------------------------------------------------------------------- overrides


def options(union: Any) -> tuple[Any, ...]:
    """Return the option classes of a union such as `Model`."""
    return get_args(get_args(union)[0])


def override(config: Config, arguments: Sequence[str], prog: str = "digitjax train EXPERIMENT") -> Config:
    """Apply dotted command-line arguments such as `--optimizer.lr 1e-3` or `--model.kind mlp`.

    A new `kind` starts from the defaults of its option class. `--help` prints every field and exits.

    Raises:
        InputError: a field is unknown, cannot be parsed, or is out of its range.
    """
    import tyro

    config, rest = _choose_kinds(config, list(arguments))
    printed = io.StringIO()
    wants_help = "--help" in rest or "-h" in rest
    try:
        with contextlib.nullcontext() if wants_help else contextlib.redirect_stderr(printed):
            config = tyro.cli(
                Config, prog=prog, default=config, args=rest, config=(tyro.conf.AvoidSubcommands,)
            )
    except SystemExit as stop:
        if not stop.code:
            raise
        raise InputError(f"arguments: {_message(printed.getvalue())}") from None
    return validate(config, "arguments")


def _choose_kinds(config: Config, arguments: list[str]) -> tuple[Config, list[str]]:
    """Handle `--model.kind K` and `--optimizer.kind K`, which change the fields that there are."""
    arguments = [part for argument in arguments for part in re.split(r"(?<=\.kind)=", argument, maxsplit=1)]
    for field, union in (("model", Model), ("optimizer", Optimizer)):
        flag = f"--{field}.kind"
        while flag in arguments[:-1]:
            at = arguments.index(flag)
            kind = arguments[at + 1]
            del arguments[at : at + 2]
            classes = {option.kind: option for option in options(union)}
            if kind not in classes:
                raise InputError(f"{field}.kind is {kind!r}: it must be one of {', '.join(classes)}")
            if kind != getattr(config, field).kind:
                config = dataclasses.replace(config, **{field: classes[kind]()})
    return config, arguments


def _message(box: str) -> str:
    """Draw the one line that matters out of the box that tyro prints."""
    lines = [line.strip(" │╭╮╰╯─-") for line in box.splitlines()]
    kept = []
    for line in lines[1:]:
        if line.startswith(("For full helptext", "Argument helptext", "Perhaps you meant")):
            break
        kept.append(line)
    return " ".join(" ".join(kept).split()) or "they cannot be parsed"
