"""Round cells drawn with a known nuclear and cytoplasmic brightness, without blur."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from superlens.core.assay import Field

BACKGROUND = 10.0


@dataclass(frozen=True, slots=True)
class Cell:
    """One round cell with a round nucleus in its middle."""

    y: int
    x: int
    nucleus: float = 200.0
    """Brightness of the protein in the nucleus above the background."""
    cytoplasm: float = 100.0
    nucleus_radius: int = 8
    cell_radius: int = 18


def draw(
    cells: tuple[Cell, ...], shape: tuple[int, int] = (160, 160), noise: float = 0.0
) -> dict[str, NDArray[np.float32]]:
    """Give the channels `dna` and `protein` of a field."""
    rows, columns = np.indices(shape)
    dna, protein = np.full(shape, BACKGROUND), np.full(shape, BACKGROUND)
    for cell in cells:
        distance = np.hypot(rows - cell.y, columns - cell.x)
        protein[distance <= cell.cell_radius] = BACKGROUND + cell.cytoplasm
    for cell in cells:
        distance = np.hypot(rows - cell.y, columns - cell.x)
        inside = distance <= cell.nucleus_radius
        dna[inside] = BACKGROUND + 150.0
        protein[inside] = BACKGROUND + cell.nucleus
    rng = np.random.default_rng(0)
    return {
        name: (image + noise * rng.standard_normal(shape)).astype(np.float32)
        for name, image in (("dna", dna), ("protein", protein))
    }


def lattice(count: int = 3, **looks: float) -> tuple[Cell, ...]:
    """Give count x count cells that do not touch, fit for a field of 160 x 160."""
    places = np.linspace(25, 135, count).astype(int)
    return tuple(Cell(int(y), int(x), **looks) for y in places for x in places)  # pyright: ignore[reportArgumentType]


def field_of(
    channels: dict[str, NDArray[np.float32]], pixel_um: float | None = None, scale: int = 1
) -> Field:
    """Give a field of well A01."""
    return Field("A01", "1", channels, pixel_um, scale)
