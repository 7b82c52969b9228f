"""Local means: by windows that fit into the picture, and over bins of pixels."""

import numpy as np
from numpy.typing import NDArray

Float = NDArray[np.float64]


def gaussian_weights(width: int, sigma: float) -> Float:
    """Give (width,) samples of a Gaussian that sum to 1; the width is odd."""
    offset = np.arange(width) - width // 2
    weights = np.exp(-0.5 * (offset / sigma) ** 2)
    return weights / weights.sum()


def windowed(values: Float, weights: Float) -> Float:
    """Give the weighted mean around each pixel where the window fits.

    Args:
        values: (Y, X).
        weights: (K,) along rows and columns alike, K odd.

    Returns:
        (Y - K + 1, X - K + 1).
    """
    from scipy import ndimage

    half = len(weights) // 2
    for axis in (0, 1):
        values = np.asarray(ndimage.correlate1d(values, weights, axis=axis))
    return values[half : values.shape[0] - half, half : values.shape[1] - half]


def binned(values: Float, side: int) -> Float:
    """Give means over side x side pixels; what is left over at the far edges is left out."""
    rows, columns = values.shape[0] // side, values.shape[1] // side
    whole = values[: rows * side, : columns * side]
    return whole.reshape(rows, side, columns, side).mean(axis=(1, 3))
