"""How close a picture is to the truth: PSNR, SSIM and their kin, all in float64.

Nothing is clipped or rounded, nothing is cropped unless asked for, and the data range is always the
truth's own (max - min) unless it is given.
"""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import ArrayLike, NDArray

from superlens.core.errors import InvalidInput
from superlens.quality.pairing import extent_of, large_enough, same_size
from superlens.quality.windows import binned, gaussian_weights, windowed

Float = NDArray[np.float64]

SSIM_WINDOW = 11
SSIM_SIGMA = 1.5
SSIM_K1, SSIM_K2 = 0.01, 0.03
MS_SSIM_WEIGHTS: tuple[float, ...] = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
"""Of the scales, finest first."""
MS_SSIM_SIDE = 176
"""Smallest side for all five scales; smaller pictures get three."""

_FEWER_SCALES = 3
_CARE_PERCENTILES = (0.1, 99.9)


class Mode(StrEnum):
    """What is done to the brightness before two pictures are compared; part of a number's name."""

    RAW = "raw"
    """Nothing: both are in the same units."""
    AFFINE = "affine"
    """The prediction gets the straight line of least squares."""
    CARE = "care"
    """The truth's 0.1 and 99.9 percentiles become 0 and 1, the prediction is fitted to it by least
    squares, and the data range is 1."""


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


def in_mode(
    prediction: ArrayLike, truth: ArrayLike, mode: Mode, border_px: int = 0
) -> tuple[Float, Float, float]:
    """Prepare two pictures for comparison.

    Args:
        prediction: (Y, X).
        truth: (Y, X), not constant.
        mode: what is done to the brightness.
        border_px: pixels that are left out along each side, before anything else.

    Returns:
        Prediction, truth, and the data range that goes with them.

    Raises:
        InvalidInput: the shapes differ, the truth is constant, or the border leaves nothing.

    Source of `CARE`: Weigert et al., Nat. Methods 15, 1090 (2018), doi 10.1038/s41592-018-0216-7.
    """
    p, g = (without_border(picture, border_px) for picture in same_size(prediction, truth))
    match mode:
        case Mode.RAW:
            return p, g, extent_of(g, None)
        case Mode.AFFINE:
            return affine_align(p, g), g, extent_of(g, None)
        case Mode.CARE:
            low, high = np.percentile(g, _CARE_PERCENTILES)
            g = (g - low) / extent_of(g, float(high - low))
            return affine_align(p, g), g, 1.0


def measure_name(measure: str, mode: Mode, border_px: int = 0) -> str:
    """Give the name under which a number is shown: `PSNR (affine)`, `PSNR (raw, border 4 px)`."""
    said = "CARE" if mode is Mode.CARE else mode.value
    border = f", border {border_px} px" if border_px else ""
    return f"{measure} ({said}{border})"


def without_border(image: ArrayLike, border_px: int) -> Float:
    """Leave out some pixels along each side of (Y, X)."""
    values = np.asarray(image, np.float64)
    if border_px < 0 or min(values.shape) <= 2 * border_px:
        raise InvalidInput(
            f"A border of {border_px} px cannot be left out of {values.shape[0]} x "
            f"{values.shape[1]} pixels",
            "Give a narrower border.",
        )
    return values[border_px : values.shape[0] - border_px, border_px : values.shape[1] - border_px]


def affine_align(prediction: ArrayLike, truth: ArrayLike) -> Float:
    """Give a * prediction + b with a and b of least squares; a constant picture gets the mean."""
    p, g = same_size(prediction, truth)
    if np.array_equal(p, g):
        return g.copy()
    centred = p - p.mean()
    variance = float((centred**2).mean())
    if variance == 0.0:
        return np.full_like(g, g.mean())
    slope = float((centred * (g - g.mean())).mean()) / variance
    return slope * centred + g.mean()


def psnr(prediction: ArrayLike, truth: ArrayLike, data_range: float | None = None) -> float:
    """Give the peak signal-to-noise ratio 10 log10(R^2 / MSE) in decibels."""
    p, g = same_size(prediction, truth)
    error = float(((p - g) ** 2).mean())
    if error == 0.0:
        return float("inf")
    return float(10.0 * np.log10(extent_of(g, data_range) ** 2 / error))


def psnr_affine(prediction: ArrayLike, truth: ArrayLike) -> float:
    """Give the PSNR after the best linear fit of the prediction's brightness."""
    return psnr(affine_align(prediction, truth), truth)


