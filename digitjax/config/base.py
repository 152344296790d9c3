"""What the option classes have in common."""

from typing import Annotated, Any, ClassVar, get_args

from pydantic import ConfigDict, Field

Positive = Annotated[int, Field(ge=1)]
Fraction = Annotated[float, Field(ge=0, lt=1)]


class Options:
    """Base of all option classes: validation refuses unknown fields and other types."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid", strict=True, defer_build=True)


def options(union: Any) -> tuple[Any, ...]:
    """Return the option classes of a union such as `Model`."""
    return get_args(get_args(union)[0])
