"""Mitochondria: tubes of varying calibre, single or joined, around a faintly glowing nucleus."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from superlens.phantom.cells import (
    Outline,
    OutlineStyle,
    cell_count,
    inside,
    random_outline,
    random_warp,
    scatter,
    territories,
)
from superlens.phantom.specimen import Array, Channel, FineGrid, Labels, Specimen, Truth
from superlens.phantom.strokes import (
    Points,
    TubeField,
    Wander,
    along,
    covered,
    densified,
    tubes,
    wander,
)
from superlens.phantom.texture import blurred, fractal_noise, smooth_noise

_STEP_NM = 120.0
_MOST_TUBES = 1500
_AREA_PER_TUBE_UM2 = 5.0


@dataclass(frozen=True, slots=True)
class MitochondriaTruth(Truth):
    """Where the mitochondria in focus are."""

    inside: NDArray[np.bool_]
    """(Y, X) true inside a mitochondrion."""
    nuclei: Labels
    """(Y, X) int32, 0 outside nuclei."""


@dataclass(frozen=True, slots=True)
class _Style:
    """What one population of mitochondria looks like."""

    length_um: float
    radius_nm: float
    wall: float
    """0: the matrix is stained, 1: only the membrane."""
    branching: float
    """Share of the tubes that start on another tube."""
    swelling: float
    """How strongly the calibre varies along a tube."""


def mitochondria(grid: FineGrid, rng: np.random.Generator) -> Specimen:
    """Draw the mitochondria of one cell or several."""
    nuclei, centres, room = _cells(grid, rng)
    style = _Style(
        length_um=float(np.exp(rng.normal(np.log(4.0), 0.6))),
        radius_nm=float(np.exp(rng.normal(np.log(220.0), 0.25))),
        wall=float(rng.choice((0.0, rng.uniform(0.2, 0.9)))),
        branching=float(rng.uniform(0.0, 0.6)),
        swelling=float(rng.uniform(0.1, 0.45)),
    )
    crowding = float(np.exp(rng.normal(0.0, 0.5)))
    field = _tubes(grid, style, (room, centres, crowding), rng)
    share = covered(field)
    density = _stain(grid, field, share, style, rng)
    if rng.random() < 0.55:
        far = _tubes(grid, style, (room, centres, 0.6 * crowding), rng)
        strength = np.float32(rng.uniform(0.1, 0.7))
        layer = blurred(covered(far) * far.brightness, grid.px(rng.uniform(250.0, 900.0)))
        density += strength * layer
    density += _background(grid, nuclei > 0, room, rng)
    truth = MitochondriaTruth(share > 0.5, nuclei)
    return Specimen("mitochondria", grid.pixel_nm, (Channel("mitochondria", density),), truth)


def _cells(grid: FineGrid, rng: np.random.Generator) -> tuple[Labels, NDArray[np.float64], Array]:
    """Give nuclei, cell centres and the room (0 to 1) that mitochondria may take."""
    nucleus_px = grid.um_px(rng.uniform(5.5, 9.0))
    radius = nucleus_px * rng.uniform(2.2, 3.6)
    count = cell_count(grid, 1.7 * radius, rng.uniform(0.5, 1.2))
    centres = scatter(grid, 1.4 * radius, count, rng)
    bodies = OutlineStyle(radius, 0.2, longest=3.0, roughness=0.14)
    outlines = tuple(random_outline((float(y), float(x)), bodies, rng) for y, x in centres)
    warp = random_warp(grid.shape, 0.05 * radius, 0.2 * radius, rng)
    found = territories(grid.shape, outlines, warp)
    # Tubes grow sparser towards the edge of the cell.
    room = np.clip(1.25 * (1.0 - found.relative_radius), 0.0, 1.0)
    nuclei = np.zeros(grid.shape, np.int32)
    for index, outline in enumerate(outlines):
        nucleus = _nucleus_of(outline, nucleus_px, rng)
        window, share = inside(nucleus, grid.shape)
        nuclei[window][share > 0.5] = index + 1
        room[window] *= 1.0 - share
    return nuclei, centres, room.astype(np.float32)


def _nucleus_of(cell: Outline, radius_px: float, rng: np.random.Generator) -> Outline:
    style = OutlineStyle(radius_px, 0.1, longest=1.6, roughness=0.04)
    shift = 0.15 * radius_px * rng.standard_normal(2)
    return random_outline((cell.centre[0] + shift[0], cell.centre[1] + shift[1]), style, rng)


def _tubes(
    grid: FineGrid,
    style: _Style,
    where: tuple[Array, NDArray[np.float64], float],
    rng: np.random.Generator,
) -> TubeField:
    """Grow tubes where there is room and find each pixel's place in the nearest one."""
    room = where[0]
    curves, radii = _grow(grid, style, where, rng)
    fine = max(1, int(np.ceil(grid.px(_STEP_NM) / 0.7)))
    points = densified(curves, fine)
    alive = _alive(points, room)
    calibre = densified(
        np.exp(style.swelling * along(len(curves), curves.shape[1], 4.0, rng)), fine
    )
    radius = np.maximum(radii[:, None] * calibre, 0.6)
    each = np.exp(rng.normal(0.0, 0.35, (len(curves), 1))) * np.ones(alive.shape)
    return tubes(grid.shape, points[alive], radius[alive], each[alive])


