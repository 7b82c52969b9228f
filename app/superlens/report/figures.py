"""From arrays to embedded pictures: averaging, choice of a region, contrast, colours, PNG.

Pixels only: letters and bars over them are drawn by `overlay.py`. Pillow is imported when a
picture is encoded.
"""

import io
import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from superlens.core.jobs import Roi
from superlens.report.blocks import Raster
from superlens.report.palette import lookup

PRINTED_SIDE_PX = 680
"""Longest side of an embedded picture: 300 dpi on the third of a page."""

Image = NDArray[np.floating[Any]]


def box_average(image: Image, factor: int) -> Image:
    """Average boxes of `factor` x `factor` pixels to (Y, X) float32; incomplete ones are cut."""
    if factor == 1:
        return image.astype(np.float32)
    rows, columns = image.shape[0] // factor, image.shape[1] // factor
    whole = image[: rows * factor, : columns * factor].astype(np.float32)
    return whole.reshape(rows, factor, columns, factor).mean(axis=(1, 3))


def averaging_factor(height: int, width: int, longest: int = PRINTED_SIDE_PX) -> int:
    """Give by how much an image must be averaged so that no side is longer than `longest`."""
    return max(1, math.ceil(max(height, width) / longest))


def repeat_pixels(image: Image, longest: int = PRINTED_SIDE_PX) -> Image:
    """Repeat every pixel so often that no viewer smooths them; the longest side stays in reach."""
    times = max(1, longest // max(image.shape))
    return np.repeat(np.repeat(image, times, axis=0), times, axis=1)


def structured_window(image: Image, side: int) -> Roi:
    """Give the square with the most structure in an image.

    Structure is the summed gradient, cut at its 99th percentile so that one bright speck does not
    win; of equal windows the one nearest to the top left. A side longer than the image is cut.

    Args:
        image: (Y, X).
        side: of the square in pixels.
    """
    height, width = min(side, image.shape[0]), min(side, image.shape[1])
    gy, gx = np.gradient(np.nan_to_num(image.astype(np.float64)))
    gradient = np.hypot(gy, gx)
    gradient = np.minimum(gradient, np.percentile(gradient, 99))
    sums = np.zeros((image.shape[0] + 1, image.shape[1] + 1))
    sums[1:, 1:] = gradient.cumsum(axis=0).cumsum(axis=1)
    windows = (
        sums[height:, width:]
        - sums[:-height, width:]
        - sums[height:, :-width]
        + sums[:-height, :-width]
    )
    y, x = np.unravel_index(int(np.argmax(windows)), windows.shape)
    return Roi(int(x), int(y), width, height)


def shared_limits(*images: Image) -> tuple[float, float]:
    """Give one pair of contrast limits for several images: their 0.5th and 99.7th percentiles."""
    values = np.concatenate([image[np.isfinite(image)].ravel() for image in images])
    if values.size == 0:
        return 0.0, 1.0
    low, high = (float(value) for value in np.percentile(values, (0.5, 99.7)))
    return (low, high) if high > low else (low, low + 1.0)


def upper_limit(image: Image) -> float:
    """Give where the colours of a positive map end: its 99.7th percentile, 1 for an empty map."""
    values = image[np.isfinite(image)]
    top = float(np.percentile(values, 99.7)) if values.size else 0.0
    return top if top > 0 else 1.0


def colour_picture(image: Image, limits: tuple[float, float], colours: str = "grey") -> Raster:
    """Give an image as an embedded picture.

    Args:
        image: (Y, X); what is not a number is shown as the low end.
        limits: values of the low and the high end of the colours.
        colours: a colour map of `palette`.
    """
    low, high = limits
    levels = np.clip((np.nan_to_num(repeat_pixels(image), nan=low) - low) / (high - low), 0, 1)
    indices = np.rint(levels * 255).astype(np.uint8)
    return png_raster(indices if colours == "grey" else lookup(colours)[indices])


def png_raster(pixels: NDArray[np.uint8]) -> Raster:
    """Give uint8 pixels, (Y, X) or (Y, X, 3), as a PNG."""
    from PIL import Image as Pillow

    buffer = io.BytesIO()
    Pillow.fromarray(np.ascontiguousarray(pixels)).save(buffer, "PNG", compress_level=6)
    return Raster(buffer.getvalue(), pixels.shape[1], pixels.shape[0])
