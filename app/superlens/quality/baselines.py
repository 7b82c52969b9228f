"""Rivals of a learned model: bicubic interpolation, and Wiener or Richardson-Lucy before it.

The `best_` functions choose the rivals' parameters against the truth itself, which no user could
do: the comparison is generous to the rival.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from superlens.quality.fidelity import psnr_affine

Float = NDArray[np.float64]

_CUBIC_A = -0.5
SIGMAS_PX: tuple[float, ...] = (0.4, 0.6, 0.8, 1.0, 1.3, 1.7, 2.2, 3.0)
"""Point spread functions that are tried, in raw pixels."""
NOISE_TO_SIGNAL: tuple[float, ...] = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0)
ITERATIONS: tuple[int, ...] = (1, 2, 3, 5, 8, 12, 20, 35)
_DARK_QUANTILE = 0.01


@dataclass(frozen=True, slots=True)
class Rival:
    """The best a rival can do on one picture."""

    image: NDArray[np.float32]
    """(Y * scale, X * scale)."""
    psnr_affine: float
    parameters: tuple[tuple[str, float], ...]
    """Name and value of each parameter that was chosen."""


def bicubic(image: ArrayLike, scale: int) -> NDArray[np.float32]:
    """Enlarge by cubic convolution with a = -0.5.

    Pixels are areas: pixel k of the result has its centre at (k + 0.5) / scale - 0.5 of the input's
    pixels, so that nothing shifts. Beyond its border the picture repeats its last pixel.

    Args:
        image: (Y, X).
        scale: 1, 2, 3, ...

    Returns:
        (Y * scale, X * scale) float32; may overshoot the input's range.

    Source: Keys, IEEE Trans. Acoust. Speech Signal Process. 29, 1153 (1981),
    doi 10.1109/TASSP.1981.1163711; Eq. 15.
    """
    values = np.asarray(image, np.float64)
    enlarged = _along_rows(values, scale)
    return _along_rows(enlarged.T, scale).T.astype(np.float32)


def wiener(image: ArrayLike, psf_sigma: float, noise_to_signal: float) -> NDArray[np.float32]:
    """Sharpen with the Wiener filter of a Gaussian point spread function; the mean is kept.

    Args:
        image: (Y, X).
        psf_sigma: standard deviation in pixels.
        noise_to_signal: ratio of the powers of noise and signal, the same at all frequencies.
    """
    from scipy import fft

    values = np.asarray(image, np.float64)
    # The cosine transform mirrors the picture at its borders, as the blur does.
    spectrum = np.asarray(fft.dctn(values - values.mean(), norm="ortho"))
    rows = np.arange(values.shape[0])[:, None] / (2.0 * values.shape[0])
    columns = np.arange(values.shape[1])[None, :] / (2.0 * values.shape[1])
    passed = np.exp(-2.0 * np.pi**2 * psf_sigma**2 * (rows**2 + columns**2))
    spectrum = spectrum * passed / (passed**2 + noise_to_signal)
    sharp = np.asarray(fft.idctn(spectrum, norm="ortho"))
    return (sharp + values.mean()).astype(np.float32)


def richardson_lucy(
    image: ArrayLike, psf_sigma: float, iterations: int, background: float = 0.0
) -> NDArray[np.float32]:
    """Sharpen with Richardson-Lucy iterations for a Gaussian point spread function.

    Args:
        image: (Y, X).
        psf_sigma: standard deviation in pixels.
        iterations: at least 1.
        background: subtracted before, values below it set to 0, and added again at the end.

    Source: Richardson, J. Opt. Soc. Am. 62, 55 (1972); Lucy, Astron. J. 79, 745 (1974).
    """
    steps = _lucy_steps(np.asarray(image, np.float64), psf_sigma, background)
    result = next(step for number, step in enumerate(steps, 1) if number == iterations)
    return (result + background).astype(np.float32)


def best_wiener(image: ArrayLike, truth: ArrayLike, scale: int) -> Rival:
    """Give the Wiener filter with the parameters that suit the truth best, followed by bicubic."""
    best: Rival | None = None
    for sigma in SIGMAS_PX:
        for ratio in NOISE_TO_SIGNAL:
            enlarged = bicubic(wiener(image, sigma, ratio), scale)
            chosen = (("psf_sigma", sigma), ("noise_to_signal", ratio))
            best = _better(best, Rival(enlarged, psnr_affine(enlarged, truth), chosen))
    assert best is not None
    return best


def best_richardson_lucy(image: ArrayLike, truth: ArrayLike, scale: int) -> Rival:
    """Give Richardson-Lucy with the parameters that suit the truth best, followed by bicubic."""
    values = np.asarray(image, np.float64)
    dark = float(np.quantile(values, _DARK_QUANTILE))
    best: Rival | None = None
    for background in (0.0, dark) if dark > 0 else (0.0,):
        for sigma in SIGMAS_PX:
            steps = _lucy_steps(values, sigma, background)
            for number, step in zip(range(1, max(ITERATIONS) + 1), steps, strict=False):
                if number not in ITERATIONS:
                    continue
                enlarged = bicubic(step + background, scale)
                chosen = (
                    ("psf_sigma", sigma),
                    ("iterations", float(number)),
                    ("background", background),
                )
                best = _better(best, Rival(enlarged, psnr_affine(enlarged, truth), chosen))
    assert best is not None
    return best


def _better(best: Rival | None, rival: Rival) -> Rival:
    return rival if best is None or rival.psnr_affine > best.psnr_affine else best


def _lucy_steps(image: Float, psf_sigma: float, background: float) -> Iterator[Float]:
    """Yield the estimate after each iteration, for ever."""
    from scipy import ndimage

    observed = np.maximum(image - background, 0.0)
    tiny = max(float(observed.mean()), 1e-12) * 1e-6
    estimate = np.full_like(observed, max(float(observed.mean()), tiny))
    while True:
        predicted = np.asarray(ndimage.gaussian_filter(estimate, psf_sigma, mode="reflect"))
        ratio = observed / np.maximum(predicted, tiny)
        # The kernel is symmetric, so it is its own adjoint.
        estimate = estimate * np.asarray(ndimage.gaussian_filter(ratio, psf_sigma, mode="reflect"))
        yield estimate


def _along_rows(values: Float, scale: int) -> Float:
    """Enlarge along the first axis."""
    length = values.shape[0]
    position = (np.arange(length * scale) + 0.5) / scale - 0.5
    first = np.floor(position).astype(int)
    enlarged = np.zeros((length * scale, values.shape[1]))
    for tap in range(-1, 3):
        weight = _cubic(position - (first + tap))
        source = np.clip(first + tap, 0, length - 1)
        enlarged += weight[:, None] * values[source]
    return enlarged


def _cubic(distance: Float) -> Float:
    """Give the cubic convolution kernel."""
    x, a = np.abs(distance), _CUBIC_A
    near = (a + 2) * x**3 - (a + 3) * x**2 + 1  # Eq. (15)
    far = a * (x**3 - 5 * x**2 + 8 * x - 4)
    return np.where(x <= 1, near, np.where(x < 2, far, 0.0))
