"""The dashboard: `digitjax dashboard`, or `streamlit run dashboard/app.py -- RUNS_DIR`.

It reads run folders and calls the library. This file chooses the run; each file in `views/` is a page.
"""

import sys
from pathlib import Path

import streamlit as st
from views import escape

from digitjax import runs
from digitjax.runs import Run, Summary


def main(folder: Path) -> None:
    """Show the page that the address names, for the run that is chosen in the sidebar."""
    st.set_page_config(page_title="digitjax", page_icon="✍️", layout="wide")
    page = st.navigation(
        [
            st.Page("views/run.py", title="Run", icon=":material/monitoring:", default=True),
            st.Page("views/read.py", title="Try it", icon=":material/draw:"),
        ],
        position="top",
    )
    found = find_all(folder)
    summaries = summarize_all(list(found.values()))
    if not runs.list_runs(folder):
        st.info(
            f"There are no runs in {escape(str(folder))} yet: train one with `digitjax quickstart`. "
            "Until then this shows the model in the box."
        )
    st.session_state["run"] = found[choose(summaries)]
    page.run()


def find_all(folder: Path) -> dict[str, Run]:
    """Return the runs of a folder by name, newest first, then the models in the box."""
    own = {run.name: run for run in runs.list_runs(folder)}
    boxed = {run.name: run for run in runs.list_runs(runs.PRETRAINED_FOLDER)}
    return own | {name: run for name, run in boxed.items() if name not in own}


@st.cache_data(ttl=5, show_spinner=False)
def summarize_all(found: list[Run]) -> list[Summary]:
    """Summarize runs; what is new in them is seen within five seconds."""
    return [runs.summarize(run) for run in found]


def choose(summaries: list[Summary]) -> str:
    """Return the name of the chosen run, and keep it in the address, so that a page can be bookmarked.

    The address is matched against the names that there are: it never becomes a path.
    """
    names = [summary.name for summary in summaries]
    asked = st.query_params.get("run", names[0])
    if asked not in names:
        st.warning("The address names a run that is not in this folder: this is the newest one.")
    with st.sidebar:
        index = names.index(asked) if asked in names else 0
        name = st.selectbox("Run", names, index=index, key="chosen_run", help="The newest is at the top.")
        list_problems([summary for summary in summaries if summary.problem])
    st.query_params["run"] = name
    return name


def list_problems(summaries: list[Summary]) -> None:
    """List the runs that are damaged or not finished, with the reasons."""
    if summaries:
        with st.expander(f"Runs with problems: {len(summaries)}", expanded=len(summaries) < 5):
            for summary in summaries:
                st.warning(f"**{escape(summary.name)}**: {escape(summary.problem)}")


main(Path(sys.argv[1]) if len(sys.argv) > 1 else runs.DEFAULT_FOLDER)
