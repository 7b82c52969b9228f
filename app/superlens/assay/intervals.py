"""The interval of a well's median, and where its width comes from.

A well has fields f = 1..F with cells i, and K >= 1 measurements x_fik of every cell: one per
sample of a reconstruction, or a single one. The value of the well is T = median over k of T_k, T_k
= median over all cells of sample k. Its variance is put together from sources that are estimated
one by one (law of total variance: what varies within the fixed, plus the variance of what was
fixed):

    V_cells           variance of T* when cells are drawn again, with replacement, in every field
    V_fields          max(0, F/(F-1) · Var(T* when whole fields are drawn again) - V_cells), for
                      F >= 2: one field says nothing of others. Whole fields carry the scatter of
                      their cells with them, hence the difference.
    V_reconstruction  Var_k(T_k), ddof 1, for K >= 2

T* of the first two is the median over cells of the median over samples of each cell. A share is
V_source / sum of all V.

The interval comes from the nested bootstrap: draw fields, then cells within each of them, and for
each field one sample k. Drawing fields and then cells counts the scatter of cells twice and that
of few fields too little, so that the replicates are stretched about T by √(sum of V / their
variance), which keeps their shape and gives them the variance above. A variance known from few
fields or samples is itself uncertain: the replicates are stretched once more by the ratio of
Student's to the normal quantile, with Satterthwaite's degrees of freedom

    ν = (V_a + V_r)² / (V_a² / ν_a + V_r² / (K - 1))
    V_a = V_cells + V_fields, V_r = V_reconstruction
    ν_a = F - 1 where fields differ (V_fields > 0), else the number of cells - F

The limits are the (1 ± level)/2 quantiles. On simulated wells of known truth 90 % intervals cover
85 to 96 % from three fields on and for a single one, about 80 to 87 % for two fields that differ.

Source: A. C. Davison, D. V. Hinkley, Bootstrap Methods and their Application, 1997, section 3.8
(hierarchical data); F. E. Satterthwaite, Biometrics Bulletin, 1946, doi 10.2307/3002019.
"""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri, stdtrit

from superlens.core.assay import ObjectRow, WellNumber

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]

CELLS, FIELDS, RECONSTRUCTION = "cells", "fields", "reconstruction"

NO_OBJECT = "No object could be measured"
ONE_OBJECT = "One object only: no interval"

_LARGEST_TABLE = 4_000_000
"""Weights held at a time."""


@dataclass(frozen=True, slots=True)
class Bootstrap:
    """How an interval is drawn."""

    level: float = 0.9
    replicates: int = 1000
    seed: int = 0


def well_number(
    well: str,
    rows: Sequence[ObjectRow],
    feature: str,
    bootstrap: Bootstrap,
    samples: Sequence[Sequence[ObjectRow]] = (),
) -> WellNumber:
    """Give the median of a feature over the objects of a well, with its interval.

    Args:
        well: its name; it seeds the draws together with `bootstrap.seed`, so that the order of
        wells
            does not matter.
        rows: objects of the well; those without a finite value do not count.
        feature: name of the feature.
        bootstrap: level, number of draws, seed.
        samples: the rows of each sample of a reconstruction, in place of `rows` where given.
    """
    values, sizes = _table(samples or (rows,), feature)
    count = values.shape[1]
    if count == 0:
        return WellNumber(well, np.nan, np.nan, np.nan, 0, 0, note=NO_OBJECT)
    per_sample = np.nanmedian(values[~np.isnan(values).all(axis=1)], axis=1)
    value = float(np.median(per_sample))
    if count == 1:
        return WellNumber(well, value, np.nan, np.nan, 1, 1, note=ONE_OBJECT)
    rng = np.random.default_rng([bootstrap.seed, zlib.crc32(well.encode())])
    variances = _variances(values, sizes, per_sample, bootstrap.replicates, rng)
    total = sum(variances.values())
    replicates = _nested(values, sizes, bootstrap.replicates, rng)
    spread = float(replicates.var(ddof=1))
    stretch = float(np.sqrt(total / spread)) if spread > 0 else 1.0
    tail = (1.0 - bootstrap.level) / 2.0
    freedom = _freedom(variances, sizes, len(per_sample))
    stretch *= float(stdtrit(freedom, 1.0 - tail) / ndtri(1.0 - tail))
    low, high = value + stretch * (np.quantile(replicates, [tail, 1.0 - tail]) - value)
    shares = {source: part / total for source, part in variances.items()} if total > 0 else {}
    return WellNumber(well, value, float(low), float(high), count, len(sizes), shares)


def sources(fields: int, samples: int) -> tuple[str, ...]:
    """Give the sources of variance that so many fields per well and samples allow to estimate."""
    found = [CELLS]
    if fields > 1:
        found.append(FIELDS)
    if samples > 1:
        found.append(RECONSTRUCTION)
    return tuple(found)


