"""Decorrelation analysis: the finest detail of one raw picture that stands out of its noise.

Measured on processed pictures the number says something about the processing, so it is refused
there.
"""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import ArrayLike, NDArray

from superlens.core.errors import InvalidInput
from superlens.quality.resolution import Origin

Float = NDArray[np.float64]

SMALLEST_SIDE = 128
REFUSED_BECAUSE = (
    "not reliable on processed images: interpolation, denoising, deconvolution and "
    "super-resolution change the spectrum from which this number is read"
)

_EDGE_PX = 20
_RADII = 50
_FILTERS = 10
_PROMINENCE = 5e-4
_FAINTEST_PEAK = 0.05
_NARROWEST_FILTER = 0.15
_REACH = 0.4
_BINS_PER_PIXEL = 8


class DecorrelationState(StrEnum):
    """What the analysis allows to say."""

    RESOLVED = "resolved"
    NO_PEAK = "no_peak"
    """No detail stands out of the noise."""
    REFUSED = "refused"
    """The picture is processed: a number would mislead."""


@dataclass(frozen=True, slots=True)
class Decorrelation:
    """The resolution of one picture."""

    state: DecorrelationState
    resolution: float | None
    """In the unit of the pixel size; None unless resolved."""
    amplitude: float | None
    """Height of the peak of the unfiltered curve: nearer to 1 with less noise; None if there is
    none."""
    reason: str
    """Why there is no number; empty if there is one."""


def decorrelation(image: ArrayLike, origin: Origin, pixel: float = 1.0) -> Decorrelation:
    """Give the resolution of a single raw picture.

    Versions of the method differ by about 10 %.

    Args:
        image: (Y, X), at least 128 pixels on each side.
        origin: processed pictures are refused.
        pixel: side of a pixel.

    Raises:
        InvalidInput: too small.

    Source: Descloux, Grußmayer, Radenovic, Nat. Methods 16, 918 (2019),
    doi 10.1038/s41592-019-0515-7; Eq. 1.
    """
    if origin is Origin.PROCESSED:
        return Decorrelation(DecorrelationState.REFUSED, None, None, REFUSED_BECAUSE)
    values = np.asarray(image, np.float64)
    if min(values.shape) < SMALLEST_SIDE:
        raise InvalidInput(
            f"Decorrelation analysis needs {SMALLEST_SIDE} pixels on each side, the picture has "
            f"{min(values.shape)}",
            "Analyse larger pictures.",
        )
    found = _best_peak(_spectrum(values), max(values.shape))
    if found is None:
        reason = "no detail stands out of the noise"
        return Decorrelation(DecorrelationState.NO_PEAK, None, None, reason)
    cutoff, amplitude = found
    return Decorrelation(DecorrelationState.RESOLVED, 2.0 * pixel / cutoff, amplitude, "")


@dataclass(frozen=True, slots=True)
class _Spectrum:
    """Sums over thin rings; radius 1 is Nyquist's frequency."""

    edges: Float
    """(B + 1,)."""
    counts: Float
    modulus: Float
    """(B,) sum of |F|."""
    power: Float
    """(B,) sum of |F|^2."""


def _best_peak(spectrum: _Spectrum, side: int) -> tuple[float, float | None] | None:
    """Give the largest radius of a peak over all high-pass filters, and the height without one."""
    radii = np.linspace(0.0, 1.0, _RADII)
    first = _peak(spectrum, radii, None)
    widest = 2.0 / first[0] if first else side / 2.0
    filters = np.concatenate([[side / 4.0], np.geomspace(widest, _NARROWEST_FILTER, _FILTERS)])
    peaks = [_peak(spectrum, radii, width) for width in filters]
    candidates = [peak for peak in (first, *peaks) if peak]
    if not candidates:
        return None
    around = _neighbours(filters, [peak[0] if peak else 0.0 for peak in peaks])
    start = max(peak[0] for peak in candidates)
    finer = np.linspace(max(start - radii[1], 0.0), min(start + _REACH, 1.0), _RADII)
    refined = [_peak(spectrum, finer, width) for width in np.geomspace(*around, _FILTERS)]
    candidates += [peak for peak in refined if peak]
    return max(radius for radius, _ in candidates), first[1] if first else None


def _neighbours(filters: Float, found: list[float]) -> tuple[float, float]:
    """Give the filters on either side of the last one that found the largest radius."""
    best = len(found) - 1 - int(np.argmax(found[::-1]))
    return float(filters[max(best - 1, 0)]), float(filters[min(best + 1, len(filters) - 1)])


def _peak(spectrum: _Spectrum, radii: Float, width: float | None) -> tuple[float, float] | None:
    """Give radius and height of the peak of one filtered picture's curve, if it stands out."""
    curve = _curve(spectrum, radii, width)
    while len(curve) > 1:
        top = int(np.argmax(curve))
        if top == 0:
            return None
        if top < len(curve) - 1 and curve[top] - curve[top:].min() >= _PROMINENCE:
            height = float(curve[top])
            return (float(radii[top]), height) if height >= _FAINTEST_PEAK else None
        curve = curve[:-1]
    return None


def _curve(spectrum: _Spectrum, radii: Float, width: float | None) -> Float:
    """Correlate the picture with its phases alone, up to each radius."""
    middle = (spectrum.edges[:-1] + spectrum.edges[1:]) / 2.0
    passed = np.ones_like(middle)
    if width is not None:
        passed = 1.0 - np.exp(-2.0 * (width * middle) ** 2)
    shared = np.interp(radii, spectrum.edges, _cumulated(passed * spectrum.modulus))
    count = np.interp(radii, spectrum.edges, _cumulated(spectrum.counts))
    power = float((passed**2 * spectrum.power).sum())
    return shared / np.sqrt(np.maximum(power * count, np.finfo(float).tiny))  # Eq. (1)


def _cumulated(values: Float) -> Float:
    return np.concatenate([[0.0], np.cumsum(values)])


def _spectrum(image: Float) -> _Spectrum:
    from scipy import fft

    odd = image[: (image.shape[0] - 1) // 2 * 2 + 1, : (image.shape[1] - 1) // 2 * 2 + 1]
    faded = (odd - odd.mean()) * _fading(odd.shape[0])[:, None] * _fading(odd.shape[1])
    modulus = np.abs(np.asarray(fft.rfft2(faded)))
    rows, columns = np.fft.fftfreq(odd.shape[0]), np.fft.rfftfreq(odd.shape[1])
    radius = 2.0 * np.hypot(rows[:, None], columns)
    # Half of the plane is transformed: all but its first column stands for two pixels.
    twice = np.full(modulus.shape, 2.0)
    twice[:, 0] = 1.0
    bins = _BINS_PER_PIXEL * max(odd.shape)
    ring = (radius * bins).astype(np.int64).ravel()
    inside = ring < bins
    ring = ring[inside]

    def summed(values: Float) -> Float:
        return np.bincount(ring, values.ravel()[inside], minlength=bins).astype(np.float64)

    return _Spectrum(
        edges=np.arange(bins + 1) / bins,
        counts=summed(twice),
        modulus=summed(twice * modulus),
        power=summed(twice * modulus**2),
    )


def _fading(length: int) -> Float:
    """Give a window that falls to 0 as a cosine at both ends."""
    place = np.arange(length)
    edge = np.minimum(np.minimum(place, place[::-1]) / _EDGE_PX, 1.0)
    return 0.5 * (1.0 - np.cos(np.pi * edge))
