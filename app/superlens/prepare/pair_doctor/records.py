"""What the pair doctor says: findings of single pairs, and the report over the set."""

from dataclasses import dataclass, replace
from enum import StrEnum

from superlens.core.jobs import PairFile
from superlens.prepare.splits import fields_of


class PairFlag(StrEnum):
    """What is wrong with a pair; any of these leaves it out of a recipe."""

    UNREADABLE = "unreadable"
    NOT_SINGLE_CHANNEL = "not_single_channel"
    TOO_SMALL = "too_small"
    NOT_FINITE = "not_finite"
    CONSTANT = "constant"
    BLANK = "blank"
    SATURATED = "saturated"
    DUPLICATE = "duplicate"
    OUT_OF_FOCUS = "out_of_focus"
    MIS_SCALED = "mis_scaled"
    NOT_REGISTRABLE = "not_registrable"


class Correction(StrEnum):
    """What is done to a pair when it is read."""

    NONE = "none"
    CROPPED = "cropped"
    """Both pictures are cut to what they share, at whole pixels: no value changes."""
    RESAMPLED = "resampled"
    """The high picture is resampled once by a cubic spline; the low one is cut."""


@dataclass(frozen=True, slots=True)
class Complaint:
    """One thing that is wrong with a pair."""

    flag: PairFlag
    sentence: str
    """What it is, with the numbers behind it."""


@dataclass(frozen=True, slots=True)
class PairFinding:
    """What was found out about one pair."""

    pair: PairFile
    """With the alignment that mends it, if it can be mended."""
    complaints: tuple[Complaint, ...] = ()
    shift_px: tuple[float, float] | None = None
    """(y, x) by which the high picture is displaced, in low-resolution pixels; None: not known."""
    correlation_before: float | None = None
    """Of fine structure, in the pictures as they come; None where their sizes do not fit."""
    correlation_after: float | None = None
    """The same, once they are brought onto each other."""
    scale_found: float | None = None
    """High-resolution pixels per low-resolution pixel, as the pictures show it."""
    blur_px: float | None = None
    """Width that the low picture is blurred more than the high one, in low-resolution pixels."""
    correction: Correction = Correction.NONE

    @property
    def is_good(self) -> bool:
        """Whether the pair can be trained on, corrected where needed."""
        return not self.complaints

    @property
    def flags(self) -> tuple[PairFlag, ...]:
        """What is wrong, in the order in which it was noticed."""
        return tuple(complaint.flag for complaint in self.complaints)

    def with_complaint(self, flag: PairFlag, sentence: str) -> "PairFinding":
        """Give the finding with one more thing that is wrong."""
        return replace(self, complaints=(*self.complaints, Complaint(flag, sentence)))


@dataclass(frozen=True, slots=True)
class ShiftHistogram:
    """How far the pictures of pairs are displaced."""

    edges_px: tuple[float, ...]
    """Of the bins, in low-resolution pixels."""
    counts: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class PairReport:
    """What was found out about a set of pairs."""

    scale: int
    """High-resolution pixels per low-resolution pixel that the pairs are to have."""
    scale_verdict: str
    """One sentence: whether the pictures agree with the scale."""
    findings: tuple[PairFinding, ...]
    shifts: ShiftHistogram
    advice: tuple[str, ...]
    """One sentence per kind of complaint or correction: how many, and what to do."""
    format: int = 1

    @property
    def good_pairs(self) -> tuple[PairFile, ...]:
        """The pairs to train on, with their alignments."""
        return tuple(finding.pair for finding in self.findings if finding.is_good)

    @property
    def good_fields(self) -> int:
        """How many fields of view (or wells) they are from."""
        return len(set(fields_of(self.good_pairs)))

    def count(self, flag: PairFlag) -> int:
        """Give how many pairs have a flag."""
        return sum(flag in finding.flags for finding in self.findings)
