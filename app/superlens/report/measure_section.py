"""What a report shows of a measurement: key numbers, dose plots, plate map, wells, segmentation.

Evidence in, blocks out; sentences about methods and limits live in `measure_text.py`.
"""

import math
from collections import Counter
from collections.abc import Sequence

from superlens.core.assay import WellRole
from superlens.core.records import Number
from superlens.report import words
from superlens.report.blocks import (
    Align,
    Block,
    Column,
    Columns,
    Figure,
    Group,
    IntervalBar,
    KeyNumber,
    LegendEntry,
    Panel,
    SimpleBlock,
    Table,
)
from superlens.report.checklist import Fulfilment
from superlens.report.measure_evidence import (
    MeasureEvidence,
    StatisticRow,
    WellRow,
    statistic_title,
)
from superlens.report.palette import ROLE_COLOUR, ROLE_MARKER, Role
from superlens.report.plate import PlateCell, plate_map
from superlens.report.plots import (
    MOST_SIDE_BY_SIDE,
    DoseSeries,
    Point,
    dose_plot,
    interval_plot,
)
from superlens.report.restore_section import NextLabel
from superlens.report.scales import Axis, linear_axis, scale_bar

_HALF = 321.0
_PLOT_HEIGHT = 196.0
_FEWEST_DOSES = 3
_FEWEST_PLATE_WELLS = 6
_LARGEST_IN_HALF = 96
_KEY_ROW = 4
_MOST_NOTES = 12
_MOST_GROUPS_ACROSS = 2
_MOST_NAMES_ACROSS = 6
_CONTROLS: dict[WellRole | None, str] = {
    WellRole.NEGATIVE: "negative",
    WellRole.POSITIVE: "positive",
    WellRole.EMPTY: "empty",
}
_CROWD_WORDS = (
    f"; more than {MOST_SIDE_BY_SIDE} of them are drawn as dots without intervals, with a bar at"
    " their median"
)


def measure_key_numbers(evidence: MeasureEvidence, is_one_of_many: bool) -> tuple[KeyNumber, ...]:
    """Give the headline numbers of a run with their intervals."""
    suffix = f", {_role_words(_role_of(evidence))}" if is_one_of_many else ""
    found = evidence.run.result.numbers
    if len(found) > _KEY_ROW:  # the subtitle counts wells and objects already
        found = tuple(number for number in found if not _is_count(number))
    numbers = [_key_number(number, suffix) for number in found]
    if "reconstruction" in evidence.shares:
        share = words.percent(evidence.shares["reconstruction"])
        numbers.append(KeyNumber("Reconstruction share", share, "of the variance of a well"))
    return tuple(numbers)


def measure_subtitle(evidence: MeasureEvidence) -> str:
    """Give what was measured in one sentence."""
    measured = [well for well in evidence.wells if well.n_objects]
    objects = words.plural(evidence.objects, "object")
    wells = f"{len(measured)} of {words.plural(len(evidence.wells), 'well')}"
    if evidence.request.model is None:
        on = "measured on the raw images"
    else:
        on = f"measured on images super-resolved by {evidence.request.model.id}"
    return f"{evidence.headline}, {wells}, {objects}, {on}."


def measure_figures(runs: Sequence[MeasureEvidence], next_label: NextLabel) -> tuple[Block, ...]:
    """Give plots, plate map, statistics and segmentation of all measurements of a report.

    Runs of one assay share their dose plots, so that low-res and super-res can be compared.
    """
    halves: list[SimpleBlock] = []
    wide: list[Block] = []
    for assay in dict.fromkeys(run.request.assay for run in runs):
        halves += _value_plots([run for run in runs if run.request.assay == assay], next_label)
    for run in runs:
        figure = _plate_figure(run, next_label, len(runs) > 1)
        if figure is not None and len(run.wells) <= _LARGEST_IN_HALF:
            halves.append(figure)
        elif figure is not None:
            wide.append(figure)
        if run.statistics:
            table = _statistics_table(run, len(runs) > 1)
            (wide if _is_wide(table) else halves).append(table)
    pairs = [halves[i : i + 2] for i in range(0, len(halves), 2)]
    blocks: list[Block] = [Columns(tuple(pair[:1]), tuple(pair[1:])) for pair in pairs]
    wide += [_overlay_figure(run, next_label()) for run in runs if run.overlays]
    return (*blocks, *wide)


