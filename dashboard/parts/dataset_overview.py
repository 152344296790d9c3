"""The data of a run: class balance, and samples of the augmentation."""

import numpy as np
import streamlit as st

from digitjax.config import Augment, Data
from digitjax.data.cache import cache_folder
from digitjax.data.run_data import SPLITS
from digitjax.environment import configure_jax
from digitjax.runs import Run
from digitjax.visualization import charts
from digitjax.visualization.augmented import augmented_rows, describe_augmentation
from digitjax.visualization.grid import Row
from parts.error_display import escape
from parts.images import load_data, show_grid


def show_class_balance(run: Run) -> None:
    """Show the number of images of each digit in each split.

    Raises:
        InputError: the data cannot be loaded.
    """
    data = load_data(run.config.data)
    counts = {split: np.bincount(getattr(data, split).labels, minlength=10) for split in SPLITS}
    chart = charts.class_balance({split: count for split, count in counts.items() if count.any()})
    st.altair_chart(chart, alt="Share of each digit in each split. The counts are in the table below.")
    st.caption("Images per class:")
    rows = [
        {"split": split} | {str(digit): int(n) for digit, n in enumerate(count)} | {"all": int(count.sum())}
        for split, count in counts.items()
    ]
    st.dataframe(rows, hide_index=True)


@st.fragment
def show_augmented_samples(run: Run) -> None:
    """Show training images with random augmentations; the button reruns this fragment alone.

    Raises:
        InputError: the data cannot be loaded.
    """
    options = run.config.augment
    if options == Augment():
        st.info("This run uses no augmentation.")
        return
    st.markdown(
        f"Augmentation of this run: **{escape(describe_augmentation(options))}**. Each row shows a training image, "
        "then random augmentations of it."
    )
    seed = st.session_state.get("augmentation-seed", 0)
    if st.button("Resample", icon=":material/casino:"):
        seed += 1
        st.session_state["augmentation-seed"] = seed
    show_grid(
        _augmented_rows(run.config.data, options, seed),
        "A row per digit: a training image, then eight random augmentations of it",
    )


@st.cache_data(max_entries=8, show_spinner="Augmenting")
def _augmented_rows(data: Data, options: Augment, seed: int) -> list[Row]:
    configure_jax(cache_folder() / "compiled")
    return augmented_rows(load_data(data).train, options, seed)
