"""Where training patches are cut out of pairs, and how they become a batch."""

from collections.abc import Sequence

import numpy as np

from superlens.core.errors import InvalidInput
from superlens.core.method import Array, Batch
from superlens.prepare.fields import NormalisedPair

_LIVELY_SHARE = 0.75
_CANDIDATES = 2


def random_patch(pair: NormalisedPair, size: int, rng: np.random.Generator) -> tuple[Array, Array]:
    """Cut one patch, preferring places where there is something to see.

    Args:
        pair: at least `size` low-resolution pixels on each side.
        size: side of the patch in low-resolution pixels.
        rng: chooses the place.

    Returns:
        Low (size, size) and high (size * scale, size * scale).
    """
    return patch_at(pair, random_corner(pair, size, rng), size)


def random_corner(pair: NormalisedPair, size: int, rng: np.random.Generator) -> tuple[int, int]:
    """Choose (y, x) of a patch in low-resolution pixels, preferring places with something to see.

    Most of the time the livelier of two places, because dark corners are part of life too.

    Raises:
        InvalidInput: the pair is smaller than the patch.
    """
    if min(pair.low.shape) < size:
        raise InvalidInput(
            f"A patch of {size} pixels does not fit into {pair.low.shape[0]} x {pair.low.shape[1]}",
            "Set a smaller `patch` in the recipe",
        )
    room = np.array(pair.low.shape) - size + 1
    corners = rng.integers(0, room, (_CANDIDATES, 2))
    is_choosy = rng.random() < _LIVELY_SHARE
    lows = [pair.low[y : y + size, x : x + size] for y, x in corners]
    chosen = int(np.argmax([float(low.std()) for low in lows])) if is_choosy else 0
    return int(corners[chosen, 0]), int(corners[chosen, 1])


def patch_at(pair: NormalisedPair, corner: tuple[int, int], size: int) -> tuple[Array, Array]:
    """Cut the patch at (y, x) in low-resolution pixels: low, and high of the same place."""
    (y, x), scale, side = corner, pair.scale, size * pair.scale
    high = pair.high[y * scale : y * scale + side, x * scale : x * scale + side]
    return pair.low[y : y + size, x : x + size], high


def stacked(pairs: Sequence[tuple[Array, Array]]) -> Batch:
    """Make a batch of single-channel patches of one size."""
    low = np.stack([low for low, _ in pairs])[:, np.newaxis]
    high = np.stack([high for _, high in pairs])[:, np.newaxis]
    return Batch(np.ascontiguousarray(low), np.ascontiguousarray(high))
