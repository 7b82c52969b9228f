"""What is measured of every single picture of an evaluation; see `evaluation_catalogue`.

All in float64; nothing is cropped, clipped or rounded unless a measure's meaning says so.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from superlens.core.errors import InvalidInput
from superlens.core.method import Array
from superlens.engine.evaluation_catalogue import SPREAD_LEVEL
from superlens.quality.calibration import (
    ause,
    coverage,
    ence,
    ence_floor,
    independent_pixels,
)
from superlens.quality.fidelity import (
    Mode,
    affine_align,
    in_mode,
    mae,
    ms_ssim,
    nrmse,
    pearson,
    psnr,
    ssim,
)
from superlens.quality.intensity import intensity_ratio
from superlens.quality.niqe import BLOCK, NiqeModel, fit_niqe, niqe
from superlens.quality.resolution import SMALLEST_SIDE, FrcUse, frc
from superlens.quality.squirrel import squirrel
from superlens.quality.structure import gmsd, haarpsi, vif

_LEAST_SPREAD = 1e-6
"""Of the truth's range: a spread of nothing cannot be divided by."""
_MOST_FITTED = 48
"""Truths that teach the texture of sharp pictures."""
_LEAST_BLOCK = 16
_TRUTH = "truths"
_WHITE = 255.0
"""The truth's percentile 99.9, where pictures are judged as photographs."""


@dataclass(frozen=True, slots=True)
class Judged:
    """One picture and what it is judged against."""

    picture: Array
    """(Y * scale, X * scale), in the units of `low`."""
    low: Array
    """(Y, X)."""
    truth: Array
    """(Y * scale, X * scale), in its own units."""
    scale: int
    spread: Array | None = None
    """Standard deviation over samples, in the units of `low`."""


_AGAINST_RAW = ("rsp", "nrse", "intensity_ratio", "intensity_p5", "intensity_p95")


def judge(
    judged: Judged, niqe_model: NiqeModel | None, natural: NiqeModel | None = None
) -> dict[str, float | None]:
    """Take all measures of one picture.

    Args:
        judged: the picture and its truth.
        niqe_model: texture of the truths, in their units; None leaves NIQE-fit out.
        natural: the published parameters of NIQE; None leaves it out.

    Returns:
        By id; None where a picture is too small or too plain for a measure, infinity for the PSNR
        of a picture identical with the truth.

    Raises:
        InvalidInput: the truth is constant, or the sizes differ.
    """
    found: dict[str, float | None] = {}
    for mode in Mode:
        p, g, extent = in_mode(judged.picture, judged.truth, mode)
        found[f"psnr_{mode.value}"] = psnr(p, g, extent)
        found[f"ssim_{mode.value}"] = _unless_small(lambda a=(p, g, extent): ssim(*a))
        found[f"ms_ssim_{mode.value}"] = _unless_small(lambda a=(p, g, extent): ms_ssim(*a))
    aligned = affine_align(judged.picture, judged.truth)
    extent = float(np.ptp(judged.truth))
    found["nrmse"] = nrmse(aligned, judged.truth, extent)
    found["mae"] = mae(aligned, judged.truth) / extent
    found["pearson"] = pearson(judged.picture, judged.truth)
    found["gmsd"] = _unless_small(lambda: gmsd(aligned, judged.truth))
    found["haarpsi"] = _unless_small(lambda: haarpsi(aligned, judged.truth))
    found["vif"] = _unless_small(lambda: vif(aligned, judged.truth))
    found["frc_cutoff"] = _cutoff(judged.picture, judged.truth)
    found |= _against_raw(judged)
    if niqe_model is not None:
        found["niqe"] = niqe(aligned, niqe_model)
    if natural is not None:
        shown, _, _ = in_mode(judged.picture, judged.truth, Mode.CARE)
        found["niqe_natural"] = niqe(_WHITE * shown, natural)
    if judged.spread is not None:
        found |= _of_spread(judged, aligned)
    return found


def spread_as_aligned(judged: Judged, aligned: NDArray[np.float64]) -> NDArray[np.float64]:
    """Give the spread of a picture in the units of the truth, above 0 everywhere.

    Args:
        judged: with a spread.
        aligned: its picture, fitted to the truth by a straight line.
    """
    assert judged.spread is not None
    variance = float(judged.picture.astype(np.float64).var())
    # The spread follows the slope of the very fit that the picture got.
    slope = float(np.sqrt(aligned.var() / variance)) if variance else 1.0
    least = _LEAST_SPREAD * float(np.ptp(judged.truth))
    return np.maximum(slope * judged.spread.astype(np.float64), least)


def fit_sharpness(truths: Sequence[Callable[[], Array]], smallest_side: int) -> NiqeModel | None:
    """Learn the texture of sharp pictures from the truths; None where they are too small or plain.

    Args:
        truths: read them; some of them, evenly chosen, are enough.
        smallest_side: of all truths, in pixels.
    """
    block = min(BLOCK, smallest_side // 2 // 2 * 2)
    if block < _LEAST_BLOCK:
        return None
    step = max(1, -(-len(truths) // _MOST_FITTED))
    try:
        return fit_niqe((read() for read in truths[::step]), _TRUTH, block)
    except InvalidInput:
        return None


def _unless_small(take: Callable[[], float]) -> float | None:
    try:
        return take()
    except InvalidInput:
        return None


def _cutoff(picture: Array, truth: Array) -> float | None:
    if min(truth.shape) < SMALLEST_SIDE:
        return None
    return frc(picture, truth, FrcUse.FIDELITY).cutoff


def _against_raw(judged: Judged) -> dict[str, float | None]:
    found: dict[str, float | None] = dict.fromkeys(_AGAINST_RAW)
    with suppress(InvalidInput):
        agreement = squirrel(judged.picture, judged.low, judged.scale)
        found |= {"rsp": agreement.rsp, "nrse": agreement.nrse}
    with suppress(InvalidInput):
        ratio = intensity_ratio(judged.picture, judged.low, judged.scale)
        found["intensity_ratio"] = ratio.mean
        found |= {"intensity_p5": ratio.lo, "intensity_p95": ratio.hi}
    return found


def _of_spread(judged: Judged, aligned: NDArray[np.float64]) -> dict[str, float | None]:
    spread = spread_as_aligned(judged, aligned)
    found: dict[str, float | None] = {
        "coverage_90": coverage(aligned, spread, judged.truth, (SPREAD_LEVEL,))[0],
        "ause": ause(aligned, spread, judged.truth),
    }
    floor = ence_floor(independent_pixels(aligned, spread, judged.truth))
    found["ence_floor"] = floor
    found["ence"] = _unless_small(lambda: ence(aligned, spread, judged.truth))
    return found
