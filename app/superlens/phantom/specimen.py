"""The records of a specimen: what fluoresces where, and what is known about it.

Drawing lives in the modules named after the specimens; light and camera in `optics`, `camera` and
`microscope`.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]
Labels = NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class FineGrid:
    """The grid on which a specimen is drawn, at least as fine as the pixels of any camera."""

    height: int
    width: int
    pixel_nm: float
    """Side of one fine pixel in nanometres."""

    @property
    def shape(self) -> tuple[int, int]:
        """Give (height, width)."""
        return self.height, self.width

    @property
    def area_um2(self) -> float:
        """Give the area of the field in square micrometres."""
        return self.height * self.width * (self.pixel_nm / 1000.0) ** 2

    def px(self, nanometres: float) -> float:
        """Give a length in fine pixels."""
        return nanometres / self.pixel_nm

    def um_px(self, micrometres: float) -> float:
        """Give a length in fine pixels."""
        return 1000.0 * micrometres / self.pixel_nm


@dataclass(frozen=True, slots=True)
class Channel:
    """One label of a specimen."""

    name: str
    density: Array
    """(Y, X) float32, fluorophores per fine pixel in arbitrary units, nowhere negative."""


@dataclass(frozen=True, slots=True)
class Truth:
    """What is known about a specimen; each kind of specimen has its own record below this one."""


@dataclass(frozen=True, slots=True)
class Specimen:
    """Something to look at, with its truth."""

    name: str
    pixel_nm: float
    channels: tuple[Channel, ...]
    truth: Truth

    def channel(self, name: str) -> Channel:
        """Give the channel of that name; a name that is not there is the caller's mistake."""
        return next(channel for channel in self.channels if channel.name == name)
