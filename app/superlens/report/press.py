"""What a page needs to be printed with: text, lines, rectangles, drawings, pictures.

All lengths in px at 96 dpi, y downwards. `pdf.py` is the one that prints; layout knows only this.
"""

from dataclasses import dataclass
from typing import Protocol

from superlens.report.blocks import Raster
from superlens.report.lettering import TextStyle
from superlens.report.palette import INK, INK2, INK3

TITLE = TextStyle(24, 600, line_height=30)
HEAD = TextStyle(13, 600, line_height=18)
BODY = TextStyle(10.5, 400, INK2, 15)
BODY_STRONG = TextStyle(10.5, 500, INK, 15)
SUBTITLE = TextStyle(11, 400, INK2, 15)
CAPTION = TextStyle(9.5, 400, INK2, 13.2)
CAPTION_LABEL = TextStyle(9.5, 600, INK, 13.2)
SMALL = TextStyle(9, 400, INK3, 12.5)
SMALL_STRONG = TextStyle(9, 500, INK, 12.5)
KEY_LABEL = TextStyle(9, 400, INK2, 13)
KEY_VALUE = TextStyle(20, 600, INK, 25)
KEY_ASIDE = TextStyle(10, 500, INK2, 14)
BRAND = TextStyle(11, 600, INK, 15)
TABLE_HEAD = TextStyle(9, 500, INK3, 12)
TABLE_CELL = TextStyle(9.5, 400, INK2, 13)
TABLE_STRONG = TextStyle(9.5, 600, INK, 13)


@dataclass(frozen=True, slots=True)
class Span:
    """A run of text in one style."""

    text: str
    style: TextStyle


class Lines(Protocol):
    """Text that was broken into lines of some width."""

    @property
    def height(self) -> float:
        """Of all lines."""
        ...

    def draw(self, x: float, y: float) -> None:
        """Print the lines with their top left corner at (x, y)."""
        ...


class Press(Protocol):
    """A page under the hand."""

    def lines(self, spans: tuple[Span, ...], width: float) -> Lines:
        """Break text into lines; words longer than a line are broken too."""
        ...

    def width_of(self, text: str, style: TextStyle) -> float:
        """Give how wide one line of text is."""
        ...

    def text(
        self, text: str, at: tuple[float, float], style: TextStyle, anchor: str = "start"
    ) -> None:
        """Print one line; `at` is the start or the end of its baseline, as `anchor` says."""
        ...

    def line(
        self, ends: tuple[float, float, float, float], colour: str, width: float = 1.0
    ) -> None:
        """Print a straight line (x1, y1, x2, y2)."""
        ...

    def rect(self, box: tuple[float, float, float, float], fill: str, radius: float = 0.0) -> None:
        """Print a filled rectangle (x, y, width, height)."""
        ...

    def svg(self, svg: str, box: tuple[float, float, float, float]) -> None:
        """Print a drawing into a rectangle."""
        ...

    def picture(self, raster: Raster, box: tuple[float, float, float, float]) -> None:
        """Print pixels into a rectangle, without loss."""
        ...
