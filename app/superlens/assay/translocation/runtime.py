"""Nuclear translocation at work: nuclei in the DNA channel, protein in each and around it.

The value of a cell is (median of the core - background) / (median of the ring - background). The
background is the level of the protein image where there is no cell: a low percentile after
smoothing over a quarter of a nucleus.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from superlens.assay.compartments import Compartments, RingGeometry, compartments
from superlens.assay.filtering import (
    Image,
    Labels,
    background_level,
    bright_mask,
    noise_sigma,
)
from superlens.assay.labelled import areas, centres, means, medians
from superlens.assay.nuclei_found import ONLY_AT_BORDER, inner_nuclei, nuclei_or_reason
from superlens.assay.plate import voided
from superlens.assay.scales import area_unit, diameter_px, length_px
from superlens.assay.segmentation import estimate_diameter
from superlens.assay.translocation.spec import TRANSLOCATION, TranslocationParams
from superlens.core.assay import Field, FieldMeasurement, ObjectRow

SWAPPED = "The DNA and the protein channel look swapped: exchange them and measure again"
RING_TOO_SMALL = "Neighbours leave too little of the ring"
NO_CORE = "The nucleus is too small for its rim to be left out"
NO_SIGNAL = "No protein above the background"
DARK_RING = "The cytoplasm is not brighter than the background"
DARK_CORE = "The nucleus is not brighter than the background"

Column = NDArray[np.floating[Any]]

_BACKGROUND_SMOOTHING_SHARE = 0.25
_FALLBACK_DIAMETER_PX = 16.0
_SWAP_AREA_RATIO = 0.6
_SWAP_SHARE = 0.5
_SWAP_FEWEST = 5
_PARTLY = (0.1, 0.7)


class Translocation:
    """`core.assay.Assay` for nuclear translocation."""

    def measure(
        self, field: Field, params: TranslocationParams, reference: Labels | None = None
    ) -> FieldMeasurement:
        """Measure one field.

        Args:
            field: with the channels `dna` and `protein`.
            params: lengths in µm or raw pixels.
            reference: nuclei to measure in; None finds them in the DNA channel.

        Returns:
            One row per nucleus that does not touch the edge; the labels hold all nuclei. A cell
            that cannot be measured has NaN and the reason; a field where the channels look
            swapped, or without nuclei, says so in `doubt` or `warnings`.
        """
        named = {"dna": "DNA", "protein": "protein"}
        nuclei, reason = nuclei_or_reason(field, named, params, reference)
        if reason:
            return FieldMeasurement((), nuclei, warnings=(reason,))
        dna, protein = field.channels["dna"], field.channels["protein"]
        doubt = SWAPPED if reference is None and look_swapped(nuclei, dna, protein) else ""
        rows = _rows(field, params, nuclei, int(nuclei.max()))
        if doubt:
            rows = voided(rows, doubt)
        warnings = () if rows else (ONLY_AT_BORDER,)
        return FieldMeasurement(rows, nuclei, warnings, doubt)


def look_swapped(nuclei: Labels, dna: Image, protein: Image) -> bool:
    """Say whether what was taken for nuclei are cells, and what was taken for protein are nuclei.

    In the right order the protein covers nuclei wholly, and more than them. Swapped, most "nuclei"
    are whole cells, in part covered by a smaller bright area. Cells with the protein in the
    nucleus look alike both ways; there the answer is no.
    """
    count = int(nuclei.max(initial=0))
    if count < _SWAP_FEWEST:
        return False
    stained, expressed = bright_mask(dna), bright_mask(protein)
    if expressed.mean() >= _SWAP_AREA_RATIO * stained.mean():
        return False
    covered = means(nuclei, expressed.astype(np.float32), count)
    partly = (covered > _PARTLY[0]) & (covered < _PARTLY[1])
    return bool(partly.mean() > _SWAP_SHARE)


def _geometry(field: Field, params: TranslocationParams) -> RingGeometry:
    return RingGeometry(
        erosion_px=length_px(field, params.core_erosion_um, params.core_erosion_px),
        gap_px=length_px(field, params.ring_gap_um, params.ring_gap_px),
        width_px=length_px(field, params.ring_width_um, params.ring_width_px),
    )


def _background(field: Field, params: TranslocationParams) -> float:
    diameter = (
        diameter_px(field, params)
        or estimate_diameter(field.channels["dna"])
        or _FALLBACK_DIAMETER_PX * field.scale
    )
    smoothing = _BACKGROUND_SMOOTHING_SHARE * diameter
    return background_level(field.channels["protein"], smoothing, params.background_percentile)


def _rows(
    field: Field, params: TranslocationParams, nuclei: Labels, count: int
) -> tuple[ObjectRow, ...]:
    protein = field.channels["protein"]
    parts = compartments(nuclei, _geometry(field, params))
    good = np.isfinite(protein)
    if not good.all():
        parts = Compartments(np.where(good, parts.core, 0), np.where(good, parts.ring, 0))
    columns = _columns(field, _background(field, params), nuclei, parts)
    refusals = _refusals(columns, params, noise_sigma(protein))
    inner = inner_nuclei(field, nuclei)
    return tuple(_row(field, int(index), columns, refusals[index]) for index in inner)


def _columns(
    field: Field, background: float, nuclei: Labels, parts: Compartments
) -> dict[str, Column]:
    """Give every feature of every nucleus, and what the notes need, before any is refused."""
    protein, count = field.channels["protein"], int(nuclei.max())
    core = medians(parts.core, protein, count) - background
    ring = medians(parts.ring, protein, count) - background
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = core / ring
        log2_ratio = np.where(ratio > 0, np.log2(ratio), np.nan)
    middle = (centres(nuclei, count) + 0.5) / field.scale - 0.5
    per_raw = field.scale**2
    return {
        "ratio": ratio,
        "log2_ratio": log2_ratio,
        "difference": core - ring,
        "nucleus_mean": means(parts.core, protein, count) - background,
        "ring_mean": means(parts.ring, protein, count) - background,
        "nucleus_area": areas(nuclei, count) * area_unit(field),
        "ring_area": areas(parts.ring, count) * area_unit(field),
        "centre_x": middle[:, 1],
        "centre_y": middle[:, 0],
        "_core": core,
        "_ring": ring,
        "_ring_raw_px": areas(parts.ring, count) / per_raw,
    }


def _refusals(columns: dict[str, Column], params: TranslocationParams, noise: float) -> list[str]:
    """Give why each cell has no ratio, empty for one that has; the first reason counts."""
    core, ring = columns["_core"], columns["_ring"]
    reasons = (
        (columns["_ring_raw_px"] < params.smallest_ring_px, RING_TOO_SMALL),
        (np.isnan(core), NO_CORE),
        (np.maximum(core, ring) <= noise, NO_SIGNAL),
        (ring <= 0, DARK_RING),
    )
    found = [""] * len(core)
    for is_so, reason in reversed(reasons):
        for index in np.flatnonzero(is_so):
            found[index] = reason
    return found


def _row(field: Field, index: int, columns: dict[str, Column], refusal: str) -> ObjectRow:
    values = {item.name: float(columns[item.name][index]) for item in TRANSLOCATION.features}
    if refusal:
        values.update(ratio=np.nan, log2_ratio=np.nan)
    note = refusal or (DARK_CORE if columns["_core"][index] <= 0 else "")
    return ObjectRow(field.well, field.name, index + 1, values, note)
