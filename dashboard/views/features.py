"""The page "Filters and features": what a network learned, and how that came about from checkpoint to checkpoint."""

import numpy as np
import streamlit as st
from parts import features_map, selection
from parts.attributions import integrated_gradients, occlusion
from parts.error_display import escape, show_errors
from parts.gallery import pick
from parts.models import Weights, find_weights, load_classifier
from parts.pictures import enlarge, load_data
from parts.selection import Selection

from digitjax.data.pipeline import Split
from digitjax.model.network import weights_steps
from digitjax.visualization.explain import features
from digitjax.visualization.explain.network import InkClassifier, to_ink
from digitjax.visualization.grid import Row, diverging, picture_grid

MOST_FILTERS, MOST_CHANNELS = 256, 16
PARTS = ("Filters", "Activations", "Attribution", "Map")


def show(chosen: Selection) -> None:
    """Show what the network of the chosen run learned."""
    st.title("Filters and features")
    with show_errors():
        run = selection.as_run(chosen.entry)
        st.subheader(escape(run.name))
        explore(find_weights(run), weights_steps(run))


@st.fragment
def explore(best: Weights, steps: list[int]) -> None:
    """Show one part at a time, for the weights that the slider is at; a choice redraws this part alone."""
    with show_errors():
        step = best.step
        if len(steps) > 1:
            step = st.select_slider(
                "Weights of step",
                steps,
                best.step,
                key=f"step-{best.path}",
                format_func=lambda step: f"{step:,}" + " (best)" * (step == best.step),
                help="All weights that the run kept: more of them with --training.keep-weights-every 1.",
            )
        weights = best._replace(step=step)
        classifier = load_classifier(weights)
        part = st.segmented_control("Show", PARTS, default=PARTS[0], required=True)
        if part == "Filters":
            show_filters(classifier)
        elif part == "Map":
            features_map.show(weights, best)
        else:
            image, label = choose_picture(load_data(best.run.config.data).test)
            if part == "Activations":
                show_layers(classifier, image)
            else:
                attribute(classifier, image, label)


# --------------------------------------------------------------------------------------- filters


def show_filters(classifier: InkClassifier) -> None:
    """Show the filters of the chosen layer."""
    kernels = features.kernels(classifier)
    names = sorted(kernels, key=lambda name: kernels[name].shape[2] != 1)  # first what sees the pixels
    layer, source = st.columns(2)
    name = layer.selectbox("Layer", names, format_func=lambda name: f"{name}, {describe(kernels[name])}")
    kernel = kernels[name]
    height, _, inputs, outputs = kernel.shape
    if height == 1:
        weights = kernel[0, 0].T
        st.image(
            np.repeat(np.repeat(diverging(weights[None])[0], 4, axis=0), 4, axis=1),
            output_format="PNG",
            alt=f"Weights of the layer {name}: {outputs} rows, one for each output, and {inputs} columns, one for each "
            "input",
        )
        st.caption("A row for each output, a column for each input: vermillion adds, blue takes away.")
        return
    asked = None
    if inputs > 1:
        options = ["the strongest of each", *range(inputs)]
        asked = source.selectbox(
            "Input channel", options, help="Which channel of the layer before it is looked at."
        )
    shown = features.filters(kernel, asked if isinstance(asked, int) else None)[:MOST_FILTERS]
    pick(
        f"filters-{name}",
        diverging(shown),
        [str(i) for i in range(len(shown))],
        [
            f"Filter {i}, weights from {weights.min():.2f} to {weights.max():.2f}"
            for i, weights in enumerate(shown)
        ],
        f"Filters of the layer {name}",
    )
    st.caption(
        f"{len(shown)} of {outputs} filters: vermillion adds, blue takes away; each has shades of its own, from its "
        "largest weight down."
    )


def describe(kernel: np.ndarray) -> str:
    """Name the size of a layer."""
    height, width, inputs, outputs = kernel.shape
    return f"{inputs} to {outputs}" + f", {height}x{width}" * (height > 1)


# --------------------------------------------------------------------------------------- picture


def choose_picture(split: Split) -> tuple[np.ndarray, int]:
    """Return a picture of the test split by its number, uint8 (28, 28), and its digit."""
    number = st.number_input("Picture", 0, len(split) - 1, 0, help="Its number in the test split.")
    return split.images[number], int(split.labels[number])


def show_layers(classifier: InkClassifier, image: np.ndarray) -> None:
    """Show what each layer makes of a picture."""
    rows = [Row("picture", image[None])]
    for name, values in features.activations(classifier, image).items():
        strongest = np.sort(np.argsort(-values.max(axis=(1, 2)), kind="stable")[:MOST_CHANNELS])
        rows.append(Row(name, diverging(values[strongest], shared=True), [str(i) for i in strongest]))
    names = ", ".join(row.label for row in rows[1:])
    st.image(picture_grid(rows), output_format="PNG", alt=f"What each layer makes of the picture: {names}")
    st.caption(
        f"Of each layer up to {MOST_CHANNELS} channels, those with the strongest answers, by their numbers; vermillion "
        "is above 0, blue below."
    )


def attribute(classifier: InkClassifier, image: np.ndarray, label: int) -> None:
    """Show which pixels speak for a digit and which against it."""
    ink = to_ink(image[None])
    logits = np.asarray(classifier(ink))[0]
    read = int(logits.argmax())
    digit = st.selectbox("What speaks for a", range(len(logits)), read, key=f"attributed-{read}")
    asked = np.array([digit])
    shown = {
        "picture": image,
        "integrated gradients": diverging(np.asarray(integrated_gradients(classifier, ink, asked)))[0],
        "occlusion": diverging(np.asarray(occlusion(classifier, ink, asked)))[0],
    }
    with st.container(horizontal=True):
        for name, pixels in shown.items():
            alt = f"{name} of a {label}, read as {read}: what speaks for a {digit}"
            st.image(enlarge(pixels), caption=name, width=224, output_format="PNG", alt=alt)
    st.caption(
        f"A {label}, read as {read}; vermillion speaks for a {digit}, blue against it. Integrated gradients say how "
        "much each pixel adds to what speaks for it (Sundararajan et al. 2017), occlusion how much is lost when the "
        "square around it is blanked (Zeiler and Fergus 2014)."
    )


show(selection.current())
