"""Which pictures can be compared at all: the checks that the measures share."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from superlens.core.errors import InvalidInput

Float = NDArray[np.float64]


def same_size(prediction: ArrayLike, truth: ArrayLike) -> tuple[Float, Float]:
    """Give both pictures as float64.

    Raises:
        InvalidInput: their shapes differ.
    """
    p, g = np.asarray(prediction, np.float64), np.asarray(truth, np.float64)
    if p.shape != g.shape:
        raise InvalidInput(
            f"The pictures to compare have different sizes: {p.shape} and {g.shape}",
            "Compare pictures of the same field at the same scale.",
        )
    return p, g


def same_field(sr: ArrayLike, lr: ArrayLike, scale: int) -> tuple[Float, Float]:
    """Give a super-resolved picture and its raw one as float64.

    Args:
        sr: (Y * scale, X * scale).
        lr: (Y, X).
        scale: super-resolved pixels per raw pixel, along one side.

    Raises:
        InvalidInput: the shapes do not fit the scale.
    """
    fine, coarse = np.asarray(sr, np.float64), np.asarray(lr, np.float64)
    if fine.shape != (coarse.shape[0] * scale, coarse.shape[1] * scale):
        raise InvalidInput(
            f"A super-resolved picture of {fine.shape} does not belong to a raw one of "
            f"{coarse.shape} at scale {scale}",
            "Compare a result with the very picture and channel it was made from.",
        )
    return fine, coarse


def extent_of(truth: Float, data_range: float | None = None) -> float:
    """Give the data range: the truth's own (max - min) unless it is given.

    Raises:
        InvalidInput: it is not above 0, or not finite.
    """
    extent = float(np.ptp(truth)) if data_range is None else float(data_range)
    if not np.isfinite(extent):
        raise InvalidInput(
            "The truth to compare with holds values that are not finite",
            "Compare with a picture of plain numbers.",
        )
    if extent <= 0.0:
        raise InvalidInput(
            "The truth to compare with is constant", "Compare with a picture that shows something."
        )
    return extent


def large_enough(measure: str, side: int, smallest: int) -> None:
    """Refuse pictures that are too small for a measure.

    Raises:
        InvalidInput: they are.
    """
    if side < smallest:
        raise InvalidInput(
            f"{measure} needs {smallest} pixels on each side, the picture has {side}",
            "Compare larger pictures.",
        )
