"""Is a super-resolved picture supported by the raw one it was made from?

The super-resolved picture is degraded again, and what is left of the raw picture is expressed in
units of the noise expected there. Blind spot: detail finer than the optics leaves no trace in the
raw picture, so invented detail that fine cannot be seen here, nor can true detail be proven.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from superlens.quality.noise import NoiseModel
from superlens.quality.pairing import same_field
from superlens.quality.windows import binned

Float = NDArray[np.float64]

LARGEST_SIGMA = 4.0
"""Widest blur that is tried, in pixels of the raw picture."""

_TRIALS = 17
_LARGEST_WINDOW = 512


@dataclass(frozen=True, slots=True)
class Degradation:
    """What turns the super-resolved picture into the raw one: a blur, then means over blocks."""

    sigma_px: float
    """Standard deviation of the Gaussian blur in super-resolved pixels."""
    at_bound: bool
    """The best blur was the widest that was tried: do not trust it."""


@dataclass(frozen=True, slots=True)
class Consistency:
    """How well the raw picture is explained."""

    chi2: float
    """Mean square of the residual in units of the noise: 1 if all that is left is noise."""
    fraction_over_3: float
    """Share of pixels off by more than three standard deviations; 0.0027 for Gaussian noise."""


def fit_degradation(sr: ArrayLike, lr: ArrayLike, scale: int) -> Degradation:
    """Find the blur that brings the super-resolved picture closest to the raw one.

    Brightness is not fitted: the super-resolved picture has to conserve it.

    Args:
        sr: (Y * scale, X * scale).
        lr: (Y, X) raw picture in the same units.
        scale: super-resolved pixels per raw pixel, along one side.

    Raises:
        InvalidInput: the shapes do not fit the scale.
    """
    from scipy import optimize

    fine, coarse = same_field(sr, lr, scale)
    fine, coarse = _busiest_window(fine, coarse, scale)

    def misfit(sigma_px: float) -> float:
        return float(((_degraded(fine, sigma_px, scale) - coarse) ** 2).mean())

    widest = LARGEST_SIGMA * scale
    trials = np.concatenate([[0.0], np.geomspace(0.15 * scale, widest, _TRIALS - 1)])
    best = int(np.argmin([misfit(sigma) for sigma in trials]))
    if best == len(trials) - 1:
        return Degradation(float(widest), at_bound=True)
    bounds = (float(trials[max(best - 1, 0)]), float(trials[best + 1]))
    refined = optimize.minimize_scalar(
        misfit, bounds=bounds, method="bounded", options={"xatol": 0.005}
    )
    return Degradation(float(refined.x), at_bound=False)


def degrade(sr: ArrayLike, degradation: Degradation, scale: int) -> Float:
    """Give (Y, X) the raw picture that the super-resolved one predicts, without noise."""
    return _degraded(np.asarray(sr, np.float64), degradation.sigma_px, scale)


def residual(
    sr: ArrayLike, lr: ArrayLike, degradation: Degradation, noise: NoiseModel
) -> NDArray[np.float32]:
    """Give raw minus predicted, in standard deviations of the noise expected there.

    Returns:
        (Y, X) float32, of mean 0 and standard deviation 1 where the raw picture is wholly
        explained; positive where it shows more light than the super-resolved one accounts for.
    """
    raw = np.asarray(lr, np.float64)
    scale = round(np.shape(sr)[0] / raw.shape[0])
    same_field(sr, lr, scale)
    predicted = degrade(sr, degradation, scale)
    return ((raw - predicted) / noise.sigma(predicted)).astype(np.float32)


def consistency(residual_map: ArrayLike) -> Consistency:
    """Summarise a residual map."""
    values = np.asarray(residual_map, np.float64)
    return Consistency(
        chi2=float((values**2).mean()), fraction_over_3=float((np.abs(values) > 3.0).mean())
    )


def _degraded(sr: Float, sigma_px: float, scale: int) -> Float:
    from scipy import ndimage

    if sigma_px > 0.0:
        sr = np.asarray(ndimage.gaussian_filter(sr, sigma_px, mode="reflect"))
    return binned(sr, scale)


def _busiest_window(fine: Float, coarse: Float, scale: int) -> tuple[Float, Float]:
    """Give the part with the most structure, so that large pictures do not take long."""
    height, width = (min(length, _LARGEST_WINDOW) for length in coarse.shape)
    best, corner = -1.0, (0, 0)
    for top in range(0, coarse.shape[0] - height + 1, max(height // 2, 1)):
        for left in range(0, coarse.shape[1] - width + 1, max(width // 2, 1)):
            spread = float(coarse[top : top + height, left : left + width].std())
            if spread > best:
                best, corner = spread, (top, left)
    top, left = corner
    rows, columns = slice(top, top + height), slice(left, left + width)
    fine_rows = slice(top * scale, (top + height) * scale)
    fine_columns = slice(left * scale, (left + width) * scale)
    return fine[fine_rows, fine_columns], coarse[rows, columns]
