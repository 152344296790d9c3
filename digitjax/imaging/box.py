"""The box around something in a picture."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Box:
    """Half-open intervals of pixels: columns x0 to x1, rows y0 to y1."""

    x0: int
    y0: int
    x1: int
    y1: int

    @property
    def height(self) -> int:
        """In pixels."""
        return self.y1 - self.y0

    @property
    def width(self) -> int:
        """In pixels."""
        return self.x1 - self.x0

    @property
    def size(self) -> int:
        """The longer side, in pixels."""
        return max(self.height, self.width)

    @property
    def corners(self) -> tuple[int, int, int, int]:
        """x0, y0, x1, y1."""
        return self.x0, self.y0, self.x1, self.y1