def measure_details(evidence: MeasureEvidence) -> tuple[Block, ...]:
    """Give the table of all wells."""
    return (_well_table(evidence),) if evidence.wells else ()


def measure_fulfilment(evidence: MeasureEvidence) -> Fulfilment:
    """Give what the checklist asks about a measurement."""
    return Fulfilment(
        has_pictures=bool(evidence.overlays),
        is_pixel_size_known=all(one.pixel_um is not None for one in evidence.overlays),
        are_channels_named=None,
        has_shared_contrast=False,
        has_window=False,
        is_input_identified=all(file.sha256 is not None for file in evidence.raw_files),
        warnings=len(evidence.run.result.warnings),
    )


def _role_of(evidence: MeasureEvidence) -> Role:
    return Role.LOW if evidence.request.model is None else Role.SUPER


def _role_words(role: Role) -> str:
    return "low-res" if role is Role.LOW else "super-res"


def _key_number(number: Number, suffix: str) -> KeyNumber:
    label = statistic_title(number.name)
    label = f"{label[:1].upper()}{label[1:]}{suffix}"
    if number.lo is None or number.hi is None:
        if _is_count(number):
            return KeyNumber(label, words.count(number.value), "")
        text = words.with_unit(words.number(number.value), number.unit)
        return KeyNumber(label, text, "no interval")
    decimals = words.decimals_for(number.value, number.lo, number.hi)
    value = words.with_unit(words.fixed(number.value, decimals), number.unit)
    return KeyNumber(label, value, f"[{words.interval(number.lo, number.hi, decimals)}]")


def _is_count(number: Number) -> bool:
    return number.lo is None and not number.unit and float(number.value).is_integer()


def _value_plots(runs: list[MeasureEvidence], next_label: NextLabel) -> list[SimpleBlock]:
    compounds = dict.fromkeys(
        well.compound for run in runs for well in run.wells if _is_dosed(well)
    )
    found: list[SimpleBlock] = []
    for compound in compounds:
        doses = {
            w.dose for run in runs for w in run.wells if w.compound == compound and _is_dosed(w)
        }
        if len(doses) >= _FEWEST_DOSES:
            found.append(_dose_figure(runs, compound, next_label()))
    return found or [_interval_figure(runs[0], next_label())]


def _is_dosed(well: WellRow) -> bool:
    return well.dose is not None and well.dose > 0 and well.role in (WellRole.DOSE, None)


def _dose_figure(runs: list[MeasureEvidence], compound: str, label: str) -> Figure:
    unit = next((w.dose_unit for run in runs for w in run.wells if w.compound == compound), "")
    series = tuple(_dose_series(run, compound) for run in runs)
    legend = tuple(
        LegendEntry(_role_words(role).capitalize(), ROLE_COLOUR[role], ROLE_MARKER[role])
        for role in (_role_of(run) for run in runs)
    )
    caption = (
        f"{runs[0].headline}{f' ({runs[0].unit})' if runs[0].unit else ''} over the dose"
        f"{f' of {compound}' if compound else ''} (log scale{f', {unit}' if unit else ''}); every"
        f" point is one well with its {_level(runs[0])} interval, wells of one dose stand side by"
        f" side{_CROWD_WORDS if _is_crowded(runs, compound) else ''}."
    )
    return Figure(
        label,
        caption,
        (dose_plot(series, unit, _value_axis(runs), (_HALF, _PLOT_HEIGHT)),),
        slots=1,
        title=compound[:1].upper() + compound[1:] if compound else "Dose–response",
        legend=legend if len(legend) > 1 else (),
    )


def _is_crowded(runs: list[MeasureEvidence], compound: str) -> bool:
    places = [[(w.role, w.dose) for w in run.wells if w.compound in (compound, "")] for run in runs]
    return any(one.count(place) > MOST_SIDE_BY_SIDE for one in places for place in set(one))


def _dose_series(run: MeasureEvidence, compound: str) -> DoseSeries:
    role = _role_of(run)
    # Controls without a compound serve every compound of the plate.
    near = [well for well in run.wells if well.compound in (compound, "")]
    controls = {
        which: tuple(_point(well) for well in near if well.role is which)
        for which in (WellRole.NEGATIVE, WellRole.POSITIVE)
    }
    return DoseSeries(
        colour=ROLE_COLOUR[role],
        marker=ROLE_MARKER[role],
        doses=tuple(
            (well.dose, _point(well))
            for well in run.wells
            if well.compound == compound and _is_dosed(well) and well.dose is not None
        ),
        negative=controls[WellRole.NEGATIVE],
        positive=controls[WellRole.POSITIVE],
    )


