"""The files of a measurement's run folder: tables, statistics, labels, overlays. Torch-free."""

import json
import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from superlens.assay.intervals import sources
from superlens.assay.overlay import contrast_limits, outlined
from superlens.assay.plate import CompoundStatistics, MeasuredWell
from superlens.assay.statistics import Statistic
from superlens.core.assay import AssaySpec, Feature, ObjectRow, WellInfo, WellRole
from superlens.io.atomic import replace_file
from superlens.io.runs import RunFolder
from superlens.io.system_errors import writing
from superlens.io.tables import write_table

WELL_COLUMNS = (
    "well",
    "compound",
    "dose",
    "dose_unit",
    "role",
    "value",
    "lo",
    "hi",
    "unit",
    "n_objects",
    "n_fields",
    "share_cells",
    "share_fields",
    "share_reconstruction",
    "length_unit",
    "note",
)
LENGTH_UNIT, PIXEL_UNIT = "µm", "px"

_LARGEST_OVERLAY_PX = 1024
_MOST_OVERLAYS = 12
_UNSAFE_IN_NAMES = re.compile(r"[^A-Za-z0-9._-]+")


@dataclass(frozen=True, slots=True)
class Measured:
    """Everything that was measured on a plate."""

    spec: AssaySpec
    wells: tuple[MeasuredWell, ...]
    compounds: tuple[CompoundStatistics, ...]
    rows: tuple[ObjectRow, ...]
    samples: tuple[tuple[ObjectRow, ...], ...]
    level: float
    length_unit: str
    """`µm`, or `px` where the pixel size is not known for all fields."""


@dataclass(frozen=True, slots=True)
class Scene:
    """What an overlay is drawn from: at most `_LARGEST_OVERLAY_PX` a side."""

    well: str
    image: NDArray[np.floating[Any]]
    labels: NDArray[np.int32]
    measured: frozenset[int]


def unit_of(feature: Feature, length_unit: str) -> str:
    """Give the unit that a feature is written in: lengths without a pixel size are in px."""
    return feature.unit if length_unit == LENGTH_UNIT else feature.unit.replace("µm", PIXEL_UNIT)


def write_tables(run: RunFolder, measured: Measured) -> None:
    """Write `objects.csv`, `wells.csv`, with samples `samples.csv`, and `statistics.json`."""
    names = tuple(feature.name for feature in measured.spec.features)
    write_table(
        run.file("objects", "objects.csv"),
        ("well", "field", "object_id", *names, "length_unit", "note"),
        ((row.well, row.field, *_row_end(row, names, measured)) for row in measured.rows),
    )
    write_table(run.file("wells", "wells.csv"), WELL_COLUMNS, _well_rows(measured))
    if measured.samples:
        write_table(
            run.file("samples", "samples.csv"),
            ("well", "field", "sample", "object_id", *names, "length_unit", "note"),
            (
                (row.well, row.field, index, *_row_end(row, names, measured))
                for index, rows in enumerate(measured.samples)
                for row in rows
            ),
        )
    path = run.file("statistics", "statistics.json")
    text = json.dumps(statistics_document(measured), indent=2, ensure_ascii=False, allow_nan=False)
    with replace_file(path) as part:
        part.write_text(text + "\n", encoding="utf-8")


def statistics_document(measured: Measured) -> dict[str, Any]:
    """Give the content of `statistics.json`: plain values, null for what has no number."""
    unit = unit_of(measured.spec.headline, measured.length_unit)
    fields = max((well.number.n_fields for well in measured.wells), default=0)
    return {
        "assay": measured.spec.id,
        "feature": measured.spec.headline.name,
        "length_unit": measured.length_unit,
        "interval": {
            "level": measured.level,
            "sources": list(sources(fields, len(measured.samples))),
            "shares": _mean_shares(measured.wells),
        },
        "wells": [_plain_well(well, unit) for well in measured.wells],
        "statistics": {
            item.compound or "all": {
                name: _plain_statistic(statistic) for name, statistic in item.statistics.items()
            }
            for item in measured.compounds
        },
        "counts": {
            item.compound or "all": {
                "wells": {role.value: count for role, count in item.wells.items()},
                "objects": {role.value: count for role, count in item.objects.items()},
            }
            for item in measured.compounds
        },
        "features": [
            {
                "name": feature.name,
                "title": feature.title,
                "unit": unit_of(feature, measured.length_unit),
                "meaning": feature.meaning,
            }
            for feature in measured.spec.features
        ],
    }