def _grow(
    grid: FineGrid,
    style: _Style,
    where: tuple[Array, NDArray[np.float64], float],
    rng: np.random.Generator,
) -> tuple[Points, NDArray[np.float64]]:
    """Give centre lines (N, M, 2) and a radius in pixels for each."""
    room, centres, crowding = where
    count = grid.area_um2 * float((room > 0.1).mean()) * crowding / _AREA_PER_TUBE_UM2
    count = int(np.clip(count * (4.0 / (style.length_um + 2.0)), 8, _MOST_TUBES))
    steps = max(4, int(2.0 * style.length_um * 1000.0 / _STEP_NM))
    step_px = grid.px(_STEP_NM)
    how = Wander(step_px, steps, 1.0 / grid.um_px(1.2), grid.um_px(0.8))
    starts = _places(room, count, rng)
    nearest = ((starts[:, None] - centres[None]) ** 2).sum(axis=2).argmin(axis=1)
    outward = np.arctan2(*(starts - centres[nearest]).T)
    lean = rng.choice((0.0, np.pi / 2)) + rng.normal(0.0, 0.6, count)
    curves = wander(starts, outward + lean, how, rng)
    offspring = rng.random(count) < style.branching
    if offspring.any():
        parents = rng.integers(count, size=int(offspring.sum()))
        places = rng.integers(1, max(2, steps // 2), size=len(parents))
        headings = rng.uniform(0.0, 2.0 * np.pi, len(parents))
        curves[offspring] = wander(curves[parents, places], headings, how, rng)
    length = np.clip(rng.gamma(1.5, 1.0 / 3.0, count), 0.02, 1.0) * steps
    ended = np.arange(steps) > length[:, None]
    curves[ended] = np.nan
    radii = grid.px(style.radius_nm) * np.exp(0.15 * rng.standard_normal(count))
    # Fragments are rounder and thicker than threads.
    radii = radii * np.where(length * _STEP_NM < 1200.0, rng.uniform(1.0, 1.6, count), 1.0)
    return curves, radii


def _places(room: Array, count: int, rng: np.random.Generator) -> Points:
    """Draw (count, 2) places with probability proportional to the room there."""
    cumulative = np.cumsum(room.ravel(), dtype=np.float64)
    if cumulative[-1] <= 0:
        return rng.uniform(0, 1, (count, 2)) * room.shape
    chosen = np.searchsorted(cumulative, rng.random(count) * cumulative[-1])
    places = np.stack(np.unravel_index(chosen, room.shape), axis=1)
    return places + rng.uniform(-0.5, 0.5, (count, 2))


def _alive(points: Points, room: Array) -> NDArray[np.bool_]:
    """Tell which points exist: not ended, and with room or outside the field."""
    known = np.isfinite(points[..., 0])
    cell = np.rint(np.where(known[..., None], points, 0.0)).astype(int)
    inside_field = ((cell >= 0) & (cell < room.shape)).all(axis=2)
    row = np.clip(cell[..., 0], 0, room.shape[0] - 1)
    column = np.clip(cell[..., 1], 0, room.shape[1] - 1)
    return known & (~inside_field | (room[row, column] > 0.05))


def _stain(
    grid: FineGrid, field: TubeField, share: Array, style: _Style, rng: np.random.Generator
) -> Array:
    """Turn places in tubes into stain: the thickness of the tube, its wall, and grain inside."""
    depth = np.minimum(field.depth, 1.0)
    # A stained matrix is as bright as the tube is thick; a stained wall is brightest at its edge.
    thickness = np.sqrt(np.maximum(1.0 - depth**2, 0.05))
    wall = 0.35 + 0.65 * np.exp(-(((depth - 0.85) / 0.22) ** 2))
    profile = (1.0 - style.wall) * thickness + style.wall * wall
    size = np.maximum(field.radius / max(grid.px(style.radius_nm), 0.5), 0.3)
    grain = fractal_noise(grid.shape, max(grid.px(400.0), 2.0), max(grid.px(80.0), 1.0), rng)
    grain = np.exp(np.float32(rng.uniform(0.1, 0.4)) * grain)
    return (share * field.brightness * profile * np.sqrt(size) * grain).astype(np.float32)


def _background(
    grid: FineGrid, nuclei: NDArray[np.bool_], room: Array, rng: np.random.Generator
) -> Array:
    """Give the faint glow of cytoplasm and, at times, of the nucleus with its nucleoli."""
    cytoplasm = blurred(room, grid.px(500.0)) * np.float32(rng.uniform(0.0, 0.12))
    nucleus = blurred(nuclei.astype(np.float32), grid.px(150.0))
    nucleus *= np.float32(rng.choice((0.0, rng.uniform(0.02, 0.3))))
    patches = smooth_noise(grid.shape, grid.um_px(1.2), rng)
    nucleus *= 1.0 + 0.6 * np.float32(rng.choice((-1.0, 1.0))) * np.clip(patches - 1.3, 0.0, 1.0)
    texture = np.exp(0.15 * fractal_noise(grid.shape, grid.um_px(3.0), grid.um_px(0.2), rng))
    return ((cytoplasm + nucleus) * texture).astype(np.float32)
