"""The part of a report that shows what a classifier learned."""

import jax.numpy as jnp
import numpy as np
from jaxtyping import Int

from digitjax.data.pipeline import Split
from digitjax.evaluation.evaluate import Evaluation, load_images
from digitjax.runs import Run
from digitjax.visualization import charts
from digitjax.visualization.explain import attribution, features, inputs, network
from digitjax.visualization.explain.network import InkClassifier, to_ink
from digitjax.visualization.grid import Row, diverging, picture_grid
from digitjax.visualization.report.parts import Chart, Part, Picture

MOST_POINTS = 1500
MOST_NEIGHBOURS = 5000
"""Training pictures among which the nearest are sought."""
_NEAREST = 5
_MOST_CHANNELS = 16


def parts(run: Run, evaluation: Evaluation, pictures: Split) -> list[Part]:
    """Show filters, activations, attributions, edits, what it likes, neighbours and the map of the features.

    Raises:
        InputError: its checkpoint or its training pictures cannot be used.
    """
    classifier, _ = network.load(run, evaluation.step)
    of_each = _one_of_each(pictures.labels)
    return [
        _filters(classifier),
        _activations(classifier, pictures, int(of_each[4 % len(of_each)])),
        _attributions(classifier, pictures, of_each),
        _maximizing(classifier, evaluation.logits.shape[1]),
        *_embedding(classifier, run, evaluation, pictures, of_each),
    ]


def _one_of_each(labels: Int[np.ndarray, " n"]) -> Int[np.ndarray, " digits"]:
    """Return the place of the first picture of each digit."""
    return np.unique(labels, return_index=True)[1]


def _filters(classifier: InkClassifier) -> Part:
    filters = features.first_filters(classifier)
    colours = diverging(filters)
    rows = [Row("", colours[i : i + _MOST_CHANNELS]) for i in range(0, min(len(colours), 64), _MOST_CHANNELS)]
    return Picture(
        "filters", picture_grid(rows), "The filters of the first layer: vermillion adds, blue takes away"
    )


def _activations(classifier: InkClassifier, pictures: Split, chosen: int) -> Part:
    image = pictures.images[chosen]
    rows = [Row("picture", image[None])]
    for name, values in features.activations(classifier, image).items():
        strongest = np.argsort(-values.max(axis=(1, 2)), kind="stable")[:_MOST_CHANNELS]
        rows.append(Row(name, diverging(values[np.sort(strongest)], shared=True)))
    shows = f"What each layer makes of a {pictures.labels[chosen]}: its strongest channels"
    return Picture("activations", picture_grid(rows), shows)


def _attributions(classifier: InkClassifier, pictures: Split, chosen: Int[np.ndarray, " digits"]) -> Part:
    images, labels = pictures.images[chosen], pictures.labels[chosen]
    ink = to_ink(images)
    order = np.argsort(-np.asarray(classifier(ink)), axis=1)
    read, second = jnp.asarray(order[:, 0]), jnp.asarray(order[:, 1])
    edit = inputs.counterfactual(classifier, ink, second)
    edited = np.rint(255 * np.asarray(edit.ink)).astype(np.uint8)
    rows = [
        Row("picture", images, [str(label) for label in labels]),
        Row(
            "integrated gradients",
            diverging(np.asarray(attribution.integrated_gradients(classifier, ink, read))),
        ),
        Row("occlusion", diverging(np.asarray(attribution.occlusion(classifier, ink, read)))),
        Row(
            "least edit",
            edited,
            [f"> {digit}" if found else "none" for digit, found in zip(second, edit.found, strict=True)],
        ),
        Row("what it changes", diverging(np.asarray(edit.ink - ink))),
    ]
    shows = (
        "What speaks for the digit that was read (vermillion) and against it (blue), by integrated gradients and by "
        "occlusion; and the smallest edit found that makes it another digit"
    )
    return Picture("attributions", picture_grid(rows), shows)


def _maximizing(classifier: InkClassifier, digits: int) -> Part:
    found = inputs.activation_maximization(classifier, jnp.arange(digits))
    images = np.rint(255 * np.asarray(found)).astype(np.uint8)
    return Picture(
        "activation_maximization",
        picture_grid([Row("", images, [str(digit) for digit in range(digits)])]),
        "What it finds most like each digit, from noise",
    )


def _embedding(
    classifier: InkClassifier,
    run: Run,
    evaluation: Evaluation,
    pictures: Split,
    chosen: Int[np.ndarray, " digits"],
) -> list[Part]:
    train = load_images(run, "train")
    known = features.embed(classifier, train.images[:MOST_NEIGHBOURS])
    shown = slice(0, MOST_POINTS)
    of_shown = features.embed(classifier, pictures.images[shown])
    nearest = features.nearest(known, features.embed(classifier, pictures.images[chosen]), _NEAREST)
    rows = [Row("picture", pictures.images[chosen], [str(label) for label in pictures.labels[chosen]])]
    rows += [Row(f"nearest {i + 1}", train.images[nearest[:, i]]) for i in range(nearest.shape[1])]
    drawn = features.project(of_shown)
    chart = charts.embedding(
        drawn.points,
        pictures.labels[shown],
        evaluation.logits[shown].argmax(axis=1),
        images=pictures.images[shown],
    )
    return [
        Picture(
            "neighbours",
            picture_grid(rows),
            f"The nearest of {len(known):,} training pictures, by the last layer before the logits",
        ),
        Chart("embedding", chart.properties(width=560)),
    ]
