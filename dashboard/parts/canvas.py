"""A canvas to draw digits on, which keeps its drawing for as long as the session lasts."""

import base64
from pathlib import Path

import streamlit as st

from digitjax.recognition.recognizer import Reading
from digitjax.visualization.boxes import colour_of, label_of

HELP = (
    "Draw with the mouse, a pen or a finger. With the keyboard: Tab leads to the page, the arrows move the pen "
    "(with Shift in small steps), Space puts it down and lifts it, Ctrl+Z undoes a stroke, Escape clears the page."
)
_HTML = f"""
<div class="drawing">
  <canvas width="560" height="280" tabindex="0" role="application" aria-label="Page to draw digits on. {HELP}"></canvas>
  <div class="tools">
    <button type="button" class="undo">Undo</button>
    <button type="button" class="clear">Clear</button>
    <label>Pen width <input type="range" min="4" max="36" step="2" value="16"></label>
  </div>
  <p class="status" role="status"></p>
</div>
"""
_BLANK = {"png": "", "strokes": [], "version": 0}


def drawn(key: str) -> bytes | None:
    """Return what is drawn on the canvas of this key as PNG, dark ink on a white page; None where it is blank."""
    png = _drawing(key)["png"]
    return base64.b64decode(png.partition(",")[2], validate=True) if png else None


def canvas(key: str, reading: Reading | None) -> None:
    """Show the canvas, with what was read in its drawing marked on it."""
    drawing, digits = _drawing(key), reading.digits if reading else ()
    component = st.components.v2.component(
        "digitjax_canvas", html=_HTML, css=_read("canvas.css"), js=_read("canvas.js")
    )
    component(
        key=key,
        data={
            "strokes": drawing["strokes"],
            "version": drawing["version"],
            "digits": [
                {"box": d.box, "label": label_of(d), "colour": colour_of(d), "dashed": d.rejected}
                for d in digits
            ],
            "text": f"Read as {reading.text or 'nothing'}" if reading else "The page is blank",
        },
        on_drawing_change=lambda: None,
    )


def _drawing(key: str) -> dict:
    """Return the drawing that the browser last told of: the component itself forgets it when it is out of sight."""
    kept = f"{key}-kept"
    told = st.session_state.get(key, {}).get("drawing")
    if told:
        st.session_state[kept] = told
    return st.session_state.get(kept, _BLANK)


def _read(name: str) -> str:
    return Path(__file__).with_name(name).read_text()
