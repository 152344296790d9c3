"""The dashboard: `digitjax dashboard`, or `streamlit run dashboard/app.py -- RUNS_DIR`.

It reads run folders and calls the library. Each file in `views/` is a page; `parts/` holds what the pages share.
"""

import gc
import sys
from pathlib import Path

import streamlit as st
from parts import background
from parts.run_selection import show_run_selector

from digitjax import runs

ASSETS = Path(__file__).with_name("assets")
# URLs of the pages that cannot show anything before JAX is imported.
PAGES_OF_MODELS = ("try_it", "predictions", "errors", "features", "reconstructions", "calibration")


def main(runs_folder: Path) -> None:
    """Show the page that the URL names, for the run that is selected in the sidebar."""
    st.set_page_config(page_icon=ASSETS / "icon.svg", layout="wide")
    page = st.navigation(
        {
            "": [
                st.Page("views/home.py", title="Home", icon=":material/home:", default=True),
                st.Page("views/try_it.py", title="Try it", icon=":material/draw:"),
                st.Page("views/my_handwriting.py", title="My handwriting", icon=":material/edit_note:"),
            ],
            "Train": [
                st.Page("views/runs.py", title="Runs", icon=":material/table_rows:"),
                st.Page("views/curves.py", title="Curves", icon=":material/monitoring:"),
                st.Page("views/sweeps.py", title="Sweeps", icon=":material/tune:"),
                st.Page("views/train.py", title="Train", icon=":material/play_circle:"),
            ],
            "Understand": [
                st.Page("views/predictions.py", title="Predictions", icon=":material/grid_view:"),
                st.Page("views/errors.py", title="Errors", icon=":material/error:"),
                st.Page("views/features.py", title="Filters and features", icon=":material/blur_on:"),
                st.Page("views/reconstructions.py", title="Reconstructions", icon=":material/flip:"),
                st.Page("views/calibration.py", title="Calibration & robustness", icon=":material/verified:"),
            ],
        },
        expanded=True,
    )
    st.set_page_config(page_title=f"{page.title} · digitjax")
    st.logo(ASSETS / "logo.svg", icon_image=ASSETS / "icon.svg", size="large")
    st.html(ASSETS / "style.css")
    show_run_selector(runs_folder)
    if page.url_path in PAGES_OF_MODELS:
        background.wait_for("modules", "Starting JAX", 4, background.import_modules)
    page.run()
    freeze_imports(page.url_path)


@st.cache_resource
def freeze_imports(page: str) -> None:
    """Exclude the objects that the imports of a page created from garbage collection, once for all sessions.

    Streamlit collects after each run of a page before it answers, which takes a fifth of a second with JAX loaded.
    """
    gc.freeze()


main(Path(sys.argv[1]) if len(sys.argv) > 1 else runs.DEFAULT_FOLDER)
