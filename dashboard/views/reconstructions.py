"""The page "Reconstructions": what an autoencoder makes of pictures, and what its latent stands for."""

from itertools import cycle

import numpy as np
import streamlit as st
from parts import evaluations, selection
from parts.error_display import escape, show_errors
from parts.gallery import pick
from parts.models import Weights, find_weights, load_reconstructor
from parts.pictures import enlarge, find_pictures
from parts.selection import Selection

from digitjax.errors import InputError
from digitjax.evaluation.evaluate import load_images
from digitjax.evaluation.reconstruction import Reconstruction
from digitjax.runs import Run
from digitjax.visualization.grid import Row, diverging, picture_grid
from digitjax.visualization.reconstruct import REACH, most_varying, overview

MOST_SLIDERS = 12
MOST_PICTURES = 1000  # to measure how latents vary
A_PAGE = 100
ORDERS = ("by number", "largest error first", "smallest error first")


def show(chosen: Selection) -> None:
    """Show the reconstructions of the chosen run."""
    st.title("Reconstructions")
    with show_errors():
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
    weights = find_weights(run, evaluation.step)
    with show_errors():
        explore(weights, evaluation, find_pictures(run, evaluation).images)
    with show_errors():
        show_overview(weights, evaluation.split)


# --------------------------------------------------------------------------------------- pictures


@st.fragment
def explore(weights: Weights, evaluation: Reconstruction, images: np.ndarray) -> None:
    """Show pictures by their errors, and what is made of the one that is picked; a choice redraws this part alone."""
    with show_errors():
        number = choose_picture(evaluation, images)
        show_picture(weights, evaluation, number, images)


def choose_picture(evaluation: Reconstruction, images: np.ndarray) -> int:
    """Return the number of the picture that is picked, at first that of the first one."""
    by, which, page = st.columns(3)
    order = by.selectbox("Order", ORDERS)
    digit = which.selectbox("True digit", range(10), None, placeholder="any")
    found = np.arange(len(images)) if digit is None else np.flatnonzero(evaluation.labels == digit)
    if order != ORDERS[0]:
        sign = -1 if order == ORDERS[1] else 1
        found = found[np.argsort(sign * evaluation.errors[found], kind="stable")]
    pages = max(1, -(-len(found) // A_PAGE))
    first = A_PAGE * (page.number_input(f"Page of {pages}", 1, pages, 1) - 1)
    found = found[first : first + A_PAGE]
    picked = pick(
        "reconstructed",
        images[found],
        [f"{evaluation.errors[i]:.4f}" for i in found],
        [
            f"Picture {i}, a {evaluation.labels[i]}: mean squared error {evaluation.errors[i]:.5f}"
            for i in found
        ],
        f"Pictures of the {evaluation.split} split with their errors",
    )
    return int(found[picked or 0])


def show_picture(weights: Weights, evaluation: Reconstruction, number: int, images: np.ndarray) -> None:
    """Show a picture, its reconstruction and their difference, and what becomes of it when its latent is moved."""
    autoencoder = load_reconstructor(weights)
    (latent,) = autoencoder.encode(images[[number]])
    mean, deviation, varying = find_spread(weights, evaluation.split, images[:MOST_PICTURES])
    start = np.clip((latent - mean) / deviation, -REACH, REACH)
    shown = st.container(horizontal=True)
    st.caption(
        "Move its latent, in standard deviations from the mean of all; the most varying dimensions first."
    )
    moved = start.copy()
    for column, i in zip(cycle(st.columns(4)), varying, strict=False):
        # Without a key: another picture has other starts, and so sliders of its own.
        moved[i] = column.slider(f"Dimension {i}", -REACH, REACH, float(start[i]), 0.1)
    reconstructed, changed = autoencoder.decode(np.stack([latent, mean + deviation * moved]))
    if np.array_equal(moved, start):
        changed = reconstructed
    difference = diverging(reconstructed[None].astype(float) - images[number])[0]
    name = f"picture {number}, a {evaluation.labels[number]}"
    with shown:
        for caption, image, alt in (
            (name, images[number], name),
            ("reconstructed", reconstructed, f"The reconstruction of {name}"),
            (
                f"difference, {evaluation.errors[number]:.4f}",
                difference,
                f"Where the reconstruction of {name} has more ink (vermillion) and less (blue)",
            ),
            ("moved", changed, f"What becomes of {name} when its latent is moved"),
        ):
            st.image(enlarge(image), caption=caption, width=168, output_format="PNG", alt=alt)


@st.cache_data(max_entries=4, show_spinner="Encoding")
def find_spread(
    weights: Weights, split: str, _images: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return mean and deviation of each dimension of the latent over pictures, and the most varying dimensions."""
    latents = load_reconstructor(weights).encode(_images)
    return latents.mean(axis=0), np.maximum(latents.std(axis=0), 1e-6), most_varying(latents, MOST_SLIDERS)


# --------------------------------------------------------------------------------------- overview


def show_overview(weights: Weights, split: str) -> None:
    """Show reconstructions, moves, interpolations and samples as one picture."""
    st.header("Overview", divider="grey")
    rows = find_rows(weights, split)
    names = ", ".join(dict.fromkeys(row.label for row in rows))
    st.image(picture_grid(rows), output_format="PNG", alt=f"Rows of pictures: {names}")


@st.cache_data(max_entries=4, show_spinner="Reconstructing")
def find_rows(weights: Weights, split: str) -> list[Row]:
    """Return the rows that show what a model does with a split.

    Raises:
        InputError: the model or the pictures cannot be had.
    """
    return overview(load_reconstructor(weights), load_images(weights.run, split).images)


show(selection.current())
