"""What the run folder of a measurement holds: wells, statistics, overlays, raw files.

Reads run folders only; nothing is measured here. No Qt, no drawing.
"""

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from superlens.core.assay import AssaySpec, WellRole
from superlens.core.cards import ModelCard
from superlens.core.errors import InvalidInput, InvalidParameter
from superlens.core.jobs import MeasureRequest
from superlens.io.runs import RunDocument, request_of
from superlens.io.tables import read_table
from superlens.report.blocks import Raster
from superlens.report.evidence import model_card
from superlens.report.figures import png_raster
from superlens.report.provenance import RawFile

_SHOWN_OVERLAYS = 3
_OVERLAY_PX = 420
_STATISTIC_TITLES = {
    "z_prime": "Z′",
    "robust_z_prime": "Z′, robust",
    "ssmd": "SSMD",
    "robust_ssmd": "SSMD, robust",
    "auc": "AUC",
    "auc_cells": "AUC of objects",
    "cohen_d": "Cohen’s d",
    "cohen_d_cells": "Cohen’s d of objects",
    "v_factor": "V factor",
    "spearman": "Spearman over dose",
    "spearman_dose_only": "Spearman, doses only",
}


@dataclass(frozen=True, slots=True)
class WellRow:
    """One row of the table of wells."""

    well: str
    compound: str
    dose: float | None
    dose_unit: str
    role: WellRole | None
    value: float
    lo: float | None
    hi: float | None
    unit: str
    n_objects: int
    note: str = ""


@dataclass(frozen=True, slots=True)
class StatisticRow:
    """One statistic over the plate."""

    name: str
    group: str
    """Of what, such as a compound; empty for the whole plate."""
    value: float
    lo: float | None
    hi: float | None
    note: str
    """Why there is no value."""


@dataclass(frozen=True, slots=True)
class Overlay:
    """A picture of what was segmented in one well."""

    well: str
    raster: Raster
    pixel_um: float | None
    """Size of one pixel of the picture."""


@dataclass(frozen=True, slots=True)
class MeasureEvidence:
    """Everything a report says about one measurement."""

    folder: Path
    run: RunDocument
    request: MeasureRequest
    spec: AssaySpec | None
    wells: tuple[WellRow, ...]
    statistics: tuple[StatisticRow, ...]
    sources: tuple[str, ...]
    """What the intervals hold: `cells`, `fields`, `reconstruction`."""
    shares: dict[str, float]
    """Mean share of every source in the variance of a well's value."""
    overlays: tuple[Overlay, ...]
    raw_files: tuple[RawFile, ...]
    card: ModelCard | None

    @property
    def spec_title(self) -> str:
        """Title of the assay."""
        return self.spec.title if self.spec is not None else self.request.assay

    @property
    def headline(self) -> str:
        """What the value of a well is called."""
        return self.spec.headline.title if self.spec is not None else "Value"

    @property
    def unit(self) -> str:
        """Unit of the values, empty for ratios."""
        return next((well.unit for well in self.wells if well.unit), "")

    @property
    def model_sha256(self) -> str:
        """Hash of the model that took part, empty without one."""
        if self.request.model is None:
            return ""
        return str(self.run.notes.get("model_sha256") or self.request.model.sha256)

    @property
    def objects(self) -> int:
        """How many objects were measured on the plate."""
        return sum(well.n_objects for well in self.wells)


def read_measurement(folder: Path, run: RunDocument) -> MeasureEvidence:
    """Read the run folder of a measurement.

    Raises:
        InvalidInput: the folder holds no measurement, lacks its table of wells, or it is damaged.
    """
    request = request_of(run)
    if not isinstance(request, MeasureRequest):
        raise InvalidInput(f"{folder} does not hold a measurement", "Choose another run folder")
    plain = _statistics_document(folder, run)
    interval = plain.get("interval", {})
    wells = _wells(folder, run, request)
    return MeasureEvidence(
        folder=folder,
        run=run,
        request=request,
        spec=_spec(request.assay),
        wells=wells,
        statistics=tuple(_flattened(plain.get("statistics", {}), ())),
        sources=tuple(str(source) for source in interval.get("sources", ())),
        shares={str(name): float(part) for name, part in interval.get("shares", {}).items()},
        overlays=_overlays(folder, run, wells),
        raw_files=_raw_files(request),
        card=model_card(folder, run, request),
    )


def statistic_title(name: str) -> str:
    """Give the name of a statistic as people write it."""
    return _STATISTIC_TITLES.get(name, name.replace("_", " "))


def _spec(assay: str) -> AssaySpec | None:
    from superlens.assay.catalogue import assay_spec

    try:
        return assay_spec(assay)
    except InvalidParameter:
        return None


