"""Bounding boxes."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Box:
    """A bounding box in pixels: columns x0 to x1 and rows y0 to y1, both half-open."""

    x0: int
    y0: int
    x1: int
    y1: int

    @property
    def height(self) -> int:
        """Height in pixels."""
        return self.y1 - self.y0

    @property
    def width(self) -> int:
        """Width in pixels."""
        return self.x1 - self.x0

    @property
    def size(self) -> int:
        """Longer side in pixels."""
        return max(self.height, self.width)

    @property
    def corners(self) -> tuple[int, int, int, int]:
        """x0, y0, x1, y1."""
        return self.x0, self.y0, self.x1, self.y1
