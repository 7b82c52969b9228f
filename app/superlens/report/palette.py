"""Colours of the printed page: ink, roles, states, and the colour maps of pictures and plates.

Plain numbers only: no Qt, no drawing. Roles carry a marker shape too, for grey prints.
"""

from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

INK = "#14181E"
INK2 = "#48525F"
"""Body of captions, axis text."""
INK3 = "#5B6674"
"""Labels of pairs, heads of tables, units."""
LINE = "#D8DDE4"
"""Dividers and grid lines: decoration only."""
CONTROL = "#77828F"
"""Bottom axis of a plot, edge of an empty well."""
ACCENT = "#1D5FD0"
SURFACE = "#F3F5F9"
"""Behind a callout."""
OK = "#12754A"
WARN = "#855300"
CANVAS = "#0D0E10"
"""Behind pictures, and (at 70 %) behind what is written on them."""
ON_CANVAS = "#F1F3F5"


class Role(StrEnum):
    """Which kind of image something shows or was measured on."""

    LOW = "low"
    SUPER = "super"
    HIGH = "high"
    SPREAD = "spread"


class Marker(StrEnum):
    """Shape of a point: the second sign of a role besides its colour."""

    CIRCLE = "circle"
    SQUARE = "square"
    DIAMOND = "diamond"
    TRIANGLE = "triangle"


ROLE_COLOUR = {
    Role.LOW: "#5F6B7A",
    Role.SUPER: "#1D5FD0",
    Role.HIGH: "#0A7063",
    Role.SPREAD: "#7A3FC4",
}
ROLE_ON_CANVAS = {
    Role.LOW: "#9AA6B5",
    Role.SUPER: "#62A6FF",
    Role.HIGH: "#3CC2AE",
    Role.SPREAD: "#C79BFF",
}
ROLE_MARKER = {
    Role.LOW: Marker.SQUARE,
    Role.SUPER: Marker.CIRCLE,
    Role.HIGH: Marker.DIAMOND,
    Role.SPREAD: Marker.TRIANGLE,
}

# Every 15th of the 256 published entries; between them a straight line, at most 7 of 255 off.
_STOPS = {
    # N. J. Smith, S. van der Walt, E. Firing: matplotlib colour maps, CC0.
    "magma": (
        "000004 090720 1A1042 311165 4A1079 621980 792282 912B81 AA337D "
        "C23B75 D9466B EC5860 F7725C FC8E64 FEAA74 FEC68A FDE2A3 FCFDBF"
    ),
    "viridis": (
        "440154 481769 472A7A 433D84 3D4E8A 355E8D 2E6D8E 297B8E 23898E "
        "1F978B 21A585 2EB37C 46C06F 65CB5E 89D548 B0DD2F D8E219 FDE725"
    ),
    # P. Kovesi: Good colour maps, arXiv:1509.03700 (CET-D1A), CC BY 4.0.
    "diverging": (
        "172972 1D3A9E 254CCA 4A60E3 6F77F0 8F8FFB ADA9FC C9C4F8 E3DEF2 "
        "F6DBD6 FCBAAC FC9782 F5745D E4533E D02E22 B4030E 8D0409 660702"
    ),
    "grey": "000000 FFFFFF",
}


def stops(name: str) -> tuple[str, ...]:
    """Give the colours of a map as evenly spaced `#RRGGBB` from its low to its high end."""
    return tuple(f"#{stop}" for stop in _STOPS[name].split())


def lookup(name: str) -> NDArray[np.uint8]:
    """Give a colour map (`magma`, `viridis`, `diverging`, `grey`) as 256 rows of RGB."""
    colours = np.array([_rgb(stop) for stop in stops(name)], float)
    at = np.linspace(0, 255, len(colours))
    columns = [np.interp(np.arange(256), at, colours[:, i]) for i in range(3)]
    return np.rint(np.stack(columns, axis=1)).astype(np.uint8)


def colour_at(name: str, fraction: float) -> str:
    """Give the colour of a map at a fraction (clipped to 0..1) as `#RRGGBB`."""
    index = round(min(max(fraction, 0.0), 1.0) * 255)
    return "#{:02X}{:02X}{:02X}".format(*(int(part) for part in lookup(name)[index]))


def readable_on(colour: str) -> str:
    """Give black or white: whichever is at least 4.5 : 1 against a colour (WCAG 2.1)."""
    parts = [part / 255 for part in _rgb(colour)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    return "#000000" if luminance > 0.179 else "#FFFFFF"


def _rgb(colour: str) -> tuple[int, int, int]:
    plain = colour.lstrip("#")
    return int(plain[0:2], 16), int(plain[2:4], 16), int(plain[4:6], 16)
