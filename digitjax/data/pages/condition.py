"""What a condition is: how digits are laid out, written, lit and taken."""

from dataclasses import dataclass

from digitjax.data.pages.colors import Colors, pair
from digitjax.data.pages.fields import Step
from digitjax.data.pages.files import Encoder
from digitjax.data.pages.layout import Layout
from digitjax.data.pages.strokes import StrokeStep

BLACK_ON_WHITE = pair(1.0, 0.0)
WHITE_ON_BLACK = pair(0.0, 1.0)


@dataclass(frozen=True)
class Condition:
    """One way to show digits. The steps of each stage follow one another; the stages do so in this order."""

    layout: Layout
    """Where the digits are."""
    count: tuple[int, int] = (1, 1)
    """Fewest and most digits of a page."""
    strokes: tuple[StrokeStep, ...] = ()
    """What the pen leaves of their strokes."""
    colors: Colors = BLACK_ON_WHITE
    """Of the paper and the pen."""
    paper: tuple[Step, ...] = ()
    """What the paper is like and what else is on it."""
    light: tuple[Step, ...] = ()
    camera: tuple[Step, ...] = ()
    file: Encoder | None = None
    """How the page is saved; None for pixels."""
    drawings: tuple[str, ...] = ()
    """Kinds of `digitjax.data.outliers` that are shown in the place of digits."""

    @property
    def shows_digits(self) -> bool:
        """Whether its pages show digits."""
        return self.count[1] > 0 and not self.drawings
