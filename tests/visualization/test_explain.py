"""Explanations of a classifier, compared with independent computations."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jaxtyping import Array, Float
from sklearn.datasets import load_digits

from digitjax.config import CNNConfig, MLPConfig
from digitjax.errors import InputError
from digitjax.model.classifier import Classifier
from digitjax.model.network import Network
from digitjax.model.predictor import bind
from digitjax.runs import Run
from digitjax.runs.checkpoints import saved_steps
from digitjax.visualization.explain import attribution, features, inputs, network
from digitjax.visualization.explain.network import DifferentiableClassifier, to_intensity


class Linear:
    """Logits that are weighted sums of pixels, whose explanations are known."""

    def __init__(self) -> None:
        self.kernel = np.random.default_rng(0).normal(size=(28, 28, 10)).astype(np.float32)

    def __call__(self, images: Float[Array, "n 28 28"]) -> Float[Array, "n 10"]:
        return jnp.einsum("nhw,hwc->nc", images, self.kernel)


def untrained(options: CNNConfig | MLPConfig) -> DifferentiableClassifier:
    return DifferentiableClassifier(options, Network(options).init(jax.random.key(0)))


@pytest.fixture(scope="module")
def classifier() -> DifferentiableClassifier:
    return untrained(CNNConfig(channels=(4, 8), dense=(16,), activation="gelu"))


@pytest.fixture(scope="module")
def images() -> np.ndarray:
    eights = np.kron(load_digits().images[:6] / 16, np.ones((3, 3)))
    return np.rint(255 * np.pad(eights, ((0, 0), (2, 2), (2, 2)))).astype(np.uint8)


@pytest.fixture(scope="module")
def intensity(images: np.ndarray) -> jax.Array:
    return to_intensity(images)


DIGITS = jnp.array([3, 1, 4, 1, 5, 9])


def test_logits_are_those_of_the_classifier(tiny_run: Run, images: np.ndarray):
    loaded, step = network.load(tiny_run)
    expected = Classifier(bind([(Network(tiny_run.config.model), loaded.weights)]))(images)
    np.testing.assert_allclose(loaded(to_intensity(images)), expected, atol=1e-5)
    assert step == 21


def test_an_autoencoder_is_not_explained(tiny_vae: Run):
    with pytest.raises(InputError, match="is not a classifier"):
        network.load(tiny_vae)


def test_integrated_gradients_add_up_to_the_difference_of_the_logits(
    classifier: DifferentiableClassifier, intensity: jax.Array
):
    attributions = attribution.integrated_gradients(classifier, intensity, DIGITS)
    empty = jnp.zeros_like(intensity)
    rows = np.arange(len(DIGITS))
    expected = (classifier(intensity) - classifier(empty))[rows, DIGITS]
    np.testing.assert_allclose(attributions.sum((1, 2)), expected, atol=1e-2)
    direct = sum(
        np.asarray(jax.grad(lambda x: classifier(x)[rows, DIGITS].sum())((k + 0.5) / 8 * intensity))
        for k in range(8)
    )
    short = attribution.integrated_gradients(classifier, intensity, DIGITS, steps=8)
    np.testing.assert_allclose(short, intensity * direct / 8, atol=1e-5)


def test_occlusion_is_the_decrease_of_the_logit(intensity: jax.Array):
    linear = Linear()
    decreases = attribution.occlusion(linear, intensity, DIGITS, patch=3)
    contribution = np.asarray(intensity)[..., None] * linear.kernel
    for n, row, column in ((0, 10, 12), (3, 0, 0), (5, 27, 14)):
        near = contribution[n, max(row - 1, 0) : row + 2, max(column - 1, 0) : column + 2, DIGITS[n]]
        assert decreases[n, row, column] == pytest.approx(near.sum(), abs=1e-4)


def test_activation_maximization_is_classified_as_its_class(classifier: DifferentiableClassifier):
    digits = jnp.arange(10)
    images = inputs.activation_maximization(classifier, digits, steps=60)
    assert float(images.min()) >= 0
    assert float(images.max()) <= 1
    assert (classifier(images).argmax(axis=1) == digits).mean() >= 0.7


def test_a_counterfactual_changes_the_prediction_by_a_small_change():
    """The smallest change of a linear classifier is known: the gap of the logits over the norm of the gradient."""
    linear = Linear()
    linear.kernel[..., 2:] = -1
    images = jnp.full((1, 28, 28), 0.5)
    predicted = int(linear(images)[0].argmax())
    targets = jnp.array([1 - predicted])
    direction = linear.kernel[..., 1 - predicted] - linear.kernel[..., predicted]
    shortest = -0.5 * float(direction.sum()) / float(np.linalg.norm(direction))
    edited = inputs.counterfactual(linear, images, targets, steps=600)
    assert bool(edited.found[0])
    assert int(linear(edited.images)[0].argmax()) == int(targets[0])
    assert shortest <= float(edited.distance[0]) <= 1.5 * shortest + 0.05
    assert float(jnp.linalg.norm(edited.images - images)) == pytest.approx(
        float(edited.distance[0]), abs=1e-3
    )


def test_a_counterfactual_that_is_not_found_says_so(
    classifier: DifferentiableClassifier, intensity: jax.Array
):
    least_probable = jnp.argsort(classifier(intensity), axis=1)[:, 0]
    edited = inputs.counterfactual(classifier, intensity, least_probable, steps=1)
    np.testing.assert_array_equal(edited.images[~edited.found], intensity[~edited.found])
    assert np.isinf(edited.distance[~edited.found]).all()
    assert not edited.found.all()


def test_first_filters_are_the_kernels_of_the_pixels():
    convolution = features.first_filters(untrained(CNNConfig(channels=(4, 8), dense=(16,))))
    assert convolution.shape == (4, 3, 3)
    dense = features.first_filters(untrained(MLPConfig(dense=(12,))))
    assert dense.shape == (12, 28, 28)


def test_every_layer_has_its_kernel():
    kernels = features.kernels(untrained(CNNConfig(channels=(4, 8), dense=(16,))))
    assert {name: kernel.shape for name, kernel in kernels.items()} == {
        "blocks 0 conv": (3, 3, 1, 4),
        "blocks 1 conv": (3, 3, 4, 8),
        "head": (1, 1, 16, 10),
        "hidden 0": (1, 1, 8 * 7 * 7, 16),
    }
    assert features.kernels(untrained(MLPConfig(dense=(12,))))["hidden 0"].shape == (28, 28, 1, 12)


def test_filters_are_of_one_input_channel_or_of_the_strongest():
    kernel = np.zeros((3, 3, 2, 2), np.float32)
    kernel[0, 1, 0, 0], kernel[2, 2, 1, 0] = 2, -3
    kernel[1, 1, 0, 1] = 1
    np.testing.assert_array_equal(features.filters(kernel, 0), kernel[:, :, 0].transpose(2, 0, 1))
    strongest = features.filters(kernel)
    np.testing.assert_array_equal(strongest[0], kernel[:, :, 1, 0])
    np.testing.assert_array_equal(strongest[1], kernel[:, :, 0, 1])


def test_other_weights_of_an_architecture_do_not_recompile(intensity: jax.Array):
    options, traced = CNNConfig(channels=(4, 8), dense=(16,)), []

    @jax.jit
    def logits(
        classifier: DifferentiableClassifier, images: Float[Array, "n 28 28"]
    ) -> Float[Array, "n classes"]:
        traced.append(classifier)
        return classifier(images)

    for seed in range(2):
        classifier = DifferentiableClassifier(options, Network(options).init(jax.random.key(seed)))
        np.testing.assert_allclose(logits(classifier, intensity), classifier(intensity), atol=1e-5)
    assert len(traced) == 1


def test_weights_without_a_checkpoint_can_be_explained(able_run: Run):
    steps = saved_steps(able_run)
    assert len(steps) == 2
    loaded = [network.load(able_run, step) for step in steps]
    assert [step for _, step in loaded] == steps
    first, last = (next(iter(features.kernels(classifier).values())) for classifier, _ in loaded)
    assert not np.array_equal(first, last)


def test_activations_are_those_of_each_layer_for_one_image(
    classifier: DifferentiableClassifier, images: np.ndarray
):
    layers = features.activations(classifier, images[0])
    assert {name: values.shape for name, values in layers.items()} == {
        "block1": (4, 14, 14),
        "block2": (8, 7, 7),
        "dense1": (16, 1, 1),
    }


def test_embeddings_are_the_last_layer_before_the_logits(
    classifier: DifferentiableClassifier, images: np.ndarray
):
    last = np.asarray(classifier.intermediates(to_intensity(images))["dense1"])
    np.testing.assert_allclose(features.embed(classifier, images), last, atol=1e-5)


def test_tsne_separates_clusters():
    generator = np.random.default_rng(0)
    groups = generator.normal(size=(3, 1, 12)) * 10 + generator.normal(size=(3, 20, 12))
    points = features.project_tsne(groups.reshape(60, 12).astype(np.float32)).reshape(3, 20, 2)
    centres = points.mean(axis=1)
    distances = np.linalg.norm(points.reshape(60, 1, 2) - centres, axis=2)
    np.testing.assert_array_equal(distances.argmin(axis=1), np.repeat(np.arange(3), 20))


def test_pca_keeps_the_distances_of_points_in_a_plane():
    plane = np.random.default_rng(0).normal(size=(40, 2)) @ np.random.default_rng(1).normal(size=(2, 7))
    projection = features.project_pca(plane)
    assert projection.explained_variance == pytest.approx(1)
    distances = [np.linalg.norm(x[:, None] - x, axis=2) for x in (plane, projection.points.astype(float))]
    np.testing.assert_allclose(*distances, atol=1e-4)


def test_pca_is_rotated_to_match_another_projection():
    embeddings = np.random.default_rng(0).normal(size=(40, 5)) * np.array([5, 3, 1, 1, 1])
    points = features.project_pca(embeddings).points
    turned = points @ np.array([[0, 1], [-1, 0]], np.float32) * np.array([1, -1], np.float32)
    np.testing.assert_allclose(features.project_pca(embeddings, turned).points, turned, atol=1e-3)
