"""How close a picture is to the truth: PSNR, SSIM and their kin, all in float64.

Nothing is cropped, clipped or rounded, and the data range is always the truth's own (max - min)
unless it is given.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from superlens.core.errors import InvalidInput

Float = NDArray[np.float64]

SSIM_WINDOW = 11
SSIM_SIGMA = 1.5
SSIM_K1, SSIM_K2 = 0.01, 0.03


@dataclass(frozen=True, slots=True)
class Fidelity:
    """Agreement of one picture with the truth after the best linear fit of its brightness."""

    psnr_affine: float
    """Decibels; infinite for identical pictures."""
    ssim_affine: float
    nrmse: float
    """Root mean square error over the truth's range, after the fit."""
    pearson: float
    """Correlation coefficient; needs no fit."""


def fidelity(prediction: ArrayLike, truth: ArrayLike) -> Fidelity:
    """Judge a picture whose brightness scale is its own.

    Args:
        prediction: (Y, X), at least 11 pixels on each side.
        truth: (Y, X), not constant.

    Raises:
        InvalidInput: the shapes differ, or the truth is constant.
    """
    aligned = affine_align(prediction, truth)
    return Fidelity(
        psnr_affine=psnr(aligned, truth),
        ssim_affine=ssim(aligned, truth),
        nrmse=nrmse(aligned, truth),
        pearson=pearson(prediction, truth),
    )


def affine_align(prediction: ArrayLike, truth: ArrayLike) -> Float:
    """Give a * prediction + b with a and b of least squares; a constant picture gets the mean."""
    p, g = _pair(prediction, truth)
    centred = p - p.mean()
    variance = float((centred**2).mean())
    if variance == 0.0:
        return np.full_like(g, g.mean())
    slope = float((centred * (g - g.mean())).mean()) / variance
    return slope * centred + g.mean()


def psnr(prediction: ArrayLike, truth: ArrayLike, data_range: float | None = None) -> float:
    """Give the peak signal-to-noise ratio 10 log10(R^2 / MSE) in decibels."""
    p, g = _pair(prediction, truth)
    error = float(((p - g) ** 2).mean())
    if error == 0.0:
        return float("inf")
    return float(10.0 * np.log10(_range(g, data_range) ** 2 / error))


def psnr_affine(prediction: ArrayLike, truth: ArrayLike) -> float:
    """Give the PSNR after the best linear fit of the prediction's brightness."""
    return psnr(affine_align(prediction, truth), truth)


def ssim(prediction: ArrayLike, truth: ArrayLike, data_range: float | None = None) -> float:
    """Give the structural similarity, averaged where the window fits wholly into the picture.

    Source: Wang, Bovik, Sheikh, Simoncelli, IEEE Trans. Image Process. 13, 600 (2004),
    doi 10.1109/TIP.2003.819861; Eq. 13, population covariance.
    """
    p, g = _pair(prediction, truth)
    if min(g.shape) < SSIM_WINDOW:
        raise InvalidInput(
            f"SSIM needs {SSIM_WINDOW} pixels on each side, the picture has {min(g.shape)}",
            "Compare larger pictures.",
        )
    extent = _range(g, data_range)
    c1, c2 = (SSIM_K1 * extent) ** 2, (SSIM_K2 * extent) ** 2
    mean_p, mean_g = _windowed(p), _windowed(g)
    variance_p = _windowed(p * p) - mean_p**2
    variance_g = _windowed(g * g) - mean_g**2
    covariance = _windowed(p * g) - mean_p * mean_g
    likeness = (2 * mean_p * mean_g + c1) * (2 * covariance + c2)  # Eq. (13)
    likeness /= (mean_p**2 + mean_g**2 + c1) * (variance_p + variance_g + c2)
    return float(likeness.mean())


def ssim_affine(prediction: ArrayLike, truth: ArrayLike) -> float:
    """Give the SSIM after the best linear fit of the prediction's brightness."""
    return ssim(affine_align(prediction, truth), truth)


def nrmse(prediction: ArrayLike, truth: ArrayLike, data_range: float | None = None) -> float:
    """Give the root mean square error over the data range."""
    p, g = _pair(prediction, truth)
    return float(np.sqrt(((p - g) ** 2).mean()) / _range(g, data_range))


def pearson(prediction: ArrayLike, truth: ArrayLike) -> float:
    """Give the correlation coefficient; 0 if the prediction is constant."""
    p, g = _pair(prediction, truth)
    p, g = p - p.mean(), g - g.mean()
    scale = float(np.sqrt((p**2).sum() * (g**2).sum()))
    return float((p * g).sum() / scale) if scale > 0 else 0.0


def _pair(prediction: ArrayLike, truth: ArrayLike) -> tuple[Float, Float]:
    p, g = np.asarray(prediction, np.float64), np.asarray(truth, np.float64)
    if p.shape != g.shape:
        raise InvalidInput(
            f"The pictures to compare have different sizes: {p.shape} and {g.shape}",
            "Compare pictures of the same field at the same scale.",
        )
    return p, g


def _range(truth: Float, data_range: float | None) -> float:
    extent = float(np.ptp(truth)) if data_range is None else float(data_range)
    if extent <= 0.0:
        raise InvalidInput(
            "The truth to compare with is constant", "Compare with a picture that shows something."
        )
    return extent


def _windowed(values: Float) -> Float:
    """Give the Gaussian-weighted mean around each pixel where the window fits."""
    from scipy import ndimage

    half = SSIM_WINDOW // 2
    offset = np.arange(-half, half + 1)
    weights = np.exp(-0.5 * (offset / SSIM_SIGMA) ** 2)
    weights /= weights.sum()
    for axis in (0, 1):
        values = np.asarray(ndimage.correlate1d(values, weights, axis=axis))
    return values[half:-half, half:-half]
