"""What the rows of `cvdm_tables.py` say together: means, differences, verdicts, correlations."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from cvdm_tables_measures import (
    COSTS,
    FIDELITY,
    HIGHER_IS_BETTER,
    NATURALISED,
    NATURALNESS,
    RAW,
    SPREADS,
    Row,
    difference_of,
    mean_of,
)
from cvdm_tables_pictures import BICUBIC
from cvdm_tables_trainings import FIXED, LEARNT, Trained

MARGINS = {
    "ms_ssim": 0.005,
    "psnr": 0.25,
    "mae": 0.001,
    "frc_cutoff": 0.01,
    "coverage_error": 0.02,
}
"""By so much the learnt schedule may be worse than the best fixed one and still counts as not
inferior: the worse end of the 90 % interval of the difference must be within. Chosen before any
model was trained: about a tenth of what separates bicubic interpolation from a trained model, for
coverage less than the finite number of samples shifts it."""

PHANTOMS = "phantoms together"
CVDM, ON_OUTPUT, REGULAR = "CVDM", "CVDM + naturalised outputs", "CVDM on naturalised targets"
VARIANTS = (CVDM, ON_OUTPUT, REGULAR)
OWN_MEASURES = ("unnaturalness", "gradient_distance", "frc_cutoff")
"""What regularised training claims to be better in."""
_TABLE = (*FIDELITY, *SPREADS, *COSTS)
_MATRIX = (*FIDELITY, *NATURALNESS)


@dataclass(frozen=True, slots=True)
class MatrixRow:
    """One picture of the generalisation matrix."""

    trained_on: str
    row: Row


def fidelity_document(rows: Sequence[Row], groups: Sequence[str]) -> dict[str, Any]:
    """Give means and differences of each group of pictures.

    Args:
        rows: against the truth; of phantoms and real pairs.
        groups: structures that are simulated; together they are a group of their own.
    """
    parts = {PHANTOMS: [row for row in rows if row.group in groups]}
    for row in rows:
        parts.setdefault(row.group, []).append(row)
    return {
        group: {"table": _table(part, _TABLE), "differences": _differences(part)}
        for group, part in parts.items()
        if part
    }


def schedule_verdict(rows: Sequence[Row], groups: Sequence[str]) -> dict[str, Any]:
    """Say of each measure whether the learnt schedule is as good as the best fixed one."""
    phantoms = [row for row in rows if row.group in groups]
    found: dict[str, Any] = {}
    for measure, margin in MARGINS.items():
        sign = _sign(measure)
        best = max(FIXED, key=lambda name: sign * mean_of(_of(phantoms, name), measure).value)
        apart = difference_of(_of(phantoms, LEARNT), _of(phantoms, best), measure)
        worst = _worse_end(apart.lo, apart.hi, sign)
        found[measure] = {
            "best_fixed": best,
            "margin": margin,
            "difference": asdict(apart),
            "is_not_inferior": worst is not None and worst >= -margin,
        }
    return found


def cost_document(trained: Sequence[Trained]) -> dict[str, Any]:
    """Give how long the trainings took, and what searching among the fixed schedules costs."""
    together = [one for one in trained if len(one.arm.structures) > 1]
    seconds = {one.arm.schedule: one.seconds or 0.0 for one in together}
    search = sum(seconds[name] for name in FIXED)
    learnt = seconds[LEARNT]
    return {
        "training_seconds": {one.model_id: one.seconds for one in trained},
        "search_seconds": search,
        "learnt_seconds": learnt,
        "search_over_learnt": search / learnt if learnt else None,
        "note": "the search is the trainings of the two fixed schedules; a finer one costs more",
    }


def matrix_document(rows: Sequence[MatrixRow]) -> list[dict[str, Any]]:
    """Give every cell: trained on, judged on, against which reference, all variants."""
    cells: list[dict[str, Any]] = []
    for key, part in _cells(rows).items():
        trained_on, group, reference = key
        cells.append(
            {
                "trained_on": trained_on,
                "judged_on": group,
                "reference": reference,
                "table": _table(part, _MATRIX),
                "differences": _matrix_differences(part),
            }
        )
    return cells


def regular_verdict(rows: Sequence[MatrixRow], structure: str) -> dict[str, Any]:
    """Say whether regularised training is better in its own measures, against both references."""
    found: dict[str, Any] = {}
    for reference in (RAW, NATURALISED):
        part = _cells(rows).get((structure, structure, reference), [])
        if not _of(part, REGULAR):
            continue
        found[reference] = {
            f"{measure} than {rival}": _is_better(part, rival, measure)
            for measure in OWN_MEASURES
            for rival in (CVDM, ON_OUTPUT)
        }
    return found


def correlations(rows: Sequence[MatrixRow]) -> list[dict[str, Any]]:
    """Give how the naturalness factor goes with the other measures, over pictures."""
    from scipy.stats import rankdata

    found: list[dict[str, Any]] = []
    others = [name for name in _MATRIX if name != "naturalness_factor"]
    for reference in (RAW, NATURALISED):
        for variant in VARIANTS:
            part = [m.row for m in rows if m.row.reference == reference and m.row.method == variant]
            for measure in others:
                pairs = np.array(
                    [(row.value("naturalness_factor"), row.value(measure)) for row in part]
                ).reshape(-1, 2)
                pairs = pairs[np.isfinite(pairs).all(axis=1)]
                if len(pairs) < 3 or not (np.ptp(pairs, axis=0) > 0).all():
                    continue
                found.append(
                    {
                        "reference": reference,
                        "variant": variant,
                        "measure": measure,
                        "pearson": float(np.corrcoef(pairs.T)[0, 1]),
                        "spearman": float(np.corrcoef(rankdata(pairs, axis=0).T)[0, 1]),
                        "n": len(pairs),
                    }
                )
    return found


def _cells(rows: Sequence[MatrixRow]) -> dict[tuple[str, str, str], list[Row]]:
    found: dict[tuple[str, str, str], list[Row]] = {}
    for one in rows:
        key = (one.trained_on, one.row.group, one.row.reference)
        found.setdefault(key, []).append(one.row)
    return found


def _table(rows: Sequence[Row], measures: Sequence[str]) -> dict[str, Any]:
    return {
        method: {
            measure: asdict(mean_of(_of(rows, method), measure))
            for measure in measures
            if any(row.measures.get(measure) is not None for row in _of(rows, method))
        }
        for method in _methods(rows)
    }


def _differences(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Give CVDM minus every other, and every other minus bicubic."""
    methods = _methods(rows)
    pairs = [(LEARNT, rival) for rival in methods if rival != LEARNT]
    pairs += [(name, BICUBIC) for name in methods if name not in (LEARNT, BICUBIC)]
    return list(_compared(rows, pairs, (*FIDELITY, *SPREADS)))


