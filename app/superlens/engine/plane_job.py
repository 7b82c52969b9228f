"""What is asked of a restoration of one plane, and where its parts go. Torch-free."""

import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from superlens.core.jobs import Roi
from superlens.engine.scratch import Canvases
from superlens.engine.tiling import Block, ReadRegion
from superlens.prepare.normalisation import Normalisation

Plane = tuple[ReadRegion, tuple[int, int]]
"""Reader of rectangles and shape (Y, X) of a whole plane."""

TileTick = Callable[[int, int], None]
"""Told what is done and what there is in all of this plane: tiles, the tiles of every sample
counted, or hundredths of samples where the method cuts its tiles by itself."""


class PlaneSink(Protocol):
    """Takes the finished parts of one plane, in the units of the input."""

    def put(self, kind: str, block: Block) -> None:
        """Take a part of one of the planes that a restoration makes.

        Args:
            kind: `mean`, `spread`, `interval_low`, `interval_high`, `persistence`, `schedule`, or
                the index of a sample as text.
            block: what and where; a block may come again, with what it is by then: after an
                out-of-memory error, and the mean after every sample of a whole image.
        """
        ...


@dataclass(frozen=True, slots=True)
class PlaneJob:
    """What to restore of one plane, and how."""

    roi: Roi
    """In low-resolution pixels; what lies around it is read as context."""
    normalisation: Normalisation
    samples: int = 0
    """0 gives the method's single answer, else mean and spread of so many samples."""
    has_maps: bool = False
    """Whether interval, persistence and hint are made too, of methods that can."""
    image: int = 0
    """Tells images apart, so that samples of each have noise of their own; see `image_key`."""
    canvases: Canvases | None = None
    """Where a method that samples whole images keeps them; None is in memory."""
    on_mean: Callable[[int], None] = lambda samples: None
    """Told whenever the running mean of so many samples was put, from the second one on."""


def image_key(pixels: NDArray[Any]) -> int:
    """Give a number that stands for an image: the same one for the same values of any type.

    Args:
        pixels: values that stand for the whole stack of a channel, as `sample_stack` gives them.
    """
    return zlib.crc32(np.ascontiguousarray(pixels, "<f4").tobytes())
