"""Noise that depends on where it lies in the field, never on tile, batch or region.

The field is cut into blocks of 64 x 64 high-resolution pixels; each has a generator of its own for
every sample and step, counted (Philox) instead of drawn one after the other. NumPy alone, so that
all devices see the same noise.
"""

from dataclasses import dataclass

import numpy as np

from superlens.core.method import Array

BLOCK = 64
_DOMAIN = 0x6376646D
_MASK = (1 << 32) - 1


@dataclass(frozen=True, slots=True)
class FieldNoise:
    """Gaussian noise of one sample of a field."""

    seed: int
    sample: int
    channels: int

    def window(self, step: int, place: tuple[int, int], size: tuple[int, int]) -> Array:
        """Give (C, height, width) of unit variance.

        Args:
            step: of the sample; 0 is where it begins.
            place: (top, left) in the field, in high-resolution pixels; may be negative.
            size: (height, width).
        """
        (top, left), (height, width) = place, size
        made = np.empty((self.channels, height, width), np.float32)
        for row in range(top // BLOCK, (top + height - 1) // BLOCK + 1):
            for column in range(left // BLOCK, (left + width - 1) // BLOCK + 1):
                from_y, to_y = _overlap(row, top, height)
                from_x, to_x = _overlap(column, left, width)
                block = self._block(step, row, column)
                made[:, to_y, to_x] = block[:, from_y, from_x]
        return made

    def _block(self, step: int, row: int, column: int) -> Array:
        key = np.random.SeedSequence(self.seed, spawn_key=(_DOMAIN, self.sample))
        counter = np.array([0, step, row & _MASK, column & _MASK], np.uint64)
        bits = np.random.Philox(key=key.generate_state(2, np.uint64), counter=counter)
        shape = (self.channels, BLOCK, BLOCK)
        return np.random.Generator(bits).standard_normal(shape, np.float32)


def _overlap(block: int, start: int, size: int) -> tuple[slice, slice]:
    """Give which part of a block falls into a window, and where."""
    begin, end = max(block * BLOCK, start), min((block + 1) * BLOCK, start + size)
    return slice(begin - block * BLOCK, end - block * BLOCK), slice(begin - start, end - start)
