"""Where training patches are cut out of pairs, and how they become a batch."""

from collections.abc import Sequence

import numpy as np

from superlens.core.method import Array, Batch
from superlens.prepare.fields import NormalisedPair

_LIVELY_SHARE = 0.75
_CANDIDATES = 2


def random_patch(pair: NormalisedPair, size: int, rng: np.random.Generator) -> tuple[Array, Array]:
    """Cut one patch, preferring places where there is something to see.

    Args:
        pair: at least `size` low-resolution pixels on each side.
        size: side of the patch in low-resolution pixels.
        rng: chooses the place: most of the time the livelier of two, because dark corners are
            part of life too.

    Returns:
        Low (size, size) and high (size * scale, size * scale).
    """
    room = np.array(pair.low.shape) - size + 1
    corners = rng.integers(0, room, (_CANDIDATES, 2))
    is_choosy = rng.random() < _LIVELY_SHARE
    lows = [pair.low[y : y + size, x : x + size] for y, x in corners]
    chosen = int(np.argmax([float(low.std()) for low in lows])) if is_choosy else 0
    y, x, side = int(corners[chosen, 0]), int(corners[chosen, 1]), size * pair.scale
    y, x = y * pair.scale, x * pair.scale
    return lows[chosen], pair.high[y : y + side, x : x + side]


def stacked(pairs: Sequence[tuple[Array, Array]]) -> Batch:
    """Make a batch of single-channel patches of one size."""
    low = np.stack([low for low, _ in pairs])[:, np.newaxis]
    high = np.stack([high for _, high in pairs])[:, np.newaxis]
    return Batch(np.ascontiguousarray(low), np.ascontiguousarray(high))
