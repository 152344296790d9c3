"""The table twin of a chart: the numbers behind it, for those who cannot see it or want to copy them."""

from collections.abc import Iterator
from typing import Any

import altair as alt


def table(chart: alt.Chart | alt.LayerChart) -> list[dict[str, Any]]:
    """Return what the tooltips of a chart tell, a row for each: headings and plain values, no thumbnails.

    The headings are those of the tooltips. Shares are from 0 to 1, and no value is rounded.
    """
    rows = []
    for layer, values in _layers(chart.to_dict()):
        headings = {
            tip["field"]: tip.get("title", tip["field"])
            for tip in layer["encoding"].get("tooltip", [])
            if tip.get("title") != "image"
        }
        rows += [{headings[field]: value[field] for field in headings} for value in values if headings]
    return list({tuple(row.items()): row for row in rows}.values())  # layers tell the same of a row once


def _layers(spec: dict[str, Any]) -> Iterator[tuple[dict[str, Any], list[dict[str, Any]]]]:
    """Yield each layer with the rows that it draws, which are its own or those of the chart."""
    for layer in spec.get("layer", [spec]):
        data = layer.get("data", spec.get("data"))
        yield layer, spec["datasets"][data["name"]] if "name" in data else data["values"]
