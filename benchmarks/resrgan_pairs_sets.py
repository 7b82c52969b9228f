"""What feature networks say of the pairs of `resrgan_pairs.py`: distances between sets of pictures.

Each fold holds one field, so each set is the patches of one or two pictures. The table has the
means over the folds; whether the folds agree on an order is measured, not presumed.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import combinations

import numpy as np

from superlens.core.evaluation import Evaluation
from superlens.quality.bootstrap import cluster_bootstrap

MEASURES = {"micro_fd": "FD-µ", "micro_kd": "KD-µ × 10³"}
NOTE = (
    "Distances between the patches of restored pictures and of their truths, fold by fold; the "
    "table holds means over the folds with a cluster bootstrap over three of them. A fold is one "
    "or two pictures of one field: `agreement` is how alike the folds order the methods (Kendall's "
    "tau, mean over pairs of folds; 1 is the same order, 0 none in common). Fields this few do not "
    "settle an order."
)


@dataclass(frozen=True, slots=True)
class SetRow:
    """What one way to restore reached on all pictures of one field that it never saw."""

    name: str
    field: str
    measures: dict[str, float | None]


@dataclass(frozen=True, slots=True)
class SetFloor:
    """What the truths of one field are apart among themselves."""

    field: str
    network: str
    sha256: str
    images: int
    patches: int
    floor: float | None
    kernel_floor: float | None
    remark: str


def set_rows(
    evaluation: Evaluation, field: str, name_of: Callable[[str], str | None]
) -> Iterator[SetRow]:
    """Give the distances of the methods of one evaluation.

    Args:
        evaluation: of the pictures of one field.
        field: which.
        name_of: the name of a method in the table; None leaves it out.
    """
    for row in evaluation.rows:
        name = name_of(row.method)
        if name is not None and any(measure in row.measures for measure in MEASURES):
            found = {m: row.measures[m].value for m in MEASURES if m in row.measures}
            yield SetRow(name, field, found)


def floors(evaluation: Evaluation, field: str) -> Iterator[SetFloor]:
    """Give what stands behind the distances of one evaluation."""
    for one in evaluation.features:
        yield SetFloor(
            field,
            one.id,
            one.sha256,
            one.images,
            one.patches,
            one.floor,
            one.kernel_floor,
            one.remark,
        )


def set_document(rows: Sequence[SetRow], behind: Sequence[SetFloor]) -> dict[str, object]:
    """Give the part of the result that rests on feature networks; empty where none is installed."""
    if not rows:
        return {}
    names = list(dict.fromkeys(row.name for row in rows))
    return {
        "note": NOTE,
        "measures": MEASURES,
        "table": {
            name: {measure: _mean(rows, name, measure) for measure in MEASURES} for name in names
        },
        "agreement": {measure: _agreement(rows, measure) for measure in MEASURES},
        "order": {measure: _orders(rows, measure) for measure in MEASURES},
        "floors": [asdict(one) for one in behind],
        "rows": [asdict(row) for row in rows],
    }


def _mean(rows: Sequence[SetRow], name: str, measure: str) -> dict[str, object]:
    ours = [row for row in rows if row.name == name]
    values = [np.nan if (v := row.measures.get(measure)) is None else v for row in ours]
    return asdict(cluster_bootstrap(values, [row.field for row in ours]))


def _orders(rows: Sequence[SetRow], measure: str) -> dict[str, list[str]]:
    """Give the names from the nearest to the farthest, by field."""
    found: dict[str, list[str]] = {}
    for field in dict.fromkeys(row.field for row in rows):
        known = [
            (value, row.name)
            for row in rows
            if row.field == field and (value := row.measures.get(measure)) is not None
        ]
        found[field] = [name for _, name in sorted(known)]
    return found


def _agreement(rows: Sequence[SetRow], measure: str) -> float | None:
    from scipy.stats import kendalltau

    orders = list(_orders(rows, measure).values())
    taus: list[float] = []
    for first, second in combinations(orders, 2):
        shared = [name for name in first if name in second]
        places = [second.index(name) for name in shared]
        taus.append(float(kendalltau(range(len(shared)), places).statistic))
    return float(np.mean(taus)) if taus else None