def label_stem(well: str, field: str) -> str:
    """Give the name of the label image of a field, without its ending."""
    return _UNSAFE_IN_NAMES.sub("_", f"{well}_{field}")


def write_labels(run: RunFolder, well: str, field: str, labels: NDArray[np.int32]) -> None:
    """Write the labels of one field as a 32-bit TIFF, compressed."""
    from PIL import Image

    path = run.file("labels", f"labels/{label_stem(well, field)}.tif")
    with writing(path):
        Image.fromarray(labels, mode="I").save(path, compression="tiff_adobe_deflate")


def write_overlays(run: RunFolder, scenes: Sequence[Scene]) -> None:
    """Write one picture per scene, all with the same contrast."""
    from PIL import Image

    if not scenes:
        return
    limits = contrast_limits([scene.image for scene in scenes])
    for scene in scenes:
        picture = outlined(scene.image, scene.labels, scene.measured, limits)
        path = run.file("overlay", f"overlays/{_UNSAFE_IN_NAMES.sub('_', scene.well)}.png")
        with writing(path):
            Image.fromarray(picture).save(path, optimize=True)


def overlay_part(image: NDArray[Any]) -> NDArray[Any]:
    """Give the middle of an image, as large as an overlay may be."""
    height, width = image.shape
    top, left = (max(0, (side - _LARGEST_OVERLAY_PX) // 2) for side in (height, width))
    part = image[top : top + _LARGEST_OVERLAY_PX, left : left + _LARGEST_OVERLAY_PX]
    return np.array(part)  # a copy, so that the whole image can go


def wells_to_draw(plate: Sequence[WellInfo], present: Iterable[str]) -> frozenset[str]:
    """Choose the wells that get a picture: all of a few, else some of every kind.

    Of every compound the first negative control, the middle dose and the first positive control;
    where that is nothing, the first wells.
    """
    names = list(dict.fromkeys(present))
    if len(names) <= _MOST_OVERLAYS:
        return frozenset(names)
    kinds: dict[tuple[str, WellRole], list[WellInfo]] = {}
    for info in plate:
        if info.well in names and info.role is not WellRole.EMPTY:
            kinds.setdefault((info.compound, info.role), []).append(info)
    chosen: list[str] = []
    for (_, role), infos in kinds.items():
        ordered = sorted(infos, key=lambda info: (info.dose or 0.0, info.well))
        middle = len(ordered) // 2 if role is WellRole.DOSE else 0
        chosen.append(ordered[middle].well)
    return frozenset((chosen or names)[:_MOST_OVERLAYS])


def _row_end(row: ObjectRow, names: Sequence[str], measured: Measured) -> tuple[Any, ...]:
    values = (row.values.get(name, math.nan) for name in names)
    return row.object_id, *values, measured.length_unit, row.note


def _well_rows(measured: Measured) -> Iterable[tuple[Any, ...]]:
    unit = unit_of(measured.spec.headline, measured.length_unit)
    for well in measured.wells:
        info, number = well.info, well.number
        shares = (number.shares.get(name) for name in ("cells", "fields", "reconstruction"))
        yield (
            info.well,
            info.compound,
            info.dose,
            info.dose_unit,
            info.role.value,
            number.value,
            number.lo,
            number.hi,
            unit,
            number.n_objects,
            number.n_fields,
            *shares,
            measured.length_unit,
            number.note,
        )


def _plain_well(well: MeasuredWell, unit: str) -> dict[str, Any]:
    number = well.number
    plain: dict[str, Any] = {
        "well": number.well,
        "value": _plain(number.value),
        "lo": _plain(number.lo),
        "hi": _plain(number.hi),
        "unit": unit,
        "n_objects": number.n_objects,
        "n_fields": number.n_fields,
        "shares": number.shares,
    }
    if number.note:
        plain["note"] = number.note
    return plain


def _plain_statistic(statistic: Statistic) -> float | dict[str, Any]:
    """Give a number, or null and why there is none."""
    if math.isfinite(statistic.value):
        return statistic.value
    return {"value": None, "note": statistic.note}


def _plain(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _mean_shares(wells: Sequence[MeasuredWell]) -> dict[str, float]:
    """Give the mean share of every source over the wells that have it."""
    names = dict.fromkeys(name for well in wells for name in well.number.shares)
    return {
        name: float(np.mean([w.number.shares[name] for w in wells if name in w.number.shares]))
        for name in names
    }
