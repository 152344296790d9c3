"""Configs of sweeps: an invalid one is refused before anything starts."""

import dataclasses
import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digitjax.config import (
    SGD,
    Adam,
    Choice,
    CNNConfig,
    Config,
    Data,
    Float,
    Int,
    Sweep,
    VAEConfig,
    from_json,
    to_json,
    validate_sweep,
)
from digitjax.config.sweep import assign
from digitjax.errors import InputError

SWEEP = Sweep(
    name="s",
    base=Config(),
    space={
        "optimizer.lr": Float(1e-4, 1e-1, log=True),
        "augment.shift": Int(0, 8, 2),
        "model.channels": Choice([(8,), (16, 32)]),
    },
)


@given(st.floats(1e-4, 1e-1), st.integers(0, 8), st.sampled_from(["(8,)", "(16, 32)"]))
def test_a_trial_is_the_base_with_its_values(lr: float, shift: int, channels: str):
    params = {"optimizer.lr": lr, "augment.shift": shift, "model.channels": channels}
    config = SWEEP.config("t", params)
    assert (config.name, config.optimizer.lr, config.augment.shift) == ("t", lr, shift)
    assert str(config.model.channels) == channels
    assert (
        dataclasses.replace(config, model=Config().model, optimizer=Adam(), name="run").training
        == Config().training
    )
    assert from_json(to_json(config)) == config


def test_a_choice_may_be_among_whole_option_classes():
    options = [SGD(lr=0.1), Adam(lr=0.01)]
    sweep = validate_sweep(dataclasses.replace(SWEEP, space={"optimizer": Choice(options)}))
    labels = list(sweep.space["optimizer"].labels)
    assert [sweep.config("t", {"optimizer": label}).optimizer for label in labels] == options


def test_a_sweep_as_a_dictionary_survives_json():
    assert validate_sweep(SWEEP) == SWEEP
    content = SWEEP.to_dict()
    assert json.loads(json.dumps(content)) == content
    assert content["space"]["augment.shift"] == {"kind": "int", "low": 0, "high": 8, "step": 2}


def test_assign_changes_only_the_named_fields():
    assert assign(Config(), {"seed": 3, "model.dense": (5,)}).model.dense == (5,)
    assert assign(Config(), {}) == Config()


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"name": "a/b"}, "name is 'a/b': it may have letters"),
        ({"trials": 0}, "trials: input should be greater than or equal to 1 (it is 0)"),
        ({"prune_after": 0}, "prune_after: input should be greater than or equal to 1"),
        ({"space": {}}, "space: dictionary should have at least 1 item"),
        ({"space": {"model.droput": Float(0.0, 0.5)}}, "no field 'model.droput', there are kind, channels"),
        ({"space": {"speed": Int(0, 1)}}, "no field 'speed', there are name, seed, data"),
        ({"space": {"seed.a": Int(0, 1)}}, "no field 'seed.a', there are name, seed, data"),
        (
            {"space": {"optimizer.lr": Float(0.1, 20.0)}},
            "optimizer.lr: input should be less than or equal to 10",
        ),
        ({"space": {"optimizer.lr": Float(0.0, 1.0)}}, "optimizer.lr: input should be greater than 0"),
        ({"space": {"optimizer.lr": Float(1.0, 0.1)}}, "optimizer.lr: low must be below high"),
        (
            {"space": {"model.dropout": Float(0.0, 0.5, log=True)}},
            "model.dropout: low must be below high, and above 0",
        ),
        ({"space": {"augment.shift": Float(0.0, 4.0)}}, "augment.shift: input should be a valid integer"),
        ({"space": {"augment.shift": Int(0, 9)}}, "augment.shift: input should be less than or equal to 8"),
        ({"space": {"augment.shift": Int(0, 4, 3)}}, "augment.shift: low must be below high, by whole steps"),
        ({"space": {"augment.shift": Int(0, 4, 0)}}, "space.augment.shift.step: input should be greater"),
        (
            {"space": {"augment.shift": Choice([1, 9])}},
            "augment.shift: input should be less than or equal to 8",
        ),
        ({"space": {"augment.shift": Choice([])}}, "should have at least 1 item"),
        (
            {"space": {"augment.shift": Choice([1, 1])}},
            "augment.shift: two of the values ['1'] have the same label",
        ),
        ({"base": Config(data=Data(refit=True))}, "data.refit leaves no validation accuracy"),
        (
            {"base": Config(model=VAEConfig()), "space": {"model.latent": Int(2, 8)}},
            "model.kind vae has no accuracy to maximize: name a classifier",
        ),
        (
            {"space": {"model": Choice([CNNConfig(), VAEConfig()])}},
            "model.kind vae has no accuracy to maximize",
        ),
    ],
)
def test_an_invalid_sweep_is_refused_with_the_reason(changes: dict[str, Any], reason: str):
    sweep = dataclasses.replace(SWEEP, **changes)
    with pytest.raises(InputError, match=rf"sweep {re.escape(sweep.name)}: .*{re.escape(reason)}"):
        validate_sweep(sweep)
