"""What a report shows of an examination of pairs: verdict, displacements, overlays, complaints.

Evidence in, blocks and plain sentences out.
"""

from collections.abc import Sequence

from superlens.prepare.pair_doctor.records import Correction, PairFinding
from superlens.report import words
from superlens.report.blocks import (
    Align,
    Block,
    Column,
    Figure,
    Group,
    KeyNumber,
    Panel,
    Particulars,
    Plot,
    Table,
)
from superlens.report.checklist import Fulfilment
from superlens.report.pair_evidence import Overlay, PairEvidence, named
from superlens.report.pair_pictures import shift_drawing
from superlens.report.provenance import run_rows
from superlens.report.restore_section import NextLabel
from superlens.report.restore_text import sentence

_WIDTH = 666.0
_PLOT_HEIGHT = 200.0
_MOST_ROWS = 60
"""Pairs with complaints come first; good ones beyond these stand in the table of the run."""
_FEWEST_FIELDS = 5
_NONE = "–"
_ACROSS = 2
"""Overlays side by side."""
_CORRECTION_WORDS = {
    Correction.NONE: "as it is",
    Correction.CROPPED: "cropped",
    Correction.RESAMPLED: "resampled",
}
_COLUMNS = (
    Column("Pair", 40),
    Column("Field", 110, Align.LEFT),
    Column("Low picture", 150, Align.LEFT),
    Column("Displaced, px", 76),
    Column("Correlation", 84),
    Column("Scale", 44),
    Column("Verdict", 130, Align.LEFT),
)


def pair_key_numbers(evidence: PairEvidence) -> tuple[KeyNumber, ...]:
    """Give how many pairs can be trained on, of how many fields, and at which scale."""
    report = evidence.report
    total = len(report.findings)
    corrected = sum(
        finding.is_good and finding.correction is not Correction.NONE for finding in report.findings
    )
    return (
        KeyNumber("Good pairs", words.count(len(report.good_pairs)), f"of {words.count(total)}"),
        KeyNumber("Fields of view", words.count(report.good_fields), "of good pairs"),
        KeyNumber("Scale asked for", f"{report.scale}×", _scale_aside(report.findings)),
        KeyNumber("Corrected", words.plural(corrected, "pair"), "cropped or resampled"),
    )


def pair_subtitle(evidence: PairEvidence) -> str:
    """Give what was examined in one sentence."""
    total = len(evidence.report.findings)
    return f"{words.plural(total, 'pair')} of low and high pictures, examined for training."


def pair_figures(evidence: PairEvidence, next_label: NextLabel) -> tuple[Block, ...]:
    """Give the displacements, overlays of some fields, and the table of pairs."""
    report = evidence.report
    blocks: list[Block] = []
    if any(report.shifts.counts):
        caption = (
            "How far the high pictures are displaced against the low ones, in low-resolution"
            f" pixels, over {words.plural(sum(report.shifts.counts), 'pair')} that could be placed."
            " Good pairs are cut or resampled by as much when they are read."
        )
        blocks.append(Figure(next_label(), caption, (_shift_plot(evidence),), 1))
    blocks += _overlay_figures(evidence, next_label)
    return (*blocks, _table(report.findings))


def pair_methods(evidence: PairEvidence) -> str:
    """Give the methods paragraph of an examination."""
    return (
        "Pairs of pictures were placed on each other by phase correlation, refined to a shift,"
        " rotation and stretch where these raise the correlation of fine structure, and searched"
        f" over scales around {evidence.report.scale}×. Pairs that are blank, saturated, constant,"
        " not finite, out of focus, mis-scaled, repeated or not registrable are named and left out."
    )


def pair_limits(evidence: PairEvidence) -> tuple[str, ...]:
    """Give what the examination says, and what may not be concluded from it."""
    report = evidence.report
    found = [report.scale_verdict, *report.advice]
    if 0 < report.good_fields < _FEWEST_FIELDS:
        found.append(
            f"Good pairs come from {words.plural(report.good_fields, 'field')}: pairs of one field"
            " are no independent examples."
        )
    if evidence.overlays_total > len(evidence.overlays):
        found.append(
            f"Overlays are shown of {len(evidence.overlays)} of"
            f" {words.plural(evidence.overlays_total, 'field')}; the others lie in the run folder."
        )
    found += [sentence(warning) for warning in evidence.run.result.warnings]
    return tuple(found)


def pair_details(evidence: PairEvidence) -> tuple[Block, ...]:
    """Give every complaint in full."""
    rows = tuple(
        (f"Pair {number}", sentence(complaint.sentence))
        for number, finding in enumerate(evidence.report.findings, start=1)
        for complaint in finding.complaints
    )
    if not rows:
        return ()
    more = len(rows) - _MOST_ROWS
    further = (("Further", f"{more} more stand in pairs.csv of the run."),) if more > 0 else ()
    return (Particulars("Why pairs are left out", (*rows[:_MOST_ROWS], *further)),)


