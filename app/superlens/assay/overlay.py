"""A picture of what was found in a field: the image in grey, outlines over it. No files."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.floating[Any]]

MEASURED = (255, 176, 0)
"""Colour of the outline of an object with a value: told from grey by everyone."""
NOT_MEASURED = (100, 143, 255)
"""Colour of the outline of an object without: at the border, or refused for a reason."""
_CONTRAST = (1.0, 99.7)


def contrast_limits(images: list[Image]) -> tuple[float, float]:
    """Give the values that become black and white in all of these images, so that they compare."""
    pixels = np.concatenate([image.ravel() for image in images])
    low, high = np.percentile(pixels[np.isfinite(pixels)], _CONTRAST)
    return float(low), float(high) if high > low else float(low) + 1.0


def outlined(
    image: Image,
    labels: NDArray[np.int32],
    measured: frozenset[int],
    limits: tuple[float, float],
) -> NDArray[np.uint8]:
    """Draw the outlines of objects over an image, whose brightness is shown as its square root.

    Args:
        image: (Y, X).
        labels: (Y, X), object id per pixel, 0 outside.
        measured: ids of the objects that have a value.
        limits: the values that become black and white.

    Returns:
        (Y, X, 3) uint8.
    """
    grey = np.clip((image - limits[0]) / (limits[1] - limits[0]), 0.0, 1.0)
    picture = np.repeat((255.0 * np.sqrt(np.nan_to_num(grey)))[..., None], 3, axis=2).astype(
        np.uint8
    )
    rim = _rims(labels)
    has_value = np.isin(labels, np.fromiter(measured, np.int64, len(measured)))
    picture[rim & has_value] = MEASURED
    picture[rim & ~has_value] = NOT_MEASURED
    return picture


def _rims(labels: NDArray[np.int32]) -> NDArray[np.bool_]:
    """Say which pixels of objects have a neighbour, above, below or beside, of another label."""
    rim = np.zeros(labels.shape, np.bool_)
    for here, there in ((np.s_[:-1, :], np.s_[1:, :]), (np.s_[:, :-1], np.s_[:, 1:])):
        differs = labels[here] != labels[there]
        rim[here] |= differs
        rim[there] |= differs
    return rim & (labels > 0)
