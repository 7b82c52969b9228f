"""Cells with their Golgi: one ribbon beside the nucleus, or stacks scattered over the cell."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from superlens.phantom.culture import Culture, CultureStyle, culture
from superlens.phantom.nuclei import ChromatinStyle, chromatin
from superlens.phantom.specimen import Array, Channel, FineGrid, Labels, Specimen, Truth
from superlens.phantom.strokes import Points, Wander, covered, densified, tubes, wander
from superlens.phantom.texture import blurred, fractal_noise

_CHROMATIN = ChromatinStyle(contrast=0.25, rim=0.2, nucleoli=0.35, chromocentres=0.0)
_CULTURE = CultureStyle(nucleus_um=7.0, body=2.4)
_STEP_NM = 150.0
_STEPS = 24


@dataclass(frozen=True, slots=True)
class GolgiTruth(Truth):
    """Where the Golgi is and how far it is scattered."""

    nuclei: Labels
    """(Y, X) int32, 0 outside nuclei."""
    cells: Labels
    """(Y, X) int32, 0 outside cells; label k is the cell of nucleus k."""
    stacks: Labels
    """(Y, X) int32, 0 outside stacks; numbered over the whole field, ribbons in one piece share
    a number only where they touch."""
    dispersal: tuple[float, ...]
    """How scattered the Golgi of each cell is, 0 (one ribbon) to 1 (all over the cell)."""


@dataclass(frozen=True, slots=True)
class GolgiStyle:
    """How one well looks."""

    dispersal: float = 0.0
    """Mean dispersal over the cells, 0 to 1."""
    variety: float = 0.08
    """Standard deviation of the dispersal over the cells."""
    culture: CultureStyle = _CULTURE


def golgi(grid: FineGrid, rng: np.random.Generator, style: GolgiStyle | None = None) -> Specimen:
    """Draw cells; without a style the dispersal is drawn between 0 and 1."""
    from scipy import ndimage

    style = style or GolgiStyle(dispersal=float(rng.uniform(0.0, 1.0)))
    grown = culture(grid, style.culture, rng)
    spread = style.dispersal + style.variety * rng.standard_normal(len(grown.outlines))
    dispersal = np.clip(spread, 0.0, 1.0)
    ribbon = _ribbons(grid, grown, dispersal, rng)
    stacks = np.zeros(grid.shape, np.int32)
    ndimage.label(ribbon > 0.25, structure=np.ones((3, 3)), output=stacks)
    grain = fractal_noise(grid.shape, max(grid.um_px(0.6), 2.0), max(grid.um_px(0.12), 1.2), rng)
    glow = blurred((grown.cells > 0).astype(np.float32), grid.um_px(1.0))
    density = (ribbon + np.float32(0.015) * glow) * np.exp(np.float32(0.35) * grain)
    level = np.concatenate([[0.0], np.exp(0.2 * rng.standard_normal(len(grown.outlines)))])
    dna = level[grown.nuclei].astype(np.float32) * chromatin(grid, _CHROMATIN, rng)
    truth = GolgiTruth(
        grown.nuclei,
        grown.cells,
        stacks,
        tuple(float(value) for value in dispersal),
    )
    channels = (Channel("dna", dna), Channel("golgi", density.astype(np.float32)))
    return Specimen("golgi", grid.pixel_nm, channels, truth)


def _ribbons(
    grid: FineGrid, grown: Culture, dispersal: NDArray[np.float64], rng: np.random.Generator
) -> Array:
    """Draw the cisternae of all cells: brightness times coverage, 0 where there is no Golgi."""
    starts, sizes, brightness = [], [], []
    for index, scattered in enumerate(dispersal):
        elements = int(rng.integers(14, 40))
        places = _places(grown, index, (elements, float(scattered)), rng)
        if not len(places):
            continue
        starts.append(places)
        # A scattered stack is a short piece; the ribbon is made of long curled ones.
        sizes.append(np.full(len(places), 1.0 - 0.75 * scattered))
        cell = np.exp(0.3 * rng.standard_normal())
        brightness.append(cell * np.exp(0.4 * rng.standard_normal(len(places))))
    if not starts:
        return np.zeros(grid.shape, np.float32)
    origin, size = np.concatenate(starts), np.concatenate(sizes)
    how = Wander(grid.px(_STEP_NM), _STEPS, 1.0 / grid.um_px(0.7), grid.um_px(0.7))
    curves = wander(origin, rng.uniform(0, 2 * np.pi, len(origin)), how, rng)
    length = size * rng.uniform(0.3, 1.0, len(origin)) * _STEPS
    fine = max(1, int(np.ceil(grid.px(_STEP_NM) / 0.7)))
    points = densified(curves, fine)
    order = np.arange(points.shape[1]) / fine
    alive = order < np.maximum(length[:, None], 1.0)
    radius = np.maximum(grid.px(160.0) * np.exp(0.25 * rng.standard_normal(len(origin))), 0.6)
    each = np.concatenate(brightness)
    spread = np.ones(points.shape[1])
    field = tubes(
        grid.shape, points[alive], np.outer(radius, spread)[alive], np.outer(each, spread)[alive]
    )
    outside_nuclei = 1.0 - blurred((grown.nuclei > 0).astype(np.float32), 0.7)
    return (covered(field) * field.brightness * outside_nuclei).astype(np.float32)


def _places(grown: Culture, index: int, how: tuple[int, float], rng: np.random.Generator) -> Points:
    """Give places for cisternae: in a cap beside the nucleus, drawn towards the whole cell."""
    elements, scattered = how
    nucleus = grown.outlines[index]
    window = nucleus.window((grown.cells.shape[0], grown.cells.shape[1]), reach=3.5)
    rows, columns = np.nonzero((grown.cells[window] == index + 1) & (grown.nuclei[window] == 0))
    if not len(rows):
        return np.empty((0, 2))
    chosen = rng.integers(len(rows), size=elements)
    anywhere = np.stack([rows[chosen] + window[0].start, columns[chosen] + window[1].start], axis=1)
    side = rng.uniform(0, 2 * np.pi)
    # The cap follows the nuclear envelope over about a sixth of its circumference.
    around = side + 0.35 * rng.standard_normal(elements)
    out = nucleus.radius_px * (1.18 + 0.12 * np.abs(rng.standard_normal(elements)))
    cap = np.array(nucleus.centre) + out[:, None] * np.stack(
        [np.sin(around), np.cos(around)], axis=1
    )
    return np.where((rng.random(elements) < scattered)[:, None], anywhere, cap)
