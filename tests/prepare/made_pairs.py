"""Pairs whose placement is known exactly: spots drawn where a formula puts them, with noise."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Float = NDArray[np.float64]


@dataclass(frozen=True)
class MadePair:
    """How a pair is made; places in low-resolution pixels."""

    seed: int = 0
    side: int = 128
    scale: int = 2
    spots: int = 250
    shift: tuple[float, float] = (0.0, 0.0)
    """By how much the high picture is displaced."""
    matrix: tuple[float, float, float, float] = (1.0, 0.0, 0.0, 1.0)
    """Turns and stretches the high picture about its middle."""
    low_sigma: float = 1.6
    """Of the optics of the low picture, in low-resolution pixels."""
    high_sigma: float = 0.8
    photons: float = 60.0
    """Of a spot's brightest low-resolution pixel."""
    high_photons: float = 400.0
    noise_seed: int = 0

    def low(self) -> NDArray[np.uint16]:
        """Give the low picture: expected photons, camera noise and an offset."""
        expected = _drawn(self._places(), self.side, 1, self.low_sigma) * self.photons
        return _read_out(expected, self.noise_seed)

    def high(self) -> NDArray[np.uint16]:
        """Give the high picture."""
        middle = (self.side - 1) / 2
        turned = (self._places() - middle) @ np.reshape(self.matrix, (2, 2)).T + middle
        expected = _drawn(turned + self.shift, self.side, self.scale, self.high_sigma)
        return _read_out(expected * self.high_photons, self.noise_seed + 1000)

    def _places(self) -> Float:
        # Spots gather along a few curves, so that the picture is no even carpet.
        rng = np.random.default_rng(self.seed)
        starts = rng.uniform(-0.1, 1.1, (self.spots // 25, 1, 2)) * self.side
        steps = rng.normal(0, 1.2, (self.spots // 25, 25, 2)) + rng.normal(
            0, 2.5, (self.spots // 25, 1, 2)
        )
        return (starts + steps.cumsum(axis=1)).reshape(-1, 2)


def _drawn(places: Float, side: int, scale: int, sigma: float) -> Float:
    """Draw spots of unit height; places and sigma in low-resolution pixels."""
    centres = (np.arange(side * scale) + 0.5) / scale - 0.5
    rows = np.exp(-0.5 * ((centres[None] - places[:, :1]) / sigma) ** 2)
    columns = np.exp(-0.5 * ((centres[None] - places[:, 1:]) / sigma) ** 2)
    return rows.T @ columns


def _read_out(expected: Float, seed: int) -> NDArray[np.uint16]:
    rng = np.random.default_rng(seed)
    return (
        (rng.poisson(expected + 5.0) + 100.0 + rng.normal(0, 2, expected.shape))
        .round()
        .astype(np.uint16)
    )
