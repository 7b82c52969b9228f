"""The examination of a set of pairs: every pair by itself, then all against each other."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from superlens.core.errors import InvalidInput, JobCancelled, SuperlensError, UnsupportedImage
from superlens.core.jobs import Alignment, PairFile
from superlens.core.method import Array
from superlens.prepare.alignment import Placement, aligned, alignment_of, block_mean
from superlens.prepare.pair_doctor.advice import advice_on, misfit_sentence, scale_verdict
from superlens.prepare.pair_doctor.focus import out_of_focus
from superlens.prepare.pair_doctor.likeness import SeenPictures, content_hash
from superlens.prepare.pair_doctor.looks import complaints_of
from superlens.prepare.pair_doctor.placing import SCALE_TOLERANCE, Placed, Placing
from superlens.prepare.pair_doctor.records import (
    Complaint,
    Correction,
    PairFinding,
    PairFlag,
    PairReport,
    ShiftHistogram,
)
from superlens.prepare.pair_doctor.sharpness import fineness, relative_blur
from superlens.prepare.pairs import read_high, read_low

Watch = Callable[[int, int], None]
"""Told how many pairs are done, and of how many; may raise to stop."""


def examine(
    pairs: Sequence[PairFile],
    scale: int,
    folder: Path | None = None,
    watch: Watch = lambda done, total: None,
) -> PairReport:
    """Examine pairs: what is wrong with each, where their pictures lie, how they compare.

    A pair that cannot be read or placed is named, and the rest goes on. Nothing is written.

    Args:
        pairs: those of one high picture should follow each other: it is then read once.
        scale: high-resolution pixels per low-resolution pixel that they are to have.
        folder: what their names are relative to; None where they are absolute.
        watch: told of every pair.

    Raises:
        InvalidInput: there are no pairs.
    """
    if not pairs:
        raise InvalidInput("There are no pairs to examine", "Choose folders that hold some")
    findings: list[PairFinding] = []

    def check() -> None:
        watch(len(findings), len(pairs))

    examination = _Examination(scale, folder, check)
    for pair in pairs:
        check()
        findings.append(examination.finding(replace(pair, alignment=None)))
    check()
    judged = out_of_focus(findings, examination.fineness)
    return PairReport(
        scale, scale_verdict(judged, scale), judged, shift_histogram(judged), advice_on(judged)
    )


def likely_scale(pairs: Sequence[PairFile], folder: Path | None = None) -> int:
    """Give the whole number that the sizes of most pairs suggest as their scale.

    Raises:
        InvalidInput: no pair can be opened.
    """
    ratios = Counter(_size_ratios(pairs, folder))
    if not ratios:
        raise InvalidInput("None of the pairs can be opened", "Check the files that they name")
    return ratios.most_common(1)[0][0]


def shift_histogram(findings: Sequence[PairFinding]) -> ShiftHistogram:
    """Give how far registered pairs are displaced, in up to 20 bins from 0."""
    lengths = [float(np.hypot(*f.shift_px)) for f in findings if f.shift_px is not None]
    # Quarter pixels, the tolerance of cropping, as long as they are few.
    top = max([1.0, *lengths])
    width = 0.25 * max(1.0, np.ceil(top / (20 * 0.25)))
    edges = np.arange(0, top + width, width)
    counts, _ = np.histogram(lengths, edges)
    return ShiftHistogram(tuple(map(float, edges)), tuple(map(int, counts)))


@dataclass(frozen=True, slots=True)
class _High:
    """The high picture of one field, and what is wrong with it by itself."""

    name: str
    picture: Array | None
    """None where it cannot be read."""
    complaints: tuple[Complaint, ...]


class _Examination:
    """Examines pair after pair, remembering what later pairs are compared with."""

    def __init__(self, scale: int, folder: Path | None, check: Callable[[], None]) -> None:
        self.fineness: dict[str, float] = {}
        """Of the high pictures that can be judged, by their names."""
        self._scale = scale
        self._folder = folder
        self._placing = Placing(scale, check)
        self._seen_highs = SeenPictures()
        self._seen_lows: dict[str, str] = {}
        self._high: _High | None = None
        self._high_complaints: dict[str, tuple[Complaint, ...]] = {}

    def finding(self, pair: PairFile) -> PairFinding:
        """Examine one pair by itself and against those before it."""
        high = self._high_of(pair)
        low, complaints = _read(lambda: read_low(pair, self._folder), "The low picture")
        complaints += high.complaints
        if low is not None:
            complaints += self._complaints_of_low(low, pair)
        finding = PairFinding(pair, complaints)
        if low is None or high.picture is None or _UNPLACEABLE & set(finding.flags):
            return finding
        return self._placed(finding, low, high.picture)

    def _high_of(self, pair: PairFile) -> _High:
        if self._high is None or self._high.name != pair.high:
            picture, complaints = _read(lambda: read_high(pair, self._folder), "The high picture")
            if picture is not None and pair.high not in self._high_complaints:
                self._high_complaints[pair.high] = self._complaints_of_high(picture, pair.high)
            complaints += self._high_complaints.get(pair.high, ())
            self._high = _High(pair.high, picture, complaints)
        return self._high

    def _complaints_of_high(self, picture: Array, name: str) -> tuple[Complaint, ...]:
        found = tuple(complaints_of(picture, "the high picture"))
        if _UNPLACEABLE & {complaint.flag for complaint in found}:
            return found
        self.fineness[name] = fineness(block_mean(picture, self._scale))
        twin = self._seen_highs.twin_of(picture, Path(name).name)
        if twin is None:
            return found
        how = "holds the same pixels as" if twin.correlation == 1 else "shows the same field as"
        return (*found, Complaint(PairFlag.DUPLICATE, f"The high picture {how} {twin.name!r}"))

    def _complaints_of_low(self, picture: Array, pair: PairFile) -> tuple[Complaint, ...]:
        found = tuple(complaints_of(picture, "the low picture"))
        if _UNPLACEABLE & {complaint.flag for complaint in found}:
            return found
        content = content_hash(picture)
        if content not in self._seen_lows:
            self._seen_lows[content] = Path(pair.low).name
            return found
        sentence = f"The low picture holds the same pixels as {self._seen_lows[content]!r}"
        return (*found, Complaint(PairFlag.DUPLICATE, sentence))

    def _placed(self, finding: PairFinding, low: Array, high: Array) -> PairFinding:
        placed = self._placing.placed(low, high)
        found = placed.registration
        fits = high.shape == (low.shape[0] * self._scale, low.shape[1] * self._scale)
        finding = replace(
            finding,
            correlation_before=found.correlation_before if found is not None and fits else None,
            correlation_after=None if found is None else found.correlation_after,
            scale_found=placed.scale if placed.is_registered or placed.fit is not None else None,
        )
        if not placed.is_registered:
            return finding.with_complaint(*_misplaced(placed, low, high, self._scale))
        assert found is not None
        finding = replace(finding, shift_px=found.placement.displacement(low.shape))
        if abs(placed.scale / self._scale - 1) > SCALE_TOLERANCE:
            sentence = f"The pictures fit at a scale of {placed.scale:.2f}, not {self._scale}"
            return finding.with_complaint(PairFlag.MIS_SCALED, sentence)
        try:
            return self._aligned(finding, found.placement, low, high)
        except InvalidInput as error:
            return finding.with_complaint(PairFlag.NOT_REGISTRABLE, error.title)

    def _aligned(
        self, finding: PairFinding, placement: Placement, low: Array, high: Array
    ) -> PairFinding:
        alignment = alignment_of(placement, low.shape, high.shape, self._scale)
        if alignment is not None:
            low, high = aligned(low, high, alignment, self._scale)
        left = _left_over(finding.shift_px or (0.0, 0.0), alignment, self._scale)
        return replace(
            finding,
            pair=replace(finding.pair, alignment=alignment),
            blur_px=relative_blur(low, block_mean(high, self._scale), left),
            correction=_correction(alignment),
        )


_UNPLACEABLE = frozenset(
    {PairFlag.TOO_SMALL, PairFlag.NOT_FINITE, PairFlag.CONSTANT, PairFlag.BLANK}
)
"""With these there is nothing that could be placed or compared."""


def _read(read: Callable[[], Array], name: str) -> tuple[Array | None, tuple[Complaint, ...]]:
    try:
        return read(), ()
    except JobCancelled:
        raise
    except UnsupportedImage as error:
        flag, sentence = PairFlag.NOT_SINGLE_CHANNEL, error.title
    except SuperlensError as error:
        flag, sentence = PairFlag.UNREADABLE, error.title
    return None, (Complaint(flag, f"{name} cannot be used: {sentence}"),)


def _misplaced(placed: Placed, low: Array, high: Array, scale: int) -> tuple[PairFlag, str]:
    if placed.fit is not None:
        return PairFlag.MIS_SCALED, misfit_sentence(placed, low.shape, high.shape, scale)
    best = placed.asked_correlation
    known = "" if best is None else f": their best correlation is {best:.2f}"
    return PairFlag.NOT_REGISTRABLE, f"The two pictures cannot be brought onto each other{known}"


def _left_over(
    shift: tuple[float, float], alignment: Alignment | None, scale: int
) -> tuple[float, float]:
    """Give the displacement that an alignment leaves, in low-resolution pixels."""
    if alignment is None:
        return shift
    if not alignment.is_whole:
        return (0.0, 0.0)
    box, (top, left) = alignment.low_box, alignment.offset
    return shift[0] - (top / scale - box.y), shift[1] - (left / scale - box.x)


def _correction(alignment: Alignment | None) -> Correction:
    if alignment is None:
        return Correction.NONE
    return Correction.CROPPED if alignment.is_whole else Correction.RESAMPLED


def _size_ratios(pairs: Sequence[PairFile], folder: Path | None) -> Iterator[int]:
    from superlens.io.reading import probe_safely

    for pair in pairs:
        try:
            scenes = [
                probe_safely(Path(name) if folder is None else folder / name).scenes[0]
                for name in (pair.low, pair.high)
            ]
        except SuperlensError:
            continue
        yield max(1, round(scenes[1].size("X") / scenes[0].size("X")))