def pair_fulfilment(evidence: PairEvidence) -> Fulfilment:
    """Give what the checklist asks about an examination."""
    return Fulfilment(
        has_pictures=False,
        is_pixel_size_known=False,
        are_channels_named=None,
        has_shared_contrast=False,
        has_window=False,
        is_input_identified=all(file.sha256 for file in evidence.raw_files),
        warnings=len(evidence.run.result.warnings),
    )


def pair_particulars(evidence: PairEvidence) -> Particulars:
    """Give the full provenance of an examination."""
    asked, files = evidence.request.scale, evidence.raw_files
    hashed = sum(file.sha256 is not None for file in files)
    rows = [
        ("Files", f"{len(files)}, of which {hashed} with SHA-256 in report.json of the run"),
        ("Scale", f"{evidence.report.scale}×{'' if asked is not None else ', from the sizes'}"),
        *run_rows(evidence.run),
    ]
    total = words.plural(len(evidence.report.findings), "pair")
    return Particulars(f"Provenance: examination of {total}", tuple(rows))


def _scale_aside(findings: Sequence[PairFinding]) -> str:
    found = sorted(one.scale_found for one in findings if one.scale_found is not None)
    if not found:
        return "no pair could be placed"
    low, high = words.fixed(found[0], 2), words.fixed(found[-1], 2)
    return f"found: {low}" if low == high else f"found: {low} to {high}"


def _shift_plot(evidence: PairEvidence) -> Plot:
    shifts = evidence.report.shifts
    drawing = shift_drawing(shifts.edges_px, shifts.counts, (_WIDTH, _PLOT_HEIGHT))
    largest = max(
        (edge for edge, count in zip(shifts.edges_px[1:], shifts.counts, strict=True) if count),
        default=0.0,
    )
    alt = f"Histogram of displacements: all are under {largest:g} low-resolution pixels"
    return Plot(drawing.svg(), _WIDTH, _PLOT_HEIGHT, alt)


def _overlay_figures(evidence: PairEvidence, next_label: NextLabel) -> list[Block]:
    overlays = evidence.overlays
    rows = [overlays[start : start + _ACROSS] for start in range(0, len(overlays), _ACROSS)]
    return [
        Figure(next_label(), _overlay_caption(row), tuple(map(_overlay_panel, row)), _ACROSS)
        for row in rows
    ]


def _overlay_panel(overlay: Overlay) -> Panel:
    name = named(overlay.finding.pair.high)
    alt = f"{name}: low picture in magenta, high picture in green"
    return Panel(f"Pair {overlay.number}", overlay.raster, alt, None)


def _overlay_caption(overlays: Sequence[Overlay]) -> str:
    told = [
        f"pair {one.number} ({named(one.finding.pair.low)}), the high picture displaced by"
        f" {_displacement(one.finding)} low-resolution pixels (down, right)"
        for one in overlays
    ]
    return (
        "Low picture in magenta, high picture, averaged to the low pixels, in green: white where"
        " they agree. Of each pair first all that both show and last its liveliest part, brought"
        " onto each other; between them, where there are three, the same part as the files come:"
        f" {'; '.join(told)}."
    )


def _table(findings: Sequence[PairFinding]) -> Table:
    numbered = list(enumerate(findings, start=1))
    bad = [item for item in numbered if not item[1].is_good]
    good = [item for item in numbered if item[1].is_good]
    shown_bad = bad[:_MOST_ROWS]
    shown_good = good[: max(_MOST_ROWS - len(shown_bad), 0)]
    groups = tuple(
        Group(title, tuple(_row(number, finding) for number, finding in items))
        for title, items in (("Left out", shown_bad), ("Good", shown_good))
        if items
    )
    note = (
        "Displacement of the high picture down and to the right, in low-resolution pixels;"
        " correlation of fine structure before and after it is corrected."
    )
    if len(shown_bad) + len(shown_good) < len(findings):
        note += " Further pairs stand in pairs.csv of the run."
    return Table("Pairs", _COLUMNS, groups, note)


def _row(number: int, finding: PairFinding) -> tuple[str, ...]:
    pair = finding.pair
    flags = ", ".join(flag.value.replace("_", " ") for flag in finding.flags)
    before, after = finding.correlation_before, finding.correlation_after
    scale = finding.scale_found
    return (
        str(number),
        words.shortened(pair.field_id, 20),
        words.shortened(named(pair.low).rpartition("/")[2], 28),
        _displacement(finding),
        f"{_correlation(before)} → {_correlation(after)}",
        _NONE if scale is None else words.fixed(scale, 2),
        flags or _CORRECTION_WORDS[finding.correction],
    )


def _displacement(finding: PairFinding) -> str:
    if finding.shift_px is None:
        return _NONE
    # Rounded first, plus zero: none is shown as minus nothing.
    parts = (round(part, 2) + 0.0 for part in finding.shift_px)
    return ", ".join(f"{part:+.2f}".replace("-", "\u2212") for part in parts)


def _correlation(value: float | None) -> str:
    return _NONE if value is None else words.fixed(value, 2)
