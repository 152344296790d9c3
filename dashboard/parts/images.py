"""Data sets, loaded once for all sessions, and their images at the size that the pages show."""

import base64
import io
from collections.abc import Sequence

import numpy as np
import streamlit as st
from PIL import Image

from digitjax.config import Data
from digitjax.data import pipeline
from digitjax.data.cache import DataNotPreparedError
from digitjax.data.pipeline import Dataset, Split
from digitjax.errors import InputError
from digitjax.evaluation.evaluate import Evaluation
from digitjax.evaluation.reconstruction import Reconstruction
from digitjax.runs import Ensemble, Run
from digitjax.visualization.grid import Row, image_grid


def enlarge(image: np.ndarray, factor: int = 6) -> np.ndarray:
    """Enlarge an image without interpolation, which browsers would blur.

    Args:
        image: uint8 (h, w) or (h, w, 4).
        factor: side of the square that each pixel becomes.

    Returns:
        uint8 (factor * h, factor * w) or (factor * h, factor * w, 4).
    """
    return image.repeat(factor, axis=0).repeat(factor, axis=1)


def png_url(pixels: np.ndarray | Image.Image) -> str:
    """Return an image as a data URL, which the page has in itself.

    Of images that change faster than the browser asks for them, Streamlit has deleted the files by then.

    Args:
        pixels: uint8 (h, w) or (h, w, 3), or an image of Pillow.
    """
    image = Image.fromarray(pixels) if isinstance(pixels, np.ndarray) else pixels
    with io.BytesIO() as file:
        image.save(file, "PNG")
        return "data:image/png;base64," + base64.b64encode(file.getvalue()).decode()


def show_grid(rows: Sequence[Row], alt: str) -> None:
    """Show rows of images in the colors of the page's theme; on a phone they scroll sideways.

    Args:
        rows: with their labels.
        alt: alternative text.
    """
    text_color = "white" if st.context.theme.type == "dark" else "black"
    with st.container(key="image-grid"):
        st.image(png_url(image_grid(rows, text_color=text_color, background="#0000")), alt=alt)


def load_evaluated_split(model: Run | Ensemble, evaluation: Evaluation | Reconstruction) -> Split:
    """Return the images that were evaluated; they are shared, so read-only.

    Args:
        model: whose evaluation it is.
        evaluation: of one of its splits.

    Raises:
        InputError: the data cannot be loaded, or are not those that were evaluated.
    """
    data = model.members()[0].config.data
    split: Split = getattr(load_data(data), evaluation.split)
    if not np.array_equal(split.labels, evaluation.labels):
        raise InputError(
            f"the {data.name} images on this machine are not those that were evaluated: evaluate {model.name} again"
        )
    return split


@st.cache_resource(max_entries=2, show_spinner="Loading the data")
def load_data(data: Data) -> Dataset:
    """Load a data set once for all sessions; it is shared, so read-only.

    Raises:
        DataNotPreparedError: it would have to be downloaded.
        InputError: its files are missing or damaged.
    """
    try:
        return pipeline.load_prepared(data)
    except DataNotPreparedError as error:
        if error.download:
            raise
    return pipeline.load(data)
