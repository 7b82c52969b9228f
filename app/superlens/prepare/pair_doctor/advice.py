"""What the pair doctor says in words: of the scale, of misfits, and what to do about each flag."""

from collections import Counter
from collections.abc import Sequence

import numpy as np

from superlens.prepare.pair_doctor.placing import Placed
from superlens.prepare.pair_doctor.records import Correction, PairFinding, PairFlag

_SYSTEMATIC_PX = 0.25
"""Displacements that differ less from each other, and are larger, have one cause."""
_WHOLE_TOLERANCE = 0.01

_ADVICE: dict[PairFlag, tuple[str, str]] = {
    PairFlag.UNREADABLE: ("cannot be read", "copy the files again or leave the pairs out"),
    PairFlag.NOT_SINGLE_CHANNEL: (
        "hold colour or several planes",
        "export one channel and one plane per file, or name the frames",
    ),
    PairFlag.TOO_SMALL: ("are too small to judge", "take larger crops"),
    PairFlag.NOT_FINITE: (
        "hold pixels that are not numbers",
        "export them again from the program that made them",
    ),
    PairFlag.CONSTANT: (
        "hold a picture of one value only",
        "check that the right channel was exported",
    ),
    PairFlag.BLANK: (
        "hold a picture that shows nothing but noise",
        "leave them out: they teach a network to invent",
    ),
    PairFlag.SATURATED: (
        "are saturated",
        "take them again with less light or gain: what is cut off cannot be learned",
    ),
    PairFlag.DUPLICATE: (
        "repeat another one",
        "keep one of each, or give all pictures of one field the same field id",
    ),
    PairFlag.OUT_OF_FOCUS: (
        "are out of focus compared with the rest",
        "leave them out, or take them again",
    ),
    PairFlag.MIS_SCALED: (
        "have another scale",
        "crop or bin them to the scale of the set, or examine them as a set of their own",
    ),
    PairFlag.NOT_REGISTRABLE: (
        "cannot be brought onto each other",
        "check that both pictures show the same field, unflipped",
    ),
}


def advice_on(findings: Sequence[PairFinding]) -> tuple[str, ...]:
    """Give one sentence for each kind of complaint, correction and common displacement."""
    counts = Counter(flag for finding in findings for flag in set(finding.flags))
    told = [
        f"{counts[flag]} of {len(findings)} pairs {what}: {todo}."
        for flag, (what, todo) in _ADVICE.items()
        if counts[flag]
    ]
    corrected = Counter(finding.correction for finding in findings if finding.is_good)
    if count := corrected[Correction.CROPPED]:
        told.append(
            f"{_pairs(count)} cut to what both pictures show, at whole pixels: no value changes."
        )
    if count := corrected[Correction.RESAMPLED]:
        told.append(
            f"{_pairs(count)} corrected by resampling the high picture once with a cubic spline; "
            "the low one is only cut."
        )
    return (*told, *_common_shift(findings))


def scale_verdict(findings: Sequence[PairFinding], scale: int) -> str:
    """Say in one sentence whether the pictures agree with a scale."""
    placed = [(f.scale_found, f.flags) for f in findings if f.scale_found is not None]
    wrong = [found for found, flags in placed if PairFlag.MIS_SCALED in flags]
    if not placed:
        return f"No pair could be placed, so nothing tells whether x{scale} is right."
    if not wrong:
        agree = "The one pair" if len(placed) == 1 else f"All {len(placed)} pairs"
        return f"{agree} that could be placed agree{'s' * (len(placed) == 1)} with x{scale}."
    found = float(np.median(wrong))
    whole = round(found)
    is_whole = whole >= 1 and abs(found / whole - 1) < _WHOLE_TOLERANCE
    todo = f"examine them again with a scale of {whole}" if is_whole else "crop or bin them"
    return (
        f"{len(wrong)} of {len(placed)} pairs that could be placed fit at x{found:.2f}, "
        f"not x{scale}: {todo}."
    )


def misfit_sentence(
    placed: Placed, low_shape: tuple[int, ...], high_shape: tuple[int, ...], scale: int
) -> str:
    """Say at which scale, and where, two pictures fit that do not fit at the one asked for."""
    fit = placed.fit
    assert fit is not None
    corner = np.rint(fit.corner).astype(int)
    covered = np.rint(np.divide(high_shape, fit.scale)).astype(int)
    if (corner < 0).any() and (covered > low_shape).any():
        shown, within = "low", "high"
        start = np.rint(-np.asarray(fit.corner) * fit.scale).astype(int)
        size = np.rint(np.multiply(low_shape, fit.scale)).astype(int)
    else:
        shown, within, start, size = "high", "low", corner, covered
    last = start + size - 1
    instead = placed.asked_correlation
    known = "" if instead is None else f" instead of {instead:.2f}"
    return (
        f"The pictures fit at a scale of {fit.scale:.2f}, not {scale}: the {shown} one shows rows "
        f"{start[0]}-{last[0]} and columns {start[1]}-{last[1]} of the {within} one (correlation "
        f"{fit.correlation:.2f}{known})"
    )


def _common_shift(findings: Sequence[PairFinding]) -> tuple[str, ...]:
    # Where sizes do not fit, one picture is a crop of the other: its place says nothing.
    whole = [finding for finding in findings if finding.correlation_before is not None]
    shifts = np.array([finding.shift_px for finding in whole if finding.shift_px is not None])
    if len(shifts) < 2:
        return ()
    median = np.median(shifts, axis=0)
    spread = float(np.median(np.linalg.norm(shifts - median, axis=1)))
    if np.linalg.norm(median) <= _SYSTEMATIC_PX or spread > _SYSTEMATIC_PX:
        return ()
    return (
        f"The high pictures are displaced alike, by about {median[0]:.1f} px down and "
        f"{median[1]:.1f} px to the right: the two ways of imaging are not aligned.",
    )


def _pairs(count: int) -> str:
    return "1 pair is" if count == 1 else f"{count} pairs are"
