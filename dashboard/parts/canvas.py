"""A canvas for drawing digits; the session keeps its drawing."""

import base64
from pathlib import Path
from typing import TYPE_CHECKING, Any

import streamlit as st

if TYPE_CHECKING:  # an empty canvas is there before the recognizer is imported
    from digitjax.recognition.recognizer import Digit, Reading

HELP = (
    "Draw with the mouse, a pen or a finger. Keyboard: Tab focuses the canvas, the arrow keys move the pen "
    "(with Shift in small steps), Space lowers and lifts it, Ctrl+Z undoes a stroke, Escape clears the canvas."
)
_HTML = f"""
<div class="drawing">
  <canvas width="560" height="350" tabindex="0" role="application" aria-label="Canvas for digits. {HELP}"></canvas>
  <div class="tools">
    <button type="button" class="undo">Undo</button>
    <button type="button" class="clear">Clear</button>
    <label>Pen width <input type="range" min="4" max="36" step="2" value="16"></label>
  </div>
  <p class="status" role="status"></p>
</div>
"""
_BLANK = {"png": "", "strokes": [], "version": 0}


def read_drawing(key: str) -> bytes | None:
    """Return the drawing of the canvas with this key as PNG, dark on white; None if it is blank."""
    png: str = _latest_drawing(key)["png"]
    return base64.b64decode(png.partition(",")[2], validate=True) if png else None


def show_canvas(key: str, result: "Reading | None") -> None:
    """Show the canvas, with a box around each recognized digit.

    Args:
        key: of the canvas in the session.
        result: of recognizing its drawing.
    """
    drawing, digits = _latest_drawing(key), result.digits if result else ()
    component = st.components.v2.component(
        "digitjax_canvas", html=_HTML, css=_read_asset("canvas.css"), js=_read_asset("canvas.js")
    )
    component(
        key=key,
        data={
            "strokes": drawing["strokes"],
            "version": drawing["version"],
            "digits": [_describe_box(digit) for digit in digits],
            "text": f"Prediction: {result.text or 'none'}" if result else "The canvas is blank",
        },
        on_drawing_change=lambda: None,
    )


def _describe_box(digit: "Digit") -> dict[str, Any]:
    """Return what the canvas draws around a digit."""
    from digitjax.visualization.boxes import box_color, box_label  # with the recognizer, see above

    color = box_color(digit)
    return {"box": digit.box, "label": box_label(digit), "color": color, "dashed": digit.rejected}


def _latest_drawing(key: str) -> dict[str, Any]:
    """Return the drawing that the browser sent last: the component forgets it while another page is open."""
    kept = f"{key}-kept"
    received = st.session_state.get(key, {}).get("drawing")
    if received:
        st.session_state[kept] = received
    return st.session_state.get(kept, _BLANK)


def _read_asset(name: str) -> str:
    return Path(__file__).with_name(name).read_text()
