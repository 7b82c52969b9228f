"""Pictures as whole grey levels, in which the prior of the gradients is stated.

NumPy alone.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from superlens.core.errors import InvalidInput
from superlens.core.method import Array

LEVELS = 255
"""The brightest grey level of 8 bit."""

GreyLevels = NDArray[np.int64]
"""(Y, X) whole grey levels; 8-bit ones lie in 0..255, others may lie beyond."""

_LEAST_SIDE = 3
"""Derivatives are taken of pixels that have neighbours on all sides."""


@dataclass(frozen=True, slots=True)
class GreyScale:
    """A straight line from the units of a picture to grey levels."""

    black: float
    """The value that is grey level 0."""
    white: float
    """The value that is grey level 255."""

    def levels(self, picture: NDArray[Any]) -> GreyLevels:
        """Give the nearest grey levels; values outside of black and white go beyond 0..255."""
        exact = (picture.astype(np.float64) - self.black) * (LEVELS / (self.white - self.black))
        return np.rint(exact).astype(np.int64)

    def eight_bit(self, picture: NDArray[Any]) -> GreyLevels:
        """Give the nearest grey levels in 0..255."""
        return np.clip(self.levels(picture), 0, LEVELS)

    def values(self, levels: GreyLevels) -> Array:
        """Give what grey levels stand for, in the units of the picture."""
        step = (self.white - self.black) / LEVELS
        return (levels * step + self.black).astype(np.float32)


EIGHT_BIT = GreyScale(0.0, float(LEVELS))
"""Of pictures that hold grey levels already."""

UNIT = GreyScale(0.0, 1.0)
"""Of pictures normalised as a network sees them."""


def own_scale(picture: NDArray[Any]) -> GreyScale:
    """Give the grey scale between the extremes of a picture; 8-bit pictures keep their levels.

    Raises:
        InvalidInput: as `require_picture`, or all pixels are the same.
    """
    require_picture(picture)
    if picture.dtype == np.uint8:
        return EIGHT_BIT
    lowest, highest = float(picture.min()), float(picture.max())
    if lowest == highest:
        raise InvalidInput(
            f"Every pixel has the same value, {lowest:g}: there are no gradients",
            "Check that the right file and channel were chosen",
        )
    return GreyScale(lowest, highest)


def require_picture(picture: NDArray[Any]) -> None:
    """Make sure that derivatives can be taken of a picture.

    Raises:
        InvalidInput: it is not a plane, too small, or holds values that are no numbers.
    """
    if picture.ndim != 2 or min(picture.shape) < _LEAST_SIDE:
        size = " x ".join(str(side) for side in picture.shape)
        raise InvalidInput(
            f"A picture of {size} pixels has no gradient statistics",
            f"Give a single plane of at least {_LEAST_SIDE} x {_LEAST_SIDE} pixels",
        )
    missing = int(picture.size - np.isfinite(picture).sum())
    if missing:
        raise InvalidInput(
            f"{missing} of {picture.size} pixels are NaN or infinite",
            "Replace them, for instance by the median of their neighbours, and try again",
        )