def ssim(prediction: ArrayLike, truth: ArrayLike, data_range: float | None = None) -> float:
    """Give the structural similarity, averaged where the window fits wholly into the picture.

    Source: Wang, Bovik, Sheikh, Simoncelli, IEEE Trans. Image Process. 13, 600 (2004),
    doi 10.1109/TIP.2003.819861; Eq. 13, population covariance.
    """
    p, g = same_size(prediction, truth)
    contrast, brightness = _likeness(p, g, extent_of(g, data_range))
    return float((contrast * brightness).mean())


def ssim_affine(prediction: ArrayLike, truth: ArrayLike) -> float:
    """Give the SSIM after the best linear fit of the prediction's brightness."""
    return ssim(affine_align(prediction, truth), truth)


def ms_ssim(prediction: ArrayLike, truth: ArrayLike, data_range: float | None = None) -> float:
    """Give the structural similarity over five scales, over three below 176 pixels a side.

    `ms_ssim_name` tells which. Windows lie wholly in the picture, negative contrast counts as 0.

    Raises:
        InvalidInput: under 44 pixels on a side.

    Source: Wang, Simoncelli, Bovik, Asilomar Conf. (2003), doi 10.1109/ACSSC.2003.1292216; Eq. 7.
    """
    p, g = same_size(prediction, truth)
    extent = extent_of(g, data_range)
    weights = _scale_weights(min(g.shape))
    product = 1.0
    for scale, weight in enumerate(weights, 1):
        contrast, brightness = _likeness(p, g, extent)
        last = scale == len(weights)
        mean = float((contrast * brightness if last else contrast).mean())
        product *= max(mean, 0.0) ** float(weight)  # Eq. (7)
        p, g = binned(p, 2), binned(g, 2)
    return product


def ms_ssim_name(shape: tuple[int, ...]) -> str:
    """Give the name of the multi-scale similarity of pictures of a shape."""
    return "MS-SSIM" if min(shape) >= MS_SSIM_SIDE else f"MS-SSIM({_FEWER_SCALES})"


def nrmse(prediction: ArrayLike, truth: ArrayLike, data_range: float | None = None) -> float:
    """Give the root mean square error over the data range."""
    p, g = same_size(prediction, truth)
    return float(np.sqrt(((p - g) ** 2).mean()) / extent_of(g, data_range))


def mae(prediction: ArrayLike, truth: ArrayLike) -> float:
    """Give the mean absolute error, in the truth's units."""
    p, g = same_size(prediction, truth)
    return float(np.abs(p - g).mean())


def pearson(prediction: ArrayLike, truth: ArrayLike) -> float:
    """Give the correlation coefficient; 0 if the prediction is constant."""
    p, g = same_size(prediction, truth)
    p, g = p - p.mean(), g - g.mean()
    scale = float(np.sqrt((p**2).sum() * (g**2).sum()))
    return float((p * g).sum() / scale) if scale > 0 else 0.0


def _likeness(p: Float, g: Float, extent: float) -> tuple[Float, Float]:
    """Give the likeness of contrast and structure, and that of brightness, pixel by pixel."""
    large_enough("SSIM", min(g.shape), SSIM_WINDOW)
    c1, c2 = (SSIM_K1 * extent) ** 2, (SSIM_K2 * extent) ** 2
    weights = gaussian_weights(SSIM_WINDOW, SSIM_SIGMA)
    mean_p, mean_g = windowed(p, weights), windowed(g, weights)
    variance_p = windowed(p * p, weights) - mean_p**2
    variance_g = windowed(g * g, weights) - mean_g**2
    covariance = windowed(p * g, weights) - mean_p * mean_g
    contrast = (2 * covariance + c2) / (variance_p + variance_g + c2)
    brightness = (2 * mean_p * mean_g + c1) / (mean_p**2 + mean_g**2 + c1)
    return contrast, brightness


def _scale_weights(side: int) -> Float:
    """Give the weights of as many scales as fit; fewer of them are made to sum to 1 as well."""
    if side >= MS_SSIM_SIDE:
        return np.array(MS_SSIM_WEIGHTS)
    large_enough("MS-SSIM", side, SSIM_WINDOW * 2 ** (_FEWER_SCALES - 1))
    weights = np.array(MS_SSIM_WEIGHTS[:_FEWER_SCALES])
    return weights / weights.sum()
