"""How sharp the two pictures of a pair are relative to each other, whatever they show."""

import numpy as np
from numpy.typing import NDArray

from superlens.quality.noise import estimate_noise

Float = NDArray[np.float64]

_COHERENT = 0.3
"""Rings of the spectrum that correlate less are left out: they hold noise."""
_FEWEST_RINGS = 5
_LOWEST_RING = 2
_HIGHEST_FREQUENCY = 0.35
_LEAST_FINE = 1e-4
_LARGEST_SIDE = 768


def relative_blur(
    low: NDArray[np.floating], high: NDArray[np.floating], shift: tuple[float, float]
) -> float | None:
    """Give by how much broader the low picture's point spread function is than the high one's.

    The transfer from high to low, ring by ring of the spectrum, is compared with a Gaussian. Noise
    of the low picture drops out, because the high one does not share it.

    Args:
        low: (Y, X).
        high: (Y, X), averaged over blocks, of the same shape.
        shift: (y, x) by which the high picture is displaced, in pixels.

    Returns:
        Standard deviation in pixels; below 0 where the high picture is the blurred one. None where
        the two share too little detail to tell.
    """
    frequency, ours, theirs = _spectra(middle_of(low), middle_of(high))
    side = min(middle_of(low).shape)
    turned = np.exp(2j * np.pi * (frequency[0] * shift[0] + frequency[1] * shift[1]))
    ring = np.rint(np.hypot(*frequency) * side).astype(int).ravel()
    rings = int(_HIGHEST_FREQUENCY * side)

    def summed(values: Float) -> Float:
        return np.asarray(np.bincount(ring, values.ravel())[_LOWEST_RING:rings], np.float64)

    shared = summed((ours * theirs.conj() * turned).real)
    power_low, power_high = summed(np.abs(ours) ** 2), summed(np.abs(theirs) ** 2)
    coherence = shared / np.sqrt(np.maximum(power_low * power_high, np.finfo(float).tiny))
    coherent = int(np.argmax(coherence < _COHERENT)) if (coherence < _COHERENT).any() else rings
    used = slice(0, min(coherent, len(coherence)))
    if len(coherence[used]) < _FEWEST_RINGS:
        return None
    transfer = np.log(shared[used] / power_high[used])
    weight = coherence[used] ** 2 * np.arange(_LOWEST_RING, rings)[used]
    square = (np.arange(_LOWEST_RING, rings)[used] / side) ** 2
    slope = float(np.polyfit(square, transfer, 1, w=np.sqrt(weight))[0])
    variance = -slope / (2 * np.pi**2)  # of exp(-2 (pi sigma f)^2)
    return float(np.sign(variance) * np.sqrt(abs(variance)))


def middle_of(picture: NDArray[np.floating]) -> NDArray[np.floating]:
    """Give the middle of a large picture: enough for what does not depend on the place."""
    start = [max(0, side - _LARGEST_SIDE) // 2 for side in picture.shape]
    return picture[start[0] : start[0] + _LARGEST_SIDE, start[1] : start[1] + _LARGEST_SIDE]


def fineness(picture: NDArray[np.floating]) -> float:
    """Give how much finer than coarser structure a picture has, as a natural logarithm.

    Variance between 1 and 2 px over that between 4 and 8 px, without what noise adds to both.
    """
    from scipy import ndimage

    image = middle_of(picture).astype(np.float64)
    smooth = [np.asarray(ndimage.gaussian_filter(image, sigma)) for sigma in (1, 2, 4, 8)]
    noise = float(estimate_noise(image).variance(smooth[2]).mean())
    fine = float((smooth[0] - smooth[1]).var()) - noise * noise_share(1, 2)
    coarse = float((smooth[2] - smooth[3]).var()) - noise * noise_share(4, 8)
    coarse = max(coarse, float(np.finfo(float).tiny))
    return float(np.log(max(fine / coarse, _LEAST_FINE)))


def noise_share(fine_sigma: float, coarse_sigma: float) -> float:
    """Give the variance that white noise of variance 1 keeps between two Gaussian smoothings."""
    # Of Gaussians with sigma a and b: 1 / (4 pi a^2) + 1 / (4 pi b^2) - 2 / (2 pi (a^2 + b^2)).
    a, b = fine_sigma**2, coarse_sigma**2
    return (1 / a + 1 / b - 4 / (a + b)) / (4 * np.pi)


def _spectra(
    low: NDArray[np.floating], high: NDArray[np.floating]
) -> tuple[tuple[Float, Float], NDArray[np.complex128], NDArray[np.complex128]]:
    from scipy.signal.windows import tukey

    height, width = low.shape
    window = tukey(height, 0.5)[:, None] * tukey(width, 0.5)[None]
    ours, theirs = (
        np.fft.rfft2((image - image.mean(dtype=np.float64)) * window) for image in (low, high)
    )
    down, right = np.fft.fftfreq(height)[:, None], np.fft.rfftfreq(width)[None]
    return (np.asarray(down, np.float64), np.asarray(right, np.float64)), ours, theirs
