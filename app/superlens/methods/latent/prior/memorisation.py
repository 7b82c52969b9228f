"""Whether generated pictures are copies of training pictures. Torch-free."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

SUSPICIOUS_QUANTILE = 0.01
_ROWS_AT_ONCE = 256

Float = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Memorisation:
    """How near generated pictures come to training pictures, in feature space.

    The measure is how near held-out pictures come: those nobody can have copied.
    """

    copied_share: float
    """Generated pictures nearer to a training picture than all but 1 % of held-out ones; about 0.01
    is what chance gives."""
    distance_ratio: float
    """Median nearest distance of generated over that of held-out pictures; far below 1: copies."""
    nearest: NDArray[np.intp]
    """(N,) index of the nearest training picture of each generated one."""
    distances: Float
    """(N,) the distance to it."""


def memorisation(samples: ArrayLike, training: ArrayLike, held_out: ArrayLike) -> Memorisation:
    """Compare nearest-neighbour distances of generated and of held-out pictures.

    Args:
        samples: (N, D) features of generated pictures.
        training: (M, D) features of all training pictures.
        held_out: (K, D) features of pictures that were never trained on.
    """
    known = np.asarray(training, np.float64)
    nearest, distances = _nearest(np.asarray(samples, np.float64), known)
    _, usual = _nearest(np.asarray(held_out, np.float64), known)
    threshold = np.quantile(usual, SUSPICIOUS_QUANTILE)
    middle = float(np.median(usual))
    return Memorisation(
        copied_share=float((distances < threshold).mean()),
        distance_ratio=float(np.median(distances)) / middle if middle > 0 else np.nan,
        nearest=nearest,
        distances=distances,
    )


def _nearest(queries: Float, known: Float) -> tuple[NDArray[np.intp], Float]:
    index = np.empty(len(queries), np.intp)
    distance = np.empty(len(queries))
    power = (known * known).sum(axis=1)
    for begin in range(0, len(queries), _ROWS_AT_ONCE):
        rows = slice(begin, begin + _ROWS_AT_ONCE)
        some = queries[rows]
        # Squares apart lose digits where pictures are equal: the winner is measured again.
        index[rows] = (power[None, :] - 2 * some @ known.T).argmin(axis=1)
        distance[rows] = np.linalg.norm(some - known[index[rows]], axis=1)
    return index, distance