def _point(well: WellRow) -> Point:
    return Point(well.value, well.lo, well.hi)


def _interval_figure(run: MeasureEvidence, label: str) -> Figure:
    role = _role_of(run)
    plot = interval_plot(
        tuple((well.well, _point(well)) for well in run.wells),
        (ROLE_COLOUR[role], ROLE_MARKER[role]),
        _value_axis([run]),
        (_HALF, _PLOT_HEIGHT),
    )
    caption = f"{run.headline} of every well with its {_level(run)} interval."
    return Figure(label, caption, (plot,), slots=1, title=f"{run.headline} by well")


def _plate_figure(
    run: MeasureEvidence, next_label: NextLabel, is_one_of_many: bool
) -> Figure | None:
    if len(run.wells) < _FEWEST_PLATE_WELLS:
        return None
    width = _HALF if len(run.wells) <= _LARGEST_IN_HALF else 2 * _HALF + 24
    plot = plate_map({well.well: _plate_cell(well) for well in run.wells}, width, run.unit)
    if plot is None:
        return None
    parts = [f"{run.headline} of every measured well."]
    if any(well.role in (WellRole.NEGATIVE, WellRole.POSITIVE) for well in run.wells):
        parts.append("N and P are negative and positive controls.")
    if any(well.lo is None for well in run.wells):
        parts.append("A corner mark stands for a value without an interval.")
    title = f"Plate, {_role_words(_role_of(run))}" if is_one_of_many else "Plate"
    return Figure(next_label(), " ".join(parts), (plot,), slots=1, title=title)


def _plate_cell(well: WellRow) -> PlateCell:
    letters = {WellRole.NEGATIVE: "N", WellRole.POSITIVE: "P"}
    mark = letters.get(well.role, "") if well.role is not None else ""
    return PlateCell(well.value, words.number(well.value, 2), mark, well.lo is None)


def _statistics_table(run: MeasureEvidence, is_one_of_many: bool) -> Table:
    """Give the statistics: names down and compounds across, or turned where there are many."""
    suffix = f", {_role_words(_role_of(run))}" if is_one_of_many else ""
    names = tuple(dict.fromkeys(row.name for row in run.statistics))
    groups = tuple(dict.fromkeys(row.group for row in run.statistics))
    cells = {(row.name, row.group): _statistic_text(row) for row in run.statistics}
    if len(groups) <= _MOST_GROUPS_ACROSS:
        head, shown = "Statistic", groups
        rows = [(name, *(cells.get((name, group), "") for group in groups)) for name in names]
    else:
        head, shown = "Compound", names[:_MOST_NAMES_ACROSS]
        rows = [(group, *(cells.get((name, group), "") for name in shown)) for group in groups]
    columns = (
        Column(head, 110, Align.LEFT),
        *(Column(title or "Value", 90, is_strong=True) for title in shown),
    )
    return Table(
        f"Statistics{suffix}",
        columns,
        (Group("", tuple(rows)),),
        note=_statistics_note(run),
    )


def _is_wide(table: Table) -> bool:
    """Whether a table needs the whole width of a page, and perhaps more than one page."""
    return len(table.columns) > _MOST_GROUPS_ACROSS + 1


def _statistic_text(row: StatisticRow) -> str:
    if not math.isfinite(row.value):
        return "–"
    decimals = words.decimals_for(row.value, row.lo, row.hi)
    if row.lo is None or row.hi is None:
        is_count = row.value.is_integer() and abs(row.value) > 1
        return words.count(row.value) if is_count else words.number(row.value)
    value = words.fixed(row.value, decimals)
    return f"{value} [{words.interval(row.lo, row.hi, decimals)}]"


def _statistics_note(run: MeasureEvidence) -> str:
    """Give why numbers are missing and, where there are any, what the brackets hold."""
    missing = {row.note: row for row in run.statistics if row.note}
    reasons = [f"{row.name}: {note.rstrip('.')}" for note, row in missing.items()]
    if any(row.lo is not None for row in run.statistics):
        reasons.append(f"in brackets the {_level(run)} interval")
    text = "; ".join(reasons)
    return f"{text[:1].upper()}{text[1:]}." if text else ""


