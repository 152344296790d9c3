"""The page "Reconstructions": reconstruction errors of an autoencoder, and its latent space."""

from functools import partial
from itertools import cycle

import numpy as np
import streamlit as st
from parts import background, evaluations
from parts.error_display import NotAvailableError, escape, show_errors
from parts.example_picker import PAGE
from parts.gallery import select_from_gallery
from parts.images import enlarge, load_evaluated_split, png_url, show_grid
from parts.models import load_reconstructor
from parts.run_selection import Selection, current_selection, resolve_run
from parts.weights import Weights, find_weights

from digitjax.data.run_data import load_split
from digitjax.evaluation.reconstruction import Reconstruction
from digitjax.runs import Run
from digitjax.visualization.grid import Row, diverging_colors
from digitjax.visualization.reconstruct import TRAVERSAL_RANGE, overview, top_variance_dimensions

# Most latent dimensions that can be edited.
MAX_SLIDERS = 12
# Most images from which the statistics of the latent space are estimated.
MAX_IMAGES = 1000
# Images per page of the gallery.
PAGE_SIZE = 100
# Smallest standard deviation that a latent dimension is scaled by.
MIN_DEVIATION = 1e-6
# About how long the programs for an image, and the overview, take at first on two cores.
SECONDS_FOR_IMAGE, SECONDS_FOR_OVERVIEW = 5, 8
INDEX, LARGEST, SMALLEST = "index", "largest error", "smallest error"


def show(selection: Selection) -> None:
    """Show the reconstructions of the selected run."""
    st.title("Reconstructions")
    st.caption("How well an autoencoder reconstructs images, and what its latent vectors mean.")
    with show_errors():
        run = resolve_run(selection.entry)
        st.subheader(escape(run.name))
        if run.config.task != "reconstruction":
            raise NotAvailableError(f"{run.name} is a classifier. Select an autoencoder in the sidebar.")
        evaluation = evaluations.read(run, evaluations.select_evaluation(run, selection.folder))
        if isinstance(evaluation, Reconstruction):
            show_reconstruction(run, evaluation)


def show_reconstruction(run: Run, evaluation: Reconstruction) -> None:
    """Show the errors of an evaluation, then its images and an overview.

    Args:
        run: an autoencoder.
        evaluation: of one of its splits.

    Raises:
        InputError: the run has no such checkpoint.
    """
    summary = evaluation.summary
    low, high = summary["error_interval"]
    with st.container(horizontal=True, gap="medium"):
        st.metric(
            "Mean squared error",
            f"{summary['error']:.5f}",
            f"95% CI {low:.5f} to {high:.5f}",
            delta_color="off",
            delta_arrow="off",
            width="content",
        )
        st.metric("Cross-entropy (nats per image)", f"{summary['loss']:.1f}", width="content")
        if "divergence" in summary:
            st.metric("KL divergence (nats per image)", f"{summary['divergence']:.1f}", width="content")
    with st.expander("Error per class"):
        st.dataframe(summary["per_class"], hide_index=True)
    weights = find_weights(run, evaluation.step)
    with show_errors():
        explore(weights, evaluation, load_evaluated_split(run, evaluation).images)
    with show_errors():
        show_overview(weights, evaluation.split)


# ---------------------------------------------------------------------------------------- images


@st.fragment
def explore(weights: Weights, evaluation: Reconstruction, images: np.ndarray) -> None:
    """Show a gallery of images and the reconstruction of the selected one; a choice reruns this fragment alone.

    Args:
        weights: of the autoencoder.
        evaluation: of the split.
        images: uint8 (n, 28, 28), all of the split.
    """
    with show_errors():
        show_image(weights, evaluation, select_image(evaluation, images), images)


