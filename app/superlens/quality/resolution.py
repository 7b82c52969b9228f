"""Fourier ring correlation: up to which detail two pictures of one field agree.

Between two raw exposures it is their resolution; between super-resolved and true picture it is a
cut-off of fidelity; between two outputs of a network it is only repeatability.
"""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import ArrayLike, NDArray

from superlens.core.errors import InvalidInput

Float = NDArray[np.float64]

SMALLEST_SIDE = 128
_TAPER = 0.25
_SMOOTHING_RINGS = 7


class Threshold(StrEnum):
    """Where the curve is said to have fallen into noise."""

    ONE_SEVENTH = "one_seventh"
    HALF = "half"
    """For comparisons with a reference free of noise."""
    HALF_BIT = "half_bit"
    ONE_BIT = "one_bit"
    THREE_SIGMA = "three_sigma"


class FrcUse(StrEnum):
    """What two pictures are, and so what the number of their correlation may be called."""

    RESOLUTION = "resolution"
    """Two raw exposures of one field."""
    REPEATABILITY = "repeatability bandwidth"
    """Two outputs of a network for two raw exposures: what it repeats need not be true."""
    FIDELITY = "spectral fidelity cut-off"
    """An output and the true picture, which is taken for free of noise."""

    @property
    def threshold(self) -> Threshold:
        """Give the threshold that belongs to the use."""
        return Threshold.HALF if self is FrcUse.FIDELITY else Threshold.ONE_SEVENTH


class Origin(StrEnum):
    """Where a picture comes from; single pictures tell their resolution only if acquired."""

    ACQUIRED = "acquired"
    """As the camera or detector gave it: noise differs from pixel to pixel."""
    PROCESSED = "processed"
    """Super-resolved, denoised, deconvolved, interpolated or compressed."""


class FrcState(StrEnum):
    """What the curve allows to say."""

    RESOLVED = "resolved"
    BEYOND_NYQUIST = "beyond_nyquist"
    """The curve never falls below the threshold: 2 pixels or better, not measurable."""
    NO_SIGNAL = "no_signal"
    """The two pictures share no detail."""


@dataclass(frozen=True, slots=True)
class FrcCurve:
    """Correlation of two pictures ring by ring."""

    frequency: Float
    """(R,) cycles per unit of the pixel size."""
    correlation: Float
    """(R,) smoothed over seven rings."""
    independent: Float
    """(R,) number of independent Fourier samples in each ring."""
    pixel: float


@dataclass(frozen=True, slots=True)
class FrcResolution:
    """The resolution read off a curve."""

    state: FrcState
    resolution: float | None
    """In the unit of the pixel size; None unless resolved."""
    curve: FrcCurve

    @property
    def cutoff(self) -> float:
        """Give the frequency up to which the pictures agree; Nyquist's at most, 0 without signal.

        In cycles per unit of the pixel size.
        """
        match self.state:
            case FrcState.RESOLVED:
                return 0.0 if self.resolution is None else 1.0 / self.resolution
            case FrcState.BEYOND_NYQUIST:
                return 0.5 / self.curve.pixel
            case FrcState.NO_SIGNAL:
                return 0.0

    def said(self, unit: str) -> str:
        """Give the resolution in words, without a number that was not measured."""
        match self.state:
            case FrcState.RESOLVED:
                return f"{self.resolution:.4g} {unit}"
            case FrcState.BEYOND_NYQUIST:
                return f"≤ {2 * self.curve.pixel:.4g} {unit} (2 px, Nyquist), not resolved"
            case FrcState.NO_SIGNAL:
                return "no common signal"


def frc_curve(first: ArrayLike, second: ArrayLike, pixel: float = 1.0) -> FrcCurve:
    """Correlate two registered pictures of one field.

    Args:
        first: (Y, X), at least 128 pixels on each side; the middle square is used.
        second: the same shape.
        pixel: side of a pixel, in whatever unit the frequencies shall have.

    Raises:
        InvalidInput: the shapes differ, or the pictures are too small or not finite.

    Source: Saxton, Baumeister, J. Microsc. 127, 127 (1982); Nieuwenhuizen et al., Nat. Methods 10,
    557 (2013), doi 10.1038/nmeth.2448.
    """
    a, b = _spectrum(first), _spectrum(second)
    if a.shape != b.shape:
        raise InvalidInput(
            f"The pictures to correlate have different sizes: {np.shape(first)} and "
            f"{np.shape(second)}",
            "Correlate pictures of the same field at the same scale.",
        )
    side = a.shape[0]
    index = np.fft.fftfreq(side, 1.0 / side)
    ring = np.rint(np.hypot(index[:, None], index[None, :])).astype(int).ravel()
    rings = side // 2 + 1
    shared = np.bincount(ring, (a * b.conj()).real.ravel())[:rings]
    power_a = np.bincount(ring, (np.abs(a) ** 2).ravel())[:rings]
    power_b = np.bincount(ring, (np.abs(b) ** 2).ravel())[:rings]
    count = np.bincount(ring)[:rings]
    correlation = shared / np.maximum(np.sqrt(power_a * power_b), np.finfo(float).tiny)
    return FrcCurve(
        frequency=np.arange(1, rings) / (side * pixel),
        correlation=_smoothed(correlation[1:]),
        independent=count[1:] / 2.0,
        pixel=pixel,
    )


