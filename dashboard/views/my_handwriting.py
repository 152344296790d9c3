"""The page "My handwriting": the digits that were saved with their labels, and models that were taught them."""

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st
from parts.error_display import escape, show_errors
from parts.gallery import show_gallery
from parts.permissions import is_local
from parts.run_selection import Selection, current_selection

from digitjax import runs
from digitjax.data import folder as folders
from digitjax.data.cache import cache_folder
from digitjax.data.folder import Sample
from digitjax.environment import configure_jax
from digitjax.model import adaptation
from digitjax.runs import Run, manage

NAME = "my-handwriting"  # of the first model that is taught; later ones get a number
MAX_SHOWN = 200  # saved digits, the newest
_MESSAGE = "taught"


def show(selection: Selection) -> None:
    """Show the saved digits, the button that teaches them, and what it changed."""
    st.title("My handwriting")
    st.caption("Teach the pretrained model your handwriting, with digits that you corrected and saved.")
    folder = selection.folder.parent / "handwriting"
    with show_errors():
        samples = folders.list_samples(folder) if folder.exists() else []
        if not samples:
            show_first_step()
            return
        images, labels, left_out = extract(str(folder), tuple(samples), folders.fingerprint(folder, samples))
        with show_errors():
            show_button(selection.folder, folder, len(labels))
        if result := st.session_state.get(_MESSAGE):
            show_result(result)
        with show_errors():
            show_models(selection.folder)
        show_digits(images, labels, left_out)


def show_first_step() -> None:
    """Lead to the page where digits can be saved."""
    st.info("Nothing is saved yet. Draw or upload digits, correct them, and save them.")
    if st.button("Draw digits", icon=":material/draw:"):
        st.switch_page("views/try_it.py")


@st.cache_data(max_entries=2, show_spinner="Finding the digits")
def extract(
    folder: str, samples: tuple[Sample, ...], fingerprint: str
) -> tuple[np.ndarray, list[int], list[str]]:
    """Return the digits of the saved pictures, the newest last, and the pictures that cannot be used.

    Args:
        folder: of the pictures.
        samples: its labeled pictures.
        fingerprint: changes when a picture does.

    Returns:
        Images, uint8 (n, 28, 28), their labels, and the names of pictures in which other digits are found.
    """
    used = list(folders.extract_samples(Path(folder), list(samples)))
    images = [image for _, digits in used for image in digits]
    files = {sample.file for sample, _ in used}
    return (
        np.array(images, np.uint8).reshape(-1, 28, 28),
        [int(digit) for sample, _ in used for digit in sample.label],
        [sample.file for sample in samples if sample.file not in files],
    )


def show_button(runs_folder: Path, folder: Path, count: int) -> None:
    """Offer to teach the pretrained model, and show the progress.

    Args:
        runs_folder: where the new run is saved.
        folder: of the saved pictures.
        count: number of digits in it.

    Raises:
        InputError: the model cannot be adapted.
    """
    from digitjax.model.training import adapt  # imports JAX, which a first look does not need

    missing = adapt.MIN_DIGITS - count
    if not is_local():
        st.info(
            "Teaching is disabled: other machines can reach this dashboard. Start it with `digitjax dashboard`."
        )
        return
    if missing > 0:
        st.info(f"Save {missing} more {'digit' if missing == 1 else 'digits'}, then teach the model.")
        return
    label = f"Teach {count} digits"
    if not st.button(label, type="primary", icon=":material/school:"):
        return
    st.session_state.pop(_MESSAGE, None)
    with st.status(label) as status:
        configure_jax(cache_folder() / "compiled")
        base = runs.find_run(runs.PRETRAINED, runs.PRETRAINED_FOLDER)
        result = adapt.adapt(
            base,
            folder,
            runs.free_name(NAME, runs_folder),
            runs_folder,
            observe=lambda text: status.update(label=f"{label}: {text}"),
        )
    st.session_state[_MESSAGE] = result.to_dict()
    st.rerun()