def select_image(evaluation: Reconstruction, images: np.ndarray) -> int:
    """Show a page of images with their errors, and return the index of the selected one.

    Args:
        evaluation: of the split.
        images: uint8 (n, 28, 28), all of the split.

    Returns:
        The first image of the page if none is selected.
    """

    def show_first_page() -> None:
        st.session_state[PAGE] = 1

    order_column, digit_column, page_column = st.columns(3)
    order = order_column.selectbox(
        "Sort by", (INDEX, LARGEST, SMALLEST), key="sort", bind="query-params", on_change=show_first_page
    )
    digit = digit_column.selectbox(
        "True digit",
        range(10),
        None,
        key="true",
        bind="query-params",
        placeholder="any",
        on_change=show_first_page,
    )
    indices = np.arange(len(images)) if digit is None else np.flatnonzero(evaluation.labels == digit)
    if order != INDEX:
        sign = -1 if order == LARGEST else 1
        indices = indices[np.argsort(sign * evaluation.errors[indices], kind="stable")]
    pages = max(1, -(-len(indices) // PAGE_SIZE))
    page = page_column.number_input(f"Page of {pages}", 1, pages, key=PAGE, bind="query-params")
    first = PAGE_SIZE * (page - 1)
    indices = indices[first : first + PAGE_SIZE]
    selected = select_from_gallery(
        "reconstructed",
        images[indices],
        [f"{evaluation.errors[i]:.4f}" for i in indices],
        [
            f"Image {i}, true digit {evaluation.labels[i]}: mean squared error {evaluation.errors[i]:.5f}"
            for i in indices
        ],
        f"Images of the {evaluation.split} split with their errors",
    )
    return int(indices[selected or 0])


def show_image(weights: Weights, evaluation: Reconstruction, index: int, images: np.ndarray) -> None:
    """Show an image, its reconstruction, their difference, and the decoding of an edited latent vector.

    Args:
        weights: of the autoencoder.
        evaluation: of the split.
        index: of the image.
        images: uint8 (n, 28, 28), all of the split.
    """
    mean, deviation, dimensions = background.wait_for(
        ("latents", weights, evaluation.split),
        "Encoding",
        SECONDS_FOR_IMAGE,
        partial(latent_statistics, weights, evaluation.split, images[:MAX_IMAGES]),
    )
    autoencoder = load_reconstructor(weights)
    (latent,) = autoencoder.encode(images[[index]])
    start = np.clip((latent - mean) / deviation, -TRAVERSAL_RANGE, TRAVERSAL_RANGE)
    image_row = st.container(horizontal=True)
    st.caption(
        "Edit latent vector: the dimensions with the largest variance, in standard deviations from the mean."
    )
    edited = start.copy()
    for column, i in zip(cycle(st.columns(4)), dimensions, strict=False):
        # Without a key: another image has other start values, and so gets new sliders.
        edited[i] = column.slider(f"Dimension {i}", -TRAVERSAL_RANGE, TRAVERSAL_RANGE, float(start[i]), 0.1)
    reconstructed, decoded = autoencoder.decode(np.stack([latent, mean + deviation * edited]))
    if np.array_equal(edited, start):
        decoded = reconstructed
    difference = diverging_colors(reconstructed[None].astype(float) - images[index])[0]
    name = f"image {index}, true digit {evaluation.labels[index]}"
    with image_row:
        for caption, image, description in (
            (name, images[index], name),
            ("reconstruction", reconstructed, f"Reconstruction of {name}"),
            (
                f"difference, MSE {evaluation.errors[index]:.4f}",
                difference,
                f"Difference of the reconstruction of {name}: orange is brighter, blue darker",
            ),
            ("edited latent", decoded, f"Decoding of the edited latent vector of {name}"),
        ):
            st.image(png_url(enlarge(image)), caption=caption, width=168, alt=description)


@st.cache_data(max_entries=4, show_spinner=False)
def latent_statistics(
    weights: Weights, split: str, _images: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return statistics of the latent vectors of images, and compile what a single image needs.

    Args:
        weights: of the autoencoder.
        split: that the images are of; names them in the cache.
        _images: uint8 (n, 28, 28).

    Returns:
        Mean and standard deviation, float (latent,) each, and the dimensions with the largest variance, int (k,).
    """
    autoencoder = load_reconstructor(weights)
    latents = autoencoder.encode(_images)
    autoencoder.encode(_images[:1])
    autoencoder.decode(np.zeros((2, latents.shape[1])))
    deviation = np.maximum(latents.std(axis=0), MIN_DEVIATION)
    return latents.mean(axis=0), deviation, top_variance_dimensions(latents, MAX_SLIDERS)


# -------------------------------------------------------------------------------------- overview


def show_overview(weights: Weights, split: str) -> None:
    """Show reconstructions, traversals, interpolations and samples in one grid.

    Args:
        weights: of the autoencoder.
        split: whose images are encoded.

    Raises:
        InputError: the model or the images cannot be loaded.
    """
    st.header("Overview", divider="grey")
    rows = background.wait_for(
        ("overview", weights, split),
        "Reconstructing",
        SECONDS_FOR_OVERVIEW,
        partial(compute_overview, weights, split),
    )
    names = ", ".join(dict.fromkeys(row.label for row in rows))
    show_grid(rows, f"Rows of images: {names}")


@st.cache_data(max_entries=4, show_spinner=False)
def compute_overview(weights: Weights, split: str) -> list[Row]:
    """Return the rows of the overview.

    Args:
        weights: of the autoencoder.
        split: whose images are encoded.

    Raises:
        InputError: the model or the images cannot be loaded.
    """
    return overview(load_reconstructor(weights), load_split(weights.run, split).images)


show(current_selection())
