"""The measures of an evaluation: what is taken of every single picture.

All in float64; nothing is cropped, clipped or rounded unless a measure's meaning says so.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from superlens.core.errors import InvalidInput
from superlens.core.evaluation import Better, Measure
from superlens.core.method import Array
from superlens.quality.calibration import (
    ause,
    coverage,
    ence,
    ence_floor,
    independent_pixels,
)
from superlens.quality.fidelity import (
    MS_SSIM_SIDE,
    Mode,
    affine_align,
    in_mode,
    mae,
    measure_name,
    ms_ssim,
    ms_ssim_name,
    nrmse,
    pearson,
    psnr,
    ssim,
)
from superlens.quality.niqe import BLOCK, NiqeModel, fit_niqe, niqe
from superlens.quality.resolution import SMALLEST_SIDE, FrcUse, frc
from superlens.quality.squirrel import squirrel

SPREAD_LEVEL = 0.9
_LEAST_SPREAD = 1e-6
"""Of the truth's range: a spread of nothing cannot be divided by."""
_MOST_FITTED = 48
"""Truths that teach the texture of sharp pictures."""
_LEAST_BLOCK = 16
_TRUTH = "truths"


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


_MODE_WORDS = {
    Mode.RAW: "brightness as it is",
    Mode.AFFINE: "after the best straight-line fit of the brightness",
    Mode.CARE: "after the fit, in the truth's 0.1 to 99.9 percentiles",
}


def measures_for(smallest_side: int, niqe_model: NiqeModel | None) -> tuple[Measure, ...]:
    """Give the measures of single pictures, in the order in which they are shown.

    Args:
        smallest_side: of all truths, in pixels: decides a name.
        niqe_model: names its measure; None leaves it out.
    """
    found: list[Measure] = []
    for mode in Mode:
        said = _MODE_WORDS[mode]
        for id_, name, unit, decimals, meaning in (
            ("psnr", "PSNR", "dB", 2, "Peak signal over root mean square error"),
            ("ssim", "SSIM", "", 4, "Structural similarity"),
            (
                "ms_ssim",
                ms_ssim_name((smallest_side,)),
                "",
                4,
                "Structural similarity over several scales",
            ),
        ):
            title = measure_name(name, mode)
            found.append(
                Measure(
                    f"{id_}_{mode.value}",
                    title,
                    unit,
                    Better.HIGHER,
                    f"{meaning}, {said}.",
                    decimals,
                )
            )
    found += _PLAIN
    if niqe_model is not None:
        meaning = "Distance of the texture from the truths' sharpest parts; compare rows only."
        found.append(Measure("niqe", niqe_model.name, "", Better.LOWER, meaning, 2))
    return tuple(found)


SPREAD_MEASURES: tuple[Measure, ...] = (
    Measure(
        "coverage_90",
        "Coverage at 90 %",
        "",
        Better.CLOSER,
        "Share of pixels whose truth lies within 1.645 spreads of the answer.",
        ideal=SPREAD_LEVEL,
    ),
    Measure(
        "ence",
        "ENCE",
        "",
        Better.LOWER,
        "Relative error of the spread's size, over 20 bins of equally many pixels.",
    ),
    Measure(
        "ence_floor",
        "ENCE floor",
        "",
        Better.LOWER,
        "What a perfect spread would still show, because independent pixels are few.",
    ),
    Measure(
        "ause",
        "AUSE",
        "",
        Better.LOWER,
        "How much worse the spread ranks pixels by error than the errors themselves do.",
    ),
)

_PLAIN: tuple[Measure, ...] = (
    Measure(
        "nrmse",
        measure_name("NRMSE", Mode.AFFINE),
        "",
        Better.LOWER,
        "Root mean square error over the truth's range, after the fit.",
        4,
    ),
    Measure(
        "mae",
        measure_name("MAE", Mode.AFFINE),
        "",
        Better.LOWER,
        "Mean absolute error over the truth's range, after the fit.",
        4,
    ),
    Measure("pearson", "Pearson", "", Better.HIGHER, "Correlation with the truth.", 4),
    Measure(
        "frc_cutoff",
        "Spectral fidelity cut-off",
        "cycles/px",
        Better.HIGHER,
        "Frequency up to which Fourier rings correlate with the truth above 0.5; at most 0.5.",
    ),
    Measure(
        "rsp",
        "RSP",
        "",
        Better.HIGHER,
        "Correlation of the blurred picture with the raw one (SQUIRREL), see the blind spot.",
        4,
    ),
    Measure(
        "nrse",
        "NRSE",
        "",
        Better.LOWER,
        "Error of the blurred picture against the raw one over its range (SQUIRREL).",
        4,
    ),
    Measure(
        "intensity_ratio",
        "Intensity ratio",
        "",
        Better.CLOSER,
        "Mean brightness over that of the raw picture.",
        ideal=1.0,
    ),
)


def judge(judged: Judged, niqe_model: NiqeModel | None) -> dict[str, float | None]:
    """Take all measures of one picture.

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
    found["frc_cutoff"] = _cutoff(judged.picture, judged.truth)
    found |= _against_raw(judged)
    if niqe_model is not None:
        found["niqe"] = niqe(aligned, niqe_model)
    if judged.spread is not None:
        found |= _of_spread(judged, aligned)
    return found


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


def multi_scale_note(sides: Sequence[int]) -> str:
    """Give how many scales the multi-scale similarity of pictures of these sides has."""
    small = sum(side < MS_SSIM_SIDE for side in sides)
    if not small:
        return "five scales"
    if small == len(sides):
        return f"three scales: all pictures are under {MS_SSIM_SIDE} px"
    return f"three scales for {small} of {len(sides)} pictures, those under {MS_SSIM_SIDE} px"


def named(measure: Measure, title: str) -> Measure:
    """Give a measure under another title."""
    return replace(measure, title=title)


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
    mean = float(judged.low.mean(dtype=np.float64))
    ratio = float(judged.picture.mean(dtype=np.float64)) / mean if mean else None
    try:
        found = squirrel(judged.picture, judged.low, judged.scale)
    except InvalidInput:
        return {"rsp": None, "nrse": None, "intensity_ratio": ratio}
    return {"rsp": found.rsp, "nrse": found.nrse, "intensity_ratio": ratio}


def _of_spread(judged: Judged, aligned: NDArray[np.float64]) -> dict[str, float | None]:
    assert judged.spread is not None
    picture = judged.picture.astype(np.float64)
    variance = float(picture.var())
    # The spread follows the slope of the very fit that the picture got.
    slope = float(np.sqrt(aligned.var() / variance)) if variance else 1.0
    least = _LEAST_SPREAD * float(np.ptp(judged.truth))
    spread = np.maximum(slope * judged.spread, least)
    found: dict[str, float | None] = {
        "coverage_90": coverage(aligned, spread, judged.truth, (SPREAD_LEVEL,))[0],
        "ause": ause(aligned, spread, judged.truth),
    }
    floor = ence_floor(independent_pixels(aligned, spread, judged.truth))
    found["ence_floor"] = floor
    found["ence"] = _unless_small(lambda: ence(aligned, spread, judged.truth))
    return found