def _matrix_differences(rows: Sequence[Row]) -> list[dict[str, Any]]:
    pairs = [(ON_OUTPUT, CVDM), (REGULAR, CVDM), (REGULAR, ON_OUTPUT)]
    known = _methods(rows)
    there = [pair for pair in pairs if set(pair) <= set(known)]
    return list(_compared(rows, there, _MATRIX))


def _compared(
    rows: Sequence[Row], pairs: Sequence[tuple[str, str]], measures: Sequence[str]
) -> Iterator[dict[str, Any]]:
    for method, rival in pairs:
        for measure in measures:
            apart = difference_of(_of(rows, method), _of(rows, rival), measure)
            if apart.n:
                yield {"method": method, "against": rival, "measure": measure, **asdict(apart)}


def _is_better(rows: Sequence[Row], rival: str, measure: str) -> dict[str, Any]:
    apart = difference_of(_of(rows, REGULAR), _of(rows, rival), measure)
    worst = _worse_end(apart.lo, apart.hi, _sign(measure))
    return {"difference": asdict(apart), "is_better": worst is not None and worst > 0}


def _worse_end(lo: float | None, hi: float | None, sign: int) -> float | None:
    """Give the end of an interval that speaks against the method, where more is better."""
    if lo is None or hi is None:
        return None
    return min(sign * lo, sign * hi)


def _sign(measure: str) -> int:
    return 1 if measure in HIGHER_IS_BETTER else -1


def _of(rows: Sequence[Row], method: str) -> list[Row]:
    return [row for row in rows if row.method == method]


def _methods(rows: Sequence[Row]) -> list[str]:
    return list(dict.fromkeys(row.method for row in rows))
