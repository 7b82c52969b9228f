"""Fourier ring correlation of a single picture, split into two that differ in their noise.

Only for pictures as acquired: processing spreads the noise over neighbours, and the two parts would
then agree in it.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from superlens.core.errors import InvalidInput, UnsupportedImage
from superlens.quality.resolution import (
    FrcResolution,
    FrcState,
    Origin,
    Threshold,
    frc_curve,
    frc_resolution,
    read_resolution,
)

Float = NDArray[np.float64]

_DIAGONALS = (((0, 0), (1, 1)), ((0, 1), (1, 0)))
_KOHO = (0.95988, 13.90442, 0.97979, 0.55146)


def checkerboard_resolution(
    image: ArrayLike,
    origin: Origin,
    pixel: float = 1.0,
    threshold: Threshold = Threshold.ONE_SEVENTH,
) -> FrcResolution:
    """Give the resolution of one picture from every other pixel against its diagonal neighbours.

    The parts are half a coarse pixel apart, which costs correlation; a published calibration makes
    up for that. Within a few percent of two exposures for detail coarser than about 5 pixels,
    less exact below.

    Args:
        image: (Y, X), at least 256 pixels on each side.
        origin: processed pictures are refused.
        pixel: side of a pixel.
        threshold: the calibration was made for the default.

    Returns:
        The resolution; its curve is that of the halved pictures, the mean of both diagonals.

    Raises:
        UnsupportedImage: the picture is processed.
        InvalidInput: it is too small.

    Source: Koho et al., Nat. Commun. 10, 3103 (2019), doi 10.1038/s41467-019-11024-z;
    Supplementary Note 2.
    """
    _refuse_processed(origin)
    values = np.asarray(image, np.float64)
    values = values[: values.shape[0] // 2 * 2, : values.shape[1] // 2 * 2]
    curves = [
        frc_curve(values[top::2, left::2], values[low::2, right::2], 2.0 * pixel)
        for (top, left), (low, right) in _DIAGONALS
    ]
    correlation = (curves[0].correlation + curves[1].correlation) / 2.0
    found = read_resolution(replace(curves[0], correlation=correlation), threshold)
    if found.state is not FrcState.RESOLVED or found.resolution is None:
        return found
    share = 4.0 * pixel / found.resolution  # of the halved picture's Nyquist frequency
    height, steepness, place, base = _KOHO
    # Calibrated for 2 pixels at the Nyquist frequency of the halved picture, not 4.
    factor = height * np.exp(steepness * (share - place)) + base
    return replace(found, resolution=float(2.0 * pixel / share / factor))


def binomial_resolution(
    photons: ArrayLike,
    origin: Origin,
    pixel: float = 1.0,
    threshold: Threshold = Threshold.ONE_SEVENTH,
    seed: int = 0,
) -> FrcResolution:
    """Give the resolution at half the dose, from photons dealt at random into two pictures.

    Args:
        photons: (Y, X) counted photons, see `to_photons`; at least 128 pixels on each side.
        origin: processed pictures are refused, and so are counts scaled by anything but the gain.
        pixel: side of a pixel.
        threshold: where the curve has fallen into noise.
        seed: of the dealing.

    Raises:
        UnsupportedImage: the picture is processed.
        InvalidInput: it is too small, or holds values that are no counts.
    """
    _refuse_processed(origin)
    values = np.asarray(photons, np.float64)
    if not np.isfinite(values).all() or values.min() < 0 or (values != np.rint(values)).any():
        raise InvalidInput(
            "The picture does not hold counts of photons",
            "Give whole numbers from 0 on: take offset and gain of the camera out first.",
        )
    first = np.random.default_rng(seed).binomial(values.astype(np.int64), 0.5)
    return frc_resolution(first, values - first, pixel, threshold)


def to_photons(image: ArrayLike, gain: float, offset: float) -> Float:
    """Give counted photons, rounded and not below 0, from (Y, X) of a camera.

    Args:
        image: (Y, X) in counts of the camera.
        gain: counts per photon, above 0.
        offset: counts in the dark.
    """
    if not gain > 0:
        raise InvalidInput(
            f"A gain of {gain:g} counts per photon makes no sense", "Give a number above 0."
        )
    values = np.asarray(image, np.float64)
    return np.maximum(np.rint((values - offset) / gain), 0.0)


def _refuse_processed(origin: Origin) -> None:
    if origin is Origin.PROCESSED:
        raise UnsupportedImage(
            "A single processed picture does not tell its resolution: processing makes the noise "
            "of neighbouring pixels alike, which looks like detail",
            "Measure the raw picture, or compare two outputs of two exposures.",
        )
