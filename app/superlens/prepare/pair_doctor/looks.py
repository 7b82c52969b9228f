"""What a single picture shows of its own faults: no numbers, no structure, no room at the top."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from superlens.prepare.pair_doctor.records import Complaint, PairFlag
from superlens.prepare.pair_doctor.sharpness import middle_of, noise_share
from superlens.quality.noise import estimate_noise

Float = NDArray[np.float64]

SMALLEST_SIDE = 32
"""Low-resolution pixels; in less neither noise nor displacement can be told."""
SATURATED_SHARE = 0.005
"""Of the pixels at the highest value. Automatic contrast of an export saturates up to 0.4 %."""
BLANK_RATIO = 1.5
"""Variance between 2 and 8 px over that of pure noise: 1.0 to 1.2 in blank frames."""
_BLANK_SIGMAS = (2.0, 8.0)


def complaints_of(picture: NDArray[np.float32], name: str) -> Iterator[Complaint]:
    """Give what is wrong with a picture by itself; what makes the rest meaningless comes alone.

    Args:
        picture: (Y, X), in the units of its file.
        name: what the picture is called in the sentences.
    """
    fault = fault_of(picture, name)
    if min(picture.shape) < SMALLEST_SIDE:
        size = f"{picture.shape[0]} x {picture.shape[1]}"
        yield Complaint(
            PairFlag.TOO_SMALL,
            f"{name} has {size} pixels, fewer than {SMALLEST_SIDE} on a side",
        )
    elif fault is not None:
        yield fault
    else:
        yield from _complaints_of_values(picture, name)


def fault_of(picture: NDArray[np.float32], name: str) -> Complaint | None:
    """Give why nothing at all can be done with a picture, or None where something can.

    Args:
        picture: (Y, X), in the units of its file.
        name: what the picture is called in the sentence.
    """
    missing = picture.size - int(np.isfinite(picture).sum())
    if missing:
        return Complaint(
            PairFlag.NOT_FINITE,
            f"{missing} of {picture.size} pixels of {name} are NaN or infinite",
        )
    if float(picture.min()) == float(picture.max()):
        return Complaint(
            PairFlag.CONSTANT, f"Every pixel of {name} has the same value, {picture.min():g}"
        )
    return None


def structure_ratio(picture: NDArray[np.floating]) -> float:
    """Give the variance of structure of a few pixels over what the noise alone would give."""
    from scipy import ndimage

    image = picture.astype(np.float64)
    fine, coarse = (np.asarray(ndimage.gaussian_filter(image, s)) for s in _BLANK_SIGMAS)
    noise = estimate_noise(image)
    pixel_variance = float(noise.variance(coarse).mean())
    return float((fine - coarse).var()) / (pixel_variance * noise_share(*_BLANK_SIGMAS))


def _complaints_of_values(picture: NDArray[np.float32], name: str) -> Iterator[Complaint]:
    share = _saturated_share(picture)
    if share > SATURATED_SHARE:
        yield Complaint(
            PairFlag.SATURATED,
            f"{share:.1%} of the pixels of {name} are at its highest value, {picture.max():g}",
        )
    # The middle tells most of the time; an empty middle is no empty picture.
    if structure_ratio(middle_of(picture)) < BLANK_RATIO > structure_ratio(picture):
        yield Complaint(PairFlag.BLANK, f"{name} shows nothing that stands out of the noise")


def _saturated_share(picture: NDArray[np.float32]) -> float:
    """Give the share of pixels at the highest value, 0 where that is no pile of cut-off values."""
    values, counts = np.unique(picture, return_counts=True)
    is_pile = len(values) > 1 and counts[-1] > counts[-2]
    return float(counts[-1]) / picture.size if is_pile else 0.0
