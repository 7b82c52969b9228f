"""Known damage done to pictures in known amounts: what a feature network must notice.

Torch-free. Amounts of brightness are shares of the picture's range, lengths are pixels.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]

FILAMENT_CONTRAST = 0.3
"""Brightness of an invented filament over the picture's range."""
_FILAMENT_SIGMA_PX = 1.0
_RANGE_PERCENTILES = (0.1, 99.9)


@dataclass(frozen=True, slots=True)
class Probe:
    """One kind of damage and the amounts at which it is done."""

    id: str
    title: str
    unit: str
    steps: tuple[float, ...]
    """From the smallest that must be noticed to the largest, strictly rising."""
    damage: Callable[[Array, float, np.random.Generator], Array]
    """(Y, X) and an amount to (Y, X)."""


def blurred(image: Array, sigma_px: float, rng: np.random.Generator) -> Array:
    """Blur with a Gaussian, exactly even where it is narrower than a pixel."""
    from scipy import fft

    spectrum = np.asarray(fft.dctn(image.astype(np.float64), norm="ortho"))
    # The cosine transform mirrors the picture at its borders.
    rows, columns = (np.arange(length) / (2.0 * length) for length in image.shape)
    square = rows[:, None] ** 2 + columns[None, :] ** 2
    spectrum *= np.exp(-2.0 * np.pi**2 * sigma_px**2 * square)
    return np.asarray(fft.idctn(spectrum, norm="ortho"), np.float32)


def noisy(image: Array, amount: float, rng: np.random.Generator) -> Array:
    """Add white noise."""
    sigma = np.float32(amount * brightness_range(image))
    noise = rng.standard_normal(image.shape, dtype=np.float32)
    return np.asarray(image + sigma * noise, np.float32)


def checkered(image: Array, amount: float, rng: np.random.Generator) -> Array:
    """Add a checkerboard of single pixels, half the amount up and half down."""
    rows, columns = np.indices(image.shape)
    board = 0.5 - (rows + columns + rng.integers(2)) % 2
    return image + board.astype(np.float32) * np.float32(amount * brightness_range(image))


def jittered(image: Array, sigma_px: float, rng: np.random.Generator) -> Array:
    """Shift every line by its own random distance, as a scanner does: without blurring it."""
    width = image.shape[1]
    # A line and its mirror image make a circle, on which a shift is a change of phase.
    circle = np.concatenate([image, image[:, ::-1]], axis=1)
    shifts = sigma_px * rng.standard_normal((image.shape[0], 1))
    phase = np.exp(-2j * np.pi * np.fft.rfftfreq(2 * width) * shifts)
    shifted = np.fft.irfft(np.fft.rfft(circle, axis=1) * phase, 2 * width, axis=1)
    return np.asarray(shifted[:, :width], np.float32)


def with_filaments(image: Array, density: float, rng: np.random.Generator) -> Array:
    """Add bent filaments that are not there, `density` of them per 64 x 64 pixels."""
    from scipy import ndimage

    wanted = density * image.size / 64**2
    count = int(wanted) + int(rng.random() < wanted % 1)
    drawn = np.zeros(image.shape, np.float32)
    for _ in range(count):
        rows, columns = np.rint(_walk(image.shape, rng)).astype(int)
        inside = (rows >= 0) & (rows < image.shape[0])
        inside &= (columns >= 0) & (columns < image.shape[1])
        drawn[rows[inside], columns[inside]] = 1.0
    lines = np.asarray(ndimage.gaussian_filter(drawn, _FILAMENT_SIGMA_PX), np.float32)
    # A thin line's ridge is 1 / (sigma sqrt(2 pi)) high after the blur.
    ridge = 1.0 / (_FILAMENT_SIGMA_PX * np.sqrt(2.0 * np.pi))
    height = np.float32(FILAMENT_CONTRAST * brightness_range(image) / ridge)
    return np.asarray(image + lines * height, np.float32)


def brightness_range(image: Array) -> float:
    """Give the distance between the 0.1th and the 99.9th percentile."""
    low, high = np.percentile(image, _RANGE_PERCENTILES)
    return float(high - low)


PROBES: tuple[Probe, ...] = (
    Probe("blur", "Blur", "px", (0.3, 0.5, 0.8, 1.2, 2.0), blurred),
    Probe("noise", "Noise", "of range", (0.01, 0.02, 0.05, 0.1), noisy),
    Probe("checkerboard", "Checkerboard", "of range", (0.01, 0.02, 0.05, 0.1), checkered),
    Probe("line_jitter", "Line jitter", "px", (0.25, 0.5, 1.0, 2.0), jittered),
    Probe(
        "filaments", "Invented filaments", "per 64 x 64 px", (0.5, 1.0, 2.0, 4.0), with_filaments
    ),
)
"""What a feature network is tried with before it may be shipped."""


def _walk(shape: tuple[int, ...], rng: np.random.Generator) -> NDArray[np.float64]:
    """Give the (2, K) places of a bent filament, two per pixel of its length."""
    length = int(rng.uniform(30, 90)) * 2
    turn = np.cumsum(rng.normal(0, 0.03, length)) + rng.uniform(0, 2 * np.pi)
    steps = 0.5 * np.stack([np.sin(turn), np.cos(turn)])
    start = rng.uniform(0, shape)[:, None]
    return start + np.cumsum(steps, axis=1)
