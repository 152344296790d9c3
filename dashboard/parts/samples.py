"""The data of a run: how many there are of each digit, and what the training makes of them."""

import numpy as np
import streamlit as st

from digitjax.config import Augment, Data
from digitjax.data.cache import cache_folder
from digitjax.environment import configure_jax
from digitjax.evaluation.evaluate import SPLITS
from digitjax.runs import Run
from digitjax.visualization import charts
from digitjax.visualization.augmented import augmented, describe
from digitjax.visualization.grid import picture_grid
from parts.error_display import escape
from parts.pictures import load_data


def show_class_balance(run: Run) -> None:
    """Show how many pictures of each digit each split holds.

    Raises:
        InputError: the data cannot be had.
    """
    data = load_data(run.config.data)
    counts = {split: np.bincount(getattr(data, split).labels, minlength=10) for split in SPLITS}
    chart = charts.class_balance({split: count for split, count in counts.items() if count.any()})
    st.altair_chart(
        chart, alt="How large a share of each split each digit is; the table below has the numbers"
    )
    st.caption("Pictures of each digit:")
    rows = [
        {"split": split} | {str(digit): int(n) for digit, n in enumerate(count)}
        for split, count in counts.items()
    ]
    st.dataframe([row | {"all": int(counts[row["split"]].sum())} for row in rows], hide_index=True)


@st.fragment
def show_augmented(run: Run) -> None:
    """Show training pictures, and what the training draws from them; the button redraws this part alone.

    Raises:
        InputError: the data cannot be had.
    """
    options = run.config.augment
    if options == Augment():
        st.info("This run uses no augmentation: its training meets the pictures as they are.")
        return
    st.markdown(
        f"Augmentation of this run: **{escape(describe(options))}**. First in each row a training picture as it is, "
        "then what a training step may draw in its place."
    )
    seed = st.session_state.get("augmentation-seed", 0)
    if st.button("Draw again", icon=":material/casino:"):
        seed += 1
        st.session_state["augmentation-seed"] = seed
    st.image(
        _draw(run.config.data, options, seed),
        output_format="PNG",
        alt="A row for each digit: a training picture, then eight random changes of it",
    )


@st.cache_data(max_entries=8, show_spinner="Drawing")
def _draw(data: Data, options: Augment, seed: int) -> np.ndarray:
    configure_jax(cache_folder() / "compiled")
    return np.asarray(picture_grid(augmented(load_data(data).train, options, seed)))
