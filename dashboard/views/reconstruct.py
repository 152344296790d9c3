"""The part of the page "Run" for autoencoders: what they make of pictures, and what their latents stand for."""

from itertools import cycle
from pathlib import Path

import numpy as np
import streamlit as st

from digitjax.data.cache import cache_folder
from digitjax.environment import configure_jax
from digitjax.evaluation.evaluate import load_pictures
from digitjax.evaluation.reconstruction import Reconstruction
from digitjax.model import reconstructor
from digitjax.model.reconstructor import Reconstructor
from digitjax.runs import Run
from digitjax.visualization.grid import Row, picture_grid
from digitjax.visualization.reconstruct import REACH, most_varying, overview
from views import Model, enlarge, find_model, reasons_shown

MOST_SLIDERS = 12
MOST_PICTURES = 1000  # to move, and to measure how latents vary


def show_reconstruction(run: Run, evaluation: Reconstruction) -> None:
    """Show the errors of an evaluation, then what the best weights make of its pictures."""
    summary = evaluation.summary
    with st.container(horizontal=True, gap="medium"):
        st.metric("Mean squared error", f"{summary['error']:.5f}", width="content")
        st.metric("Cross-entropy, nats a picture", f"{summary['loss']:.1f}", width="content")
        if "divergence" in summary:
            st.metric("Divergence, nats a picture", f"{summary['divergence']:.1f}", width="content")
    with st.expander("Error by digit"):
        st.dataframe(summary["per_class"], hide_index=True)
    model = find_model(run)
    move_latent(model, evaluation.split)
    with reasons_shown():
        rows = find_rows(model, evaluation.split)
        names = ", ".join(dict.fromkeys(row.label for row in rows))
        st.image(picture_grid(rows), output_format="PNG", alt=f"Rows of pictures: {names}")


@st.fragment
def move_latent(model: Model, split: str) -> None:
    """Show what becomes of a picture when its latent is changed; a slider redraws this part alone."""
    st.subheader("Move the latent of a picture")
    with reasons_shown():
        images, latents = find_latents(model, split)
        number = st.number_input("Picture", 0, len(images) - 1, 0, help=f"Its number in the {split} split.")
        mean, deviation = latents.mean(axis=0), np.maximum(latents.std(axis=0), 1e-6)
        start = np.clip((latents[number] - mean) / deviation, -REACH, REACH)
        moved = start.copy()
        for column, i in zip(cycle(st.columns(4)), most_varying(latents, MOST_SLIDERS), strict=False):
            moved[i] = column.slider(
                f"Dimension {i}", -REACH, REACH, float(start[i]), 0.1, key=f"latent-{model}-{number}-{i}"
            )
        st.caption("In standard deviations from the mean of all pictures; the most varying dimensions first.")
        reconstructed, changed = load(model).decode(mean + deviation * np.stack([start, moved]))
        with st.container(horizontal=True):
            for name, image in (
                ("picture", images[number]),
                ("reconstructed", reconstructed),
                ("moved", changed),
            ):
                st.image(enlarge(image), caption=name, width=168, output_format="PNG", alt=f"{name}: a digit")


@st.cache_resource(max_entries=4, show_spinner="Loading the model")
def load(model: Model) -> Reconstructor:
    """Load an autoencoder once for all sessions."""
    configure_jax(cache_folder() / "compiled")
    return reconstructor.load(Run(Path(model.path)))[0]


@st.cache_data(max_entries=4, show_spinner="Reconstructing")
def find_rows(model: Model, split: str) -> list[Row]:
    """Return the rows that show what a model does with a split.

    Raises:
        InputError: the model or the pictures cannot be had.
    """
    return overview(load(model), load_pictures(Run(Path(model.path)), split).images)


@st.cache_data(max_entries=4, show_spinner="Encoding")
def find_latents(model: Model, split: str) -> tuple[np.ndarray, np.ndarray]:
    """Return pictures uint8 (n, 28, 28) of a split and their latents float32 (n, latent).

    Raises:
        InputError: the model or the pictures cannot be had.
    """
    images = load_pictures(Run(Path(model.path)), split).images[:MOST_PICTURES]
    return images, load(model).encode(images)
