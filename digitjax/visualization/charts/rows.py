"""The data of a chart as a table, for screen readers and for copying."""

from collections.abc import Iterator
from typing import Any

import altair as alt


def table(chart: alt.Chart | alt.LayerChart) -> list[dict[str, Any]]:
    """Return the fields of the tooltips of a chart as rows, without thumbnails.

    The keys are the titles of the tooltips. Shares are from 0 to 1, and no value is rounded.
    """
    rows = []
    for layer, values in _layers(chart.to_dict()):
        headings = {
            tip["field"]: tip.get("title", tip["field"])
            for tip in layer["encoding"].get("tooltip", [])
            if tip.get("title") != "image"
        }
        rows += [{headings[field]: value[field] for field in headings} for value in values if headings]
    return list({tuple(row.items()): row for row in rows}.values())  # layers repeat rows


def _layers(spec: dict[str, Any]) -> Iterator[tuple[dict[str, Any], list[dict[str, Any]]]]:
    """Yield each layer with its rows, which are its own or those of the chart."""
    for layer in spec.get("layer", [spec]):
        data = layer.get("data", spec.get("data"))
        yield layer, spec["datasets"][data["name"]] if "name" in data else data["values"]
