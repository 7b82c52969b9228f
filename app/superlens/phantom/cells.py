"""Where cells and nuclei lie and what outline they have.

What they contain is drawn by the modules named after the specimens.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from superlens.phantom.specimen import Array, FineGrid, Labels
from superlens.phantom.texture import smooth_noise

_ATTEMPTS_PER_CELL = 30
_HARMONICS = 7


@dataclass(frozen=True, slots=True)
class Outline:
    """A closed curve around a centre: an ellipse with bulges."""

    centre: tuple[float, float]
    """(y, x) in fine pixels."""
    radius_px: float
    """Radius of the circle of about the same area."""
    elongation: float
    """Long over short axis, at least 1."""
    angle: float
    """Direction of the long axis in radians, 0 along +x."""
    bulges: tuple[complex, ...]
    """Relative amplitudes of the harmonics 2, 3, ... of the radius."""

    @property
    def reach_px(self) -> float:
        """Give a distance from the centre that the curve never exceeds."""
        swell = 1.0 + sum(abs(bulge) for bulge in self.bulges)
        return self.radius_px * math.sqrt(self.elongation) * swell

    def relative_radius(self, y: Array, x: Array) -> Array:
        """Give distance from the centre over the curve's in that direction: 1 on the curve."""
        dy, dx = y - np.float32(self.centre[0]), x - np.float32(self.centre[1])
        cos, sin = np.float32(np.cos(self.angle)), np.float32(np.sin(self.angle))
        stretch = np.float32(np.sqrt(self.elongation))
        long, short = (dx * cos + dy * sin) / stretch, (dy * cos - dx * sin) * stretch
        turn = (long + 1j * short).astype(np.complex64)
        length = np.abs(turn)
        turn /= np.maximum(length, np.float32(1e-6))
        wall, power = np.ones_like(length), turn
        for bulge in self.bulges:
            power = power * turn
            wall += (np.complex64(bulge) * power).real
        wall = np.maximum(wall, np.float32(0.2)) * np.float32(self.radius_px)
        return (length / wall).astype(np.float32)

    def window(self, shape: tuple[int, int], reach: float = 1.0) -> tuple[slice, slice]:
        """Give the part of the field that the curve, enlarged `reach` times, can touch."""
        half = self.reach_px * reach + 2.0
        bounds = []
        for centre, length in zip(self.centre, shape, strict=True):
            start = int(np.clip(np.floor(centre - half), 0, length))
            bounds.append(slice(start, int(np.clip(np.ceil(centre + half) + 1, start, length))))
        return bounds[0], bounds[1]


@dataclass(frozen=True, slots=True)
class OutlineStyle:
    """How a population of outlines varies."""

    radius_px: float
    spread: float = 0.15
    """Relative standard deviation of the radius."""
    longest: float = 1.8
    """Largest elongation."""
    roughness: float = 0.06
    """Size of the bulges relative to the radius."""


def random_outline(
    centre: tuple[float, float], style: OutlineStyle, rng: np.random.Generator
) -> Outline:
    """Draw one outline."""
    order = np.arange(2, 2 + _HARMONICS)
    amplitude = (
        style.roughness * np.minimum(rng.rayleigh(1.0, _HARMONICS), 2.0) * (2.0 / order) ** 1.4
    )
    bulges = amplitude * np.exp(2j * np.pi * rng.random(_HARMONICS))
    return Outline(
        centre=centre,
        radius_px=style.radius_px * float(np.exp(style.spread * rng.standard_normal())),
        elongation=1.0 + (style.longest - 1.0) * float(rng.beta(1.5, 2.5)),
        angle=float(rng.uniform(0, np.pi)),
        bulges=tuple(complex(bulge) for bulge in bulges),
    )


def scatter(
    grid: FineGrid, spacing_px: float, count: int, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Scatter up to `count` centres, no two closer than `spacing_px`, some just outside the field.

    The first one lies well inside, so that no field is empty.

    Returns:
        (N, 2) positions (y, x), N at most `count`.
    """
    margin = min(spacing_px, 0.5 * max(grid.shape))
    low, high = -margin, np.array(grid.shape) + margin
    kept = np.empty((count, 2))
    kept[0] = rng.uniform(0.2, 0.8, 2) * grid.shape
    found = 1
    for candidate in rng.uniform(low, high, (count * _ATTEMPTS_PER_CELL, 2)):
        if found == count:
            break
        gaps = ((kept[:found] - candidate) ** 2).sum(axis=1)
        if gaps.min() >= spacing_px**2:
            kept[found] = candidate
            found += 1
    return kept[:found]


def cell_count(grid: FineGrid, spacing_px: float, filling: float) -> int:
    """Give how many cells fill a share of the field and its surroundings, at least 1."""
    margin = min(spacing_px, 0.5 * max(grid.shape))
    area = (grid.height + 2 * margin) * (grid.width + 2 * margin)
    return max(1, round(filling * area / spacing_px**2))


@dataclass(frozen=True, slots=True)
class Territories:
    """Which cell owns each pixel."""

    labels: Labels
    """(Y, X) int32: 0 outside, k + 1 inside outline k."""
    relative_radius: Array
    """(Y, X) 0 at the owner's centre, 1 at its free edge, larger outside."""


def territories(
    shape: tuple[int, int], outlines: tuple[Outline, ...], warp: tuple[Array, Array] | None = None
) -> Territories:
    """Share the field between outlines; where two overlap the deeper one wins.

    Args:
        shape: (Y, X).
        outlines: one per cell.
        warp: displacement (dy, dx) in pixels, (Y, X) each, that makes the edges irregular.
    """
    labels = np.zeros(shape, np.int32)
    best = np.full(shape, np.inf, np.float32)
    rows, columns = np.indices(shape, dtype=np.float32)
    slack = 1.5
    if warp is not None:
        rows, columns = rows + warp[0], columns + warp[1]
    for index, outline in enumerate(outlines):
        window = outline.window(shape, slack)
        relative = outline.relative_radius(rows[window], columns[window])
        wins = relative < best[window]
        best[window][wins] = relative[wins]
        labels[window][wins & (relative < 1.0)] = index + 1
    return Territories(labels, np.minimum(best, np.float32(slack)))


def random_warp(
    shape: tuple[int, int], size_px: float, detail_px: float, rng: np.random.Generator
) -> tuple[Array, Array]:
    """Draw a displacement field of standard deviation `size_px` with coarse and fine parts."""
    fields = []
    for _ in range(2):
        coarse = smooth_noise(shape, 4.0 * detail_px, rng)
        fine = smooth_noise(shape, detail_px, rng)
        fields.append(np.float32(size_px) * (0.85 * coarse + 0.5 * fine))
    return fields[0], fields[1]


def inside(outline: Outline, shape: tuple[int, int]) -> tuple[tuple[slice, slice], Array]:
    """Give a window and the share of each of its pixels inside the outline (soft edge, 1 px)."""
    window = outline.window(shape)
    rows, columns = np.mgrid[window].astype(np.float32)
    relative = outline.relative_radius(rows, columns)
    depth = (1.0 - relative) * np.float32(outline.radius_px)
    return window, np.clip(depth + 0.5, 0.0, 1.0).astype(np.float32)
