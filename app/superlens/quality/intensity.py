"""Is the light of the raw picture kept? The super-resolved one, binned, over the raw one."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from superlens.core.errors import InvalidInput

_PERCENTILES = (5.0, 50.0, 95.0)


@dataclass(frozen=True, slots=True)
class IntensityRatio:
    """Light of a super-resolved picture over that of the raw one; 1 if it is kept."""

    mean: float
    """Of all light together."""
    lo: float
    """5 % of the brighter raw pixels have a lower ratio than this."""
    median: float
    hi: float
    """5 % of the brighter raw pixels have a higher one."""


def intensity_ratio(sr: ArrayLike, lr: ArrayLike, scale: int) -> IntensityRatio:
    """Compare the means over the super-resolved pixels of each raw pixel with that pixel.

    The percentiles are those of raw pixels brighter than the raw mean, whose noise matters less.

    Args:
        sr: (Y * scale, X * scale).
        lr: (Y, X) raw picture in the same units, its mean above 0.
        scale: super-resolved pixels per raw pixel, along one side.

    Raises:
        InvalidInput: the shapes do not fit the scale, or the raw picture holds no light.
    """
    fine, raw = np.asarray(sr, np.float64), np.asarray(lr, np.float64)
    if fine.shape != (raw.shape[0] * scale, raw.shape[1] * scale):
        raise InvalidInput(
            f"A super-resolved picture of {fine.shape} does not belong to a raw one of "
            f"{raw.shape} at scale {scale}",
            "Compare a result with the very picture and channel it was made from.",
        )
    mean = float(raw.mean())
    if not mean > 0.0:
        raise InvalidInput(
            f"The raw picture holds no light: its mean is {mean:g}",
            "Give it in units in which darkness is 0.",
        )
    binned = fine.reshape(raw.shape[0], scale, raw.shape[1], scale).mean(axis=(1, 3))
    bright = raw >= mean
    low, median, high = np.percentile(binned[bright] / raw[bright], _PERCENTILES)
    return IntensityRatio(float(binned.mean()) / mean, float(low), float(median), float(high))
