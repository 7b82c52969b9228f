"""Nuclei stained for DNA: chromatin, nucleoli, chromocentres, some dividing or dying."""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from superlens.phantom.cells import (
    Outline,
    OutlineStyle,
    cell_count,
    inside,
    random_outline,
    scatter,
)
from superlens.phantom.specimen import Array, Channel, FineGrid, Labels, Specimen, Truth
from superlens.phantom.texture import blurred, fractal_noise, smooth_noise


class NucleusState(StrEnum):
    """What a nucleus is doing."""

    RESTING = "resting"
    DIVIDING = "dividing"
    DYING = "dying"


@dataclass(frozen=True, slots=True)
class NucleiTruth(Truth):
    """Which nucleus owns each pixel and what it is doing."""

    labels: Labels
    """(Y, X) int32, 0 outside, k + 1 in nucleus k."""
    states: tuple[NucleusState, ...]
    """One per nucleus, also for those that lie outside the field."""


@dataclass(frozen=True, slots=True)
class ChromatinStyle:
    """What the DNA of one population of nuclei looks like."""

    contrast: float
    rim: float
    nucleoli: float
    """Depth of the dark nucleoli, 0 to 1."""
    chromocentres: float
    """Brightness of the bright spots of condensed DNA above the rest."""


def random_chromatin(rng: np.random.Generator) -> ChromatinStyle:
    """Draw the look of one population."""
    return ChromatinStyle(
        contrast=float(rng.uniform(0.08, 0.35)),
        rim=float(rng.choice((0.0, rng.uniform(0.1, 0.6)))),
        nucleoli=float(rng.uniform(0.1, 0.7)),
        chromocentres=float(rng.choice((0.0, rng.uniform(0.5, 2.0)), p=(0.7, 0.3))),
    )


def chromatin(grid: FineGrid, style: ChromatinStyle, rng: np.random.Generator) -> Array:
    """Give the texture of DNA everywhere in the field, mean about 1, never below 0.05."""
    clumps = fractal_noise(grid.shape, grid.um_px(1.6), max(grid.um_px(0.12), 1.2), rng)
    texture = np.exp(np.float32(style.contrast) * clumps)
    holes = smooth_noise(grid.shape, grid.um_px(1.3), rng)
    texture *= 1.0 - np.float32(style.nucleoli) / (1.0 + np.exp(-(holes - 1.6) / 0.12))
    if style.chromocentres > 0:
        spots = smooth_noise(grid.shape, grid.um_px(0.8), rng)
        texture += np.float32(style.chromocentres) / (1.0 + np.exp(-(spots - 1.9) / 0.12))
    return np.maximum(texture, 0.05).astype(np.float32)


def nuclei(grid: FineGrid, rng: np.random.Generator) -> Specimen:
    """Draw a field of nuclei."""
    radius = grid.um_px(rng.uniform(4.0, 9.0))
    spacing = 2.0 * radius * rng.choice((rng.uniform(0.85, 1.1), rng.uniform(1.2, 2.5)))
    count = cell_count(grid, spacing, rng.uniform(0.4, 0.8))
    style = OutlineStyle(
        radius, rng.uniform(0.05, 0.2), rng.uniform(1.2, 2.2), rng.uniform(0.01, 0.05)
    )
    outlines = tuple(
        random_outline((float(y), float(x)), style, rng)
        for y, x in scatter(grid, spacing, count, rng)
    )
    look = random_chromatin(rng)
    texture = chromatin(grid, look, rng)
    density = np.zeros(grid.shape, np.float32)
    labels = np.zeros(grid.shape, np.int32)
    odd = float(rng.choice((0.0, 0.12)))
    states = []
    for index, outline in enumerate(outlines):
        state = _state(odd, rng)
        states.append(state)
        window, layer = _one(outline, state, texture, (grid, look), rng)
        density[window] += layer
        labels[window][layer > 0.15 * max(float(layer.max(initial=0.0)), 1e-6)] = index + 1
    density += _far_nuclei(grid, style, spacing, rng)
    density += _glow(grid, density, rng)
    truth = NucleiTruth(labels, tuple(states))
    return Specimen("nuclei", grid.pixel_nm, (Channel("dna", density),), truth)


def _state(odd: float, rng: np.random.Generator) -> NucleusState:
    if rng.random() >= odd:
        return NucleusState.RESTING
    return NucleusState(rng.choice([NucleusState.DIVIDING.value, NucleusState.DYING.value]))


