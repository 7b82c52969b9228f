"""Round lengths and ticks: the scale bar of a picture and the axes of a plot.

Plain numbers only: no Qt, no drawing.
"""

import math
from dataclasses import dataclass
from itertools import pairwise

from superlens.report.words import count, round_length_um

_LONGEST_BAR = 0.3
"""Largest share of a picture's width that a scale bar takes."""


@dataclass(frozen=True, slots=True)
class ScaleBar:
    """A scale bar of a picture."""

    fraction: float
    """Its length in widths of the picture."""
    label: str


@dataclass(frozen=True, slots=True)
class Axis:
    """From values to fractions of a plot's side."""

    low: float
    high: float
    ticks: tuple[float, ...]
    is_log: bool = False

    def at(self, value: float) -> float:
        """Give where a value lies: 0 at the low end, 1 at the high end."""
        if self.is_log:
            span = math.log(self.high / self.low)
            return math.log(max(value, 1e-300) / self.low) / span
        return (value - self.low) / (self.high - self.low)

    @property
    def labels(self) -> tuple[str, ...]:
        """The ticks in words, all with the same number of decimals unless logarithmic."""
        if self.is_log:
            return tuple(f"{tick:g}" for tick in self.ticks)
        step = min((b - a for a, b in pairwise(self.ticks)), default=1.0)
        decimals = max(0, -math.floor(math.log10(step) + 1e-9))
        return tuple(f"{tick:.{decimals}f}".replace("-", "\u2212") for tick in self.ticks)


def scale_bar(width_px: float, pixel_um: float | None, px_name: str = "px") -> ScaleBar:
    """Give the scale bar of a picture: a length of 1, 2 or 5 times a power of ten.

    Args:
        width_px: width of the picture in its own pixels.
        pixel_um: size of one of these pixels; None labels the bar in pixels.
        px_name: what a pixel is called when its size is not known.
    """
    if pixel_um is None:
        length = max(_round_down(_LONGEST_BAR * width_px), 1.0)
        return ScaleBar(length / width_px, f"{count(length)} {px_name}")
    length = _round_down(_LONGEST_BAR * width_px * pixel_um)
    return ScaleBar(length / (width_px * pixel_um), round_length_um(length))


def linear_axis(low: float, high: float, most_steps: int = 5) -> Axis:
    """Give an axis over a range with round ticks, grown to whole steps but to no more of them."""
    if not (math.isfinite(low) and math.isfinite(high)):
        low, high = 0.0, 1.0
    if high <= low:
        low, high = low - 0.5, low + 0.5
    step = _step((high - low) / most_steps)
    while math.ceil(high / step - 1e-9) - math.floor(low / step + 1e-9) > most_steps:
        step = _step(step * 1.01)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    ticks = tuple(i * step for i in range(first, last + 1))
    return Axis(ticks[0], ticks[-1], ticks)


def log_axis(low: float, high: float) -> Axis:
    """Give a logarithmic axis over a positive range with ticks at 1 and 3 times powers of ten."""
    decades = math.log10(high / low)
    digits = (1.0, 3.0) if decades <= 3 else (1.0,)
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    ticks = tuple(d * 10.0**p for p in powers for d in digits)
    inside = tuple(tick for tick in ticks if low * 0.999 <= tick <= high * 1.001)
    margin = (high / low) ** 0.05 if high > low else 2.0
    return Axis(low / margin, high * margin, inside or (low, high), is_log=True)


def _round_down(length: float) -> float:
    power = 10.0 ** math.floor(math.log10(length))
    return max(d * power for d in (1.0, 2.0, 5.0) if d * power <= length * (1 + 1e-9))


def _step(rough: float) -> float:
    power = 10.0 ** math.floor(math.log10(rough))
    return next(d * power for d in (1.0, 2.0, 5.0, 10.0) if d * power >= rough * (1 - 1e-9))
