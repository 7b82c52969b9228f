"""The true scale of a pair whose sizes do not tell it, by normalised cross-correlation over scales.

The high picture may show only a part of the low one, or the low one only a part of the high one.
"""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from superlens.prepare.alignment import block_mean
from superlens.prepare.registration import detail

Float = NDArray[np.float64]

SEARCHED = 2.0
"""Scales from the expected one over this to the expected one times this are tried."""
CERTAIN_CORRELATION = 0.45
"""Of fine structure; a lower best correlation over all scales and places may be chance."""
CERTAIN_WEIGHT = 40.0
"""A correlation found in few pixels may be chance as well; see `ScaleFound.weight`."""

_COARSE_STEP, _FINE_STEP = 0.02, 0.002
_FINE_REACH = 0.02
_COARSE_SIDE = 192
_FINE_SIDE = 512
_PART = 0.9
"""Of the smaller picture that is looked for, so that it need not lie wholly in the larger one."""
_SMALLEST = 24
_INDIFFERENT = 0.01
"""A whole scale is taken where its correlation is no further below the best one."""
_BOX_SIGMA = 12**-0.5
"""Standard deviation of a box, over its width."""


@dataclass(frozen=True, slots=True)
class ScaleFound:
    """At which scale, and where, a high picture fits a low one."""

    scale: float
    """High-resolution pixels per low-resolution pixel."""
    corner: tuple[float, float]
    """Where the high picture begins in the low one: (y, x) in low-resolution pixels, may be < 0."""
    correlation: float
    """Of fine structure, at that place."""
    compared_px: int
    """Low-resolution pixels over which it was taken."""

    @property
    def weight(self) -> float:
        """Give the correlation in the unit of its chance: Fisher's z times the root of the area."""
        return math.atanh(min(self.correlation, 1 - 1e-9)) * math.sqrt(self.compared_px)

    @property
    def is_certain(self) -> bool:
        """Whether the fit is beyond chance."""
        return self.correlation >= CERTAIN_CORRELATION and self.weight >= CERTAIN_WEIGHT


def find_scale(
    low: NDArray[np.floating],
    high: NDArray[np.floating],
    expected: float,
    check: Callable[[], None] = lambda: None,
) -> ScaleFound | None:
    """Find the scale at which a high picture fits a low one best.

    Args:
        low: (Y, X).
        high: (Y', X').
        expected: scale around which to search.
        check: called between scales; may raise to stop.

    Returns:
        The best fit, to about 0.2 %, certain or not; a whole scale where that fits as well. None
        where the pictures are too small.
    """
    steps = round(math.log(SEARCHED) / _COARSE_STEP)
    coarse = [expected * math.exp(_COARSE_STEP * n) for n in range(-steps, steps + 1)]
    found = _best(_fits(low, high, coarse, _COARSE_SIDE, check))
    if found is None:
        return None
    steps = round(_FINE_REACH / _FINE_STEP)
    fine = [found.scale * math.exp(_FINE_STEP * n) for n in range(-steps, steps + 1)]
    best = _best(_fits(low, high, fine, _FINE_SIDE, check))
    whole = fit_at(low, high, float(max(1, round(found.scale))))
    is_as_good = best and whole and whole.correlation >= best.correlation - _INDIFFERENT
    return whole if is_as_good else best


def fit_at(
    low: NDArray[np.floating], high: NDArray[np.floating], scale: float
) -> ScaleFound | None:
    """Give how well, and where, a high picture fits a low one at a given scale."""
    return _best(_fits(low, high, [scale], _FINE_SIDE, lambda: None))


def _best(fits: Iterable[ScaleFound]) -> ScaleFound | None:
    # A small piece fits somewhere by chance.
    return max(fits, key=lambda fit: fit.weight, default=None)


def _fits(
    low: NDArray[np.floating],
    high: NDArray[np.floating],
    scales: Iterable[float],
    side: int,
    check: Callable[[], None],
) -> Iterable[ScaleFound]:
    bins = max(1, math.ceil(max(low.shape) / side))
    ours = detail(block_mean(low, bins))
    coarser: dict[int, Float] = {}
    for scale in scales:
        check()
        # Whole blocks first, as far as they leave the last step something to average.
        blocks = max(1, int(scale * bins / 2))
        if blocks not in coarser:
            coarser[blocks] = block_mean(high, blocks).astype(np.float64)
        theirs = _reduced(coarser[blocks], scale * bins / blocks)
        fit = _fit(ours, theirs) if min(theirs.shape, default=0) >= _SMALLEST else None
        if fit is not None:
            (y, x), correlation, pixels = fit
            yield ScaleFound(scale, (y * bins, x * bins), correlation, pixels * bins**2)


def _reduced(image: Float, factor: float) -> Float:
    """Give the detail of a picture on pixels that are larger by a factor."""
    from scipy import ndimage

    size = [int(n / factor + 1e-6) for n in image.shape]
    image = np.asarray(ndimage.gaussian_filter(image, factor * _BOX_SIGMA))
    centres = [(np.arange(n) + 0.5) * factor - 0.5 for n in size]
    at = np.stack(np.meshgrid(*centres, indexing="ij"))
    return detail(np.asarray(ndimage.map_coordinates(image, at, order=1, mode="nearest")))


def _fit(low: Float, high: Float) -> tuple[tuple[float, float], float, int] | None:
    """Give where the first pixel of the high picture lies in the low one, and how well it fits."""
    from skimage.feature import match_template

    size = [int(min(a, b) * _PART) for a, b in zip(low.shape, high.shape, strict=True)]
    if min(size) < _SMALLEST:
        return None
    is_part = low.size >= high.size
    image, part = (low, high) if is_part else (high, low)
    start = [(n - m) // 2 for n, m in zip(part.shape, size, strict=True)]
    cut = part[start[0] : start[0] + size[0], start[1] : start[1] + size[1]]
    surface = match_template(image, cut)
    y, x = np.unravel_index(int(surface.argmax()), surface.shape)
    corner = (float(y) - start[0], float(x) - start[1])
    if not is_part:
        corner = (-corner[0], -corner[1])
    return corner, float(surface[y, x]), cut.size
