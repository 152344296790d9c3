"""Configs: strict JSON in and out, dotted overrides, messages that name the field."""

import dataclasses
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digitjax.config import (
    SGD,
    Adam,
    AutoencoderConfig,
    CNNConfig,
    Config,
    Data,
    MLPConfig,
    Schedule,
    Training,
    VAEConfig,
    differences,
    differing,
    from_json,
    override,
    split_arguments,
    to_json,
    validate,
)
from digitjax.errors import InputError

configs = st.builds(
    Config,
    name=st.from_regex(r"[A-Za-zäß0-9][A-Za-zи0-9._-]{0,90}", fullmatch=True),
    seed=st.integers(0, 2**32 - 1),
    data=st.one_of(
        st.builds(Data, name=st.sampled_from(["digits", "mnist"]), refit=st.booleans()),
        st.builds(Data, name=st.just("folder"), folder=st.text()),
    ),
    model=st.one_of(
        st.builds(
            CNNConfig,
            channels=st.lists(st.integers(1, 999), min_size=1, max_size=4).map(tuple),
            kernel_size=st.integers(1, 11),
            normalization=st.sampled_from(["batch", "layer", "none"]),
            dropout=st.floats(0, 1, exclude_max=True),
        ),
        st.builds(MLPConfig, dense=st.lists(st.integers(1, 999)).map(tuple)),
        st.builds(AutoencoderConfig, latent=st.integers(1, 999)),
        st.builds(
            VAEConfig, channels=st.tuples(st.integers(1, 99), st.integers(1, 99)), beta=st.floats(0, 99)
        ),
    ),
    optimizer=st.one_of(
        st.builds(Adam, lr=st.floats(1e-9, 10), b1=st.floats(0, 1, exclude_max=True)),
        st.builds(SGD, nesterov=st.booleans()),
    ),
    schedule=st.builds(Schedule, shape=st.sampled_from(["constant", "linear", "cosine"])),
    training=st.builds(Training, epochs=st.integers(1, 10**6), patience=st.none() | st.integers(1, 99)),
)


# The run-time type checks of the tests draw random numbers while hypothesis builds the config.
@pytest.mark.filterwarnings("ignore:Do not use the `random` module")
@given(configs)
def test_json_round_trip(config: Config):
    assert from_json(to_json(config)) == config


def test_json_spells_out_every_field():
    text = to_json(Config())
    for part in (Config(), Config().data, Config().model, Config().optimizer, Config().training):
        for field in dataclasses.fields(part):
            assert f'"{field.name}":' in text


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('{"speed": 1}', "unknown field speed"),
        ('{"model": {"kind": "cnn", "speed": 1}}', "unknown field model.speed"),
        (
            '{"model": {"kind": "vit"}}',
            "model.kind is 'vit': it must be one of 'cnn', 'deep_cnn', 'fast_cnn'",
        ),
        (
            '{"model": {"kind": "cnn", "channels": [0]}}',
            "model.channels.0: input should be greater than or equal to 1",
        ),
        ('{"model": {"kind": "cnn", "channels": []}}', "model.channels: tuple should have at least 1 item"),
        ('{"model": {"kind": "cnn", "dropout": 1}}', "model.dropout: input should be less than 1 (it is 1)"),
        (
            '{"model": {"kind": "vae", "latent": 0}}',
            "model.latent: input should be greater than or equal to 1",
        ),
        ('{"model": {"kind": "vae", "beta": -1}}', "model.beta: input should be greater than or equal to 0"),
        ('{"model": {"kind": "autoencoder", "channels": [8]}}', "model.channels.1: field required"),
        ('{"model": {"kind": "autoencoder", "beta": 1}}', "unknown field model.beta"),
        (
            '{"model": {"kind": "vae"}, "training": {"mixup": 0.2}}',
            "training.mixup is 0.2: it changes labels, which model.kind vae is not trained on: set it to 0",
        ),
        (
            '{"training": {"candidates": 3, "mixup": 0.2}}',
            "training.candidates is 3: set it to 1 or mixup to 0",
        ),
        (
            '{"model": {"kind": "autoencoder"}, "training": {"label_smoothing": 0.1}}',
            "training.label_smoothing is 0.1: it changes labels",
        ),
        (
            '{"model": {"kind": "autoencoder"}, "data": {"outliers": 0.1}}',
            "data.outliers is 0.1: only classifiers are trained on outliers, and model.kind autoencoder is none",
        ),
        ('{"seed": "1"}', "seed: input should be a valid integer"),
        ('{"training": {"batch_size": 2.5}}', "training.batch_size: input should be a valid integer"),
        (
            '{"data": {"name": "folder"}}',
            "data.folder is missing: the data set folder needs the folder of its images",
        ),
        (
            '{"data": {"folder": "x"}}',
            "data.folder is only for the data set folder (name is 'digits')",
        ),
        (
            '{"name": "../escape"}',
            "name is '../escape': it may have letters, digits and, after the first, also",
        ),
        ('{"name": ""}', "name is '': it may have letters"),
        ('{"name": ".hidden"}', "name is '.hidden': it may have letters"),
        ('{"name": "%s"}' % ("ü" * 101), "200 bytes at most"),
        ('{"seed": 1', "invalid JSON"),
        ("[]", "input should be an object"),
    ],
)
def test_bad_json_names_the_field_and_its_range(text: str, reason: str):
    with pytest.raises(InputError) as error:
        from_json(text, "config.json")
    assert str(error.value).startswith("config.json: ")
    assert reason in str(error.value)


