"""What a JSON schema allows, in words."""

import json
from collections.abc import Callable
from typing import Any

Schema = dict[str, Any]


def describe(schema: Schema, link: Callable[[str], str] = lambda name: name) -> str:
    """Return a description of the values that a schema allows, in Markdown.

    Args:
        schema: a JSON schema of a value.
        link: formats the name of a schema that is described elsewhere.
    """
    if "$ref" in schema:
        return link(schema["$ref"].rpartition("/")[2])
    if "title" in schema and "properties" in schema:
        return link(schema["title"])
    if "const" in schema:
        return f"`{schema['const']}`"
    if "enum" in schema:
        return "one of " + ", ".join(f"`{value}`" for value in schema["enum"])
    for union in ("anyOf", "oneOf"):
        if union in schema:
            return " or ".join(describe(option, link) for option in schema[union]) + _describe_range(schema)
    kind = schema.get("type", "any JSON value")
    if kind == "array":
        return _describe_array(schema, link)
    if kind == "object" and isinstance(values := schema.get("additionalProperties"), dict):
        return f"object of {describe(values, link)}"
    if "contentMediaType" in schema or schema.get("format") == "binary":
        return "file"
    return kind + _describe_range(schema)


def _describe_array(schema: Schema, link: Callable[[str], str]) -> str:
    items = schema["prefixItems"][0] if "prefixItems" in schema else schema.get("items", {})
    count = _describe_interval(schema.get("minItems"), schema.get("maxItems"))
    return f"list of {count}: {describe(items, link)}" if count else f"list of {describe(items, link)}"


def _describe_range(schema: Schema) -> str:
    """Describe the limits of a number."""
    limits = [
        f"more than {_format_number(schema['exclusiveMinimum'])}" if "exclusiveMinimum" in schema else "",
        _describe_interval(schema.get("minimum"), schema.get("maximum")),
        f"less than {_format_number(schema['exclusiveMaximum'])}" if "exclusiveMaximum" in schema else "",
    ]
    return "".join(f", {limit}" for limit in limits if limit)


def _describe_interval(low: float | None, high: float | None) -> str:
    """Describe the numbers from one to another, both included; None is no limit."""
    if low is None:
        return "" if high is None else f"at most {_format_number(high)}"
    if high is None:
        return f"{_format_number(low)} or more"
    return _format_number(low) if low == high else f"{_format_number(low)} to {_format_number(high)}"


def _format_number(value: float) -> str:
    return f"{int(value):,}" if value == int(value) else str(value)


def format_value(value: Any) -> str:
    """Format a value as JSON code."""
    return f"`{json.dumps(value)}`"
