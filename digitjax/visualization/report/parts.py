"""What a section of a report is made of."""

import base64
import io
import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from PIL import Image

PIXELS_PER_INCH = 144


@dataclass(frozen=True)
class Text:
    """A paragraph."""

    kind: ClassVar[str] = "text"
    text: str


@dataclass(frozen=True)
class Table:
    """Rows below their headings; numbers as they are to be read."""

    kind: ClassVar[str] = "table"
    headings: Sequence[str]
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True)
class Chart:
    """An Altair chart, with its rows as a table."""

    kind: ClassVar[str] = "chart"
    name: str
    chart: Any
    rows: Sequence[dict[str, Any]] = ()

    @property
    def tables(self) -> list[Table]:
        """The rows, those of the same headings in a table of their own."""
        return [
            Table(headings, [[str(value) for value in row.values()] for row in rows])
            for headings, rows in itertools.groupby(self.rows, tuple)
        ]

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


Part = Text | Table | Chart | Picture
"""Something that a section shows; `kind` says how the page lays it out. What has a name becomes a PNG."""


@dataclass(frozen=True)
class Section:
    """A heading and what stands below it, or why nothing does."""

    title: str
    parts: Sequence[Part] = ()
    gap: str = ""
