"""Filaments: microtubules from a centre, stress fibres side by side, or a mesh that branches.

Some lie out of focus, all vary in brightness along their length, and the cell around them glows
faintly.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from superlens.phantom.cells import (
    Outline,
    OutlineStyle,
    cell_count,
    random_outline,
    random_warp,
    scatter,
    territories,
)
from superlens.phantom.specimen import Array, Channel, FineGrid, Specimen, Truth
from superlens.phantom.strokes import Points, Wander, along, densified, splat, wander
from superlens.phantom.texture import blurred, fractal_noise, smooth_noise

_STEP_PX = 3.0
_DENSITY_OF_POINTS = 6
_WIDTH_CLASSES = 3


@dataclass(frozen=True, slots=True)
class FilamentTruth(Truth):
    """Where the filaments in focus run."""

    centre_lines: NDArray[np.float32]
    """(N, M, 2) points (y, x) in fine pixels; NaN where a filament has ended."""
    widths_nm: tuple[float, ...]
    """Full width at half maximum of each of the N filaments."""


@dataclass(frozen=True, slots=True)
class _Bundle:
    """Filaments of one kind before they are drawn."""

    curves: Points  # (N, M, 2)
    weights: NDArray[np.float64]  # (N, M), 0 where a filament has ended
    widths_nm: NDArray[np.float64]  # (N,)


def filaments(grid: FineGrid, rng: np.random.Generator) -> Specimen:
    """Draw a field of filaments of a random kind."""
    mask = _cell_shape(grid, rng)
    kinds = (_microtubules, _stress_fibres, _mesh)
    main = rng.choice(len(kinds), p=(0.4, 0.35, 0.25))
    bundle = kinds[main](grid, rng)
    density = _draw(grid, bundle, rng) * mask
    if rng.random() < 0.35:
        other = kinds[rng.integers(len(kinds))](grid, rng)
        density += np.float32(rng.uniform(0.1, 0.7)) * _draw(grid, other, rng) * mask
    density = density / np.float32(_bright_level(density))
    density += _out_of_focus(grid, kinds[main], rng) * mask
    density += _cytoplasm(grid, mask, rng)
    lines = np.where(bundle.weights[..., None] > 0, bundle.curves, np.nan).astype(np.float32)
    truth = FilamentTruth(lines, tuple(float(width) for width in bundle.widths_nm))
    return Specimen("filaments", grid.pixel_nm, (Channel("filaments", density),), truth)


def _microtubules(grid: FineGrid, rng: np.random.Generator) -> _Bundle:
    """Let long wavy filaments grow out of one or two centres that may lie outside the field."""
    span = max(grid.shape)
    centres = rng.uniform(-0.4, 1.4, (rng.integers(1, 3), 2)) * span
    count = int(rng.uniform(40, 200))
    steps = int(1.3 * span / _STEP_PX)
    bend_px = grid.um_px(rng.uniform(4.0, 18.0))
    how = Wander(_STEP_PX, steps, 1.0 / max(bend_px, 60.0), max(bend_px * 0.4, 30.0))
    # Many start anywhere: a thin section shows few filaments all the way back to the centre.
    free = rng.random(count) < rng.uniform(0.2, 0.8)
    origin = centres[rng.integers(len(centres), size=count)]
    starts = origin + rng.normal(0, 0.03 * span, (count, 2))
    starts[free] = rng.uniform(0, 1, (int(free.sum()), 2)) * grid.shape
    outward = np.arctan2(*(starts - origin).T)
    headings = np.where(free, outward + rng.normal(0, 0.5, count), rng.uniform(0, 2 * np.pi, count))
    curves = wander(starts, headings, how, rng)
    length = rng.uniform(0.25, 1.3, count) * steps
    width = rng.uniform(25.0, 60.0) * np.ones(count)
    return _Bundle(curves, _brightness(length, steps, 0.3, rng), width)


def _stress_fibres(grid: FineGrid, rng: np.random.Generator) -> _Bundle:
    """Lay straight fibres of uneven thickness along a slowly turning direction."""
    span = max(grid.shape)
    directions = rng.uniform(0, np.pi) + rng.uniform(0.1, 0.5) * smooth_noise(
        grid.shape, span / rng.uniform(1.0, 3.0), rng
    )
    spacing = max(grid.um_px(float(np.exp(rng.uniform(np.log(0.3), np.log(2.0))))), 3.0)
    count = int(np.clip(4.0 * span / spacing, 60, 420))
    steps = int(0.9 * span / _STEP_PX)
    starts = rng.uniform(-0.3, 1.1, (count, 2)) * grid.shape
    row = np.clip(starts[:, 0].astype(int), 0, grid.height - 1)
    column = np.clip(starts[:, 1].astype(int), 0, grid.width - 1)
    headings = directions[row, column] + rng.normal(0, 0.12, count)
    how = Wander(_STEP_PX, steps, 0.002, 60.0, obedience=0.03)
    curves = wander(starts, headings.astype(np.float64), how, rng, directions)
    length = rng.beta(1.2, 1.6, count) * steps
    width = np.exp(rng.normal(np.log(150.0), 0.6, count))
    return _Bundle(curves, _brightness(length, steps, 0.8, rng), width)


def _mesh(grid: FineGrid, rng: np.random.Generator) -> _Bundle:
    """Grow short filaments, each branch starting on an earlier filament."""
    generations = int(rng.integers(2, 4))
    count = int(rng.uniform(25, 90))
    steps = int(rng.uniform(0.15, 0.6) * max(grid.shape) / _STEP_PX)
    bend_px = max(grid.um_px(rng.uniform(1.0, 6.0)), 30.0)
    how = Wander(_STEP_PX, steps, 1.0 / bend_px, max(0.4 * bend_px, 15.0))
    starts = rng.uniform(-0.1, 1.1, (count, 2)) * grid.shape
    headings = rng.uniform(0, 2 * np.pi, count)
    curves = [wander(starts, headings, how, rng)]
    for _ in range(generations - 1):
        parents = rng.integers(len(curves[-1]), size=count)
        places = rng.integers(1, steps, size=count)
        starts = curves[-1][parents, places]
        before = curves[-1][parents, places - 1]
        side = rng.choice((-1.0, 1.0), count)
        headings = np.arctan2(*(starts - before).T) + side * rng.uniform(0.3, 1.3, count)
        curves.append(wander(starts, headings, how, rng))
    joined = np.concatenate(curves)
    length = rng.uniform(0.3, 1.2, len(joined)) * steps
    width = np.exp(rng.normal(np.log(60.0), 0.4, len(joined)))
    return _Bundle(joined, _brightness(length, steps, 0.5, rng), width)


def _brightness(
    length: NDArray[np.float64], steps: int, variety: float, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Give each filament a brightness that varies along it and ends smoothly at its length."""
    count = len(length)
    each = np.exp(variety * rng.standard_normal((count, 1)))
    slow = np.exp(0.25 * along(count, steps, 20.0, rng))
    taper = rng.uniform(2.0, 16.0, (count, 1))
    place = np.arange(steps)
    ends = np.clip((length[:, None] - place) / taper, 0.0, 1.0) * np.clip((place + 1) / taper, 0, 1)
    return each * slow * ends


