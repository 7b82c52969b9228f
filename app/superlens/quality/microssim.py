"""MicroSSIM: structural similarity after the background and one brightness factor are taken out.

Background and factor belong to a whole test set, so that no single picture can buy itself a better
number.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from superlens.core.errors import InvalidInput
from superlens.quality.fidelity import SSIM_K1, SSIM_K2, SSIM_SIGMA, SSIM_WINDOW
from superlens.quality.pairing import extent_of, large_enough, same_size
from superlens.quality.windows import gaussian_weights, windowed

Float = NDArray[np.float64]

_BACKGROUND_PERCENTILE = 3.0
_EVEN = np.full(7, 1.0 / 7.0)
_GAUSSIAN = gaussian_weights(SSIM_WINDOW, SSIM_SIGMA)
_MOST_WINDOWS = 4_000_000
"""Of all pictures together, for the search of the factor: enough, and little memory."""
_WIDEST_FACTOR = 8.0


@dataclass(frozen=True, slots=True)
class MicroSsimFit:
    """What makes the predictions of one test set comparable with their truths."""

    truth_offset: float
    prediction_offset: float
    extent: float
    """Brightest truth above its background."""
    factor: float
    """Of the predictions above their background."""


def fit_microssim(predictions: Sequence[ArrayLike], truths: Sequence[ArrayLike]) -> MicroSsimFit:
    """Find the backgrounds of a test set and the factor of its best mean similarity.

    Args:
        predictions: (Y, X) each, at least 11 pixels on each side.
        truths: as many, of the same shapes, none of them constant.

    Raises:
        InvalidInput: numbers or shapes differ, or a truth is constant.

    Source: Ashesh, Krull, Jug, ECCV Workshops (2024), arXiv 2408.08747; as in their program,
    the factor is found with even windows of 7 pixels.
    """
    from scipy import optimize

    pairs = _checked(predictions, truths)
    offset_p = _background([p for p, _ in pairs])
    offset_g = _background([g for _, g in pairs])
    extent = max(float(g.max()) for _, g in pairs) - offset_g
    step = max(1, sum(g.size for _, g in pairs) // _MOST_WINDOWS)
    moments = [
        _moments((p - offset_p) / extent, (g - offset_g) / extent, _EVEN).sparse(step)
        for p, g in pairs
    ]
    windows = sum(local.covariance.size for local in moments)

    def badness(logarithm: float) -> float:
        factor = float(np.exp(logarithm))
        return -sum(float(local.similarity(factor).sum()) for local in moments) / windows

    # Around the factor of least squares, in steps, because the curve may have shoulders.
    centre = np.log(_least_squares_factor(moments))
    trials = centre + np.linspace(-1.0, 1.0, 9) * np.log(_WIDEST_FACTOR)
    best = int(np.argmin([badness(trial) for trial in trials]))
    bounds = (float(trials[max(best - 1, 0)]), float(trials[min(best + 1, len(trials) - 1)]))
    found: Any = optimize.minimize_scalar(
        badness, bounds=bounds, method="bounded", options={"xatol": 1e-7}
    )
    return MicroSsimFit(offset_g, offset_p, extent, float(np.exp(found.x)))


def microssim(prediction: ArrayLike, truth: ArrayLike, fit: MicroSsimFit) -> float:
    """Give the similarity of one pair of the test set the fit was made for.

    Raises:
        InvalidInput: the shapes differ, or the truth is constant.
    """
    [(p, g)] = _checked([prediction], [truth])
    p = (p - fit.prediction_offset) / fit.extent
    g = (g - fit.truth_offset) / fit.extent
    return float(_moments(p, g, _GAUSSIAN).similarity(fit.factor).mean())


@dataclass(frozen=True, slots=True)
class _Moments:
    """Local moments of a prediction and its truth, and the truth's range."""

    mean_p: Float
    mean_g: Float
    variance_p: Float
    variance_g: Float
    covariance: Float
    extent: float

    def similarity(self, factor: float) -> Float:
        """Give the similarity of the truth and the prediction times a factor."""
        c1, c2 = (SSIM_K1 * self.extent) ** 2, (SSIM_K2 * self.extent) ** 2
        alike = 2 * factor * self.mean_p * self.mean_g + c1
        alike = alike * (2 * factor * self.covariance + c2)
        spread = factor**2 * self.variance_p + self.variance_g + c2
        return alike / ((factor**2 * self.mean_p**2 + self.mean_g**2 + c1) * spread)

    def sparse(self, step: int) -> "_Moments":
        """Keep every so many-th window."""
        return _Moments(
            self.mean_p.ravel()[::step],
            self.mean_g.ravel()[::step],
            self.variance_p.ravel()[::step],
            self.variance_g.ravel()[::step],
            self.covariance.ravel()[::step],
            self.extent,
        )


def _checked(
    predictions: Sequence[ArrayLike], truths: Sequence[ArrayLike]
) -> list[tuple[Float, Float]]:
    if len(predictions) != len(truths) or not len(truths):
        raise InvalidInput(
            f"{len(predictions)} pictures cannot be compared with {len(truths)} truths",
            "Give one truth for every picture.",
        )
    pairs = []
    for prediction, truth in zip(predictions, truths, strict=True):
        p, g = same_size(prediction, truth)
        large_enough("MicroSSIM", min(g.shape), SSIM_WINDOW)
        extent_of(g)
        pairs.append((p, g))
    return pairs


def _background(pictures: list[Float]) -> float:
    values = np.concatenate([picture.ravel() for picture in pictures])
    return float(np.percentile(values, _BACKGROUND_PERCENTILE))


def _moments(p: Float, g: Float, weights: Float) -> _Moments:
    """Give moments where the window fits, as of a sample: over one less than its pixels."""
    pixels = len(weights) ** 2
    sample = pixels / (pixels - 1)
    mean_p, mean_g = windowed(p, weights), windowed(g, weights)
    return _Moments(
        mean_p,
        mean_g,
        sample * (windowed(p * p, weights) - mean_p**2),
        sample * (windowed(g * g, weights) - mean_g**2),
        sample * (windowed(p * g, weights) - mean_p * mean_g),
        float(np.ptp(g)),
    )


def _least_squares_factor(moments: list[_Moments]) -> float:
    """Give a factor to start from; 1 where pictures have nothing in common."""
    shared = sum(float((local.mean_p * local.mean_g).sum()) for local in moments)
    power = sum(float((local.mean_p**2).sum()) for local in moments)
    return shared / power if shared > 0 and power > 0 else 1.0