def test_validate_finds_what_the_constructor_does_not_check():
    with pytest.raises(InputError, match=r"optimizer\.lr: input should be greater than 0"):
        validate(Config(optimizer=Adam(lr=-1.0)))


def test_a_config_is_validated_once():
    written = Config(seed=3)
    valid = validate(written)
    assert valid == written
    assert validate(valid) is valid
    assert override(valid, []) is valid
    for read in (from_json(to_json(written)), override(written, ["--seed", "4"])):
        assert validate(read) is read
    with pytest.raises(InputError, match="seed: input should be greater than or equal to 0"):
        validate(replace(valid, seed=-1))


def test_override_changes_only_the_named_fields():
    changed = override(Config(), ["--optimizer.lr", "1e-3", "--model.channels", "8", "16"])
    assert differences(Config(), changed) == {
        "model.channels": ((32, 64), (8, 16)),
        "optimizer.lr": (Adam().lr, 1e-3),
    }


@pytest.mark.parametrize(
    "arguments", [["--model.kind", "mlp", "--model.dense", "7"], ["--model.kind=mlp", "--model.dense", "7"]]
)
def test_another_kind_has_its_own_fields(arguments: list[str]):
    assert override(Config(), arguments).model == MLPConfig(dense=(7,))


def test_the_same_kind_keeps_the_values_of_the_experiment():
    config = Config(optimizer=Adam(lr=0.5))
    assert override(config, ["--optimizer.kind", "adam"]) == config


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--model.speed", "1"], "there is no option --model.speed"),
        (["--seed", "x"], "Error parsing --seed: invalid literal for int() with base 10: 'x'"),
        (["--model.dropout", "2"], "model.dropout: input should be less than 1 (it is 2.0)"),
        (["--model.kind", "vit"], "model.kind is 'vit': it must be one of cnn, deep_cnn, fast_cnn"),
        (["--data.name", "cifar"], "invalid choice 'cifar' for argument '--data.name'"),
        (
            ["--model.kernel-size", "31"],
            "model.kernel_size: input should be less than or equal to 11 (it is 31)",
        ),
        (["--model.kernel-size", "3", "31"], "model.kernel_size.1: input should be less than or equal to 11"),
        (
            ["--model.kernel-size", "x"],
            "--model.kernel-size: no type matching INT|{[INT [INT ...]]} could be",
        ),
        (
            ["--model.kernel-size", "3", "3", "3"],
            "model.kernel_size is (3, 3, 3): give one side for all stages, or one for each of the 2",
        ),
        (["--optimizer.kind"], "Missing value for argument '--optimizer.kind'"),
    ],
)
def test_bad_override_is_one_line(arguments: list[str], reason: str):
    with pytest.raises(InputError) as error:
        override(Config(), arguments)
    assert reason in str(error.value)
    assert "\n" not in str(error.value)
    assert "FieldInfo" not in str(error.value)


def test_help_lists_every_field_with_its_meaning(capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit) as stop:
        override(Config(), ["--help"])
    assert stop.value.code == 0
    printed = capsys.readouterr().out
    assert "--training.batch-size" in printed
    assert "Examples per step." in printed


def test_differing_returns_the_values_of_each_config():
    base = Config()
    other = replace(base, name="other", seed=3, model=MLPConfig())
    fields = differing([base, other, base])
    assert fields["seed"] == [0, 3, 0]
    assert fields["model.kind"] == ["cnn", "mlp", "cnn"]
    assert fields["model.channels"][1] is None
    assert "name" not in fields
    assert differing([base, replace(base, name="other")]) == differing([]) == {}


def test_arguments_are_split_as_by_a_shell():
    assert split_arguments("--seed 3\n--name 'a b'  # why\n") == ["--seed", "3", "--name", "a b"]
    assert split_arguments("") == []
    for text in ("--name 'a", "--seed 3 --help", "-h"):
        with pytest.raises(InputError, match="arguments: "):
            split_arguments(text)
