"""From judged pictures to the table of an evaluation: means, intervals, differences, files.

Torch-free.
"""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from superlens.core.evaluation import (
    BICUBIC_ROW,
    INPUT_ROW,
    Difference,
    Estimate,
    Evaluation,
    Measure,
    MethodRow,
    PictureRow,
)
from superlens.io.atomic import replace_file
from superlens.io.codec import encode
from superlens.io.runs import RunFolder
from superlens.io.tables import write_table
from superlens.quality.bootstrap import (
    Interval,
    cluster_bootstrap,
    paired_difference,
)

SUMMARY_COLUMNS = (
    "method",
    "measure",
    "title",
    "unit",
    "value",
    "sem",
    "lo",
    "hi",
    "n",
    "fields",
    "over_bicubic",
    "over_bicubic_lo",
    "over_bicubic_hi",
)


def method_rows(
    pictures: Sequence[PictureRow],
    measures: Sequence[Measure],
    sets: Mapping[str, Mapping[str, Estimate]],
    models: Mapping[str, str],
    seed: int,
) -> tuple[MethodRow, ...]:
    """Give mean, standard error and interval of every measure for every method.

    Args:
        pictures: of all methods.
        measures: of single pictures.
        sets: estimates of distances between sets, by method and measure.
        models: hash of the weights by id.
        seed: of the draws.
    """
    found: list[MethodRow] = []
    for method in dict.fromkeys(row.method for row in pictures):
        ours = [row for row in pictures if row.method == method]
        fields = [row.field for row in ours]
        estimates = {
            measure.id: _estimate(cluster_bootstrap(values, fields, seed=seed))
            for measure in measures
            if (values := _values(ours, measure.id)) is not None
        }
        estimates |= sets.get(method, {})
        found.append(
            MethodRow(method, len(ours), len(set(fields)), estimates, models.get(method, ""))
        )
    return tuple(found)


def differences(
    pictures: Sequence[PictureRow], measures: Sequence[Measure], seed: int
) -> tuple[Difference, ...]:
    """Give what every model is ahead of bicubic interpolation, picture by picture."""
    rival = [row for row in pictures if row.method == BICUBIC_ROW]
    fields = [row.field for row in rival]
    found: list[Difference] = []
    for method in dict.fromkeys(row.method for row in pictures):
        if method in (INPUT_ROW, BICUBIC_ROW):
            continue
        ours = [row for row in pictures if row.method == method]
        for measure in measures:
            values, others = _values(ours, measure.id), _values(rival, measure.id)
            if values is None or others is None:
                continue
            interval = paired_difference(values, others, fields, seed=seed)
            found.append(Difference(method, BICUBIC_ROW, measure.id, _estimate(interval)))
    return tuple(found)


def write_evaluation(folder: RunFolder, evaluation: Evaluation) -> None:
    """Write `rows.json`, `rows.csv` (one line per picture) and `summary.csv`."""
    with replace_file(folder.file("rows_json", "rows.json")) as part:
        part.write_bytes(encode(evaluation))
    ids = [
        one.id for one in evaluation.measures
        if any(one.id in row.measures for row in evaluation.pictures)
    ]  # fmt: skip
    write_table(
        folder.file("rows", "rows.csv"),
        ("method", "field", "picture", *ids),
        (
            (row.method, row.field, row.picture, *(row.measures.get(one) for one in ids))
            for row in evaluation.pictures
        ),
    )
    write_table(
        folder.file("summary", "summary.csv"), SUMMARY_COLUMNS, list(_summary_rows(evaluation))
    )


def _summary_rows(evaluation: Evaluation) -> Iterator[tuple[str | float | int | None, ...]]:
    ahead = {(one.method, one.measure): one.estimate for one in evaluation.differences}
    for row in evaluation.rows:
        for measure in evaluation.measures:
            found = row.measures.get(measure.id)
            if found is None:
                continue
            over = ahead.get((row.method, measure.id), Estimate(None))
            yield (
                row.method,
                measure.id,
                measure.title,
                measure.unit,
                found.value,
                found.sem,
                found.lo,
                found.hi,
                found.n,
                found.fields,
                over.value,
                over.lo,
                over.hi,
            )


def _values(rows: Sequence[PictureRow], measure: str) -> NDArray[np.float64] | None:
    """Give the values of a measure, NaN where undefined; None where no picture has it."""
    if not any(measure in row.measures for row in rows):
        return None
    found = [row.measures.get(measure) for row in rows]
    return np.array([np.nan if value is None else value for value in found])


def _estimate(interval: Interval) -> Estimate:
    return Estimate(
        _finite(interval.value),
        interval.sem,
        _finite(interval.lo),
        _finite(interval.hi),
        interval.n,
        interval.n_clusters,
    )


def _finite(value: float | None) -> float | None:
    return value if value is not None and np.isfinite(value) else None