def _one(
    outline: Outline,
    state: NucleusState,
    texture: Array,
    population: tuple[FineGrid, ChromatinStyle],
    rng: np.random.Generator,
) -> tuple[tuple[slice, slice], Array]:
    """Give a window of the field and one nucleus in it."""
    grid, look = population
    brightness = np.float32(np.exp(0.25 * rng.standard_normal()))
    if state is NucleusState.RESTING:
        return _resting(outline, texture * brightness, look, grid)
    if state is NucleusState.DIVIDING:
        return _dividing(outline, texture, brightness, rng)
    return _dying(outline, grid, brightness, rng)


def _resting(
    outline: Outline, texture: Array, look: ChromatinStyle, grid: FineGrid
) -> tuple[tuple[slice, slice], Array]:
    window, share = inside(outline, grid.shape)
    rows, columns = np.mgrid[window].astype(np.float32)
    relative = np.minimum(outline.relative_radius(rows, columns), 1.0)
    # A nucleus in culture is a flat dome: thick in the middle, thinner towards its edge.
    dome = np.sqrt(np.maximum(1.0 - 0.75 * relative**4, 0.0))
    rim_width = 0.25 / outline.radius_px * max(grid.um_px(1.0), 2.0)
    rim = np.exp(-(((1.0 - relative) / np.float32(rim_width)) ** 2))
    return window, share * texture[window] * (dome + np.float32(look.rim) * rim)


def _dividing(
    outline: Outline, texture: Array, brightness: np.float32, rng: np.random.Generator
) -> tuple[tuple[slice, slice], Array]:
    """Draw one metaphase plate, or two plates that have parted."""
    shape = (texture.shape[0], texture.shape[1])
    window = outline.window(shape, 1.3)
    rows, columns = np.mgrid[window].astype(np.float32)
    layer = np.zeros(rows.shape, np.float32)
    parted = rng.random() < 0.4
    across = outline.angle + np.pi / 2
    gaps = (-0.45, 0.45) if parted else (0.0,)
    for gap in gaps:
        centre = (
            outline.centre[0] + gap * outline.radius_px * np.sin(across),
            outline.centre[1] + gap * outline.radius_px * np.cos(across),
        )
        bulges = tuple(0.06 / (k + 1) * complex(*rng.standard_normal(2)) for k in range(7))
        plate = Outline(centre, 0.5 * outline.radius_px, 2.8, outline.angle, bulges)
        depth = (1.0 - plate.relative_radius(rows, columns)) * np.float32(plate.radius_px)
        layer += np.clip(depth + 0.5, 0.0, 1.0)
    return window, layer * texture[window] * brightness * np.float32(rng.uniform(1.8, 3.0))


def _dying(
    outline: Outline, grid: FineGrid, brightness: np.float32, rng: np.random.Generator
) -> tuple[tuple[slice, slice], Array]:
    """Draw a nucleus that has fallen into bright round pieces."""
    window = outline.window(grid.shape, 1.2)
    rows, columns = np.mgrid[window].astype(np.float32)
    layer = np.zeros(rows.shape, np.float32)
    for _ in range(int(rng.integers(2, 8))):
        y, x = np.array(outline.centre) + 0.35 * outline.radius_px * rng.standard_normal(2)
        style = OutlineStyle(outline.radius_px * rng.uniform(0.08, 0.4), 0.0, 1.5, 0.06)
        piece = random_outline((float(y), float(x)), style, rng)
        relative = np.minimum(piece.relative_radius(rows, columns), 1.0)
        dome = np.sqrt(1.0 - np.float32(0.8) * relative**2)
        share = np.clip((1.0 - relative) * np.float32(piece.radius_px) + 0.5, 0.0, 1.0)
        layer = np.maximum(layer, share * (relative < 1.0) * dome)
    return window, layer * brightness * np.float32(rng.uniform(1.5, 3.5))


def _far_nuclei(
    grid: FineGrid, style: OutlineStyle, spacing: float, rng: np.random.Generator
) -> Array:
    """Give blurred nuclei of another layer."""
    density = np.zeros(grid.shape, np.float32)
    if rng.random() < 0.7:
        return density
    places: NDArray[np.float64] = scatter(
        grid, 2.0 * spacing, cell_count(grid, 2.0 * spacing, 0.4), rng
    )
    for y, x in places:
        window, share = inside(random_outline((float(y), float(x)), style, rng), grid.shape)
        density[window] += share * np.float32(rng.uniform(0.05, 0.5))
    return blurred(density, grid.um_px(rng.uniform(0.6, 2.0)))


def _glow(grid: FineGrid, density: Array, rng: np.random.Generator) -> Array:
    """Give the light that the body of each nucleus spreads around it, and dye outside nuclei."""
    around = blurred(density, grid.um_px(2.5)) * np.float32(rng.uniform(0.0, 0.12))
    loose = np.exp(0.4 * smooth_noise(grid.shape, grid.um_px(10.0), rng))
    return (around + loose * np.float32(rng.uniform(0.0, 0.04))).astype(np.float32)
