"""What a whole field would look like degraded, learnt from a small part of it.

A model's input is normalised by percentiles of a whole low-resolution image. In training a patch
is degraded anew every time it is shown, alone with what lies around it, and percentiles of that
piece would be wrong wherever it is emptier or fuller than its field: the network would see other
intensities than the engine shows it later. Degrading the whole field for every patch costs too
much. So a mosaic of small tiles, from the darkest to the brightest of the field, is degraded by
the same draw beside the piece, and the pixels of both are weighted such that their undegraded
brightness is as frequent as in the whole field. On microscope images the range between the
percentiles comes out within 0.5 to 4 per cent of the whole field's (median), where the piece alone
is wrong by 4 to 50 per cent.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from superlens.core.method import Array

_EDGES = (
    0.001, 0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.98, 0.99, 0.995, 0.998, 0.999, 0.9995,
)  # fmt: skip
"""Quantiles of the undegraded values between which pixels count as alike."""
_TILE_PX = 64
_TILES_PER_SIDE = 3
_TILE_RANKS = (0.0, 0.2, 0.4, 0.6, 0.75, 0.85, 0.92, 0.97, 1.0)
"""Which tiles are taken, by brightness: more of the bright ones, which differ most."""
_BRIGHT_QUANTILE = 99.0
_SAMPLES = 8192
_PIXELS_OF_PART = 12_000
"""About so many of each part are looked at."""
_NEIGHBOURHOOD_PX = 1.0
"""Width (sigma) of what counts as a pixel's brightness, on the low-resolution grid: blur mixes it
with its neighbours, so that a bright speck and the middle of a bright area fare differently."""


@dataclass(frozen=True, slots=True)
class FieldLevels:
    """The intensities of one high-resolution field, on the grid of its low-resolution picture."""

    edges: NDArray[np.float32]
    """Values that part the classes of alike pixels, rising."""
    shares: NDArray[np.float64]
    """Of each class among the pixels of the field."""
    mosaic: Array | None
    """A small picture with all intensities of the field; None: the field is no larger itself."""


def field_levels(high: Array, scale: int) -> FieldLevels:
    """Measure a field.

    Args:
        high: (Y, X); rows and columns that the scale does not divide are left out.
        scale: high-resolution pixels per low-resolution pixel, along one side.
    """
    values = brightness(high, scale)
    edges = np.unique(np.quantile(values, _EDGES)).astype(np.float32)
    classes = np.searchsorted(edges, values.ravel(), side="right")
    shares = np.bincount(classes, minlength=len(edges) + 1) / values.size
    return FieldLevels(edges, shares, _mosaic(high, scale))


def brightness(high: Array, scale: int) -> Array:
    """Give what a picture shows around each pixel of the low-resolution grid, undegraded.

    Rows and columns that the scale does not divide are left out.
    """
    from scipy import ndimage

    height, width = (side // scale * scale for side in high.shape)
    total = np.zeros((height // scale, width // scale), np.float32)
    for row in range(scale):
        for column in range(scale):
            total += high[row:height:scale, column:width:scale]
    total /= np.float32(scale**2)
    return np.asarray(ndimage.gaussian_filter(total, _NEIGHBOURHOOD_PX), np.float32)


def whole_field_samples(levels: FieldLevels, parts: Sequence[tuple[Array, Array]]) -> Array:
    """Give values that stand for the low-resolution picture of the whole field.

    Args:
        levels: of the field.
        parts: `brightness` and low-resolution picture of pieces of it, all degraded by the same
            draw.

    Returns:
        (8192,) float32, rising: evenly spaced quantiles.
    """
    values = np.concatenate([_thinned(value) for value, _ in parts])
    degraded = np.concatenate([_thinned(low) for _, low in parts])
    classes = np.searchsorted(levels.edges, values, side="right")
    counts = np.bincount(classes, minlength=len(levels.shares))
    weights = (levels.shares / np.maximum(counts, 1))[classes]
    order = np.argsort(degraded)
    below = np.cumsum(weights[order])
    middle = below - 0.5 * weights[order]
    places = (np.arange(_SAMPLES) + 0.5) / _SAMPLES * below[-1]
    return np.interp(places, middle, degraded[order]).astype(np.float32)


def _thinned(picture: Array) -> Array:
    return picture.ravel()[:: max(1, round(picture.size / _PIXELS_OF_PART))]


def _mosaic(high: Array, scale: int) -> Array | None:
    side = _TILE_PX // scale * scale
    rows, columns = high.shape[0] // side, high.shape[1] // side
    if rows * columns <= _TILES_PER_SIDE**2:
        return None
    cut = high[: rows * side, : columns * side].reshape(rows, side, columns, side)
    tiles = cut.swapaxes(1, 2).reshape(rows * columns, side, side)
    brightest = np.percentile(tiles.reshape(len(tiles), -1), _BRIGHT_QUANTILE, axis=1)
    ranked = np.argsort(brightest, kind="stable")
    ranks = np.rint(np.array(_TILE_RANKS) * (len(tiles) - 1)).astype(int)
    chosen = tiles[ranked[ranks]].reshape(_TILES_PER_SIDE, _TILES_PER_SIDE, side, side)
    # Row by row forth and back, so that tiles of like brightness touch.
    chosen[1::2] = chosen[1::2, ::-1].copy()
    return np.ascontiguousarray(chosen.swapaxes(1, 2).reshape(_TILES_PER_SIDE * side, -1))