def weighted_medians(values: Floats, weights: Counts) -> Floats:
    """Give the median of values that occur several times each.

    Args:
        values: (N,), NaN for what never counts.
        weights: (B, N) how often each occurs, one row per answer.

    Returns:
        (B,) medians, the mean of the two middle ones for an even number; NaN where nothing occurs.
    """
    order = np.argsort(values)
    order = order[: int((~np.isnan(values)).sum())]
    ascending = values[order]
    reached = np.cumsum(weights[:, order], axis=1)
    total = reached[:, -1:]
    lower, upper = (2 * reached >= total).argmax(axis=1), (2 * reached > total).argmax(axis=1)
    return np.where(total[:, 0] > 0, 0.5 * (ascending[lower] + ascending[upper]), np.nan)


def _table(samples: Sequence[Sequence[ObjectRow]], feature: str) -> tuple[Floats, Counts]:
    """Give (samples, objects) values, field after field, and the number of objects of every field.

    NaN where a sample lacks an object. Objects without a value in any sample, and fields without
    objects, are left out.
    """
    places: dict[tuple[str, int], int] = {}
    for rows in samples:
        for row in rows:
            if np.isfinite(row.values.get(feature, np.nan)):
                places.setdefault((row.field, row.object_id), 0)
    names = sorted(places)
    places = {name: column for column, name in enumerate(names)}
    values = np.full((len(samples), len(names)), np.nan)
    for index, rows in enumerate(samples):
        for row in rows:
            value = row.values.get(feature, np.nan)
            if np.isfinite(value):
                values[index, places[row.field, row.object_id]] = value
    _, sizes = np.unique([field for field, _ in names], return_counts=True)
    return values, sizes


def _variances(
    values: Floats, sizes: Counts, per_sample: Floats, replicates: int, rng: np.random.Generator
) -> dict[str, float]:
    objects = np.nanmedian(values, axis=0)
    cells: list[Floats] = []
    whole: list[Floats] = []
    for chunk in _chunks(replicates, len(objects)):
        once = np.ones((chunk, len(sizes)), np.int64)
        cells.append(weighted_medians(objects, _draw_cells(once, sizes, rng)))
        if len(sizes) > 1:
            times = _draw_fields(chunk, len(sizes), rng)
            whole.append(weighted_medians(objects, np.repeat(times, sizes, axis=1)))
    found = {CELLS: float(np.concatenate(cells).var(ddof=1))}
    if whole:
        between = float(np.concatenate(whole).var(ddof=1)) * len(sizes) / (len(sizes) - 1)
        found[FIELDS] = max(0.0, between - found[CELLS])
    if len(per_sample) > 1:
        found[RECONSTRUCTION] = float(per_sample.var(ddof=1))
    return found


def _freedom(variances: dict[str, float], sizes: Counts, samples: int) -> float:
    """Give Satterthwaite's degrees of freedom of the sum of the variances."""
    objects = variances[CELLS] + variances.get(FIELDS, 0.0)
    reconstruction = variances.get(RECONSTRUCTION, 0.0)
    if objects + reconstruction == 0:
        return np.inf
    do_differ = variances.get(FIELDS, 0.0) > 0
    of_objects = len(sizes) - 1 if do_differ else max(1, int(sizes.sum()) - len(sizes))
    square = objects**2 / of_objects + reconstruction**2 / max(1, samples - 1)
    return (objects + reconstruction) ** 2 / square


def _nested(values: Floats, sizes: Counts, replicates: int, rng: np.random.Generator) -> Floats:
    """Give medians of the well with fields, cells and samples drawn again."""
    samples = np.arange(len(values))
    medians: list[Floats] = []
    for chunk in _chunks(replicates, values.size):
        times = _draw_fields(chunk, len(sizes), rng)
        weights = _draw_cells(times, sizes, rng)  # (B, N)
        picked = np.repeat(rng.integers(len(samples), size=times.shape), sizes, axis=1)
        counted = weights[:, None, :] * (picked[:, None, :] == samples[:, None])  # (B, K, N)
        medians.append(weighted_medians(values.ravel(), counted.reshape(chunk, -1)))
    together = np.concatenate(medians)
    return together[~np.isnan(together)]


def _draw_fields(replicates: int, fields: int, rng: np.random.Generator) -> Counts:
    """Give (B, F): how often each field is drawn when F are drawn with replacement."""
    return rng.multinomial(fields, np.full(fields, 1.0 / fields), size=replicates)


def _draw_cells(times: Counts, sizes: Counts, rng: np.random.Generator) -> Counts:
    """Give (B, N): how often each cell is drawn when every field is drawn `times` (B, F)."""
    drawn = [
        rng.multinomial(times[:, field] * size, np.full(size, 1.0 / size))
        for field, size in enumerate(sizes)
    ]
    return np.concatenate(drawn, axis=1)


def _chunks(replicates: int, width: int) -> list[int]:
    """Cut the replicates so that no table of weights is larger than `_LARGEST_TABLE`."""
    step = max(1, _LARGEST_TABLE // max(width, 1))
    return [min(step, replicates - start) for start in range(0, replicates, step)]