def _wells(folder: Path, run: RunDocument, request: MeasureRequest) -> tuple[WellRow, ...]:
    relative = run.result.path_of("wells")
    if relative is None or not (folder / relative).is_file():
        raise InvalidInput(f"The run {folder} lacks its table of wells", "Measure again")
    columns, rows = read_table(folder / relative)
    units = {info.well: info.dose_unit for info in request.plate}
    try:
        return tuple(_well(dict(zip(columns, row, strict=True)), units) for row in rows)
    except (KeyError, ValueError) as error:
        raise InvalidInput(
            f"The table of wells in {folder} is damaged ({error})", "Measure again"
        ) from error


def _well(row: dict[str, str], units: dict[str, str]) -> WellRow:
    role = row.get("role", "")
    return WellRow(
        well=row["well"],
        compound=row.get("compound", ""),
        dose=_float(row.get("dose", "")),
        dose_unit=_with_mu(row.get("dose_unit", "") or units.get(row["well"], "")),
        role=WellRole(role) if role in set(WellRole) else None,
        value=float(row["value"] or "nan"),
        lo=_float(row.get("lo", "")),
        hi=_float(row.get("hi", "")),
        unit=row.get("unit", ""),
        n_objects=int(float(row.get("n_objects", "") or 0)),
        note=row.get("note", ""),
    )


def _with_mu(unit: str) -> str:
    """Give a unit such as `uM` with its µ, as people mean it."""
    return f"µ{unit[1:]}" if unit[:2] in ("uM", "um", "ug", "ul") else unit


def _float(text: str) -> float | None:
    value = float(text) if text else math.nan
    return value if math.isfinite(value) else None


def _statistics_document(folder: Path, run: RunDocument) -> dict[str, Any]:
    path = folder / (run.result.path_of("statistics") or "statistics.json")
    if not path.is_file():
        return {}
    try:
        plain: Any = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InvalidInput(f"{path} is damaged ({error})", "Measure again") from error
    return plain if isinstance(plain, dict) else {}


def _flattened(plain: Any, path: tuple[str, ...]) -> Iterator[StatisticRow]:
    """Give the numbers of nested statistics; `value`, `lo`, `hi` and `note` belong together."""
    if isinstance(plain, bool) or not isinstance(plain, dict | int | float):
        return
    if isinstance(plain, int | float):
        yield _statistic({"value": plain}, path)
    elif "value" in plain:
        yield _statistic(plain, path)
    else:
        for key, inner in plain.items():
            yield from _flattened(inner, (*path, str(key)))


def _statistic(plain: dict[str, Any], path: tuple[str, ...]) -> StatisticRow:
    """Give a statistic; of the names that lead to it one says what it is, the others of what."""
    known = [index for index, key in enumerate(path) if key in _STATISTIC_TITLES]
    place = known[-1] if known else len(path) - 1
    value, lo, hi = (plain.get(key) for key in ("value", "lo", "hi"))
    return StatisticRow(
        name=statistic_title(path[place]),
        group=", ".join(key for key in (*path[:place], *path[place + 1 :]) if key != "all"),
        value=math.nan if value is None else float(value),
        lo=lo,
        hi=hi,
        note=str(plain.get("note") or ""),
    )


def _overlays(folder: Path, run: RunDocument, wells: tuple[WellRow, ...]) -> tuple[Overlay, ...]:
    files = [file for file in run.result.files if file.role == "overlay"]
    pixel = run.notes.get("overlay_pixel_um")
    size = float(pixel) if isinstance(pixel, int | float) and pixel > 0 else None
    paths = [file.path for file in files if (folder / file.path).is_file()]
    roles = {well.well: well.role for well in wells}
    return tuple(
        Overlay(Path(path).stem, _raster(folder / path), size)
        for path in _telling(paths, [roles.get(Path(path).stem) for path in paths])
    )


def _telling(paths: list[str], roles: list[WellRole | None]) -> list[str]:
    """Give at most three paths: a negative control, a dose and a positive one where there are."""
    wanted = (WellRole.NEGATIVE, WellRole.DOSE, WellRole.POSITIVE)
    chosen = [paths[roles.index(role)] for role in wanted if role in roles]
    return (chosen + [path for path in paths if path not in chosen])[:_SHOWN_OVERLAYS]


def _raster(path: Path) -> Raster:
    """Give the middle of a picture, so small that single outlines can be told apart in print."""
    from PIL import Image as Pillow

    try:
        with Pillow.open(path) as picture:
            pixels = np.asarray(picture.convert("RGB"))
    except OSError as error:
        raise InvalidInput(f"{path} is damaged", "Measure again") from error
    top, left = (max(0, (side - _OVERLAY_PX) // 2) for side in pixels.shape[:2])
    return png_raster(pixels[top : top + _OVERLAY_PX, left : left + _OVERLAY_PX])


def _raw_files(request: MeasureRequest) -> tuple[RawFile, ...]:
    files = [
        RawFile(Path(image.path).name, image.sha256)
        for field in request.fields
        for image in field.channels.values()
    ]
    return tuple(dict.fromkeys(files))
