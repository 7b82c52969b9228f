"""Where the low picture of a pair lies in its high one at the scale they are to have, or really."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from superlens.core.method import Array
from superlens.prepare.alignment import Placement, block_mean
from superlens.prepare.registration import Registration, register
from superlens.prepare.scale_search import ScaleFound, find_scale, fit_at

SCALE_TOLERANCE = 0.02
"""Relative: a scale further off cannot be what the pair is to have; nearer, it is corrected."""
_MOST_FAILED_SEARCHES = 3
_SMALLEST_SHARED = 32


@dataclass(frozen=True, slots=True)
class Placed:
    """How the two pictures of a pair fit, and at which scale."""

    scale: float
    """At which they fit; where nothing fits, the one that was asked for."""
    registration: Registration | None
    """At the scale asked for; None where they fit at another scale, or not at all."""
    fit: ScaleFound | None = None
    """Where they fit at another scale."""
    asked_correlation: float | None = None
    """The best at the scale that was asked for; None where their sizes forbid a comparison."""

    @property
    def is_registered(self) -> bool:
        """Whether the two show the same field at the scale that was asked for."""
        return self.registration is not None and self.registration.is_certain


class Placing:
    """Places the pairs of a set, and learns from each which scales to try with the next."""

    def __init__(self, scale: int, check: Callable[[], None]) -> None:
        self._scale = scale
        self._check = check
        self._found: list[float] = []
        self._failed = 0

    def placed(self, low: Array, high: Array) -> Placed:
        """Give where the pictures of a pair fit.

        Args:
            low: (Y, X) finite and not constant.
            high: (Y', X') the same; any size.
        """
        asked = self._registered(low, high)
        if asked is not None and asked.is_certain:
            return Placed(self._scale * asked.placement.magnification, asked)
        fit = self._other_scale(low, high)
        best = None if asked is None else asked.correlation_after
        if fit is None:
            return Placed(self._scale, asked, asked_correlation=best)
        if abs(fit.scale / self._scale - 1) <= SCALE_TOLERANCE:
            near = self._registered_from(low, high, fit)
            if near is not None and near.is_certain:
                return Placed(self._scale * near.placement.magnification, near)
        return Placed(fit.scale, None, fit, best)

    def _registered(self, low: Array, high: Array) -> Registration | None:
        if high.shape == (low.shape[0] * self._scale, low.shape[1] * self._scale):
            return register(low, block_mean(high, self._scale))
        fit = fit_at(low, high, self._scale)
        is_certain = fit is not None and fit.is_certain
        return self._registered_from(low, high, fit) if fit is not None and is_certain else None

    def _registered_from(self, low: Array, high: Array, fit: ScaleFound) -> Registration | None:
        """Register what a low and a high picture share when their corners do not coincide."""
        small = block_mean(high, self._scale)
        corner = np.rint(fit.corner).astype(int)
        start, begin = np.maximum(corner, 0), np.maximum(-corner, 0)
        size = np.minimum(np.subtract(low.shape, start), np.subtract(small.shape, begin))
        if size.min() < _SMALLEST_SHARED:
            return None
        ours = low[start[0] : start[0] + size[0], start[1] : start[1] + size[1]]
        theirs = small[begin[0] : begin[0] + size[0], begin[1] : begin[1] + size[1]]
        found = register(ours, theirs)
        matrix = np.reshape(found.placement.matrix, (2, 2))
        shift = np.asarray(found.placement.shift) + begin - matrix @ start
        placement = Placement((float(shift[0]), float(shift[1])), found.placement.matrix)
        return replace(found, placement=placement)

    def _other_scale(self, low: Array, high: Array) -> ScaleFound | None:
        """Give where the two fit beyond doubt at whatever scale."""
        sizes = (high.shape[0] / low.shape[0], high.shape[1] / low.shape[1])
        naive = float(np.sqrt(sizes[0] * sizes[1]))
        for scale in dict.fromkeys((naive, *self._found)):
            self._check()
            fit = fit_at(low, high, scale)
            if fit is not None and fit.is_certain:
                return fit
        if self._failed >= _MOST_FAILED_SEARCHES:
            return None
        fit = find_scale(low, high, naive, self._check)
        if fit is None or not fit.is_certain:
            self._failed += 1
            return None
        self._found.append(fit.scale)
        return fit
