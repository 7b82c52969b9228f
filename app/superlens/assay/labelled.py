"""Statistics of pixels grouped by label, without a loop over objects.

Every function takes labels that run from 1 to `count`; answer k belongs to label k + 1.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Labels = NDArray[np.int32]
Image = NDArray[np.floating[Any]]


def areas(labels: Labels, count: int) -> NDArray[np.int64]:
    """Give the number of pixels of every label, 0 for one that does not occur."""
    return np.bincount(labels.ravel(), minlength=count + 1)[1:]


def means(labels: Labels, image: Image, count: int) -> Floats:
    """Give the mean of an image in every label, NaN where a label has no pixel."""
    sums = np.bincount(labels.ravel(), weights=image.ravel(), minlength=count + 1)[1:]
    return _divided(sums, areas(labels, count))


def maxima(labels: Labels, image: Image, count: int) -> Floats:
    """Give the largest value of an image in every label, NaN where a label has no pixel."""
    inside = labels > 0
    found = np.full(count + 1, -np.inf)
    np.maximum.at(found, labels[inside], image[inside])
    return np.where(np.isneginf(found), np.nan, found)[1:]


def medians(labels: Labels, image: Image, count: int) -> Floats:
    """Give the median of an image in every label, NaN where a label has no pixel."""
    return quantiles(labels, image, count, 0.5)


def quantiles(labels: Labels, image: Image, count: int, share: float) -> Floats:
    """Give a quantile of an image in every label, NaN where a label has no pixel.

    The pixels are sorted once by (label, value); each quantile lies within its run, linearly
    between the two nearest values as in `numpy.quantile`.
    """
    inside = labels > 0
    owner, values = labels[inside], image[inside]
    values = values[np.lexsort((values, owner))].astype(np.float64)
    sizes = np.bincount(owner, minlength=count + 1)[1:]
    found = np.full(count, np.nan)
    present = sizes > 0
    place = share * (sizes[present] - 1)
    lower = np.floor(place).astype(np.int64)
    upper = np.ceil(place).astype(np.int64)
    first = (np.cumsum(sizes) - sizes)[present]
    low, high = values[first + lower], values[first + upper]
    found[present] = low + (place - lower) * (high - low)
    return found


def centres(labels: Labels, count: int) -> Floats:
    """Give (count, 2) centres of mass (y, x) in pixels, 0 at the middle of the first pixel."""
    rows, columns = np.nonzero(labels)
    owner = labels[rows, columns]
    sizes = np.bincount(owner, minlength=count + 1)[1:]
    sums = (np.bincount(owner, weights=axis, minlength=count + 1)[1:] for axis in (rows, columns))
    return np.stack([_divided(axis_sum, sizes) for axis_sum in sums], axis=1)


def touching_border(labels: Labels, count: int, margin_px: int) -> NDArray[np.bool_]:
    """Say for every label whether it reaches into the outermost `margin_px` pixels of the image."""
    inner = np.zeros(labels.shape, np.bool_)
    inner[margin_px : labels.shape[0] - margin_px, margin_px : labels.shape[1] - margin_px] = True
    touches = np.zeros(count + 1, np.bool_)
    touches[labels[~inner]] = True
    return touches[1:]


def _divided(sums: NDArray[Any], sizes: NDArray[np.int64]) -> Floats:
    return np.divide(sums, sizes, out=np.full(len(sums), np.nan), where=sizes > 0)
