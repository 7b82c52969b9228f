"""Puncta: spots of all sizes and brightnesses, alone, in clusters, as rings, out of focus."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from superlens.phantom.cells import (
    OutlineStyle,
    cell_count,
    inside,
    random_outline,
    random_warp,
    scatter,
    territories,
)
from superlens.phantom.specimen import Array, Channel, FineGrid, Specimen, Truth
from superlens.phantom.strokes import Points, splat
from superlens.phantom.texture import blurred, fractal_noise

_SIZE_CLASSES_NM = (30.0, 80.0, 150.0, 260.0)


@dataclass(frozen=True, slots=True)
class PunctaTruth(Truth):
    """Where the puncta in focus are."""

    positions: NDArray[np.float32]
    """(N, 2) as (y, x) in fine pixels."""
    brightness: NDArray[np.float32]
    """(N,) total fluorophores of each, in the units of the density."""
    sigma_nm: NDArray[np.float32]
    """(N,) standard deviation of each spot's own shape in nanometres."""


def puncta(grid: FineGrid, rng: np.random.Generator) -> Specimen:
    """Draw cells full of spots."""
    room = _room(grid, rng)
    positions = _positions(grid, room, rng)
    count = len(positions)
    brightness = np.exp(rng.uniform(0.3, 1.1) * rng.standard_normal(count))
    odds = rng.dirichlet(np.ones(len(_SIZE_CLASSES_NM)))
    size = rng.choice(len(_SIZE_CLASSES_NM), count, p=odds)
    # Larger spots hold more, though not in proportion to their area.
    brightness *= (np.array(_SIZE_CLASSES_NM)[size] / 80.0) ** 1.2
    density = np.zeros(grid.shape, np.float32)
    hollow = rng.random() < 0.3
    for k, sigma_nm in enumerate(_SIZE_CLASSES_NM):
        members = size == k
        layer = splat(grid.shape, positions[members], brightness[members])
        density += _spots(layer, grid.px(sigma_nm), hollow and sigma_nm > 200.0)
    top = max(float(np.quantile(density, 0.999)), 1e-6)
    density += np.float32(top) * _surroundings(grid, room, rng)
    density += np.float32(top) * _out_of_focus(grid, room, rng)
    truth = PunctaTruth(
        positions.astype(np.float32),
        brightness.astype(np.float32),
        np.array(_SIZE_CLASSES_NM, np.float32)[size],
    )
    return Specimen("puncta", grid.pixel_nm, (Channel("puncta", density),), truth)


def _room(grid: FineGrid, rng: np.random.Generator) -> Array:
    """Give how likely a spot is at each place: cells, cells less their nuclei, or nuclei."""
    nucleus = grid.um_px(rng.uniform(4.5, 8.0))
    only_nuclei = rng.random() < 0.25
    radius = nucleus * (1.0 if only_nuclei else rng.uniform(2.0, 3.5))
    style = OutlineStyle(radius, 0.15, longest=1.6 if only_nuclei else 2.5, roughness=0.08)
    centres = scatter(
        grid, 1.6 * radius, cell_count(grid, 1.6 * radius, rng.uniform(0.5, 1.0)), rng
    )
    outlines = tuple(random_outline((float(y), float(x)), style, rng) for y, x in centres)
    warp = random_warp(grid.shape, 0.03 * radius, 0.2 * radius, rng)
    found = territories(grid.shape, outlines, warp)
    room = np.clip(1.0 - found.relative_radius, 0.0, 1.0) ** np.float32(rng.uniform(0.2, 1.2))
    if not only_nuclei and rng.random() < 0.75:
        shape = OutlineStyle(nucleus, 0.1, 1.5, 0.03)
        for y, x in centres:
            window, share = inside(random_outline((float(y), float(x)), shape, rng), grid.shape)
            room[window] *= 1.0 - np.float32(0.97) * share
    return room.astype(np.float32)


def _positions(grid: FineGrid, room: Array, rng: np.random.Generator) -> Points:
    """Draw places: single ones, and clusters around some of them."""
    per_um2 = float(np.exp(rng.uniform(np.log(0.02), np.log(0.8))))
    count = int(np.clip(per_um2 * float((room > 0.05).mean()) * grid.area_um2, 10, 6000))
    single = _draw_places(room, count, rng)
    share = rng.choice((0.0, rng.uniform(0.02, 0.15)))
    seeds = single[rng.random(count) < share]
    if not len(seeds):
        return single
    members = rng.geometric(0.12, len(seeds))
    around = np.repeat(seeds, members, axis=0)
    spread = np.repeat(grid.px(1.0) * rng.uniform(150.0, 1500.0, len(seeds)), members)
    return np.concatenate([single, around + spread[:, None] * rng.standard_normal(around.shape)])


def _draw_places(room: Array, count: int, rng: np.random.Generator) -> Points:
    cumulative = np.cumsum(room.ravel(), dtype=np.float64)
    chosen = np.searchsorted(cumulative, rng.random(count) * cumulative[-1])
    places = np.stack(np.unravel_index(np.minimum(chosen, room.size - 1), room.shape), axis=1)
    return places + rng.uniform(-0.5, 0.5, (count, 2))


def _spots(layer: Array, sigma_px: float, hollow: bool) -> Array:
    """Give each point mass its shape: a Gaussian, or a ring for vesicles with a stained wall."""
    if not hollow:
        return blurred(layer, sigma_px)
    ring = blurred(layer, sigma_px) - np.float32(0.6) * blurred(layer, 0.75 * sigma_px)
    return np.maximum(ring, 0.0)


def _surroundings(grid: FineGrid, room: Array, rng: np.random.Generator) -> Array:
    """Give label that is not in spots: even in the cytoplasm, brighter where the cell is thick."""
    strength = rng.choice((0.0, rng.uniform(0.01, 0.1), rng.uniform(0.1, 0.5)), p=(0.2, 0.5, 0.3))
    cloth = fractal_noise(grid.shape, grid.um_px(4.0), max(grid.um_px(0.3), 1.5), rng)
    body = blurred(room, grid.px(400.0))
    return (np.float32(strength) * body * np.exp(np.float32(0.25) * cloth)).astype(np.float32)


def _out_of_focus(grid: FineGrid, room: Array, rng: np.random.Generator) -> Array:
    """Give blurred spots of other depths."""
    total = np.zeros(grid.shape, np.float32)
    if rng.random() < 0.4:
        return total
    for _ in range(2):
        places = _positions(grid, room, rng)
        weights = np.exp(0.8 * rng.standard_normal(len(places)))
        layer = blurred(splat(grid.shape, places, weights), grid.px(rng.uniform(250.0, 1500.0)))
        total += layer * np.float32(rng.uniform(0.03, 0.3) / max(float(layer.max()), 1e-6))
    return total
