"""The parts of a section of a report."""

import base64
import io
import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from PIL import Image

PIXELS_PER_INCH = 144
"""Resolution of the PNG of a chart."""


@dataclass(frozen=True)
class Text:
    """A paragraph."""

    kind: ClassVar[str] = "text"
    text: str


@dataclass(frozen=True)
class Table:
    """Rows of formatted values below their headings."""

    kind: ClassVar[str] = "table"
    headings: Sequence[str]
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True)
class Chart:
    """An Altair chart, with its data as rows."""

    kind: ClassVar[str] = "chart"
    name: str
    chart: Any
    rows: Sequence[dict[str, Any]] = ()

    @property
    def tables(self) -> list[Table]:
        """A table for each run of rows with the same headings."""
        return [
            Table(headings, [[str(value) for value in row.values()] for row in rows])
            for headings, rows in itertools.groupby(self.rows, tuple)
        ]

    def save_png(self, file: io.BytesIO) -> None:
        """Render the chart as a PNG."""
        self.chart.save(file, format="png", ppi=PIXELS_PER_INCH)


@dataclass(frozen=True)
class Figure:
    """An image with its caption."""

    kind: ClassVar[str] = "figure"
    name: str
    image: Image.Image
    caption: str

    def save_png(self, file: io.BytesIO) -> None:
        """Write the image as a PNG."""
        self.image.save(file, "PNG")

    @property
    def data_uri(self) -> str:
        """The image as a data URI."""
        png = io.BytesIO()
        self.save_png(png)
        return "data:image/png;base64," + base64.b64encode(png.getvalue()).decode()


Part = Text | Table | Chart | Figure
"""`kind` selects the layout in the page; charts and figures are also written as `<name>.png`."""


@dataclass(frozen=True)
class Section:
    """A heading with its parts, or with the reason why there are none."""

    title: str
    parts: Sequence[Part] = ()
    problem: str = ""
