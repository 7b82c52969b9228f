"""Golgi dispersal at work: nuclei in the DNA channel, spots of Golgi around each.

A spot belongs to the nearest nucleus within a limit. The value of a cell is the mean area of its
spots: large for one ribbon, small for scattered stacks.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from superlens.assay.filtering import Labels
from superlens.assay.golgi.spec import GOLGI, GolgiParams
from superlens.assay.labelled import areas, centres, maxima, medians, touching_border
from superlens.assay.nuclei_found import ONLY_AT_BORDER, inner_nuclei, nuclei_or_reason
from superlens.assay.scales import area_unit, length_px, length_unit
from superlens.assay.spots import (
    SpotSettings,
    SpotTable,
    find_spots,
    spot_table,
    territories,
    totals,
)
from superlens.core.assay import Field, FieldMeasurement, ObjectRow

NO_GOLGI = "No spot of Golgi stands out near this nucleus"
CUT = "The edge of the field cuts the Golgi"

Column = NDArray[np.floating[Any]]

_OF_SPOTS = ("mean_area", "median_area", "count", "total_area", "largest_share", "distance")


class GolgiDispersal:
    """`core.assay.Assay` for Golgi dispersal."""

    def measure(
        self, field: Field, params: GolgiParams, reference: Labels | None = None
    ) -> FieldMeasurement:
        """Measure one field.

        Args:
            field: with the channels `dna` and `golgi`.
            params: lengths in µm or raw pixels.
            reference: nuclei to measure around; None finds them in the DNA channel.

        Returns:
            One row per nucleus that does not touch the edge; the labels hold all nuclei. A cell
            without a spot, or with one that the edge cuts, has NaN and the reason; a field
            without nuclei says so in `warnings`.
        """
        named = {"dna": "DNA", "golgi": "Golgi"}
        nuclei, reason = nuclei_or_reason(field, named, params, reference)
        if reason:
            return FieldMeasurement((), nuclei, warnings=(reason,))
        rows = _rows(field, params, nuclei)
        return FieldMeasurement(rows, nuclei, () if rows else (ONLY_AT_BORDER,))


def golgi_spots(field: Field, params: GolgiParams, nuclei: Labels) -> tuple[Labels, SpotTable]:
    """Give the spots near the nuclei of a field as labels, and what is known of each."""
    settings = SpotSettings(
        smoothing_px=params.smoothing_px * field.scale,
        reach_px=length_px(field, params.reach_um, params.reach_px),
        smallest_px=params.smallest_spot_px * field.scale**2,
    )
    territory = territories(nuclei, length_px(field, params.limit_um, params.limit_px))
    spots = find_spots(field.channels["golgi"], territory, settings)
    return spots, spot_table(spots, territory)


def _rows(field: Field, params: GolgiParams, nuclei: Labels) -> tuple[ObjectRow, ...]:
    count = int(nuclei.max())
    spots, table = golgi_spots(field, params, nuclei)
    columns = _columns(field, nuclei, table)
    is_cut = np.zeros(count + 1, np.bool_)
    is_cut[table.owners[touching_border(spots, len(table.areas), 1)]] = True
    inner = inner_nuclei(field, nuclei)
    return tuple(_row(field, int(index), columns, bool(is_cut[index + 1])) for index in inner)


def _columns(field: Field, nuclei: Labels, table: SpotTable) -> dict[str, Column]:
    """Give every feature of every nucleus; NaN where it has no spot to take it from."""
    count, owners = int(nuclei.max()), table.owners
    centre = centres(nuclei, count)
    middle = (centre + 0.5) / field.scale - 0.5
    area = table.areas * area_unit(field)
    away = np.linalg.norm(table.centres - centre[owners - 1], axis=1) * length_unit(field)
    number, total = np.bincount(owners, minlength=count + 1)[1:], totals(owners, area, count)
    with np.errstate(divide="ignore", invalid="ignore"):
        return {
            "mean_area": total / number,
            "median_area": medians(owners, area, count),
            "count": number.astype(np.float64),
            "total_area": total,
            "largest_share": maxima(owners, area, count) / total,
            "distance": totals(owners, away, count) / number,
            "nucleus_area": areas(nuclei, count) * area_unit(field),
            "centre_x": middle[:, 1],
            "centre_y": middle[:, 0],
        }


def _row(field: Field, index: int, columns: dict[str, Column], is_cut: bool) -> ObjectRow:
    values = {item.name: float(columns[item.name][index]) for item in GOLGI.features}
    refusal = CUT if is_cut else "" if values["count"] else NO_GOLGI
    if refusal:
        values.update(dict.fromkeys(_OF_SPOTS, np.nan))
    return ObjectRow(field.well, field.name, index + 1, values, refusal)
