"""The page "Reconstructions": what an autoencoder makes of pictures, and what its latent stands for."""

from itertools import cycle

import numpy as np
import streamlit as st
from parts import evaluations, selection
from parts.models import Weights, find_weights, load_reconstructor
from parts.pictures import enlarge
from parts.reasons import escape, reasons_shown
from parts.selection import Selection

from digitjax.errors import InputError
from digitjax.evaluation.evaluate import load_pictures
from digitjax.evaluation.reconstruction import Reconstruction
from digitjax.runs import Run
from digitjax.visualization.grid import Row, picture_grid
from digitjax.visualization.reconstruct import REACH, most_varying, overview

MOST_SLIDERS = 12
MOST_PICTURES = 1000  # to move, and to measure how latents vary


def show(chosen: Selection) -> None:
    """Show the reconstructions of the chosen run."""
    st.title("Reconstructions")
    with reasons_shown():
        run = selection.as_run(chosen.entry)
        st.subheader(escape(run.name))
        evaluation = evaluations.read(run, evaluations.choose_evaluation(run))
        if not isinstance(evaluation, Reconstruction):
            raise InputError(f"{run.name} is a classifier, which reconstructs nothing: choose an autoencoder")
        show_reconstruction(run, evaluation)


def show_reconstruction(run: Run, evaluation: Reconstruction) -> None:
    """Show the errors of an evaluation, then what the best weights make of its pictures."""
    summary = evaluation.summary
    low, high = summary["error_interval"]
    interval = f"95 % interval: {low:.5f} to {high:.5f}"
    with st.container(horizontal=True, gap="medium"):
        st.metric(
            "Mean squared error",
            f"{summary['error']:.5f}",
            interval,
            delta_color="off",
            delta_arrow="off",
            width="content",
        )
        st.metric("Cross-entropy, nats a picture", f"{summary['loss']:.1f}", width="content")
        if "divergence" in summary:
            st.metric("Divergence, nats a picture", f"{summary['divergence']:.1f}", width="content")
    with st.expander("Error by digit"):
        st.dataframe(summary["per_class"], hide_index=True)
    weights = find_weights(run)
    move_latent(weights, evaluation.split)
    with reasons_shown():
        rows = find_rows(weights, evaluation.split)
        names = ", ".join(dict.fromkeys(row.label for row in rows))
        st.image(picture_grid(rows), output_format="PNG", alt=f"Rows of pictures: {names}")


@st.fragment
def move_latent(weights: Weights, split: str) -> None:
    """Show what becomes of a picture when its latent is changed; a slider redraws this part alone."""
    st.subheader("Move the latent of a picture")
    with reasons_shown():
        images, latents = find_latents(weights, split)
        number = st.number_input("Picture", 0, len(images) - 1, 0, help=f"Its number in the {split} split.")
        mean, deviation = latents.mean(axis=0), np.maximum(latents.std(axis=0), 1e-6)
        start = np.clip((latents[number] - mean) / deviation, -REACH, REACH)
        moved = start.copy()
        for column, i in zip(cycle(st.columns(4)), most_varying(latents, MOST_SLIDERS), strict=False):
            moved[i] = column.slider(
                f"Dimension {i}", -REACH, REACH, float(start[i]), 0.1, key=f"latent-{weights}-{number}-{i}"
            )
        st.caption("In standard deviations from the mean of all pictures; the most varying dimensions first.")
        reconstructed, changed = load_reconstructor(weights).decode(
            mean + deviation * np.stack([start, moved])
        )
        with st.container(horizontal=True):
            for name, image in (
                ("picture", images[number]),
                ("reconstructed", reconstructed),
                ("moved", changed),
            ):
                st.image(enlarge(image), caption=name, width=168, output_format="PNG", alt=f"{name}: a digit")


@st.cache_data(max_entries=4, show_spinner="Reconstructing")
def find_rows(weights: Weights, split: str) -> list[Row]:
    """Return the rows that show what a model does with a split.

    Raises:
        InputError: the model or the pictures cannot be had.
    """
    return overview(load_reconstructor(weights), load_pictures(weights.run, split).images)


@st.cache_data(max_entries=4, show_spinner="Encoding")
def find_latents(weights: Weights, split: str) -> tuple[np.ndarray, np.ndarray]:
    """Return pictures uint8 (n, 28, 28) of a split and their latents float32 (n, latent).

    Raises:
        InputError: the model or the pictures cannot be had.
    """
    images = load_pictures(weights.run, split).images[:MOST_PICTURES]
    return images, load_reconstructor(weights).encode(images)


show(selection.current())
