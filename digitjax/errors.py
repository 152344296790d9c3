"""The exception behind every one-line reason that people see, and how texts become one such line."""

import errno
import os
import warnings
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pydantic import ValidationError

_MAX_VALUE_LENGTH = 60
"""Longest refused value that a message repeats, in characters."""
_DISK_ERRORS = (errno.ENOSPC, errno.EFBIG, errno.EDQUOT, errno.EACCES, errno.EROFS)
"""Reasons of a failed write that are looked for in texts."""
_NEAR = 0.75
"""Least similarity of an option that is suggested, a ratio of `difflib`: below, `--model.kind` is near to anything."""


class InputError(ValueError):
    """What the user gave cannot be used: the message names the thing and the remedy in one line.

    The command line prints it and exits with code 2; a server answers it as a client error; the
    dashboard shows it in place of the picture or the run.
    """


def escape_control(text: str) -> str:
    """Return a text with its control characters spelled out, since names of files can hold commands of terminals."""
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode()
        for character in text
    )


def as_disk_error(error: Exception, path: str | os.PathLike[str]) -> OSError:
    """Return the error of a failed write as `OSError`, whatever a library raised that wrote.

    Args:
        error: what it raised; its text may hold the reason of the operating system.
        path: what was to be written.
    """
    codes = (code for code in _DISK_ERRORS if os.strerror(code) in str(error))
    code = next(codes, errno.EIO)
    return OSError(code, os.strerror(code), os.fspath(path))


@contextmanager
def naming_path(path: str | os.PathLike[str]) -> Iterator[None]:
    """Name a path in errors of the disk that name none, such as that it is full."""
    try:
        yield
    except OSError as error:
        if type(error) is OSError and error.errno is None:  # as NumPy raises it
            raise OSError(errno.EIO, str(error), os.fspath(path)) from error
        if error.errno is not None and error.filename is None:
            error.filename = os.fspath(path)
        raise


def suggest_option(option: str, known: Collection[str]) -> str:
    """Return the end of a message about an unknown option, which names the nearest one, or nothing if none is near.

    Args:
        option: such as `--lr` or `--training.epoch`.
        known: all options that there are.

    Returns:
        For example `: did you mean --training.epochs?`.
    """
    import difflib  # imported late, as most commands need no suggestion

    option = option.replace("_", "-")
    same_field = [name for name in known if name.rpartition(".")[2] == option.removeprefix("--")]
    nearest = same_field or difflib.get_close_matches(option, known, 1, _NEAR)
    return f": did you mean {nearest[0]}?" if nearest else ""


def warn(problem: str) -> None:
    """Warn of what is off and was got round; of the same thing once in a process."""
    warnings.warn(problem, stacklevel=1)  # here, as Python shows a warning once for each place in the code


def format_validation_error(error: "ValidationError", tags: Collection[str] = ()) -> str:
    """Return in one line which field pydantic refused, why, and the value if it is a short string or a number.

    Args:
        error: what pydantic raised; of several errors the one that is nested deepest is given, since of a union all
            members are tried and the one that got furthest was meant.
        tags: values of the discriminators of unions, which pydantic counts as parts of a field's name.

    Returns:
        For example `model.dropout: input should be less than 1 (it is 2.0)`.
    """
    first = max(error.errors(include_url=False), key=lambda e: len(e["loc"]))
    parts = [str(part) for part in first["loc"] if part not in tags]
    field = ".".join(part for part in parts if not part.startswith(("constrained-", "tuple[")))
    match first["type"]:
        case "unexpected_keyword_argument" | "extra_forbidden":
            return f"unknown field {field}"
        case "union_tag_invalid":
            return (
                f"{field}.kind is {first['ctx']['tag']!r}: it must be one of {first['ctx']['expected_tags']}"
            )
        case (
            "value_error"
        ):  # from a validator of this library, whose message begins with the name of the field
            return ".".join(part for part in (field, str(first["ctx"]["error"])) if part)
    message = first["msg"][0].lower() + first["msg"][1:]
    value = first["input"]
    if first["type"] != "json_invalid" and isinstance(value, str | int | float | None):
        message += f" (it is {value!r})" if len(str(value)) <= _MAX_VALUE_LENGTH else ""
    return f"{field}: {message}" if field else message
