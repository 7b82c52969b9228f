"""Red blood cells on a slide, some with parasites inside."""

from dataclasses import dataclass

import numpy as np

from superlens.phantom.cells import Outline, OutlineStyle, inside, random_outline, scatter
from superlens.phantom.specimen import Array, Channel, FineGrid, Labels, Specimen, Truth
from superlens.phantom.texture import blurred, fractal_noise

_RADIUS_UM = 3.8
_SPACING = 1.75  # radii between centres; cells just touch at 2


@dataclass(frozen=True, slots=True)
class RedCellTruth(Truth):
    """Which red cells there are and how many parasites each holds."""

    cells: Labels
    """(Y, X) int32, 0 outside cells."""
    parasites: tuple[int, ...]
    """Parasites in cell k + 1."""
    in_field: tuple[bool, ...]
    """Whether cell k + 1 has its centre in the field."""

    @property
    def infected(self) -> int:
        """Give how many cells with their centre in the field hold at least one parasite."""
        return sum(
            count > 0 and here for count, here in zip(self.parasites, self.in_field, strict=True)
        )


@dataclass(frozen=True, slots=True)
class RedCellStyle:
    """How one slide looks."""

    parasitaemia: float = 0.1
    """Share of the cells that are infected."""
    crowding: float = 0.6
    """Share of the places on the slide that are taken."""


def red_cells(
    grid: FineGrid, rng: np.random.Generator, style: RedCellStyle | None = None
) -> Specimen:
    """Draw a slide; without a style infection and crowding are drawn at random."""
    style = style or RedCellStyle(float(rng.uniform(0.02, 0.35)), float(rng.uniform(0.3, 0.9)))
    radius = grid.um_px(_RADIUS_UM)
    spacing = _SPACING * radius
    places = max(1, round(style.crowding * 0.7 * grid.height * grid.width / spacing**2 + 1))
    shape = OutlineStyle(radius, 0.06, longest=1.25, roughness=0.025)
    cells = np.zeros(grid.shape, np.float32)
    parasites = np.zeros(grid.shape, np.float32)
    labels = np.zeros(grid.shape, np.int32)
    counts, in_field = [], []
    for index, (y, x) in enumerate(scatter(grid, spacing, places, rng)):
        outline = random_outline((float(y), float(x)), shape, rng)
        window, share = inside(outline, grid.shape)
        cells[window] += _disc(outline, window, share, rng)
        labels[window][(share > 0.5) & (labels[window] == 0)] = index + 1
        count = 0
        if rng.random() < style.parasitaemia:
            count = int(min(1 + rng.poisson(0.3), 4))
        for _ in range(count):
            _add_parasite(parasites, outline, grid, rng)
        counts.append(count)
        in_field.append(bool(0 <= y < grid.height and 0 <= x < grid.width))
    cloth = np.exp(0.06 * fractal_noise(grid.shape, grid.um_px(3.0), grid.um_px(0.4), rng))
    glow = np.float32(0.02) * blurred(cells, grid.um_px(0.5))
    truth = RedCellTruth(labels, tuple(counts), tuple(in_field))
    channels = (
        Channel("cells", (cells * cloth).astype(np.float32)),
        Channel("parasites", (parasites + glow + np.float32(0.002)).astype(np.float32)),
    )
    return Specimen("red_cells", grid.pixel_nm, channels, truth)


def _disc(
    outline: Outline, window: tuple[slice, slice], share: Array, rng: np.random.Generator
) -> Array:
    """Give one cell: a disc with a dimple in the middle.

    Source: Evans, Fung, Microvasc. Res. 4, 335 (1972): thickness against radius of a red cell.
    """
    rows, columns = np.mgrid[window].astype(np.float32)
    r2 = np.minimum(outline.relative_radius(rows, columns), 1.0) ** 2
    thickness = np.sqrt(np.maximum(1.0 - r2, 0.02)) * (0.81 + 7.83 * r2 - 4.39 * r2**2) / 2.6
    level = np.float32(np.exp(0.12 * rng.standard_normal()))
    return (share * thickness * level).astype(np.float32)


def _add_parasite(
    parasites: Array, outline: Outline, grid: FineGrid, rng: np.random.Generator
) -> None:
    """Draw a young ring with its bright chromatin dot, or an older, larger and lumpy one."""
    angle, out = rng.uniform(0, 2 * np.pi), 0.65 * np.sqrt(rng.random())
    centre = (
        outline.centre[0] + float(out * outline.radius_px * np.sin(angle)),
        outline.centre[1] + float(out * outline.radius_px * np.cos(angle)),
    )
    if rng.random() < 0.65:
        size = grid.um_px(rng.uniform(0.6, 1.1))
        ring = random_outline(centre, OutlineStyle(size, 0.1, 1.5, 0.08), rng)
        _add_ring(parasites, ring, grid, rng)
        return
    size = grid.um_px(rng.uniform(0.9, 1.9))
    body = random_outline(centre, OutlineStyle(size, 0.15, 1.6, 0.15), rng)
    window, share = inside(body, grid.shape)
    parasites[window] += share * np.float32(rng.uniform(0.25, 0.5))
    for _ in range(int(rng.integers(1, 7))):
        place = np.array(body.centre) + 0.4 * size * rng.standard_normal(2)
        dot = Outline((float(place[0]), float(place[1])), grid.um_px(0.35), 1.0, 0.0, ())
        window, share = inside(dot, grid.shape)
        parasites[window] += share * np.float32(rng.uniform(0.6, 1.2))


def _add_ring(parasites: Array, ring: Outline, grid: FineGrid, rng: np.random.Generator) -> None:
    window = ring.window(grid.shape, 1.6)
    rows, columns = np.mgrid[window].astype(np.float32)
    width = np.float32(max(grid.um_px(0.14), 0.7))
    distance = (ring.relative_radius(rows, columns) - 1.0) * np.float32(ring.radius_px)
    parasites[window] += np.float32(0.35) * np.exp(-0.5 * (distance / width) ** 2)
    around = rng.uniform(0, 2 * np.pi)
    place = (
        ring.centre[0] + float(ring.radius_px * np.sin(around)),
        ring.centre[1] + float(ring.radius_px * np.cos(around)),
    )
    window, share = inside(Outline(place, grid.um_px(0.3), 1.0, 0.0, ()), grid.shape)
    parasites[window] += share * np.float32(rng.uniform(1.0, 1.6))
