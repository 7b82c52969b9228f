"""Where images lie in the world: micrometres, or raw pixels where no pixel size is known. No Qt."""

import math
from dataclasses import dataclass, replace
from enum import StrEnum


class WorldUnit(StrEnum):
    """The unit of the axes that all panes share."""

    UM = "µm"
    PX = "px"


@dataclass(frozen=True, slots=True)
class Placement:
    """How big one pixel of an image is in the world, and where its corner lies."""

    pixel: float
    """Side of a pixel in world units."""
    unit: WorldUnit
    left: float = 0.0
    """World position of the left edge of the first column."""
    top: float = 0.0
    """World position of the upper edge of the first row."""

    def finer(self, scale: int) -> "Placement":
        """Give the placement of an image of the same field with `scale` times more pixels."""
        return replace(self, pixel=self.pixel / scale)

    def cut_at(self, column: int, row: int) -> "Placement":
        """Give the placement of a region that begins at a pixel of this image."""
        return replace(self, left=self.left + column * self.pixel, top=self.top + row * self.pixel)

    @property
    def caption(self) -> str:
        """The pixel size in words: `96.8 nm/px`, or what it is relative to the raw pixel."""
        if self.unit is WorldUnit.UM:
            return f"{length_text(self.pixel)}/px"
        return "pixel size unknown" if self.pixel == 1 else f"1/{round(1 / self.pixel)} raw px"


def placement_of(lateral_um: float | None) -> Placement:
    """Give the placement of a raw image: one pixel is one unit where its size is unknown."""
    return (
        Placement(1.0, WorldUnit.PX) if lateral_um is None else Placement(lateral_um, WorldUnit.UM)
    )


@dataclass(frozen=True, slots=True)
class BarLength:
    """A scale bar: how long in the world, and what stands over it."""

    world: float
    text: str


def bar_length(world_per_screen_px: float, room_px: float, unit: WorldUnit) -> BarLength:
    """Give the longest bar of length 1, 2 or 5 times a power of ten that fits.

    Args:
        world_per_screen_px: world units along one pixel of the screen.
        room_px: the most that the bar may take on the screen.
        unit: micrometres below 1 µm are told in nm; pixels are whole.
    """
    longest = world_per_screen_px * room_px
    power = 10.0 ** math.floor(math.log10(longest))
    step = next(factor for factor in (5, 2, 1) if factor * power <= longest * (1 + 1e-9))
    length = step * power
    if unit is WorldUnit.PX:
        length = max(length, 1.0)
        return BarLength(length, f"{length:.0f} px")
    return BarLength(length, length_text(length))


def length_text(um: float) -> str:
    """Give a length in µm as text with three digits: in nm below 1 µm, in mm from 1000 µm."""
    if um < 0.9995:
        return f"{_three_digits(um * 1000)} nm"
    return f"{_three_digits(um)} µm" if um < 999.5 else f"{_three_digits(um / 1000)} mm"


def _three_digits(value: float) -> str:
    digits = max(0, 2 - math.floor(math.log10(abs(value)))) if value else 0
    text = f"{value:.{digits}f}"
    return text.rstrip("0").rstrip(".") if "." in text and _is_round(value) else text


def _is_round(value: float) -> bool:
    return abs(value - round(value)) < 1e-6 * max(1.0, abs(value))


def count_text(value: float) -> str:
    """Give an intensity as text: whole from 100 on, thin spaces between thousands."""
    if not math.isfinite(value):
        return "–"
    digits = 0 if abs(value) >= 100 or value == round(value) else 1 if abs(value) >= 10 else 2
    return f"{value:,.{digits}f}".replace(",", "\u2009").replace("-", "−")
