"""Cells in culture: bodies that share the field, with one nucleus in each."""

from dataclasses import dataclass

import numpy as np

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
from superlens.phantom.specimen import Array, FineGrid, Labels


@dataclass(frozen=True, slots=True)
class CultureStyle:
    """How cells of one culture look and how close they lie."""

    nucleus_um: float = 6.0
    """Radius of a nucleus."""
    body: float = 2.6
    """Radius of a cell over that of its nucleus."""
    filling: float = 0.6
    """Share of the field that cells take if they do not overlap."""
    longest: float = 2.4
    """Largest elongation of a cell."""


@dataclass(frozen=True, slots=True)
class Culture:
    """Cells and their nuclei; label k + 1 is the same cell in both images."""

    cells: Labels
    """(Y, X) int32, 0 outside cells; nuclei belong to their cells."""
    nuclei: Labels
    """(Y, X) int32, 0 outside nuclei."""
    relative_radius: Array
    """(Y, X) 0 at a cell's centre, 1 at its free edge, larger outside."""
    outlines: tuple[Outline, ...]
    """One per nucleus, in the order of the labels."""


def culture(grid: FineGrid, style: CultureStyle, rng: np.random.Generator) -> Culture:
    """Grow a culture; cells may reach over the border of the field."""
    nucleus_px = grid.um_px(style.nucleus_um)
    radius = nucleus_px * style.body
    spacing = 1.5 * radius
    centres = scatter(grid, spacing, cell_count(grid, spacing, style.filling), rng)
    bodies = OutlineStyle(radius, 0.18, longest=style.longest, roughness=0.13)
    outlines = tuple(random_outline((float(y), float(x)), bodies, rng) for y, x in centres)
    warp = random_warp(grid.shape, 0.05 * radius, 0.18 * radius, rng)
    found = territories(grid.shape, outlines, warp)
    shape = OutlineStyle(nucleus_px, 0.1, longest=1.6, roughness=0.03)
    nuclei = np.zeros(grid.shape, np.int32)
    kept = []
    for index, body in enumerate(outlines):
        shift = 0.12 * nucleus_px * rng.standard_normal(2)
        centre = (body.centre[0] + float(shift[0]), body.centre[1] + float(shift[1]))
        nucleus = random_outline(centre, shape, rng)
        window, share = inside(nucleus, grid.shape)
        free = (share > 0.5) & (nuclei[window] == 0)
        nuclei[window][free] = index + 1
        kept.append(nucleus)
    cells = np.where(nuclei > 0, nuclei, found.labels).astype(np.int32)
    return Culture(cells, nuclei, found.relative_radius, tuple(kept))
