"""Is the light of the raw picture kept? The super-resolved one, binned, over the raw one."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from superlens.core.errors import InvalidInput
from superlens.quality.pairing import same_field
from superlens.quality.windows import binned

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
    fine, raw = same_field(sr, lr, scale)
    mean = float(raw.mean())
    if not mean > 0.0:
        raise InvalidInput(
            f"The raw picture holds no light: its mean is {mean:g}",
            "Give it in units in which darkness is 0.",
        )
    light = binned(fine, scale)
    bright = raw >= mean
    low, median, high = np.percentile(light[bright] / raw[bright], _PERCENTILES)
    return IntensityRatio(float(light.mean()) / mean, float(low), float(median), float(high))
