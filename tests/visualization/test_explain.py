"""What a network learned, against sums and searches done in another way."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jaxtyping import Array, Float
from sklearn.datasets import load_digits

from digitjax.config import CNNConfig, MLPConfig
from digitjax.errors import InputError
from digitjax.model.classifier import Classifier
from digitjax.model.network import Network, weights_steps
from digitjax.runs import Run
from digitjax.visualization.explain import attribution, features, inputs, network
from digitjax.visualization.explain.network import InkClassifier, to_ink


class Linear:
    """Logits that are weighted sums of ink, whose answers are known."""

    def __init__(self) -> None:
        self.kernel = np.random.default_rng(0).normal(size=(28, 28, 10)).astype(np.float32)

    def __call__(self, ink: Float[Array, "n 28 28"]) -> Float[Array, "n 10"]:
        return jnp.einsum("nhw,hwc->nc", ink, self.kernel)


def untrained(options: CNNConfig | MLPConfig) -> InkClassifier:
    built = Network(options)
    return InkClassifier(options, built.init(jax.random.key(0)))


@pytest.fixture(scope="module")
def classifier() -> InkClassifier:
    return untrained(CNNConfig(channels=(4, 8), dense=(16,), activation="gelu"))


@pytest.fixture(scope="module")
def images() -> np.ndarray:
    eights = np.kron(load_digits().images[:6] / 16, np.ones((3, 3)))
    return np.rint(255 * np.pad(eights, ((0, 0), (2, 2), (2, 2)))).astype(np.uint8)


@pytest.fixture(scope="module")
def ink(images: np.ndarray) -> jax.Array:
    return to_ink(images)


DIGITS = jnp.array([3, 1, 4, 1, 5, 9])


def test_ink_is_classified_as_pictures_are(tiny_run: Run, images: np.ndarray):
    asked, step = network.load(tiny_run)
    built = Network(tiny_run.config.model)
    expected = Classifier([(built, asked.weights)])(images)
    np.testing.assert_allclose(asked(to_ink(images)), expected, atol=1e-5)
    assert step == 21


def test_an_autoencoder_is_not_explained(tiny_vae: Run):
    with pytest.raises(InputError, match="tells no digits apart"):
        network.load(tiny_vae)


def test_integrated_gradients_add_up_to_the_difference_of_the_logits(
    classifier: InkClassifier, ink: jax.Array
):
    attributions = attribution.integrated_gradients(classifier, ink, DIGITS)
    empty = jnp.zeros_like(ink)
    rows = np.arange(len(DIGITS))
    expected = (classifier(ink) - classifier(empty))[rows, DIGITS]
    np.testing.assert_allclose(attributions.sum((1, 2)), expected, atol=1e-2)
    direct = sum(
        np.asarray(jax.grad(lambda x: classifier(x)[rows, DIGITS].sum())((k + 0.5) / 8 * ink))
        for k in range(8)
    )
    short = attribution.integrated_gradients(classifier, ink, DIGITS, steps=8)
    np.testing.assert_allclose(short, ink * direct / 8, atol=1e-5)


def test_occlusion_is_what_a_blanked_square_takes_away(ink: jax.Array):
    linear = Linear()
    falls = attribution.occlusion(linear, ink, DIGITS, patch=3)
    worth = np.asarray(ink)[..., None] * linear.kernel
    for n, row, column in ((0, 10, 12), (3, 0, 0), (5, 27, 14)):
        near = worth[n, max(row - 1, 0) : row + 2, max(column - 1, 0) : column + 2, DIGITS[n]]
        assert falls[n, row, column] == pytest.approx(near.sum(), abs=1e-4)


def test_a_maximizing_picture_is_taken_for_its_digit(classifier: InkClassifier):
    digits = jnp.arange(10)
    found = inputs.activation_maximization(classifier, digits, steps=60)
    assert float(found.min()) >= 0
    assert float(found.max()) <= 1
    assert (classifier(found).argmax(axis=1) == digits).mean() >= 0.7


def test_the_least_edit_changes_the_answer_and_little_else():
    """Of a linear classifier the shortest edit is known: the gap over the length of the gradient."""
    linear = Linear()
    linear.kernel[..., 2:] = -1
    ink = jnp.full((1, 28, 28), 0.5)
    read = int(linear(ink)[0].argmax())
    wanted = jnp.array([1 - read])
    direction = linear.kernel[..., 1 - read] - linear.kernel[..., read]
    shortest = -0.5 * float(direction.sum()) / float(np.linalg.norm(direction))
    edit = inputs.counterfactual(linear, ink, wanted, steps=600)
    assert bool(edit.found[0])
    assert int(linear(edit.ink)[0].argmax()) == int(wanted[0])
    assert shortest <= float(edit.size[0]) <= 1.5 * shortest + 0.05
    assert float(jnp.linalg.norm(edit.ink - ink)) == pytest.approx(float(edit.size[0]), abs=1e-3)


def test_an_edit_that_is_not_found_says_so(classifier: InkClassifier, ink: jax.Array):
    second = jnp.argsort(classifier(ink), axis=1)[:, 0]
    edit = inputs.counterfactual(classifier, ink, second, steps=1)
    np.testing.assert_array_equal(edit.ink[~edit.found], ink[~edit.found])
    assert np.isinf(edit.size[~edit.found]).all()
    assert not edit.found.all()


def test_filters_are_the_kernels_that_see_the_pixels():
    convolution = features.first_filters(untrained(CNNConfig(channels=(4, 8), dense=(16,))))
    assert convolution.shape == (4, 3, 3)
    dense = features.first_filters(untrained(MLPConfig(dense=(12,))))
    assert dense.shape == (12, 28, 28)


def test_every_layer_has_its_kernel():
    found = features.kernels(untrained(CNNConfig(channels=(4, 8), dense=(16,))))
    assert {name: kernel.shape for name, kernel in found.items()} == {
        "blocks 0 conv": (3, 3, 1, 4),
        "blocks 1 conv": (3, 3, 4, 8),
        "head": (1, 1, 16, 10),
        "hidden 0": (1, 1, 8 * 7 * 7, 16),
    }
    assert features.kernels(untrained(MLPConfig(dense=(12,))))["hidden 0"].shape == (28, 28, 1, 12)


def test_filters_are_of_one_input_or_of_the_strongest():
    kernel = np.zeros((3, 3, 2, 2), np.float32)
    kernel[0, 1, 0, 0], kernel[2, 2, 1, 0] = 2, -3
    kernel[1, 1, 0, 1] = 1
    np.testing.assert_array_equal(features.filters(kernel, 0), kernel[:, :, 0].transpose(2, 0, 1))
    strongest = features.filters(kernel)
    np.testing.assert_array_equal(strongest[0], kernel[:, :, 1, 0])
    np.testing.assert_array_equal(strongest[1], kernel[:, :, 0, 1])


def test_other_weights_of_an_architecture_compile_nothing_anew(ink: jax.Array):
    options, traced = CNNConfig(channels=(4, 8), dense=(16,)), []

    @jax.jit
    def logits(classifier: InkClassifier, ink: Float[Array, "n 28 28"]) -> Float[Array, "n classes"]:
        traced.append(classifier)
        return classifier(ink)

    for seed in range(2):
        one = InkClassifier(options, Network(options).init(jax.random.key(seed)))
        np.testing.assert_allclose(logits(one, ink), one(ink), atol=1e-5)
    assert len(traced) == 1


def test_weights_that_were_kept_alone_can_be_explained(able_run: Run):
    steps = weights_steps(able_run)
    assert len(steps) == 2
    loaded = [network.load(able_run, step) for step in steps]
    assert [step for _, step in loaded] == steps
    first, last = (next(iter(features.kernels(one).values())) for one, _ in loaded)
    assert not np.array_equal(first, last)


def test_activations_are_each_layers_of_one_picture(classifier: InkClassifier, images: np.ndarray):
    layers = features.activations(classifier, images[0])
    assert {name: values.shape for name, values in layers.items()} == {
        "block1": (4, 14, 14),
        "block2": (8, 7, 7),
        "dense1": (16, 1, 1),
    }


def test_features_are_the_last_layer_and_their_neighbours_the_nearest(
    classifier: InkClassifier, images: np.ndarray
):
    found = features.embed(classifier, images)
    last = np.asarray(classifier.intermediates(to_ink(images))["dense1"])
    np.testing.assert_allclose(found, last, atol=1e-5)
    distances = np.linalg.norm(found[:, None] - found, axis=2)
    np.testing.assert_array_equal(
        np.sort(np.take_along_axis(distances, features.nearest(found, found, 3), axis=1)),
        np.sort(distances)[:, :3],
    )


def test_groups_that_are_apart_are_spread_out():
    generator = np.random.default_rng(0)
    groups = generator.normal(size=(3, 1, 12)) * 10 + generator.normal(size=(3, 20, 12))
    points = features.spread_out(groups.reshape(60, 12).astype(np.float32)).reshape(3, 20, 2)
    centres = points.mean(axis=1)
    distances = np.linalg.norm(points.reshape(60, 1, 2) - centres, axis=2)
    np.testing.assert_array_equal(distances.argmin(axis=1), np.repeat(np.arange(3), 20))


def test_the_map_keeps_what_lies_in_a_plane():
    plane = np.random.default_rng(0).normal(size=(40, 2)) @ np.random.default_rng(1).normal(size=(2, 7))
    drawn = features.project(plane)
    assert drawn.explained == pytest.approx(1)
    distances = [np.linalg.norm(x[:, None] - x, axis=2) for x in (plane, drawn.points.astype(float))]
    np.testing.assert_allclose(*distances, atol=1e-4)


def test_a_map_is_turned_like_another():
    features_of = np.random.default_rng(0).normal(size=(40, 5)) * np.array([5, 3, 1, 1, 1])
    points = features.project(features_of).points
    turned = points @ np.array([[0, 1], [-1, 0]], np.float32) * np.array([1, -1], np.float32)
    np.testing.assert_allclose(features.project(features_of, turned).points, turned, atol=1e-3)
