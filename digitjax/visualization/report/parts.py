"""What a section of a report is made of."""

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

from PIL import Image

PIXELS_PER_INCH = 144


class Part(Protocol):
    """Something that a section shows."""

    kind: str
    """How the page lays it out."""
    name: str
    """Of its PNG; empty if it has none."""

    def save_png(self, file: io.BytesIO) -> None:
        """Write it as a PNG."""


@dataclass(frozen=True)
class Text:
    """A paragraph."""

    kind: ClassVar[str] = "text"
    text: str
    name: str = ""

    def save_png(self, file: io.BytesIO) -> None:
        """Do nothing: a text is not drawn."""


@dataclass(frozen=True)
class Table:
    """Rows below their headings; numbers as they are to be read."""

    kind: ClassVar[str] = "table"
    headings: Sequence[str]
    rows: Sequence[Sequence[str]]
    name: str = ""

    def save_png(self, file: io.BytesIO) -> None:
        """Do nothing: a table is not drawn."""


@dataclass(frozen=True)
class Chart:
    """An Altair chart, with its rows as a table."""

    kind: ClassVar[str] = "chart"
    name: str
    chart: Any
    rows: Sequence[dict[str, Any]] = ()

    def save_png(self, file: io.BytesIO) -> None:
        """Draw it."""
        self.chart.save(file, format="png", ppi=PIXELS_PER_INCH)


@dataclass(frozen=True)
class Picture:
    """A picture, and what it shows in words."""

    kind: ClassVar[str] = "picture"
    name: str
    image: Image.Image
    shows: str

    def save_png(self, file: io.BytesIO) -> None:
        """Write it."""
        self.image.save(file, "PNG")

    @property
    def data_uri(self) -> str:
        """The picture itself in place of a path."""
        png = io.BytesIO()
        self.save_png(png)
        return "data:image/png;base64," + base64.b64encode(png.getvalue()).decode()


@dataclass(frozen=True)
class Section:
    """A heading and what stands below it, or why nothing does."""

    title: str
    parts: Sequence[Part] = ()
    gap: str = ""