def show_result(result: dict[str, Any]) -> None:
    """Show whether what was just taught is kept."""
    if result["kept"]:
        st.success(f"Saved as {escape(result['name'])}. Select it in the sidebar to use it on every page.")
    else:
        st.warning(f"Not kept: {escape(result['reason'])}.")
        show_accuracy(result)


def show_models(runs_folder: Path) -> None:
    """Show the models that were taught, the accuracy of the newest, and a button that deletes it.

    Raises:
        InputError: the result of one is damaged.
    """
    taught = [
        (run, result) for run in runs.list_runs(runs_folder) if (result := adaptation.read(run)) is not None
    ]
    if not taught:
        return
    taught.sort(key=lambda pair: pair[1]["created"])
    newest, result = taught[-1]
    st.subheader(escape(newest.name), divider="grey")
    show_accuracy(result)
    if is_local() and st.button("Undo", icon=":material/undo:", help=f"Moves {newest.name} into the trash"):
        manage.delete(newest)
        st.session_state.pop(_MESSAGE, None)
        st.rerun()
    if len(taught) > 1:
        from digitjax.visualization import charts  # imports Altair, which a first look does not need

        st.altair_chart(
            charts.accuracy_by_adaptation([result for _, result in taught]),
            alt="Accuracy on your digits by adaptation. The data are in the table below.",
        )
        st.dataframe([_as_row(run, result) for run, result in reversed(taught)], hide_index=True)


def _as_row(run: Run, result: dict[str, Any]) -> dict[str, Any]:
    return {
        "model": run.name,
        "taught": result["created"][:16].replace("T", " "),
        "digits": result["person"]["digits"],
        "accuracy before": f"{result['person']['accuracy_before']:.1%}",
        "accuracy after": f"{result['person']['accuracy_after']:.1%}",
    }


def show_accuracy(result: dict[str, Any]) -> None:
    """Show the accuracy before and after on each set of digits, and which digits are mixed up."""
    titles = {
        "person": ("Your digits", "Cross-validated: a model predicts only digits that it was not taught."),
        "reference": (
            "Other people's digits",
            "Digits of scikit-learn. A lower accuracy shows what was forgotten.",
        ),
        "validation": ("Validation split", "Images of the data set on which the model was trained first."),
    }
    with st.container(horizontal=True, gap="large"):
        for name, (title, explanation) in titles.items():
            if compared := result[name]:
                before, after = compared["accuracy_before"], compared["accuracy_after"]
                points = 100 * (after - before)
                st.metric(
                    title,
                    f"{after:.1%}",
                    f"{points:+.2f} points" if points else "unchanged",
                    delta_color="normal" if points else "off",
                    delta_arrow="auto" if points else "off",
                    help=f"{explanation} Errors: {compared['errors_before']} before, {compared['errors_after']} "
                    f"after, of {compared['digits']:,}.",
                    width="content",
                )
    if result["mixed_up"]:
        st.markdown("**Confused digits**")
        st.dataframe(result["mixed_up"], hide_index=True, width="content")
    else:
        st.caption("None of your digits is confused with another.")


def show_digits(images: np.ndarray, labels: list[int], left_out: list[str]) -> None:
    """Show the saved digits, and how many of each there are.

    Args:
        images: uint8 (n, 28, 28).
        labels: their digits.
        left_out: names of the pictures that cannot be used.
    """
    st.subheader("Saved digits", divider="grey")
    counts = Counter(labels)
    st.caption(", ".join(f"{digit}: {counts[digit]}" for digit in range(10)))
    if left_out:
        st.caption(
            f"Not used, because the digits found in them differ from the label: {escape(', '.join(left_out))}"
        )
    shown = labels[-MAX_SHOWN:]
    alts = [f"saved digit {label}" for label in shown]
    show_gallery(
        "saved-digits", images[-MAX_SHOWN:], [str(x) for x in shown], alts, "Saved digits", lambda _: None
    )


show(current_selection())