def _draw(grid: FineGrid, bundle: _Bundle, rng: np.random.Generator) -> Array:
    """Draw filaments in a few classes of width, with labels sitting at random places along them."""
    points = densified(bundle.curves, _DENSITY_OF_POINTS)
    weights = densified(bundle.weights, _DENSITY_OF_POINTS)
    grains = rng.uniform(0.3, 4.0) * grid.pixel_nm / 60.0
    weights = weights * rng.gamma(grains, 1.0 / grains, weights.shape)
    order = np.argsort(bundle.widths_nm)
    density = np.zeros(grid.shape, np.float32)
    for members in np.array_split(order, _WIDTH_CLASSES):
        if len(members):
            sigma = grid.px(float(np.median(bundle.widths_nm[members]))) / 2.355
            density += blurred(splat(grid.shape, points[members], weights[members]), sigma)
    return density


def _out_of_focus(grid: FineGrid, kind, rng: np.random.Generator) -> Array:
    """Give filaments of the same kind that lie above or below the focus."""
    strength = rng.choice((0.0, rng.uniform(0.05, 0.5), rng.uniform(0.5, 1.5)), p=(0.35, 0.45, 0.2))
    if strength == 0.0:
        return np.zeros(grid.shape, np.float32)
    bundle = kind(grid, rng)
    points, weights = densified(bundle.curves, 2), densified(bundle.weights, 2)
    layer = splat(grid.shape, points, weights)
    layer = blurred(layer, max(grid.px(rng.uniform(200.0, 1200.0)), 2.0))
    return layer * np.float32(strength / max(_bright_level(layer), 1e-6))


def _cell_shape(grid: FineGrid, rng: np.random.Generator) -> Array:
    """Give a soft silhouette of one or more cells, or a field that lies wholly inside one."""
    if rng.random() < 0.35:
        return np.ones(grid.shape, np.float32)
    radius = grid.um_px(rng.uniform(12.0, 35.0))
    style = OutlineStyle(radius, 0.25, longest=3.5, roughness=0.16)
    count = cell_count(grid, 1.6 * radius, rng.uniform(0.4, 1.2))
    centres = scatter(grid, 1.2 * radius, count, rng)
    outlines: tuple[Outline, ...] = tuple(
        random_outline((float(y), float(x)), style, rng) for y, x in centres
    )
    warp = random_warp(grid.shape, 0.05 * radius, 0.12 * radius, rng)
    found = territories(grid.shape, outlines, warp)
    variety = np.concatenate([[0.0], np.exp(0.4 * rng.standard_normal(len(outlines)))])
    level = variety[found.labels].astype(np.float32)
    if (found.labels > 0).mean() < 0.15:
        return np.ones(grid.shape, np.float32)
    # Towards its edge a cell thins out, over a length that differs from culture to culture.
    thin = np.float32(rng.uniform(0.02, 0.4))
    level *= np.clip((1.0 - found.relative_radius) / thin, 0.0, 1.0) * 0.85 + 0.15
    return blurred(level, 1.0)


def _cytoplasm(grid: FineGrid, mask: Array, rng: np.random.Generator) -> Array:
    """Give the faint uneven glow of unbound label inside the cells."""
    strength = rng.choice((0.0, rng.uniform(0.01, 0.2)), p=(0.3, 0.7))
    thickness = np.exp(0.5 * fractal_noise(grid.shape, grid.um_px(8.0), grid.um_px(1.0), rng))
    return (np.float32(strength) * thickness * blurred(mask, grid.px(300.0))).astype(np.float32)


def _bright_level(density: Array) -> float:
    # Where little shines the quantile is nearly dark, and the brightest spot must do.
    return max(float(np.quantile(density[::2, ::2], 0.995)), 0.2 * float(density.max()), 1e-6)
