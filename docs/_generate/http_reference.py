"""The page of the HTTP API, from the OpenAPI document of the server."""

import json
import re
from collections.abc import Iterator
from typing import Any

from json_schema import Schema, describe, format_value
from markdown_table import anchored, table

_INTRODUCTION = """# HTTP API

`digitjax serve` answers these requests at `http://127.0.0.1:8000`; `digitjax dashboard --api` answers them below
`/api`. `/openapi.json` of a running server is the document that this page was generated from, and `/docs` is an
interactive version of it.

With an API key ([how to serve](../how-to/serve.md)), every request needs the header `Authorization: Bearer KEY`.
"""


def generate() -> str:
    """Return the page in Markdown."""
    document = openapi_document()
    routes = [
        _describe_route(path, method, route)
        for path, methods in document["paths"].items()
        for method, route in methods.items()
    ]
    schemas = {schema["title"]: schema for schema in _object_schemas(document)}
    objects = [_describe_schema(*item) for item in sorted(schemas.items()) if "Validation" not in item[0]]
    return "\n\n".join([_INTRODUCTION, *routes, "## Objects", *objects])


def openapi_document() -> dict[str, Any]:
    """Return the OpenAPI document of the server."""
    from digitjax.recognition import recognizer
    from digitjax.recognition.serving.app import make_app

    return make_app(recognizer.load()).openapi()


def route_id(path: str, method: str) -> str:
    """Return the anchor of a route.

    Args:
        path: its path, such as `/read`.
        method: its method, in any case.
    """
    return "-".join([method.lower(), *re.findall(r"\w+", path)])


def _object_schemas(node: Any) -> Iterator[Schema]:
    """Yield the schemas of objects, wherever they are in the document."""
    if isinstance(node, dict):
        if "title" in node and "properties" in node:
            yield node
        for value in node.values():
            yield from _object_schemas(value)
    elif isinstance(node, list):
        for value in node:
            yield from _object_schemas(value)


def _link(name: str) -> str:
    return f"[{name}](#{name})"


def _describe_route(path: str, method: str, route: dict[str, Any]) -> str:
    parts = [
        f"## {method.upper()} {path} {{ #{route_id(path, method)} }}",
        f"**{route['summary']}.** {route['description']}",
    ]
    if parameters := route.get("parameters"):
        rows = [
            (
                f"`{parameter['name']}`",
                parameter["in"],
                describe(parameter["schema"]),
                parameter.get("description", ""),
            )
            for parameter in parameters
        ]
        parts.append(table(("parameter", "in", "value", "description"), rows))
    if body := route.get("requestBody"):
        for media_type, content in body["content"].items():
            parts.append(f"Body, `{media_type}`: {describe(content['schema'], _link)}")
    rows = [
        (f"`{status}`", response["description"], _describe_content(response.get("content", {})))
        for status, response in route["responses"].items()
        if "ValidationError" not in str(response)  # FastAPI's own, which the server does not send
    ]
    parts.append(table(("status", "meaning", "body"), rows))
    return "\n\n".join(parts)


def _describe_content(content: dict[str, Any]) -> str:
    return ", ".join(
        f"`{media_type}`" + (f": {describe(body['schema'], _link)}" if body.get("schema") else "")
        for media_type, body in content.items()
    )


def _describe_schema(name: str, schema: Schema) -> str:
    rows = [
        (
            anchored(field, f"{name}.{field}"),
            describe(value, _link),
            "required" if field in schema.get("required", ()) else format_value(value.get("default")),
            value.get("description", ""),
        )
        for field, value in schema["properties"].items()
    ]
    parts = [
        f"### {name} {{ #{name} }}",
        schema.get("description", ""),
        table(("field", "value", "default", "description"), rows),
    ]
    parts += [f"```json\n{json.dumps(example, indent=2)}\n```" for example in schema.get("examples", ())]
    return "\n\n".join(parts)
