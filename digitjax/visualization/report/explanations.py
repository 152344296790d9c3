"""The section of a report that explains a classifier: filters, activations, attributions and embeddings."""

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, UInt8

from digitjax.data.pipeline import Split
from digitjax.data.run_data import load_split
from digitjax.evaluation.evaluate import Evaluation
from digitjax.runs import Run
from digitjax.visualization import charts
from digitjax.visualization.explain import attribution, features, inputs, network
from digitjax.visualization.explain.neighbors import build_neighbor_index
from digitjax.visualization.explain.network import DifferentiableClassifier, to_intensity
from digitjax.visualization.grid import Row, diverging_colors, image_grid
from digitjax.visualization.report.parts import Chart, Figure, Part

MAX_POINTS = 1500
"""Maximum points of the embedding."""
_NEIGHBORS = 5  # of each image
_MAX_FILTERS = 64
_MAX_CHANNELS = 16  # of a layer; also the filters in a row


def explain_classifier(run: Run, evaluation: Evaluation, examples: Split) -> list[Part]:
    """Return figures of filters, activations, attributions, counterfactuals, neighbors and embeddings.

    Args:
        run: a trained classifier.
        evaluation: of the split, by the weights to explain.
        examples: the images of the split.

    Raises:
        InputError: its checkpoint or its training images cannot be loaded.
    """
    classifier, _ = network.load(run, evaluation.step)
    first_of_class = np.unique(examples.labels, return_index=True)[1]
    return [
        _show_filters(classifier),
        _show_activations(classifier, examples, int(first_of_class[4 % len(first_of_class)])),
        _show_attributions(classifier, examples, first_of_class),
        _show_activation_maximization(classifier, evaluation.logits.shape[1]),
        _show_neighbors(classifier, run, examples, first_of_class),
        _show_embedding(classifier, evaluation, examples),
    ]


def _show_filters(classifier: DifferentiableClassifier) -> Part:
    colors = diverging_colors(features.first_filters(classifier))[:_MAX_FILTERS]
    rows = [Row("", colors[i : i + _MAX_CHANNELS]) for i in range(0, len(colors), _MAX_CHANNELS)]
    caption = "Filters of the first layer: positive weights orange, negative weights blue"
    return Figure("filters", image_grid(rows), caption)


def _show_activations(classifier: DifferentiableClassifier, examples: Split, index: int) -> Part:
    image = examples.images[index]
    rows = [Row("image", image[None])]
    for name, values in features.activations(classifier, image).items():
        strongest = np.argsort(-values.max(axis=(1, 2)), kind="stable")[:_MAX_CHANNELS]
        rows.append(Row(name, diverging_colors(values[np.sort(strongest)], shared=True)))
    caption = (
        f"Activations of each layer for a {examples.labels[index]}: the channels with the highest maxima"
    )
    return Figure("activations", image_grid(rows), caption)


def _show_attributions(
    classifier: DifferentiableClassifier, examples: Split, indices: Int[np.ndarray, " digits"]
) -> Part:
    images, labels = examples.images[indices], examples.labels[indices]
    intensity = to_intensity(images)
    order = np.argsort(-np.asarray(classifier(intensity)), axis=1)
    predicted, second = jnp.asarray(order[:, 0]), jnp.asarray(order[:, 1])
    edited = inputs.counterfactual(classifier, intensity, second)
    maps = {
        "integrated gradients": attribution.integrated_gradients(classifier, intensity, predicted),
        "occlusion": attribution.occlusion(classifier, intensity, predicted),
    }
    rows = [
        Row("image", images, [str(label) for label in labels]),
        *(Row(name, diverging_colors(np.asarray(values))) for name, values in maps.items()),
        Row(
            "counterfactual",
            _to_uint8(edited.images),
            [f"> {digit}" if found else "none" for digit, found in zip(second, edited.found, strict=True)],
        ),
        Row("change", diverging_colors(np.asarray(edited.images - intensity))),
    ]
    caption = (
        "Attribution to the predicted digit (orange supports it, blue opposes it), and counterfactuals: the smallest "
        "change found that makes the classifier predict the second most probable digit"
    )
    return Figure("attributions", image_grid(rows), caption)


def _show_activation_maximization(classifier: DifferentiableClassifier, classes: int) -> Part:
    images = _to_uint8(inputs.activation_maximization(classifier, jnp.arange(classes)))
    rows = [Row("", images, [str(digit) for digit in range(classes)])]
    caption = "Activation maximization: images optimized from noise for the logit of each digit"
    return Figure("activation_maximization", image_grid(rows), caption)


def _show_neighbors(
    classifier: DifferentiableClassifier, run: Run, examples: Split, indices: Int[np.ndarray, " digits"]
) -> Part:
    index = build_neighbor_index(classifier, load_split(run, "train"))
    images, labels = examples.images[indices], examples.labels[indices]
    neighbors = np.stack([index.nearest(image, _NEIGHBORS).images for image in images], axis=1)
    rows = [Row("image", images, [str(label) for label in labels])]
    rows += [Row(f"neighbor {rank}", row) for rank, row in enumerate(neighbors, start=1)]
    caption = f"Nearest of {len(index.examples):,} training images in the embedding of the last layer before the logits"
    return Figure("neighbors", image_grid(rows), caption)


def _show_embedding(classifier: DifferentiableClassifier, evaluation: Evaluation, examples: Split) -> Part:
    shown = slice(0, MAX_POINTS)
    images = examples.images[shown]
    projection = features.project_pca(features.embed(classifier, images))
    chart = charts.embedding(
        projection.points,
        examples.labels[shown],
        evaluation.logits[shown].argmax(axis=1),
        images=images,
    )
    return Chart("embedding", chart.properties(width=560))


def _to_uint8(intensity: Float[Array, "n 28 28"]) -> UInt8[np.ndarray, "n 28 28"]:
    return np.rint(255 * np.asarray(intensity)).astype(np.uint8)
