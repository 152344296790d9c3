"""Numbers as short texts."""

MISSING = "\N{EN DASH}"
"""Stands for a value that is not known."""

_SUFFIXES = {1: "st", 2: "nd", 3: "rd"}


def ordinal(number: int) -> str:
    """Return `1st`, `2nd`, `3rd`, `4th`, ... for a positive number."""
    suffix = "th" if number % 100 in (11, 12, 13) else _SUFFIXES.get(number % 10, "th")
    return f"{number}{suffix}"


def format_seconds(seconds: float) -> str:
    """Return a duration as short text, such as `45 s`, `3 min` or `2 h 5 min`."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60} min"
