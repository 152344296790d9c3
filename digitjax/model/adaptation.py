"""The result of adapting a classifier to a person, as the adaptation.json of the adapted run keeps it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from digitjax.runs import Run, integrity

FILE = "adaptation.json"
"""File of an adapted run: what it was adapted to, and the errors before and after."""


@dataclass(frozen=True)
class Comparison:
    """Errors of a model on the same digits before and after it was adapted."""

    digits: int
    before: int
    """Digits that were predicted wrongly before."""
    after: int
    """The same after the adaptation."""

    def to_dict(self) -> dict[str, Any]:
        """Return the errors and the accuracies as JSON."""
        return {
            "digits": self.digits,
            "errors_before": self.before,
            "errors_after": self.after,
            "accuracy_before": 1 - self.before / self.digits,
            "accuracy_after": 1 - self.after / self.digits,
        }


@dataclass(frozen=True)
class Adaptation:
    """The result of an adaptation."""

    name: str
    """Name of the adapted run."""
    path: Path | None
    """Its folder; None if it was not kept."""
    base: str
    """Name of the run that was adapted."""
    created: str
    """Date and time in UTC, as in ISO 8601."""
    person: Comparison
    """The person's digits, each predicted by a layer that was not fitted to it."""
    reference: Comparison
    """Digits of other people: those of scikit-learn that were not used."""
    validation: Comparison | None
    """The validation split of the base's data set; None if that is not prepared here."""
    mixed_up: tuple[tuple[int, int, int, int], ...]
    """True digit, predicted digit, and how often before and after, for each pair that was mixed up."""
    reason: str
    """Why it was not kept; empty if it was."""
    seconds: float
    """Duration, without starting Python."""

    def describe(self) -> str:
        """Format the result for a terminal."""
        compared = {
            "your digits, held out in turn": self.person,
            "other people's (scikit-learn)": self.reference,
            "validation split": self.validation,
        }
        lines = [f"{'accuracy on':<32}digits    before     after    errors"]
        for title, c in compared.items():
            if c is not None:
                before, after = (1 - errors / c.digits for errors in (c.before, c.after))
                lines.append(
                    f"{title:<32}{c.digits:>6,}{before:>10.2%}{after:>10.2%}{f'{c.before} to {c.after}':>10}"
                )
        lines += [
            f"{true} predicted as {predicted}: {before} before, {after} after"
            for true, predicted, before, after in self.mixed_up
        ]
        if self.path is None:
            return "\n".join([*lines, f"not kept: {self.reason}"])
        return "\n".join([*lines, f"saved {self.path}; `digitjax runs delete` undoes it"])

    def to_dict(self) -> dict[str, Any]:
        """Return the result as JSON."""
        return {
            "name": self.name,
            "path": self.path and str(self.path),
            "kept": self.path is not None,
            "reason": self.reason,
            "base": self.base,
            "created": self.created,
            "person": self.person.to_dict(),
            "reference": self.reference.to_dict(),
            "validation": self.validation and self.validation.to_dict(),
            "mixed_up": [
                dict(zip(("true", "predicted", "before", "after"), row, strict=True)) for row in self.mixed_up
            ],
            "seconds": round(self.seconds, 2),
        }


def read(run: Run) -> dict[str, Any] | None:
    """Return the result of the adaptation that created a run, as `Adaptation.to_dict`; None if it is no adapted run.

    Raises:
        InputError: the file is damaged.
    """
    return integrity.read_own(run, run.path / FILE) if (run.path / FILE).exists() else None
