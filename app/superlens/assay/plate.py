"""From the objects of all fields to wells, and from wells to what is said of each compound.

Which wells belong to a compound: those that name it, and every control that names no compound of
its own dose series (a DMSO well stands beside every compound). Empty wells belong to none.

Which dose a control has: the one the plate map gives. A negative control without one counts as
dose 0; a positive control without one, or of another compound, counts as above the highest dose.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

from superlens.assay.intervals import Bootstrap, well_number
from superlens.assay.statistics import (
    Statistic,
    auc,
    cohen_d,
    robust_ssmd,
    robust_z_prime,
    spearman,
    ssmd,
    v_factor,
    z_prime,
)
from superlens.core.assay import ObjectRow, WellInfo, WellNumber, WellRole

MIXED_UNITS = "The doses have units that cannot be compared: {}"

_DOUBTED_SHARE = 0.2
"""From this share of doubted fields on, the whole plate is doubted: its files were named alike."""
_MOLAR = {"pM": 1e-12, "nM": 1e-9, "µM": 1e-6, "μM": 1e-6, "uM": 1e-6, "mM": 1e-3, "M": 1.0}
_OF_CONTROLS: dict[str, Callable[[ArrayLike, ArrayLike], Statistic]] = {
    "z_prime": z_prime,
    "robust_z_prime": robust_z_prime,
    "ssmd": ssmd,
    "robust_ssmd": robust_ssmd,
}
_OF_CELLS: dict[str, Callable[[ArrayLike, ArrayLike], Statistic]] = {
    "auc_cells": auc,
    "cohen_d_cells": cohen_d,
}


@dataclass(frozen=True, slots=True)
class MeasuredWell:
    """A well: what was done to it and what was measured in it."""

    info: WellInfo
    number: WellNumber


@dataclass(frozen=True, slots=True)
class CompoundStatistics:
    """What the wells of one compound say together."""

    compound: str
    statistics: dict[str, Statistic]
    """By name; those that end in `_cells` pool cells, all others use the values of wells."""
    wells: dict[WellRole, int]
    """Number of wells with a value, per role."""
    objects: dict[WellRole, int]
    """Number of objects in them, per role."""


def shared_doubt(doubts: Sequence[str]) -> str:
    """Give the doubt that so many fields have that none of the plate can be believed, or nothing.

    Args:
        doubts: one per field in which objects were found, empty for a field that is not doubted.
    """
    counts = Counter(doubt for doubt in doubts if doubt)
    if not counts:
        return ""
    doubt, count = counts.most_common(1)[0]
    return doubt if count >= _DOUBTED_SHARE * len(doubts) else ""


def voided(rows: Sequence[ObjectRow], reason: str) -> tuple[ObjectRow, ...]:
    """Give rows without any value, for a reason."""
    return tuple(
        replace(row, values=dict.fromkeys(row.values, float("nan")), note=reason) for row in rows
    )


def measure_wells(
    rows: Sequence[ObjectRow],
    plate: Sequence[WellInfo],
    feature: str,
    bootstrap: Bootstrap,
    samples: Sequence[Sequence[ObjectRow]] = (),
) -> tuple[MeasuredWell, ...]:
    """Give every well's value with its interval: those of the plate first, then any others by name.

    Args:
        rows: all objects.
        plate: what was done to the wells; may be empty.
        feature: the headline of the assay.
        bootstrap: how intervals are drawn.
        samples: all objects once per sample of a reconstruction.
    """
    by_well = _grouped(rows)
    sampled = [_grouped(sample) for sample in samples]
    infos = {info.well: info for info in plate}
    for well in sorted({*by_well, *(well for group in sampled for well in group)}):
        infos.setdefault(well, WellInfo(well))
    found: list[MeasuredWell] = []
    for well, info in infos.items():
        of_well = [group.get(well, []) for group in sampled]
        number = well_number(well, by_well.get(well, []), feature, bootstrap, of_well)
        left_out = _left_out(by_well.get(well, []), feature)
        said = "" if left_out and not number.n_objects else number.note
        note = ". ".join(text for text in (said, left_out) if text)
        found.append(MeasuredWell(info, replace(number, note=note)))
    return tuple(found)


def compound_statistics(
    wells: Sequence[MeasuredWell], rows: Sequence[ObjectRow], feature: str
) -> tuple[CompoundStatistics, ...]:
    """Give what the wells of every compound say, compounds in the order of the plate."""
    cells: dict[str, list[float]] = defaultdict(list)
    for row in rows:
        cells[row.well].append(row.values.get(feature, np.nan))
    compounds = _compounds(wells)
    return tuple(
        _one_compound(compound, _belonging(wells, compound, compounds), cells)
        for compound in compounds
    )


def _grouped(rows: Sequence[ObjectRow]) -> dict[str, list[ObjectRow]]:
    groups: dict[str, list[ObjectRow]] = defaultdict(list)
    for row in rows:
        groups[row.well].append(row)
    return groups


def _left_out(rows: Sequence[ObjectRow], feature: str) -> str:
    """Say how many objects have no value, and why."""
    reasons = Counter(row.note for row in rows if not np.isfinite(row.values.get(feature, np.nan)))
    listed = ", ".join(f"{reason or 'no value'} ({n})" for reason, n in reasons.most_common())
    return f"{reasons.total()} of {len(rows)} left out: {listed}" if reasons else ""


def _compounds(wells: Sequence[MeasuredWell]) -> tuple[str, ...]:
    """Give the compounds with a dose series; without any, those of positive controls."""
    for role in (WellRole.DOSE, WellRole.POSITIVE):
        named = [
            well.info.compound
            for well in wells
            if well.info.role is role and (role is WellRole.POSITIVE or well.info.dose is not None)
        ]
        if named:
            return tuple(dict.fromkeys(named))
    return ()


def _belonging(
    wells: Sequence[MeasuredWell], compound: str, compounds: Sequence[str]
) -> list[MeasuredWell]:
    return [
        well
        for well in wells
        if well.info.role is not WellRole.EMPTY
        and (
            well.info.compound == compound
            or (well.info.role is not WellRole.DOSE and well.info.compound not in compounds)
        )
    ]


def _one_compound(
    compound: str, wells: Sequence[MeasuredWell], cells: Mapping[str, Sequence[float]]
) -> CompoundStatistics:
    by_role = {
        role: [well for well in wells if well.info.role is role]
        for role in (WellRole.NEGATIVE, WellRole.DOSE, WellRole.POSITIVE)
    }
    series = [well for well in by_role[WellRole.DOSE] if well.info.dose is not None]
    positive, negative = by_role[WellRole.POSITIVE], by_role[WellRole.NEGATIVE]
    found = {
        "spearman": _spearman(compound, [*negative, *series, *positive]),
        "spearman_dose_only": _spearman(compound, series),
        "v_factor": v_factor(_dose_groups(series)),
    }
    for name, statistic in _OF_CONTROLS.items():
        found[name] = statistic(_values(positive), _values(negative))
    for name, statistic in _OF_CELLS.items():
        found[name] = statistic(_pooled(positive, cells), _pooled(negative, cells))
    return CompoundStatistics(
        compound,
        found,
        {role: int(np.isfinite(_values(group)).sum()) for role, group in by_role.items()},
        {role: sum(well.number.n_objects for well in group) for role, group in by_role.items()},
    )


def _spearman(compound: str, wells: Sequence[MeasuredWell]) -> Statistic:
    own = [well for well in wells if well.info.compound == compound and well.info.dose is not None]
    units = {well.info.dose_unit for well in own if well.info.dose}
    if len(units) > 1 and not units <= _MOLAR.keys():
        return Statistic(np.nan, MIXED_UNITS.format(", ".join(sorted(units))))
    factor = {unit: _MOLAR[unit] if len(units) > 1 else 1.0 for unit in units}
    doses = [_dose(compound, well.info, factor) for well in wells]
    return spearman(doses, _values(wells))


def _dose(compound: str, info: WellInfo, factor: Mapping[str, float]) -> float:
    """Give the dose that a well ranks with; infinity would be left out, so the largest float."""
    if info.role is WellRole.NEGATIVE and (info.compound != compound or info.dose is None):
        return 0.0
    if info.role is WellRole.POSITIVE and (info.compound != compound or info.dose is None):
        return float(np.finfo(np.float64).max)
    dose = 0.0 if info.dose is None else info.dose
    return dose * factor.get(info.dose_unit, 1.0)


def _dose_groups(series: Sequence[MeasuredWell]) -> list[list[float]]:
    groups: dict[tuple[float | None, str], list[float]] = defaultdict(list)
    for well in series:
        groups[well.info.dose, well.info.dose_unit].append(well.number.value)
    return list(groups.values())


def _values(wells: Sequence[MeasuredWell]) -> list[float]:
    return [well.number.value for well in wells]


def _pooled(wells: Sequence[MeasuredWell], cells: Mapping[str, Sequence[float]]) -> list[float]:
    return [value for well in wells for value in cells.get(well.info.well, ())]
