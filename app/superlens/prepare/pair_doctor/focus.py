"""Which pictures of a set are out of focus: judged against the rest of the set, never alone."""

from collections.abc import Mapping, Sequence

import numpy as np

from superlens.prepare.pair_doctor.records import PairFinding, PairFlag
from superlens.prepare.splits import fields_of

FEWEST_FIELDS = 3
"""Fewer cannot tell what is usual."""
LEAST_BLUR_PX = 0.75
"""Low-resolution pixels by which the blur of a pair must differ from the usual one."""
FEWEST_HIGHS = 8
"""Pictures of different things differ in fineness: more of them are needed than of blurs."""
LEAST_FACTOR = 4.0
"""By which a high picture must be less fine than usual."""
_DEVIATIONS = 5.0
_MAD_TO_SD = 1.4826


def out_of_focus(
    findings: Sequence[PairFinding], fineness: Mapping[str, float]
) -> tuple[PairFinding, ...]:
    """Give findings with complaints about those that are out of focus.

    The picture to blame is the blurred one of the two: relative to its partner, compared with how
    pairs of this set usually are; or the high one, where it is far less fine than the others.

    Args:
        findings: of the whole set.
        fineness: logarithm, of high pictures by name.
    """
    blurs = [(finding, finding.blur_px) for finding in findings if finding.blur_px is not None]
    many = len(set(fields_of([finding.pair for finding, _ in blurs]))) >= FEWEST_FIELDS
    usual = _usual([blur for _, blur in blurs], LEAST_BLUR_PX) if many else None
    coarse = _far_below(fineness)
    return tuple(_judged(finding, usual, coarse) for finding in findings)


def _judged(
    finding: PairFinding, usual: tuple[float, float] | None, coarse: set[str]
) -> PairFinding:
    if usual is not None and finding.blur_px is not None:
        median, reach = usual
        excess = finding.blur_px - median
        if abs(excess) > reach:
            worse, better = ("low", "high") if excess > 0 else ("high", "low")
            return finding.with_complaint(
                PairFlag.OUT_OF_FOCUS,
                f"The {worse} picture is blurred: against the {better} one by "
                f"{_blur(finding.blur_px, excess)}, where {_blur(median, excess)} is usual here",
            )
    if finding.pair.high in coarse:
        sentence = "The high picture is far less sharp than those of the other fields"
        return finding.with_complaint(PairFlag.OUT_OF_FOCUS, sentence)
    return finding


def _blur(blur_px: float, excess: float) -> str:
    return f"{blur_px if excess > 0 else -blur_px:.1f} low-resolution px"


def _usual(values: Sequence[float], least: float) -> tuple[float, float]:
    """Give the median, and how far from it is far."""
    median = float(np.median(values))
    deviation = _MAD_TO_SD * float(np.median(np.abs(np.asarray(values) - median)))
    return median, max(least, _DEVIATIONS * deviation)


def _far_below(fineness: Mapping[str, float]) -> set[str]:
    if len(fineness) < FEWEST_HIGHS:
        return set()
    median, reach = _usual(list(fineness.values()), float(np.log(LEAST_FACTOR)))
    return {name for name, value in fineness.items() if value < median - reach}
