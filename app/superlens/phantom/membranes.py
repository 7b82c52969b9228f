"""Membranes: outlines of cells, ruffles, protrusions, vesicles, and the faint sheet between."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from superlens.phantom.cells import (
    Outline,
    OutlineStyle,
    Territories,
    cell_count,
    random_outline,
    random_warp,
    scatter,
    territories,
)
from superlens.phantom.specimen import Array, Channel, FineGrid, Labels, Specimen, Truth
from superlens.phantom.strokes import Wander, along, densified, splat, wander
from superlens.phantom.texture import blurred, fractal_noise, smooth_noise

_STEP_PX = 2.0


@dataclass(frozen=True, slots=True)
class MembraneTruth(Truth):
    """Which cell owns each pixel."""

    labels: Labels
    """(Y, X) int32, 0 between cells."""


def membranes(grid: FineGrid, rng: np.random.Generator) -> Specimen:
    """Draw cells whose membrane is labelled: a confluent sheet or separate cells."""
    radius = grid.um_px(rng.uniform(5.0, 18.0))
    confluent = rng.random() < 0.5
    found, outlines = _sheet(grid, radius, confluent, rng)
    density = _walls(grid, found.labels, rng)
    top = _bright_level(density)
    density += np.float32(top) * _sheet_texture(grid, found, rng)
    density += np.float32(top) * _folds(grid, found, rng)
    if not confluent:
        density += np.float32(top) * _protrusions(grid, outlines, rng)
    density += np.float32(top) * _vesicles(grid, found, rng)
    if rng.random() < 0.5:
        far, _ = _sheet(grid, radius, confluent, rng)
        layer = blurred(_walls(grid, far.labels, rng), grid.um_px(rng.uniform(0.4, 1.5)))
        density += layer * np.float32(rng.uniform(0.1, 0.8) * top / _bright_level(layer))
    truth = MembraneTruth(found.labels)
    return Specimen("membranes", grid.pixel_nm, (Channel("membrane", density),), truth)


def _sheet(
    grid: FineGrid, radius: float, confluent: bool, rng: np.random.Generator
) -> tuple[Territories, tuple[Outline, ...]]:
    style = OutlineStyle(
        radius * (1.5 if confluent else 1.0),
        0.15,
        longest=1.7 if confluent else 3.5,
        roughness=0.12,
    )
    spacing = 1.5 * radius
    count = cell_count(grid, spacing, 0.9 if confluent else rng.uniform(0.3, 0.7))
    outlines = tuple(
        random_outline((float(y), float(x)), style, rng)
        for y, x in scatter(grid, spacing, count, rng)
    )
    size = radius * rng.uniform(0.02, 0.07)
    warp = random_warp(grid.shape, size, radius * rng.uniform(0.12, 0.3), rng)
    return territories(grid.shape, outlines, warp), outlines


def _walls(grid: FineGrid, labels: Labels, rng: np.random.Generator) -> Array:
    """Draw the borders between labels as uneven ribbons seen edge on."""
    from scipy import ndimage

    edge = np.zeros(labels.shape, bool)
    edge[:, 1:] |= labels[:, 1:] != labels[:, :-1]
    edge[1:] |= labels[1:] != labels[:-1]
    if not edge.any():
        return np.full(labels.shape, 1e-3, np.float32)
    distance: Array = np.asarray(ndimage.distance_transform_edt(~edge), np.float32)
    # The leaning of the wall makes it broad in some places and thin in others.
    lean = np.exp(np.float32(0.5) * smooth_noise(grid.shape, grid.um_px(4.0), rng))
    width = np.maximum(grid.px(rng.uniform(60.0, 250.0)) * lean, 0.7)
    wall = np.exp(-0.5 * (distance / width) ** 2) / np.sqrt(width)
    slow = np.exp(np.float32(0.45) * smooth_noise(grid.shape, grid.um_px(3.0), rng))
    spotty = fractal_noise(grid.shape, max(grid.um_px(0.8), 3.0), max(grid.um_px(0.1), 1.2), rng)
    grain = np.exp(np.float32(rng.uniform(0.1, 0.5)) * spotty)
    return (wall * slow * grain).astype(np.float32)


def _sheet_texture(grid: FineGrid, found: Territories, rng: np.random.Generator) -> Array:
    """Give the membrane above and below the cell body: faint, uneven, of a level of its own."""
    strength = rng.uniform(0.02, 0.3)
    count = int(found.labels.max(initial=0))
    level = np.concatenate([[0.0], np.exp(0.35 * rng.standard_normal(count))]).astype(np.float32)
    cloth = fractal_noise(grid.shape, grid.um_px(3.0), max(grid.um_px(0.15), 1.2), rng)
    body = blurred(level[found.labels], 0.7)
    return (np.float32(strength) * body * np.exp(np.float32(0.4) * cloth)).astype(np.float32)


def _folds(grid: FineGrid, found: Territories, rng: np.random.Generator) -> Array:
    """Draw ruffles: short bright wavy ridges, mostly near the edges of cells."""
    density = rng.choice((0.0, rng.uniform(0.005, 0.05)), p=(0.35, 0.65))
    count = int(np.clip(density * grid.area_um2, 0, 600))
    if count == 0:
        return np.zeros(grid.shape, np.float32)
    starts = rng.uniform(0, 1, (4 * count, 2)) * grid.shape
    row, column = starts.astype(int).T
    near_edge = (found.labels[row, column] > 0) & (
        found.relative_radius[row, column] > rng.uniform(0.2, 0.8)
    )
    starts = starts[near_edge][:count]
    if not len(starts):
        return np.zeros(grid.shape, np.float32)
    steps = max(4, int(grid.um_px(rng.uniform(1.5, 5.0)) / _STEP_PX))
    bend = 1.0 / max(grid.um_px(0.8), 6.0)
    how = Wander(_STEP_PX, steps, bend, max(grid.um_px(0.5), 4.0))
    headings = rng.uniform(0, 2 * np.pi, len(starts))
    lines = wander(starts, headings, how, rng)
    taper = np.sin(np.pi * (np.arange(steps) + 0.5) / steps)
    weights = taper * np.exp(0.6 * rng.standard_normal((len(starts), 1)))
    weights = weights * np.exp(0.3 * along(len(starts), steps, 5.0, rng))
    layer = splat(grid.shape, densified(lines, 4), densified(weights, 4))
    layer = blurred(layer, max(grid.px(rng.uniform(40.0, 150.0)), 0.5))
    return layer * np.float32(rng.uniform(0.3, 1.2) / _bright_level(layer))


def _protrusions(grid: FineGrid, outlines: tuple[Outline, ...], rng: np.random.Generator) -> Array:
    """Draw thin straight protrusions that stick out of separate cells."""
    per_cell = int(rng.integers(0, 40))
    if per_cell == 0:
        return np.zeros(grid.shape, np.float32)
    starts, headings, lengths = [], [], []
    for outline in outlines:
        around = rng.uniform(0, 2 * np.pi, per_cell)
        edge = _on_curve(outline, around)
        starts.append(edge)
        headings.append(np.arctan2(*(edge - np.array(outline.centre)).T))
        lengths.append(rng.gamma(2.0, 1.2, per_cell))
    longest = grid.um_px(9.0)
    steps = max(4, int(longest / _STEP_PX))
    how = Wander(_STEP_PX, steps, 0.15 / grid.um_px(1.0), grid.um_px(2.0))
    angle = np.concatenate(headings) + rng.normal(0, 0.35, len(starts) * per_cell)
    lines = wander(np.concatenate(starts), angle, how, rng)
    length = np.concatenate(lengths)[:, None] / 9.0 * steps
    weights = np.clip((length - np.arange(steps)) / 3.0, 0.0, 1.0)
    weights = weights * np.exp(0.3 * along(len(lines), steps, 8.0, rng))
    layer = splat(grid.shape, densified(lines, 4), densified(weights, 4))
    layer = blurred(layer, max(grid.px(50.0), 0.5))
    return layer * np.float32(rng.uniform(0.2, 0.7) / _bright_level(layer))


def _on_curve(outline: Outline, around: NDArray[np.float64]) -> NDArray[np.float64]:
    """Give points of an outline in the directions `around`."""
    cy, cx = outline.centre
    y = (cy + np.sin(around)).astype(np.float32)
    x = (cx + np.cos(around)).astype(np.float32)
    reach = 1.0 / np.maximum(outline.relative_radius(y, x).astype(np.float64), 1e-6)
    return np.stack([cy + reach * np.sin(around), cx + reach * np.cos(around)], axis=1)


def _vesicles(grid: FineGrid, found: Territories, rng: np.random.Generator) -> Array:
    """Draw small bright vesicles inside and a few outside cells."""
    count = int(rng.choice((0.0, rng.uniform(0.002, 0.03))) * grid.area_um2)
    places = rng.uniform(0, 1, (count, 2)) * grid.shape
    row, column = places.astype(int).T
    kept = (found.labels[row, column] > 0) | (rng.random(count) < 0.15)
    weights = np.exp(0.8 * rng.standard_normal(int(kept.sum())))
    layer = splat(grid.shape, places[kept], weights)
    layer = blurred(layer, max(grid.px(rng.uniform(60.0, 250.0)), 0.6))
    return layer * np.float32(rng.uniform(0.3, 1.5) / max(float(layer.max()), 1e-6))


def _bright_level(density: Array) -> float:
    # Where little shines the quantile is nearly dark, and the brightest spot must do.
    return max(float(np.quantile(density[::2, ::2], 0.995)), 0.2 * float(density.max()), 1e-6)
