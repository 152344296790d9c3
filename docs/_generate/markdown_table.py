"""Tables in Markdown."""

from collections.abc import Iterable, Sequence


def table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table.

    Args:
        columns: names of the columns.
        rows: cells in Markdown.
    """
    lines = [columns, ["---"] * len(columns), *([_escape(cell) for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _escape(cell: str) -> str:
    return " ".join(cell.split()).replace("|", "&#124;").replace("<", "&lt;")


def anchored(text: str, anchor: str) -> str:
    """Return code that links to itself.

    Args:
        text: the code.
        anchor: id of the link.
    """
    return f"[`{text}`](#{anchor}){{ #{anchor} }}"