def frc_resolution(
    first: ArrayLike,
    second: ArrayLike,
    pixel: float = 1.0,
    threshold: Threshold = Threshold.ONE_SEVENTH,
) -> FrcResolution:
    """Give the resolution at which two pictures stop agreeing: the first crossing from above."""
    return read_resolution(frc_curve(first, second, pixel), threshold)


def frc(first: ArrayLike, second: ArrayLike, use: FrcUse, pixel: float = 1.0) -> FrcResolution:
    """Correlate two pictures and read the curve as their use demands."""
    return frc_resolution(first, second, pixel, use.threshold)


def read_resolution(curve: FrcCurve, threshold: Threshold) -> FrcResolution:
    """Give the first crossing of a curve through a threshold, from above."""
    above = curve.correlation - threshold_curve(threshold, curve.independent)
    if above[0] < 0:
        return FrcResolution(FrcState.NO_SIGNAL, None, curve)
    below = np.flatnonzero(above < 0)
    if not len(below):
        return FrcResolution(FrcState.BEYOND_NYQUIST, None, curve)
    k = int(below[0])
    share = above[k - 1] / (above[k - 1] - above[k])
    crossing = curve.frequency[k - 1] + share * (curve.frequency[k] - curve.frequency[k - 1])
    resolution = float(1.0 / crossing)
    # A crossing within the first few rings is chance, not detail.
    if resolution > 2 * len(curve.frequency) * curve.pixel / 8:
        return FrcResolution(FrcState.NO_SIGNAL, None, curve)
    return FrcResolution(FrcState.RESOLVED, resolution, curve)


def threshold_curve(threshold: Threshold, independent: Float) -> Float:
    """Give the threshold for each ring, from the number of independent samples in it.

    Source: van Heel, Schatz, J. Struct. Biol. 151, 250 (2005), doi 10.1016/j.jsb.2005.05.009.
    """
    root = np.sqrt(np.maximum(independent, 1.0))
    match threshold:
        case Threshold.ONE_SEVENTH:
            return np.full_like(root, 1.0 / 7.0)
        case Threshold.HALF:
            return np.full_like(root, 0.5)
        case Threshold.HALF_BIT:
            return (0.2071 + 1.9102 / root) / (1.2071 + 0.9102 / root)
        case Threshold.ONE_BIT:
            return (0.5 + 2.4142 / root) / (1.5 + 1.4142 / root)
        case Threshold.THREE_SIGMA:
            return 3.0 / root


def _spectrum(image: ArrayLike) -> NDArray[np.complex128]:
    """Give the Fourier transform of the middle square, tapered towards its edges."""
    values = np.asarray(image, np.float64)
    side = min(values.shape) // 2 * 2
    if side < SMALLEST_SIDE:
        raise InvalidInput(
            f"Fourier ring correlation needs {SMALLEST_SIDE} pixels on each side, the picture has "
            f"{min(values.shape)}",
            "Correlate larger pictures.",
        )
    if not np.isfinite(values).all():
        raise InvalidInput(
            "A picture to correlate holds values that are not finite",
            "Correlate pictures of plain numbers.",
        )
    top, left = (values.shape[0] - side) // 2, (values.shape[1] - side) // 2
    square = values[top : top + side, left : left + side]
    window = _tukey(side)
    return np.fft.fft2((square - square.mean()) * window[:, None] * window[None, :])


def _tukey(length: int) -> Float:
    """Give a window that is flat in the middle and falls as a cosine over an eighth at each end."""
    place = np.arange(length) / (length - 1)
    edge = np.minimum(place, 1.0 - place)
    rise = 0.5 * (1.0 - np.cos(2.0 * np.pi * edge / _TAPER))
    return np.where(edge < _TAPER / 2, rise, 1.0)


def _smoothed(values: Float) -> Float:
    """Give the moving mean, over fewer rings near the ends."""
    weights = np.ones(_SMOOTHING_RINGS)
    sums = np.convolve(values, weights, mode="same")
    return sums / np.convolve(np.ones_like(values), weights, mode="same")
