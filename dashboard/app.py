"""The dashboard: `digitjax dashboard`, or `streamlit run dashboard/app.py -- RUNS_DIR`.

It reads run folders and calls the library. This file lists the pages; each file in `views/` is one, and `parts/`
holds what they share.
"""

import gc
import sys
from pathlib import Path

import streamlit as st
from parts import selection

from digitjax import runs


def main(folder: Path) -> None:
    """Show the page that the address names, for the run that is chosen at the side."""
    st.set_page_config(page_title="digitjax", page_icon="✍️", layout="wide")
    page = st.navigation(
        {
            "Train": [
                st.Page("views/runs.py", title="Runs", icon=":material/table_rows:", default=True),
                st.Page("views/curves.py", title="Curves", icon=":material/monitoring:"),
                st.Page("views/train.py", title="Train", icon=":material/play_circle:"),
            ],
            "Understand": [
                st.Page("views/predictions.py", title="Predictions", icon=":material/grid_view:"),
                st.Page("views/mistakes.py", title="Mistakes", icon=":material/error:"),
                st.Page("views/features.py", title="Filters and features", icon=":material/blur_on:"),
                st.Page("views/reconstructions.py", title="Reconstructions", icon=":material/flip:"),
                st.Page("views/trust.py", title="Trust", icon=":material/verified:"),
            ],
            "Use": [st.Page("views/try_it.py", title="Try it", icon=":material/draw:")],
        },
        expanded=True,
    )
    selection.choose(folder)
    page.run()
    keep_modules(page.url_path)


@st.cache_resource
def keep_modules(page: str) -> None:
    """Spare what the imports of a page have made from garbage collection, once for all sessions.

    Streamlit collects after each run of a page before it answers, which with JAX loaded takes a fifth of a second.
    """
    gc.freeze()


main(Path(sys.argv[1]) if len(sys.argv) > 1 else runs.DEFAULT_FOLDER)
