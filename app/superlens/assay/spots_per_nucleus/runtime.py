"""Spots per nucleus at work: nuclei in the DNA channel, spots inside each.

The background is the level of the spot channel where there is no cell: a low percentile after
smoothing over a quarter of a nucleus.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from superlens.assay.filtering import Labels, background_level, finite, noise_sigma
from superlens.assay.foci import FociSettings, find_foci
from superlens.assay.labelled import Floats, areas, centres, means, medians
from superlens.assay.nuclei_found import ONLY_AT_BORDER, inner_nuclei, nuclei_or_reason
from superlens.assay.scales import area_unit, length_px
from superlens.assay.spots import spot_table, totals
from superlens.assay.spots_per_nucleus.spec import SPOTS_PER_NUCLEUS, SpotsParams
from superlens.core.assay import Field, FieldMeasurement, ObjectRow

TOO_FINE = "A spot is less than two pixels wide: neighbours count as one"
HOLES = "The nucleus has pixels without a value"
NO_SPOT = "No spot in this nucleus"

Column = NDArray[np.floating[Any]]

_OF_SPOTS = ("count", "mean_area", "mean_intensity", "intensity_share", "nucleus_mean")
_BACKGROUND_SMOOTHING_SHARE = 0.25
_FEWEST_PX = 2.0


class SpotsPerNucleus:
    """`core.assay.Assay` for spots per nucleus."""

    def measure(
        self, field: Field, params: SpotsParams, reference: Labels | None = None
    ) -> FieldMeasurement:
        """Measure one field.

        Args:
            field: with the channels `dna` and `spots`.
            params: lengths in µm or raw pixels.
            reference: nuclei to measure in; None finds them in the DNA channel.

        Returns:
            One row per nucleus that does not touch the edge; the labels hold all nuclei. A nucleus
            without a spot has the count 0 and no spot area; one with pixels that are no numbers
            has NaN and the reason; a field without nuclei says so in `warnings`.
        """
        named = {"dna": "DNA", "spots": "spot"}
        nuclei, reason = nuclei_or_reason(field, named, params, reference)
        if reason:
            return FieldMeasurement((), nuclei, warnings=(reason,))
        rows = _rows(field, params, nuclei)
        warnings = () if rows else (ONLY_AT_BORDER,)
        if _diameter(field, params) < _FEWEST_PX * field.scale:
            warnings = (*warnings, TOO_FINE)
        return FieldMeasurement(rows, nuclei, warnings)


def nuclear_spots(field: Field, params: SpotsParams, nuclei: Labels, levels: Floats) -> Labels:
    """Give the spots inside the nuclei of a field as labels, numbered over the whole field."""
    settings = FociSettings(
        diameter_px=_diameter(field, params),
        smoothing_px=params.smoothing_px * field.scale,
        smallest_px=params.smallest_spot_px * field.scale**2,
        contrast=params.contrast,
    )
    return find_foci(field.channels["spots"], nuclei, levels, settings)


def _diameter(field: Field, params: SpotsParams) -> float:
    return length_px(field, params.spot_diameter_um, params.spot_diameter_px)


def _rows(field: Field, params: SpotsParams, nuclei: Labels) -> tuple[ObjectRow, ...]:
    count = int(nuclei.max())
    columns = _columns(field, params, nuclei)
    missing = (~np.isfinite(field.channels["spots"])).astype(np.float32)
    has_holes = means(nuclei, missing, count) > 0
    inner = inner_nuclei(field, nuclei)
    return tuple(_row(field, int(index), columns, bool(has_holes[index])) for index in inner)


def _columns(field: Field, params: SpotsParams, nuclei: Labels) -> dict[str, Column]:
    """Give every feature of every nucleus; NaN where it has no spot to take it from."""
    image, count = finite(field.channels["spots"]), int(nuclei.max())
    size = areas(nuclei, count)
    smoothing_px = _BACKGROUND_SMOOTHING_SHARE * 2.0 * np.sqrt(np.median(size[size > 0]) / np.pi)
    background = background_level(image, smoothing_px, params.background_percentile)
    levels = medians(nuclei, image, count) - background
    spots = nuclear_spots(field, params, nuclei, levels)
    table = spot_table(spots, nuclei)
    number = np.bincount(table.owners, minlength=count + 1)[1:].astype(np.float64)
    covered = totals(table.owners, table.areas, count)
    inside = np.where(spots > 0, nuclei, 0).astype(np.int32)
    bright = means(inside, image, count) - background
    mean = means(nuclei, image, count) - background
    is_lit = mean > noise_sigma(image)
    middle = (centres(nuclei, count) + 0.5) / field.scale - 0.5
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.where(number > 0, bright * covered, 0.0) / (mean * size)
        return {
            "count": number,
            "mean_area": covered / number * area_unit(field),
            "mean_intensity": bright,
            "intensity_share": np.where(is_lit, share, np.nan),
            "nucleus_mean": mean,
            "nucleus_area": size * area_unit(field),
            "centre_x": middle[:, 1],
            "centre_y": middle[:, 0],
        }


def _row(field: Field, index: int, columns: dict[str, Column], has_holes: bool) -> ObjectRow:
    values = {item.name: float(columns[item.name][index]) for item in SPOTS_PER_NUCLEUS.features}
    note = HOLES if has_holes else "" if values["count"] else NO_SPOT
    if has_holes:
        values.update(dict.fromkeys(_OF_SPOTS, np.nan))
    return ObjectRow(field.well, field.name, index + 1, values, note)
