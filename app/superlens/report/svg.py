"""Drawings as SVG text: the few shapes that browsers and the PDF printer draw alike.

Only SVG Tiny 1.2 features that QSvgRenderer knows; no styles, no scripts, no clip paths.
"""

import zlib
from html import escape

from superlens.report.lettering import TextStyle, text_width
from superlens.report.palette import Marker

FONT_FAMILY = "Inter"


class Drawing:
    """A drawing that grows shape by shape; x to the right, y downwards, in px at 96 dpi."""

    def __init__(self, width: float, height: float) -> None:
        self.width = width
        self.height = height
        self._parts: list[str] = []

    def rect(
        self,
        box: tuple[float, float, float, float],
        fill: str = "none",
        *,
        opacity: float = 1.0,
        radius: float = 0.0,
        edge: tuple[str, float] | None = None,
    ) -> None:
        """Draw a rectangle (x, y, width, height), its edge of some colour and width if wanted."""
        x, y, width, height = box
        stroke = f' stroke="{edge[0]}" stroke-width="{_n(edge[1])}"' if edge is not None else ""
        rounded = f' rx="{_n(radius)}"' if radius else ""
        see = f' fill-opacity="{_n(opacity)}"' if opacity < 1 else ""
        self._parts.append(
            f'<rect x="{_n(x)}" y="{_n(y)}" width="{_n(width)}" height="{_n(height)}"'
            f'{rounded} fill="{fill}"{see}{stroke}/>'
        )

    def line(
        self,
        ends: tuple[float, float, float, float],
        stroke: str,
        width: float = 1.0,
        *,
        dash: str = "",
    ) -> None:
        """Draw a straight line (x1, y1, x2, y2)."""
        dashed = f' stroke-dasharray="{dash}"' if dash else ""
        x1, y1, x2, y2 = (_n(value) for value in ends)
        self._parts.append(
            f'<line x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}" stroke="{stroke}"'
            f' stroke-width="{_n(width)}"{dashed}/>'
        )

    def path(self, data: str, fill: str = "none", stroke: str = "none", width: float = 1.0) -> None:
        """Draw a path from its SVG path data."""
        self._parts.append(
            f'<path d="{data}" fill="{fill}" stroke="{stroke}" stroke-width="{_n(width)}"'
            ' stroke-linejoin="round" stroke-linecap="round"/>'
        )

    def circle(self, centre: tuple[float, float], radius: float, fill: str) -> None:
        """Draw a disc."""
        x, y = centre
        self._parts.append(f'<circle cx="{_n(x)}" cy="{_n(y)}" r="{_n(radius)}" fill="{fill}"/>')

    def marker(self, shape: Marker, centre: tuple[float, float], radius: float, fill: str) -> None:
        """Draw the point of a series: the same area for every shape."""
        x, y = centre
        match shape:
            case Marker.CIRCLE:
                self.circle(centre, radius, fill)
            case Marker.SQUARE:
                side = 1.77 * radius
                self.rect((x - side / 2, y - side / 2, side, side), fill)
            case Marker.DIAMOND:
                r = 1.25 * radius
                self._polygon(((x, y - r), (x + r, y), (x, y + r), (x - r, y)), fill)
            case Marker.TRIANGLE:
                r = 1.55 * radius
                self._polygon(
                    ((x, y - r), (x + 0.87 * r, y + r / 2), (x - 0.87 * r, y + r / 2)), fill
                )

    def text(
        self, text: str, at: tuple[float, float], style: TextStyle, anchor: str = "start"
    ) -> None:
        """Write a line of text; `at` is its baseline's start, middle or end as `anchor` says."""
        x, y = at
        # A browser without our font squeezes its own into the width that was planned for.
        self._parts.append(
            f'<text x="{_n(x)}" y="{_n(y)}" textLength="{_n(text_width(text, style))}"'
            f' lengthAdjust="spacingAndGlyphs" font-family="{FONT_FAMILY}"'
            f' font-size="{_n(style.size)}" font-weight="{style.weight}" text-anchor="{anchor}"'
            f' fill="{style.colour}">{escape(text)}</text>'
        )

    def ramp(self, box: tuple[float, float, float, float], colours: tuple[str, ...]) -> None:
        """Draw a rectangle filled with evenly spaced colours from left to right."""
        # The name holds the colours, so that drawings in one page may share it without harm.
        name = f"ramp-{zlib.crc32(' '.join(colours).encode()):08x}"
        last = max(len(colours) - 1, 1)
        inner = "".join(
            f'<stop offset="{_n(i / last)}" stop-color="{colour}"/>'
            for i, colour in enumerate(colours)
        )
        self._parts.append(
            f'<defs><linearGradient id="{name}" x1="0" y1="0" x2="1" y2="0">{inner}'
            "</linearGradient></defs>"
        )
        self.rect(box, f"url(#{name})")

    def inner(self) -> str:
        """Give the shapes without the frame around them."""
        return "".join(self._parts)

    def svg(self) -> str:
        """Give the whole drawing as an SVG document without a declaration."""
        width, height = _n(self.width), _n(self.height)
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}"'
            f' width="{width}" height="{height}">{self.inner()}</svg>'
        )

    def _polygon(self, corners: tuple[tuple[float, float], ...], fill: str) -> None:
        points = " ".join(f"{_n(x)},{_n(y)}" for x, y in corners)
        self._parts.append(f'<polygon points="{points}" fill="{fill}"/>')


def _n(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".") if value == value else "0"
