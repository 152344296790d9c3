"""Filtering runs by words and conditions, such as `mnist optimizer.lr>0.001 accuracy>=99% tag=baseline`."""

import json
import operator
import re
import shlex
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from digitjax.config import flatten
from digitjax.errors import InputError, suggest_option
from digitjax.runs.group import Ensemble, Group, RunEntry
from digitjax.runs.group_summary import AnySummary
from digitjax.runs.seed_stats import SeedStats

Fields = Mapping[str, Any]
"""What conditions can name -> its value for a run; None where it is not known."""

_OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    ">=": operator.ge,
    "<=": operator.le,
    "!=": operator.ne,
    "==": operator.eq,
    "=": operator.eq,
    ">": operator.gt,
    "<": operator.lt,
}
_CONDITION = re.compile(rf"([\w.-]+?)({'|'.join(_OPERATORS)})(.*)", re.DOTALL)
_WORDS = ("name", "model", "data", "status", "tag", "note")
"""Fields in which words without an operator are looked for."""


def find_fields(entry: RunEntry, summary: AnySummary) -> dict[str, Any]:
    """Return the values that conditions can name, and that lists can show.

    Args:
        entry: a run, a group or an ensemble.
        summary: of the entry.

    Returns:
        Fields of the summary (of a group the means over its seeds), then those of the config by their dotted names: of
        a group those of its first seed, of an ensemble none.
    """
    known = vars(summary)
    fields = {
        "name": summary.name,
        "type": summary.kind,
        "status": summary.status,
        "date": f"{datetime.fromtimestamp(summary.created):%Y-%m-%d %H:%M}",
        "tag": summary.tags,
        "note": summary.note,
        "data": summary.data,
        "accuracy": known.get("test_accuracy"),
        "error": known.get("test_error"),
        "validation_accuracy": known.get("validation_accuracy"),
        "validation_error": known.get("validation_error"),
        "epoch": known.get("epoch"),
        "seconds": summary.seconds,
    }
    fields = {key: value.mean if isinstance(value, SeedStats) else value for key, value in fields.items()}
    try:
        run = entry.member(entry.seeds()[0]) if isinstance(entry, Group) else entry
        config = {} if isinstance(run, Ensemble) else flatten(run.read_config()[0])
    except InputError:  # which the summary names
        config = {}
    return {**config, **fields, "model": summary.model}


def select(expression: str, fields: Mapping[str, Fields]) -> list[str]:
    """Return the names of the runs that fulfil all words and conditions of an expression.

    A word is looked for in names, models, data sets, statuses, tags and notes. A condition is a field, one of
    `= != > < >= <=`, and a value; per cent are allowed, and quotes around spaces.

    Args:
        expression: empty for all runs.
        fields: of each run by its name, see `find_fields`.

    Raises:
        InputError: a quote is not closed, no run has a field, or a value is no number where one is needed.
    """
    try:
        terms = shlex.split(expression)
    except ValueError:
        raise InputError(f"filter {expression}: a quote is not closed") from None
    known = set().union(*fields.values())
    tests = [_make_test(term, known) for term in terms]
    return [name for name, values in fields.items() if all(test(values) for test in tests)]


def _make_test(term: str, known: set[str]) -> Callable[[Fields], bool]:
    """Return a function that tells of the fields of a run whether they fulfil a word or a condition."""
    match = _CONDITION.fullmatch(term)
    if not match:
        return lambda values: any(term.casefold() in str(values.get(name)).casefold() for name in _WORDS)
    field, sign, text = match.groups()
    if known and field not in known:
        nearest = suggest_option(field, known) or ": see `digitjax runs --help`"
        raise InputError(f"filter {term}: no run has a field {field}{nearest}")
    return lambda values: _compare(term, values.get(field), _OPERATORS[sign], text)


def _compare(term: str, value: Any, compare: Callable[[Any, Any], bool], text: str) -> bool:
    """Return whether the value of a field fulfils a condition; one that is not known only differs from others."""
    if value is None:
        return compare is operator.ne
    if isinstance(value, tuple) and compare in (operator.eq, operator.ne):
        found = text.casefold() in map(str.casefold, map(str, value)) or text == json.dumps(value)
        return found == (compare is operator.eq)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return compare(value, _to_number(term, text))
    return compare(str(value).casefold(), text.casefold())


def _to_number(term: str, text: str) -> float:
    try:
        return float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
    except ValueError:
        raise InputError(f"filter {term}: {text!r} is no number") from None
