"""The two kinds of noise of the published pipeline, both clipped to [0, 1] afterwards."""

from enum import StrEnum

import numpy as np

from superlens.core.method import Array

_LEVELS = 255


class NoiseKind(StrEnum):
    """What kind of noise is added."""

    GAUSSIAN = "Gaussian"
    POISSON = "Poisson"


def with_gaussian_noise(image: Array, sigma: float, rng: np.random.Generator) -> Array:
    """Add white Gaussian noise.

    Args:
        image: (Y, X) in [0, 1].
        sigma: standard deviation in units of the full range.
        rng: the source of the noise.
    """
    noise = rng.standard_normal(image.shape, dtype=np.float32)
    noise *= np.float32(sigma)
    noise += image
    return np.clip(noise, 0.0, 1.0, out=noise)


def with_poisson_noise(image: Array, strength: float, rng: np.random.Generator) -> Array:
    """Add noise whose variance grows with the signal, as the published pipeline defines it.

    The picture's 8-bit copy I is taken as photons I V, V the next power of two of the number of
    its distinct levels, and `strength` times the deviation Poisson(I V) / V - I is added. A
    strength s has the variance of V / s^2 photons at full scale.

    Args:
        image: (Y, X) in [0, 1].
        strength: factor on the noise.
        rng: the source of the noise.
    """
    levels = np.rint(np.clip(image, 0.0, 1.0) * np.float32(_LEVELS)).astype(np.uint8)
    distinct = int(np.count_nonzero(np.bincount(levels.ravel(), minlength=_LEVELS + 1)))
    photons = 2.0 ** np.ceil(np.log2(distinct))
    # One draw per level and pixel: equal pixels differ, a table of expectations keeps it cheap.
    expected = np.arange(_LEVELS + 1) * (photons / _LEVELS)
    deviation = rng.poisson(expected[levels]).astype(np.float32)
    deviation /= np.float32(photons)
    deviation -= levels * np.float32(1.0 / _LEVELS)
    deviation *= np.float32(strength)
    deviation += image
    return np.clip(deviation, 0.0, 1.0, out=deviation)
