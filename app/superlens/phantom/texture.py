"""Random textures and blurs that specimens are made of; what they mean is the specimens' matter."""

import numpy as np
from numpy.typing import NDArray

from superlens.phantom.specimen import Array

_SPLINE_POWER = 151.0 / 315.0  # integral of the squared cubic B-spline
_COARSE_SIGMA_PX = 4.0


def smooth_noise(shape: tuple[int, int], correlation_px: float, rng: np.random.Generator) -> Array:
    """Draw a smooth random field of mean 0 and variance 1.

    Args:
        shape: (Y, X).
        correlation_px: spacing of the cubic B-spline's knots; details are about this large.
        rng: the source of all randomness.
    """
    rows = _spline_matrix(shape[0], correlation_px, rng.random())
    columns = _spline_matrix(shape[1], correlation_px, rng.random())
    knots = rng.standard_normal((rows.shape[1], columns.shape[1]), dtype=np.float32)
    return (rows @ knots @ columns.T / np.float32(_SPLINE_POWER)).astype(np.float32)


def fractal_noise(
    shape: tuple[int, int], largest_px: float, smallest_px: float, rng: np.random.Generator
) -> Array:
    """Draw a random field of mean 0 and variance 1 with details between two lengths."""
    total = np.zeros(shape, np.float32)
    power = 0.0
    size, weight = largest_px, 1.0
    while True:
        total += np.float32(weight) * smooth_noise(shape, max(size, 1.0), rng)
        power += weight * weight
        size, weight = size / 2.0, weight * 0.75
        if size < max(smallest_px, 1.0):
            return total / np.float32(np.sqrt(power))


def blurred(image: Array, sigma_px: float) -> Array:
    """Blur with a Gaussian, reflecting at the borders; wide blurs are done on a coarser grid."""
    if sigma_px < 0.05:
        return image
    factor = int(sigma_px // _COARSE_SIGMA_PX)
    height, width = image.shape
    if factor < 2 or min(height, width) < 8 * factor:
        return _gaussian(image, sigma_px)
    padding = ((0, -height % factor), (0, -width % factor))
    padded = np.pad(image, padding, mode="symmetric")
    coarse = _block_mean(padded, factor)
    # The block and the linear interpolation blur too: their variances are (f^2 - 1)/12 and f^2/6.
    variance = sigma_px**2 - (factor**2 - 1) / 12.0 - factor**2 / 6.0
    coarse = _gaussian(coarse, float(np.sqrt(variance)) / factor)
    rows = _linear_matrix(height, coarse.shape[0], factor)
    columns = _linear_matrix(width, coarse.shape[1], factor)
    return (rows @ coarse @ columns.T).astype(np.float32)


def _gaussian(image: Array, sigma_px: float) -> Array:
    from scipy import ndimage

    result = ndimage.gaussian_filter(image, sigma_px, mode="reflect", truncate=4.0)
    return np.asarray(result, np.float32)


def _block_mean(image: Array, factor: int) -> Array:
    height, width = image.shape[0] // factor, image.shape[1] // factor
    blocks = image.reshape(height, factor, width, factor)
    return blocks.mean(axis=(1, 3), dtype=np.float32)


def _spline_matrix(length: int, spacing: float, phase: float) -> NDArray[np.float32]:
    """Give the (length, knots) matrix of cubic B-spline weights."""
    position = np.arange(length) / spacing + phase
    first = np.floor(position).astype(int)
    t = position - first
    weights = np.stack(
        [
            (1 - t) ** 3 / 6,
            (3 * t**3 - 6 * t**2 + 4) / 6,
            (-3 * t**3 + 3 * t**2 + 3 * t + 1) / 6,
            t**3 / 6,
        ],
        axis=1,
    )
    matrix = np.zeros((length, int(first.max()) + 4), np.float32)
    rows = np.arange(length)
    for k in range(4):
        matrix[rows, first + k] += weights[:, k]
    return matrix


def _linear_matrix(length: int, knots: int, factor: int) -> NDArray[np.float32]:
    """Give the (length, knots) matrix of linear weights between block centres."""
    position = np.clip((np.arange(length) + 0.5) / factor - 0.5, 0, knots - 1)
    first = np.minimum(np.floor(position).astype(int), max(knots - 2, 0))
    t = (position - first).astype(np.float32)
    matrix = np.zeros((length, knots), np.float32)
    rows = np.arange(length)
    matrix[rows, first] += 1 - t
    matrix[rows, np.minimum(first + 1, knots - 1)] += t
    return matrix
