"""The page "Filters and features": filters, activations, attributions and embeddings, checkpoint by checkpoint."""

import numpy as np
import streamlit as st
from parts import embedding_map, evaluations
from parts.attributions import integrated_gradients, occlusion
from parts.error_display import escape, show_errors
from parts.gallery import select_from_gallery
from parts.images import enlarge, load_data, png_url, show_grid
from parts.models import load_classifier
from parts.run_selection import Selection, current_selection, resolve_run
from parts.weights import Weights, find_weights

from digitjax.data.pipeline import Split
from digitjax.runs.checkpoints import saved_steps
from digitjax.visualization.explain import features
from digitjax.visualization.explain.network import DifferentiableClassifier, to_intensity
from digitjax.visualization.grid import Row, diverging_colors

# Most filters shown of a layer.
MAX_FILTERS = 256
# Most channels shown of a layer's activations.
MAX_CHANNELS = 16
STRONGEST = "strongest per filter"
SECTIONS = ("Filters", "Activations", "Attribution", "Embeddings")


def show(selection: Selection) -> None:
    """Show what the network of the selected run has learned."""
    st.title("Filters and features")
    st.caption("What the network has learned, from its filters to its embeddings.")
    with show_errors():
        run = resolve_run(selection.entry)
        st.subheader(escape(run.name))
        evaluations.require_classifier(run)
        explore(find_weights(run), saved_steps(run))


@st.fragment
def explore(best: Weights, steps: list[int]) -> None:
    """Show one section for the selected checkpoint; a choice reruns this fragment alone.

    Args:
        best: weights with the best validation score, selected at first.
        steps: training steps of all weights that the run kept.
    """
    with show_errors():
        step = best.step
        if len(steps) > 1:
            step = st.select_slider(
                "Checkpoint (step)",
                steps,
                best.step,
                key=f"step-{best.path}",
                format_func=lambda step: f"{step:,}" + " (best)" * (step == best.step),
                help="All weights that the run kept. Train with --training.keep-weights-every 1 to keep more.",
            )
        weights = best._replace(step=step)
        classifier = load_classifier(weights)
        section = st.segmented_control("Show", SECTIONS, default=SECTIONS[0], required=True, wrap=True)
        if section == "Filters":
            show_filters(classifier)
        elif section == "Embeddings":
            embedding_map.show(weights, best)
        else:
            image, label = select_image(load_data(best.run.config.data).test)
            if section == "Activations":
                show_activations(classifier, image)
            else:
                show_attribution(classifier, image, label)


# --------------------------------------------------------------------------------------- filters


def show_filters(classifier: DifferentiableClassifier) -> None:
    """Show the filters of a layer to be selected."""
    kernels = features.kernels(classifier)
    names = sorted(kernels, key=lambda name: kernels[name].shape[2] != 1)  # the layers on the pixels first
    layer_column, input_column = st.columns(2)
    name = layer_column.selectbox(
        "Layer", names, format_func=lambda name: f"{name}, {describe_shape(kernels[name])}"
    )
    kernel = kernels[name]
    height, _, inputs, outputs = kernel.shape
    if height == 1:
        show_weight_matrix(name, kernel[0, 0].T)
        return
    channel = None
    if inputs > 1:
        options = [STRONGEST, *range(inputs)]
        channel = input_column.selectbox(
            "Input channel", options, help="Channel of the previous layer whose weights are shown."
        )
    shown = features.filters(kernel, channel if isinstance(channel, int) else None)[:MAX_FILTERS]
    select_from_gallery(
        f"filters-{name}",
        diverging_colors(shown),
        [str(i) for i in range(len(shown))],
        [
            f"Filter {i}, weights from {weights.min():.2f} to {weights.max():.2f}"
            for i, weights in enumerate(shown)
        ],
        f"Filters of the layer {name}",
    )
    st.caption(
        f"{len(shown)} of {outputs} filters. Orange: positive weight; blue: negative. "
        "Each filter has its own color scale."
    )


def show_weight_matrix(name: str, weights: np.ndarray) -> None:
    """Show the weights of a dense layer, or of a convolution of 1x1.

    Args:
        name: of the layer.
        weights: float (outputs, inputs).
    """
    outputs, inputs = weights.shape
    st.image(
        png_url(enlarge(diverging_colors(weights[None])[0], 4)),
        alt=f"Weight matrix of the layer {name}: {outputs} rows, one per output, and {inputs} columns, one per input",
    )
    st.caption("Rows: outputs; columns: inputs. Orange: positive weight; blue: negative.")


def describe_shape(kernel: np.ndarray) -> str:
    """Return the shape of a layer, such as `8 to 16, 3x3`."""
    height, width, inputs, outputs = kernel.shape
    return f"{inputs} to {outputs}" + f", {height}x{width}" * (height > 1)


# ----------------------------------------------------------------------------------------- image


def select_image(split: Split) -> tuple[np.ndarray, int]:
    """Offer the images of a split by index, and return the selected one, uint8 (28, 28), and its label."""
    index = st.number_input("Image index", 0, len(split) - 1, 0, help="Index in the test split.")
    return split.images[index], int(split.labels[index])


def show_activations(classifier: DifferentiableClassifier, image: np.ndarray) -> None:
    """Show the activations of each layer for an image.

    Args:
        classifier: network with its weights.
        image: uint8 (28, 28).
    """
    rows = [Row("input", image[None])]
    for name, values in features.activations(classifier, image).items():
        strongest = np.sort(np.argsort(-values.max(axis=(1, 2)), kind="stable")[:MAX_CHANNELS])
        rows.append(Row(name, diverging_colors(values[strongest], shared=True), [str(i) for i in strongest]))
    names = ", ".join(row.label for row in rows[1:])
    show_grid(rows, f"Activations of the layers {names}")
    st.caption(
        f"The {MAX_CHANNELS} most active channels of each layer, with their index. "
        "Orange: positive; blue: negative."
    )


def show_attribution(classifier: DifferentiableClassifier, image: np.ndarray, label: int) -> None:
    """Show which pixels support a class and which oppose it.

    Args:
        classifier: network with its weights.
        image: uint8 (28, 28).
        label: its true digit.
    """
    images = to_intensity(image[None])
    logits = np.asarray(classifier(images))[0]
    predicted = int(logits.argmax())
    digit = st.selectbox("Explain class", range(len(logits)), predicted, key=f"explained-{predicted}")
    targets = np.array([digit])
    maps = {
        "input": image,
        "integrated gradients": diverging_colors(
            np.asarray(integrated_gradients(classifier, images, targets))
        )[0],
        "occlusion": diverging_colors(np.asarray(occlusion(classifier, images, targets)))[0],
    }
    with st.container(horizontal=True):
        for name, pixels in maps.items():
            description = f"{name}: true digit {label}, predicted {predicted}, explained class {digit}"
            st.image(png_url(enlarge(pixels)), caption=name, width=224, alt=description)
    st.caption(
        f"True digit {label}, predicted {predicted}. Orange supports {digit}, blue opposes it. Integrated gradients: "
        "contribution of each pixel to the logit (Sundararajan et al. 2017). Occlusion: drop of the logit when the "
        "square around the pixel is blanked (Zeiler and Fergus 2014)."
    )


show(current_selection())
