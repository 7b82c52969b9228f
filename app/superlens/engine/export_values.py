"""How the numbers of a picture are stored in an exported file. Torch-free."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from superlens.core.errors import InvalidInput
from superlens.core.jobs import ExportFormat, ExportRequest
from superlens.engine.context import JobContext
from superlens.engine.scratch import mapped_array
from superlens.io.image_metadata import PIXEL_TYPES, Facts
from superlens.io.imagej_writer import IMAGEJ_TYPES

_ROWS = 1024
_MOST = 65535


@dataclass(frozen=True, slots=True)
class ValueMap:
    """What stored 16-bit integers stand for: `scale × stored + offset`, of all channels alike."""

    scale: float
    offset: float

    @property
    def sentence(self) -> str:
        """The rule in words."""
        return f"value = {self.scale!r} × stored + {self.offset!r}"

    @property
    def facts(self) -> Facts:
        """The rule as names and values."""
        return (
            ("Stored values", self.sentence),
            ("Value scale", repr(self.scale)),
            ("Value offset", repr(self.offset)),
        )


def choose_values(
    stack: NDArray[Any], request: ExportRequest, scratch: Path, context: JobContext
) -> tuple[NDArray[Any], ValueMap | None]:
    """Give a stack as it is to be stored, and what its numbers stand for if not themselves.

    Args:
        stack: (T, C, Z, Y, X) of any type of number; may be a memory map.
        request: whether 16 bits are wanted, and which format.
        scratch: a folder for a memory map.
        context: is warned where a type is stored less exactly, and may stop the work.

    Raises:
        InvalidInput: numbers that are not finite cannot become integers.
    """
    if request.is_16_bit and stack.dtype.name not in ("uint8", "uint16"):
        values = _range_of(stack, context)
        stored = mapped_array(scratch / "stored", np.dtype(np.uint16), stack.shape)
        for place in _strips(stack.shape):
            context.check()
            scaled = (stack[place].astype(np.float64) - values.offset) / values.scale
            stored[place] = np.clip(np.rint(scaled), 0, _MOST)
        return stored, values
    wanted = _type_for(stack.dtype, request.file_format)
    if wanted == stack.dtype:
        return stack, None
    if not np.can_cast(stack.dtype, wanted):
        context.warn(
            f"{request.file_format} has no pixels of type {stack.dtype.name}: they were rounded to "
            f"{wanted.name}"
        )
    stored = mapped_array(scratch / "stored", wanted, stack.shape)
    for place in _strips(stack.shape):
        context.check()
        stored[place] = stack[place]
    return stored, None


def _range_of(stack: NDArray[Any], context: JobContext) -> ValueMap:
    low, high = np.inf, -np.inf
    for place in _strips(stack.shape):
        context.check()
        strip = stack[place]
        if not np.isfinite(strip).all():
            raise InvalidInput(
                "Some pixels are NaN or infinite, which 16-bit integers cannot hold",
                "Export without 16 bits",
            )
        low, high = min(low, float(strip.min())), max(high, float(strip.max()))
    return ValueMap((high - low) / _MOST if high > low else 1.0, low)


def _type_for(dtype: np.dtype[Any], file_format: ExportFormat) -> np.dtype[Any]:
    """Give the nearest type that a format has."""
    known = IMAGEJ_TYPES if file_format is ExportFormat.IMAGEJ else PIXEL_TYPES
    if dtype.name in known:
        return dtype
    candidates = [np.dtype(name) for name in known]
    exact = [candidate for candidate in candidates if np.can_cast(dtype, candidate)]
    return min(exact, key=lambda item: item.itemsize) if exact else candidates[-1]


def _strips(shape: tuple[int, ...]) -> Iterator[tuple[Any, ...]]:
    for t, c, z in np.ndindex(*shape[:3]):
        for top in range(0, shape[3], _ROWS):
            yield t, c, z, slice(top, top + _ROWS)
