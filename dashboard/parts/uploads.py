"""Uploaded pictures, alone or in ZIP archives."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from digitjax.errors import InputError
from digitjax.imaging.decode import DecodeParams
from digitjax.recognition.archive import list_pictures, open_archive, read_picture
from digitjax.recognition.bulk import SUFFIXES
from parts.error_display import escape

MAX_PICTURES = 1000
"""Most pictures that are read at once."""
_MAX_PICTURE_MEGABYTES = DecodeParams.max_bytes // 1_000_000
"""Largest picture; larger ones get their reason."""
_MAX_MEGABYTES = 200
"""Largest uploaded file: an archive. Of larger files the server hears nothing; the browser shows the reason."""
_MAX_LISTED = 10
"""Files from which on their list scrolls, as that of 1,000 files would be 9,000 pixels high."""
_LIST_HEIGHT = 200
"""Height of that list, in pixels."""


class Upload(NamedTuple):
    """An uploaded picture."""

    name: str
    """Name of its file; a label, no path on this machine."""
    key: str
    """Identifies the picture in the session."""
    read: Callable[[], bytes]
    """Returns the content of its file; raises `InputError` if it cannot be unpacked."""


def select_files() -> list[Upload]:
    """Ask for files, and return the pictures among them, at most `MAX_PICTURES`."""
    chosen = len(st.session_state.get("files", ()))
    with st.container(height=_LIST_HEIGHT if chosen > _MAX_LISTED else "content", border=False):
        files = st.file_uploader(
            f"Up to {MAX_PICTURES:,} pictures of handwritten digits, {_MAX_PICTURE_MEGABYTES} MB each, or ZIP files of "
            f"them, {_MAX_MEGABYTES} MB each",
            type=[*SUFFIXES, ".zip"],
            accept_multiple_files=True,
            max_upload_size=_MAX_MEGABYTES,
            key="files",
        )
    uploads = list_uploads(files)
    if len(uploads) > MAX_PICTURES:
        st.warning(f"Only the first {MAX_PICTURES:,} of {len(uploads):,} pictures are read.")
    return uploads[:MAX_PICTURES]


def list_uploads(files: Sequence[UploadedFile]) -> list[Upload]:
    """Return the pictures among uploaded files and in uploaded archives; an archive that cannot be read is named."""
    uploads = []
    for file in files:
        if not file.name.lower().endswith(".zip"):
            uploads.append(Upload(file.name, file.file_id, file.getvalue))
            continue
        try:
            archive = open_archive(file)
        except InputError as error:
            st.error(escape(f"{file.name}: {error}"))
            continue
        pictures = list_pictures(archive)
        if not pictures:
            st.info(f"{escape(file.name)} holds no pictures.")
        uploads += [
            Upload(picture.filename, f"{file.file_id}-{i}", partial(read_picture, archive, picture))
            for i, picture in enumerate(pictures)
        ]
    return uploads
