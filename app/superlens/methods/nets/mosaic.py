"""Images cut into cells of 4 x 4 pixels: the layout in which `winograd` reads and writes them.

A mosaic is a tensor (16, places, channels): first the pixel within its cell, row by row, then the
cell. Cells lie row by row; behind each row of cells is an empty one, the neighbour of the last cell
to the right and of the next row's first to the left. Whatever is outside the image is zero.
"""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from superlens.methods.nets.winograd import CELL, PATCH

_BEFORE = ((slice(0, 1), slice(CELL - 1, CELL), -1),)
_INSIDE = ((slice(1, CELL + 1), slice(0, CELL), 0),)
_AFTER = ((slice(CELL + 1, PATCH), slice(0, 1), 1),)
_PIECES = _BEFORE + _INSIDE + _AFTER
"""Pixels of a patch along one axis: where they are in the patch, in their cell, and which cell."""


@dataclass(frozen=True, slots=True)
class Layout:
    """How an image of a size lies in a mosaic."""

    height: int
    width: int

    @property
    def rows(self) -> int:
        """Rows of cells."""
        return -(-self.height // CELL)

    @property
    def columns(self) -> int:
        """Cells in a row."""
        return -(-self.width // CELL)

    @property
    def pitch(self) -> int:
        """Places from one cell to the one below it."""
        return self.columns + 1

    @property
    def places(self) -> int:
        """Places of a whole mosaic: the image, an empty row above and below, one at each end."""
        return (self.rows + 2) * self.pitch + 2

    def start(self, row: int) -> int:
        """Give the place of the first cell of a row; -1 is the empty row above the image."""
        return (row + 1) * self.pitch + 1

    def cleared(self, strip: Tensor, first: int) -> Tensor:
        """Set everything outside the image to zero, and give the strip.

        Args:
            strip: (16, places, channels) of whole rows of cells that lie within the image.
            first: which row of the image is the strip's first one.
        """
        pixels = strip.unflatten(0, (CELL, CELL)).unflatten(2, (-1, self.pitch))
        pixels[:, :, :, self.columns :] = 0
        used = self.width - (self.columns - 1) * CELL
        pixels[:, used:, :, self.columns - 1] = 0
        if first + pixels.shape[2] == self.rows:
            used = self.height - (self.rows - 1) * CELL
            pixels[used:, :, -1] = 0
        return strip

    def laid(self, image: Tensor) -> Tensor:
        """Give the mosaic of an image (1, channels, height, width), in float32."""
        down, right = self.rows * CELL - self.height, self.columns * CELL - self.width
        whole = functional.pad(image[0].permute(1, 2, 0), (0, 0, 0, right, 0, down))
        cells = whole.unflatten(1, (self.columns, CELL)).unflatten(0, (self.rows, CELL))
        mosaic = torch.zeros((CELL * CELL, self.places, image.shape[1]))
        self._cells(mosaic).copy_(cells.permute(1, 3, 0, 2, 4))
        return mosaic

    def image(self, mosaic: Tensor) -> Tensor:
        """Give the image (1, channels, height, width) of a mosaic, channels innermost."""
        cells = self._cells(mosaic).permute(2, 0, 3, 1, 4)
        whole = cells.reshape(self.rows * CELL, self.columns * CELL, -1)
        return whole[: self.height, : self.width].permute(2, 0, 1)[None]

    def _cells(self, mosaic: Tensor) -> Tensor:
        """Give a view (4, 4, rows, columns, channels)."""
        inner = mosaic[:, self.start(0) : self.start(self.rows)]
        pixels = inner.unflatten(0, (CELL, CELL)).unflatten(2, (self.rows, self.pitch))
        return pixels[:, :, :, : self.columns]


def gather_patches(pixels: Tensor, start: int, pitch: int, out: Tensor) -> Tensor:
    """Give the 6 x 6 pixels around each cell of a run of cells.

    Args:
        pixels: (16, places, channels); the row of cells before and after the run is in it too.
        start: place of the first cell of the run.
        pitch: places from one cell to the one below it.
        out: (36, cells, channels), overwritten.
    """
    cells = out.shape[1]
    patches = out.view(PATCH, PATCH, cells, -1)
    source = pixels.unflatten(0, (CELL, CELL))
    for rows, rows_in_cell, down in _PIECES:
        for columns, columns_in_cell, right in _PIECES:
            first = start + down * pitch + right
            patches[rows, columns].copy_(
                source[rows_in_cell, columns_in_cell, first : first + cells]
            )
    return out
