"""The colour, type and space tokens of the window: the only place with colour literals.

Contrast ratios are asserted by `tests/gui/test_tokens.py`; no Qt here.
"""

from dataclasses import dataclass
from enum import StrEnum


class Scheme(StrEnum):
    """A colour scheme."""

    LIGHT = "light"
    DARK = "dark"


@dataclass(frozen=True, slots=True)
class Tokens:
    """Every colour of one scheme as `#RRGGBB`."""

    window: str
    """Behind panels, menu row, status bar, start page."""
    surface: str
    """Panels, bars, plots, tables."""
    raised: str
    """Cards, secondary buttons, menus, tooltips."""
    hover: str
    """Hover, progress track, slider groove."""
    line: str
    """Dividers and card edges: decoration only."""
    control: str
    """Edge of text fields, combo boxes, check boxes, drop zone."""
    text: str
    text2: str
    text3: str
    accent: str
    fill: str
    on_fill: str
    tint: str
    ok: str
    ok_tint: str
    warn: str
    warn_tint: str
    bad: str
    bad_tint: str
    low: str
    """Role colour of low-resolution images."""
    sr: str
    """Role colour of super-resolved images."""
    high: str
    """Role colour of ground truth."""
    spread: str
    """Role colour of uncertainty and error."""
    canvas: str = "#0D0E10"
    """Image panes: the same in both schemes, as are the next entries."""
    on_canvas: str = "#F1F3F5"
    on_canvas2: str = "#9AA3AE"
    scale_bar: str = "#FFFFFF"
    canvas_low: str = "#9AA6B5"
    canvas_sr: str = "#62A6FF"
    canvas_high: str = "#3CC2AE"
    canvas_spread: str = "#C79BFF"
    drawn: str = "#FFD166"
    """Lines that the user draws, and outlines of nuclei."""
    second_region: str = "#9FB4CC"
    """Outlines of the second region of an object."""


DARK = Tokens(
    window="#14161A",
    surface="#1A1D22",
    raised="#22262C",
    hover="#2B3038",
    line="#2A2E35",
    control="#6E7885",
    text="#E9ECF0",
    text2="#ABB4BF",
    text3="#939DA9",
    accent="#62A6FF",
    fill="#2B6FD9",
    on_fill="#FFFFFF",
    tint="#1E2F47",
    ok="#4FC78E",
    ok_tint="#17302A",
    warn="#F2B63C",
    warn_tint="#352B18",
    bad="#FF7A76",
    bad_tint="#3A2124",
    low="#9AA6B5",
    sr="#62A6FF",
    high="#3CC2AE",
    spread="#C79BFF",
)

LIGHT = Tokens(
    window="#E9ECF0",
    surface="#F6F7F9",
    raised="#FFFFFF",
    hover="#E6EAEF",
    line="#D8DDE4",
    control="#77828F",
    text="#171B21",
    text2="#48525F",
    text3="#5B6674",
    accent="#1D5FD0",
    fill="#2063D4",
    on_fill="#FFFFFF",
    tint="#DFEAFC",
    ok="#12754A",
    ok_tint="#DDF1E7",
    warn="#855300",
    warn_tint="#FBEBCB",
    bad="#BE2730",
    bad_tint="#FBE2E1",
    low="#5F6B7A",
    sr="#1D5FD0",
    high="#0A7063",
    spread="#7A3FC4",
)

TOKENS = {Scheme.LIGHT: LIGHT, Scheme.DARK: DARK}

BLACK, WHITE = "#000000", "#FFFFFF"


class Size:
    """Type sizes in px."""

    AXIS = 11
    CAPTION = 12
    BODY = 13
    BLOCK = 15
    KEY = 20
    TITLE = 28


class Space:
    """The 4 px grid."""

    XS = 4
    S = 8
    M = 12
    L = 16
    XL = 24
    XXL = 32


def relative_luminance(colour: str) -> float:
    """Give the relative luminance of `#RRGGBB`, 0 (black) to 1 (white), after WCAG 2.1."""
    channels = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast_ratio(first: str, second: str) -> float:
    """Give the contrast ratio of two colours, 1 to 21, after WCAG 2.1."""
    lighter, darker = sorted((relative_luminance(first), relative_luminance(second)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def readable_on(ground: str) -> str:
    """Give black or white, whichever is readable on a colour: always at least 4.5 to 1."""
    return BLACK if relative_luminance(ground) > 0.179 else WHITE
