"""Fine-tuning of the last layer: it learns new examples, and hardly changes what it predicts for others."""

import numpy as np
import pytest
from scipy.optimize import check_grad

from digitjax.model.training import head as heads
from digitjax.model.training.head import Head, HeadParams, HeadTrainer


@pytest.fixture
def head():
    rng = np.random.default_rng(0)
    return Head(rng.normal(size=(40, 10)), rng.normal(size=10))


@pytest.fixture
def others():
    """Features of other people's digits, which leave half of the directions unused."""
    return np.random.default_rng(1).normal(size=(300, 40)) * np.repeat([1.0, 0.05], 20)


def test_examples_in_unused_directions_are_learned_and_others_kept(head, others):
    features = np.random.default_rng(2).normal(size=(10, 40)) * np.repeat([0.3, 1.0], 20)
    labels = np.arange(10)
    trainer = HeadTrainer(head, others, others)
    fitted = trainer.fit(features, labels, np.ones(10))
    before, after = (h.log_probabilities(features)[labels, labels].mean() for h in (head, fitted))
    assert after > before / 3
    assert 0 < trainer.divergence(fitted) <= HeadParams().max_divergence
    np.testing.assert_array_equal(fitted.bias, head.bias)


def test_wrong_labels_cannot_change_others_by_more_than_allowed(head, others):
    features = others[:50]
    labels = (head.log_probabilities(features).argmax(axis=1) + 1) % 10
    trainer = HeadTrainer(head, others, others, HeadParams(max_divergence=1e-4))
    assert trainer.divergence(trainer.fit(features, labels, np.ones(50))) <= 1e-4


def test_the_same_examples_give_the_same_head(head, others):
    features, labels = others[:30] + 0.5, np.arange(30) % 10
    first, second = (HeadTrainer(head, others, others).fit(features, labels, np.ones(30)) for _ in range(2))
    np.testing.assert_array_equal(first.kernel, second.kernel)


def test_more_examples_than_features_can_be_fitted(head, others):
    trainer = HeadTrainer(head, others, others)
    labels = head.log_probabilities(others).argmax(axis=1)
    fitted = trainer.fit(others, labels, np.full(300, 0.1))
    assert fitted.kernel.shape == head.kernel.shape


def test_the_gradient_of_the_loss_is_right(head, others, monkeypatch):
    errors = []

    def check(loss, start, args, **options):
        point = np.random.default_rng(3).normal(size=start.shape) * 0.1
        errors.append(check_grad(lambda x: loss(x, *args)[0], lambda x: loss(x, *args)[1], point))
        return minimize(loss, start, args, **options)

    minimize = heads.minimize
    monkeypatch.setattr(heads, "minimize", check)
    HeadTrainer(head, others, others).fit(others[:5], np.arange(5), np.full(5, 0.5))
    assert max(errors) < 1e-3
