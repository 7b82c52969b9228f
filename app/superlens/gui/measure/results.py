"""A finished measurement, read from its run folder for tables and plots. No Qt."""

import json
import math
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from superlens.assay.catalogue import assay_spec
from superlens.core.assay import AssaySpec, WellRole
from superlens.core.errors import InvalidInput
from superlens.core.jobs import MeasureRequest
from superlens.core.records import Number
from superlens.io.runs import RunDocument, read_run, request_of
from superlens.io.tables import read_table

SOURCES = ("cells", "fields", "reconstruction")
"""What the width of an interval can come from."""


@dataclass(frozen=True, slots=True)
class WellRow:
    """One well as measured."""

    well: str
    compound: str
    dose: float | None
    role: WellRole
    value: float
    lo: float
    hi: float
    n_objects: int
    n_fields: int
    note: str
    unit: str = ""
    dose_unit: str = ""

    @property
    def has_interval(self) -> bool:
        """Whether the value carries an interval."""
        return math.isfinite(self.lo) and math.isfinite(self.hi)


@dataclass(frozen=True, slots=True)
class DoseGroup:
    """Wells that were treated alike."""

    caption: str
    role: WellRole
    wells: tuple[WellRow, ...]


@dataclass(frozen=True, slots=True)
class MeasuredRun:
    """A finished measurement, opened for showing."""

    folder: str
    document: RunDocument
    request: MeasureRequest
    assay: AssaySpec
    wells: tuple[WellRow, ...]
    cells: dict[str, NDArray[np.float64]]
    """Headline value of every object, by well."""
    shares: dict[str, float]
    """Mean share of the variance per source; a source that was not estimated is absent."""
    hidden_wells: dict[str, str] = field(default_factory=dict[str, str])
    """Wells as the run folder names them by the codes in `wells`; empty unless blinded."""

    @property
    def numbers(self) -> tuple[Number, ...]:
        """Headline numbers of the run."""
        return self.document.result.numbers

    @property
    def compounds(self) -> tuple[str, ...]:
        """Names of the compounds given in doses, in order of the plate."""
        return tuple(
            dict.fromkeys(w.compound for w in self.wells if w.role is WellRole.DOSE and w.compound)
        )

    @property
    def dose_unit(self) -> str:
        """Unit of the doses, or empty."""
        return next((w.dose_unit for w in self.wells if w.dose_unit), "")

    @property
    def unit(self) -> str:
        """Unit of the wells' values, or empty."""
        return next((w.unit for w in self.wells if w.unit), "")


def open_measurement(folder: str) -> MeasuredRun:
    """Read a measurement's run folder; called in a reading thread.

    Raises:
        SuperlensError: the folder holds no finished measurement.
    """
    document = read_run(Path(folder))
    request = request_of(document)
    if not isinstance(request, MeasureRequest):
        raise InvalidInput(f"The run in {folder} is no measurement")
    assay = assay_spec(request.assay)
    wells = _wells(Path(folder) / (document.result.path_of("wells") or "wells.csv"))
    objects = Path(folder) / (document.result.path_of("objects") or "objects.csv")
    cells = _cells(objects, assay.headline.name)
    shares = _shares(Path(folder) / (document.result.path_of("statistics") or "statistics.json"))
    return MeasuredRun(folder, document, request, assay, wells, cells, shares)


def dose_groups(run: MeasuredRun, compound: str = "") -> tuple[DoseGroup, ...]:
    """Give the wells grouped for a plot: negative controls, doses upwards, positive controls.

    Args:
        run: the measurement.
        compound: only doses of this compound; empty takes all. Without doses each well stands
            alone.
    """
    by_role = {role: [w for w in run.wells if w.role is role] for role in WellRole}
    doses = [w for w in by_role[WellRole.DOSE] if not compound or w.compound == compound]
    if not any(w.dose is not None for w in doses):
        wells = [w for w in run.wells if w.role is not WellRole.EMPTY]
        return tuple(DoseGroup(w.well or "all", w.role, (w,)) for w in wells)
    groups = []
    if by_role[WellRole.NEGATIVE]:
        groups.append(DoseGroup("negative", WellRole.NEGATIVE, tuple(by_role[WellRole.NEGATIVE])))
    ordered = sorted(doses, key=_dose_key)
    for dose, wells in groupby(ordered, key=_dose_key):
        groups.append(DoseGroup(f"{dose:.3g}", WellRole.DOSE, tuple(wells)))
    if by_role[WellRole.POSITIVE]:
        groups.append(DoseGroup("positive", WellRole.POSITIVE, tuple(by_role[WellRole.POSITIVE])))
    return tuple(groups)


def value_text(value: float) -> str:
    """Give a measured value with three digits."""
    if not math.isfinite(value):
        return "–"
    magnitude = abs(value)
    digits = 0 if magnitude >= 100 else 1 if magnitude >= 10 else 2
    return f"{value:.{digits}f}".replace("-", "−")


def _dose_key(well: WellRow) -> float:
    return well.dose if well.dose is not None else -1.0


def _wells(path: Path) -> tuple[WellRow, ...]:
    columns, rows = read_table(path)
    return tuple(_well(dict(zip(columns, row, strict=False))) for row in rows)


def _well(row: dict[str, str]) -> WellRow:
    role = row.get("role", "")
    return WellRow(
        well=row.get("well", ""),
        compound=row.get("compound", ""),
        dose=_optional(row.get("dose", "")),
        role=WellRole(role) if role in {member.value for member in WellRole} else WellRole.DOSE,
        value=_number(row.get("value", "")),
        lo=_number(row.get("lo", "")),
        hi=_number(row.get("hi", "")),
        n_objects=int(_number(row.get("n_objects", "0")) or 0),
        n_fields=int(_number(row.get("n_fields", "0")) or 0),
        note=row.get("note", ""),
        unit=row.get("unit", ""),
        dose_unit=row.get("dose_unit", ""),
    )


def _shares(path: Path) -> dict[str, float]:
    if not path.is_file():
        return {}
    with path.open(encoding="utf-8") as stream:
        document = json.load(stream)
    found = document.get("interval", {}).get("shares", {})
    known = {name: float(found[name]) for name in SOURCES if found.get(name) is not None}
    total = sum(known.values())
    return {name: share / total for name, share in known.items()} if total > 0 else {}


def _cells(path: Path, feature: str) -> dict[str, NDArray[np.float64]]:
    if not path.is_file():
        return {}
    columns, rows = read_table(path)
    if feature not in columns or "well" not in columns:
        return {}
    at, well_at = columns.index(feature), columns.index("well")
    found: dict[str, list[float]] = {}
    for row in rows:
        value = _number(row[at])
        if math.isfinite(value):
            found.setdefault(row[well_at], []).append(value)
    return {well: np.array(values) for well, values in found.items()}


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan


def _optional(text: str) -> float | None:
    value = _number(text)
    return value if math.isfinite(value) else None
