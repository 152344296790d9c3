"""The HTML of a report: one file with its images, its charts and the scripts that draw them."""

import json
from collections.abc import Sequence
from pathlib import Path

import jinja2
import vl_convert
from altair import SCHEMA_VERSION

from digitjax import __version__
from digitjax.visualization.report.parts import Chart, Section

# The version of Vega-Lite that Altair writes, as vl-convert names it: v6_4.
_VEGA_LITE = "_".join(SCHEMA_VERSION.split(".")[:2])


def render(title: str, sections: Sequence[Section]) -> str:
    """Return the HTML of a report.

    Args:
        title: the name of the run.
        sections: in the order of the page.
    """
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    charts = [
        part.chart.to_dict() for section in sections for part in section.parts if isinstance(part, Chart)
    ]
    # "</" must not end the script that holds the charts.
    return environment.get_template("page.html").render(
        title=title,
        version=__version__,
        sections=sections,
        charts=json.dumps(charts).replace("</", "<\\/"),
        vega=vl_convert.javascript_bundle(vl_version=_VEGA_LITE),  # type: ignore[call-arg]
    )