def _overlay_figure(run: MeasureEvidence, label: str) -> Figure:
    rows = {well.well: well for well in run.wells}
    panels = tuple(
        Panel(
            title=_overlay_title(overlay.well, rows.get(overlay.well)),
            raster=overlay.raster,
            alt=f"Segmentation of one field of well {overlay.well}",
            scale_bar=scale_bar(overlay.raster.width, overlay.pixel_um),
        )
        for overlay in run.overlays
    )
    caption = (
        "The middle of one field per well, same contrast: objects outlined in yellow have a value,"
        " those in blue were left out."
    )
    if run.request.model is not None:
        caption += " The images are computationally super-resolved."
    return Figure(label, caption, panels, 3)


def _overlay_title(well: str, row: WellRow | None) -> str:
    if row is None:
        return well
    what = _treatment(row)
    return f"{well}, {what}" if what else well


def _well_table(run: MeasureEvidence) -> Table:
    axis = _value_axis([run], 2)
    columns = (
        Column("Well", 28, Align.LEFT),
        Column("Dose", 48),
        Column("Objects", 36),
        Column("Value", 36, is_strong=True),
        Column(f"{_level(run)} interval", 74),
        Column(f"{axis.low:g} to {axis.high:g}", 56),
    )
    noted = [f"{well.well}: {well.note}" for well in run.wells if well.note]
    more = len(noted) - _MOST_NOTES
    note = "; ".join(noted[:_MOST_NOTES]) + (f"; and {more} more in wells.csv" if more > 0 else "")
    return Table(
        f"Wells: {run.headline}{f', {run.unit}' if run.unit else ''}",
        columns,
        tuple(_groups(run, axis)),
        note=note,
        across=2,
    )


def _groups(run: MeasureEvidence, axis: Axis) -> list[Group]:
    compounds = dict.fromkeys(well.compound for well in run.wells)
    # One column, one number of decimals: what most of its intervals deserve.
    wanted = Counter(words.decimals_for(well.value, well.lo, well.hi) for well in run.wells)
    decimals = wanted.most_common(1)[0][0]
    groups: list[Group] = []
    for compound in compounds:
        wells = sorted((w for w in run.wells if w.compound == compound), key=_table_order)
        rows = tuple(_well_cells(well, axis, (_role_of(run), decimals)) for well in wells)
        title = compound if compound or len(compounds) == 1 else "No compound"
        groups.append(Group(title, rows))
    return groups


def _table_order(well: WellRow) -> tuple[int, float, str]:
    place = {WellRole.NEGATIVE: 0, WellRole.POSITIVE: 2}
    return (place.get(well.role, 1) if well.role else 1, well.dose or 0.0, well.well)


def _well_cells(well: WellRow, axis: Axis, look: tuple[Role, int]) -> tuple[str | IntervalBar, ...]:
    """Give the cells of a well; `look` is the role of the images and the number of decimals."""
    role, decimals = look
    if well.lo is None or well.hi is None:
        ends = "no interval"
        bar = IntervalBar(axis.at(well.value), None, None, role)
    else:
        ends = words.interval(well.lo, well.hi, decimals)
        bar = IntervalBar(axis.at(well.value), axis.at(well.lo), axis.at(well.hi), role)
    value = words.fixed(well.value, decimals) if math.isfinite(well.value) else "–"
    return (
        well.well + ("*" if well.note else ""),
        _treatment(well),
        words.count(well.n_objects),
        value,
        ends,
        bar,
    )


def _treatment(well: WellRow) -> str:
    """Give what was done to a well: which control it is, else its dose."""
    if well.role in _CONTROLS:
        return _CONTROLS[well.role]
    if well.dose is None:
        return ""
    return words.with_unit(f"{well.dose:g}", well.dose_unit)


def _value_axis(runs: Sequence[MeasureEvidence], most_steps: int = 5) -> Axis:
    """Give one axis for all values of some runs, from 0 unless some are below."""
    wells = [well for run in runs for well in run.wells]
    ends = [end for well in wells for end in (well.value, well.lo, well.hi) if end is not None]
    finite = [end for end in ends if math.isfinite(end)] or [0.0, 1.0]
    return linear_axis(min(0.0, *finite), max(0.0, *finite), most_steps)


def _level(run: MeasureEvidence) -> str:
    return f"{100 * run.request.level:g} %"
