"""Many pictures that are read at once: a table of their texts, to be filtered, sorted and downloaded."""

import base64
import csv
import io
import json
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import streamlit as st
from PIL import Image

from digitjax.errors import InputError
from digitjax.recognition.recognizer import Reading, Recognizer, to_result
from parts.recognizers import RecognizerKey, wait_for_recognizer
from parts.uploads import Upload

PAGE_SIZE = 100
"""Pictures in a page of the table."""
_THUMBNAIL = (120, 48)
"""Largest width and height of a thumbnail, in pixels; the picture itself is not kept."""
_TABLE_HEIGHT = 560
"""Height of the table, in pixels; it scrolls."""
_COLUMNS = ("file", "text", "confidence", "reason", "lines", "digits", "error")
"""Columns of the CSV: the fields of `digitjax read --json`, lists as JSON, and two more."""


class BatchRow(NamedTuple):
    """A picture that was read."""

    result: dict[str, Any]
    """As `digitjax read --json` prints it."""
    confidence: float | None
    """Smallest confidence of a digit of the text; None without text."""
    reason: str
    """Why it has no text, or why a digit of it was rejected; empty if all was accepted."""
    thumbnail: str | None
    """Data URL of the picture, reduced; None if it cannot be decoded."""


FILTERS: dict[str, Callable[[BatchRow], bool]] = {
    "All": lambda row: True,
    "Accepted": lambda row: not row.reason,
    "Rejected digits": lambda row: any(digit["rejected"] for digit in row.result["digits"]),
    "No digits": lambda row: not row.result["digits"] and row.result["error"] is None,
    "Errors": lambda row: row.result["error"] is not None,
}
"""Pictures that the table can show, by name."""
ORDERS: dict[str, Callable[[BatchRow], Any]] = {
    "Uploaded first": lambda row: 0,
    "File": lambda row: row.result["file"],
    "Text": lambda row: row.result["text"],
    "Least confident": lambda row: -1.0 if row.confidence is None else row.confidence,
    "Reason": lambda row: row.reason,
}
"""Orders of the table, by name."""


def read_all(model: RecognizerKey, uploads: Sequence[Upload]) -> list[BatchRow]:
    """Read pictures, and show the progress; what the session has read already is not read again.

    Args:
        model: that recognizes the digits.
        uploads: the pictures.

    Returns:
        A row for each, in their order.
    """
    keys = [(model, upload.key) for upload in uploads]
    cached: dict[tuple[RecognizerKey, str], BatchRow] = st.session_state.get("batch", {})
    rows = {key: cached[key] for key in keys if key in cached}
    st.session_state["batch"] = rows  # so that an interrupted reading goes on where it was
    if len(rows) < len(keys):
        recognizer = wait_for_recognizer(model)
        with st.empty():
            for key, upload in zip(keys, uploads, strict=True):
                if key not in rows:
                    st.progress(
                        len(rows) / len(keys), f"Recognizing: {len(rows):,} of {len(keys):,} pictures"
                    )
                    rows[key] = read_one(recognizer, upload)
            st.empty()
    return [rows[key] for key in keys]


def read_one(recognizer: Recognizer, upload: Upload) -> BatchRow:
    """Read a picture.

    Args:
        recognizer: that recognizes the digits.
        upload: the picture.

    Returns:
        Its row, also where it cannot be read.
    """
    try:
        reading = recognizer.read(upload.read())
    except InputError as error:
        return BatchRow(to_result(upload.name, error=str(error)), None, str(error), None)
    confidence = min((digit.confidence for digit in reading.digits if not digit.rejected), default=None)
    return BatchRow(
        to_result(upload.name, reading), confidence, _explain(reading), _to_thumbnail(reading.picture.pixels)
    )


@st.fragment
def show_table(rows: Sequence[BatchRow], show_picture: Callable[[int], None]) -> None:
    """Show pictures that were read as a table; a choice reruns this fragment alone.

    Args:
        rows: the pictures.
        show_picture: shows the details of a picture, given its index.
    """
    with st.container(horizontal=True, vertical_alignment="bottom"):
        shown = st.selectbox("Show", FILTERS, key="batch-filter", width=170)
        order = st.selectbox("Sort by", ORDERS, key="batch-order", width=170)
        st.download_button(
            "CSV",
            lambda: to_csv(rows),
            "readings.csv",
            "text/csv",
            on_click="ignore",
            icon=":material/download:",
        )
        st.download_button(
            "JSON",
            lambda: to_json(rows),
            "readings.jsonl",
            "application/jsonl",
            on_click="ignore",
            icon=":material/download:",
        )
    indices = [i for i, row in enumerate(rows) if FILTERS[shown](row)]
    indices.sort(key=lambda i: ORDERS[order](rows[i]))
    st.markdown(f"**{len(indices):,} of {len(rows):,} pictures**: select one for details")
    page = st.pagination(max(1, -(-len(indices) // PAGE_SIZE)), key=f"batch-page-{shown}-{order}")
    on_page = indices[(page - 1) * PAGE_SIZE : page * PAGE_SIZE]
    table = st.dataframe(
        [
            {
                "picture": rows[i].thumbnail,
                "file": rows[i].result["file"],
                "text": rows[i].result["text"],
                "confidence": rows[i].confidence,
                "reason": rows[i].reason,
            }
            for i in on_page
        ],
        height=_TABLE_HEIGHT,
        row_height=52,
        hide_index=True,
        column_config={
            "picture": st.column_config.ImageColumn("Picture", width=130),
            "file": st.column_config.TextColumn("File"),
            "text": st.column_config.TextColumn("Text"),
            "confidence": st.column_config.NumberColumn("Confidence", format="percent"),
            "reason": st.column_config.TextColumn("Reason", width="large"),
        },
        on_select="rerun",
        selection_mode="single-row",
        key=f"batch-table-{shown}-{order}-{page}-{len(rows)}",
    )
    if selected := table["selection"]["rows"]:
        show_picture(on_page[selected[0]])


def to_json(rows: Sequence[BatchRow]) -> str:
    """Return what `digitjax read --json` prints for the pictures: one JSON object a line."""
    return "".join(f"{json.dumps(row.result)}\n" for row in rows)


def to_csv(rows: Sequence[BatchRow]) -> str:
    """Return the same as a table in CSV, with the confidence and the reason of each picture."""
    with io.StringIO(newline="") as file:
        table = csv.DictWriter(file, _COLUMNS, lineterminator="\n")
        table.writeheader()
        for row in rows:
            lists = {name: json.dumps(row.result[name]) for name in ("lines", "digits")}
            table.writerow(row.result | lists | {"confidence": row.confidence, "reason": row.reason})
        return file.getvalue()


def _explain(reading: Reading) -> str:
    """Return why a reading has no text, or why a digit of it was rejected; empty if all was accepted."""
    if not reading.digits:
        return "No digits found."
    rejected = [digit for digit in reading.digits if digit.rejected]
    if not rejected:
        return ""
    return f"{len(rejected)} of {len(reading.digits)} digits rejected. {reading.explain(rejected[0])}"


def _to_thumbnail(pixels: Any) -> str:
    picture = Image.fromarray(pixels)
    picture.thumbnail(_THUMBNAIL)
    with io.BytesIO() as file:
        picture.save(file, "JPEG", quality=80)
        return "data:image/jpeg;base64," + base64.b64encode(file.getvalue()).decode()
