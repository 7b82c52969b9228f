"""How fast are calibrated samples of CVDM? `python benchmarks/cvdm_speed.py`.

One network, two samplers, in one process and in turns, field by field: 30 steps evenly in log-SNR,
as used, against the published ancestral sampler with 200 steps along the schedule of the model. The
published one with 30 steps stands beside them: fewer steps alone are no merit.

The fields are simulated filaments with known truth, from seeds that no training can draw, from 30
to 1500 photons. Coverage is the share of true values in the central interval that mean and spread
of the samples span at 50, 68, 90 and 95 %; the coverage error is the mean distance of the four from
their levels. The spread is raw: whatever correction the card discloses is taken away first. What a
correction of each sampler's own would leave is reported beside it, learnt on every other field and
measured on the rest, and then the other way round.

Reached: at least 6 times as many samples per second, at a coverage error that is not larger than
the published sampler's by more than 1 point, with the upper end of the 90 % interval of the
difference over fields. Both were stated before anything was measured.
"""

import argparse
import os
import platform
import shlex
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from superlens.core.jobs import ComputePolicy, DeviceChoice, PrecisionChoice
from superlens.core.method import Array
from superlens.core.parameters import ParameterValue
from superlens.engine.context import JobContext
from superlens.engine.evaluation_measures import Judged, spread_as_aligned
from superlens.engine.evaluation_pictures import MemoryPlane
from superlens.engine.image_reading import PlaneIndex
from superlens.engine.restoration import restore_plane_samples
from superlens.engine.restorer import Restorer, open_restorer
from superlens.engine.versions import software_versions
from superlens.io.codec import write_json
from superlens.io.model_library import find_model
from superlens.methods.cvdm.parameters import STEPS, Sampler
from superlens.phantom.pairs import Pair, benchmark_field
from superlens.quality.calibration import conformal_factor, coverage
from superlens.quality.fidelity import affine_align

MODEL = "cvdm-filaments-x2"
STRUCTURE = "filaments"
PHOTONS = (30.0, 1500.0)
FIRST_SEED = 101
LEVELS = (0.5, 0.68, 0.9, 0.95)
NEEDED_RATIO = 6.0
MARGIN = 0.01
"""By which the coverage error may exceed the published sampler's."""
DRAWS = 2000
RESULTS = Path(__file__).resolve().parent / "results" / "cvdm_speed.json"
_CORRECTED_AT = 0.9
_GAUSSIAN_HALF_WIDTH = 1.6448536269514722

Float = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Side:
    """One way to draw samples."""

    name: str
    sampler: Sampler
    steps: int


SIDES = (
    Side("calibrated", Sampler.CALIBRATED, STEPS[Sampler.CALIBRATED]),
    Side("published", Sampler.ANCESTRAL, STEPS[Sampler.ANCESTRAL]),
    Side("published, as few steps", Sampler.ANCESTRAL, STEPS[Sampler.CALIBRATED]),
)
OURS, RIVAL = SIDES[0].name, SIDES[1].name


@dataclass(frozen=True, slots=True)
class Drawn:
    """What one sampler gave for one field: (N,) each, in the units of the truth."""

    mean: Float
    spread: Float
    truth: Float
    seconds: float
    """On the clock, for all samples."""
    core_seconds: float
    """Of all processor cores."""

    def coverages(self, factor: float = 1.0) -> tuple[float, ...]:
        """Give the share of true values in the interval of each level."""
        return coverage(self.mean, factor * self.spread, self.truth, LEVELS)


@dataclass(slots=True)
class Taken:
    """All fields of one side."""

    side: Side
    fields: list[Drawn] = field(default_factory=list[Drawn])

    @property
    def table(self) -> Float:
        """(fields, levels): coverage without any correction."""
        return np.array([one.coverages() for one in self.fields])

    def corrected(self) -> tuple[Float, tuple[float, float]]:
        """Give coverages with a factor learnt on the other half of the fields, and both factors."""
        found: list[tuple[float, ...]] = []
        halves = [self.fields[0::2], self.fields[1::2]]
        factors = tuple(_factor(half) for half in halves)
        for number, one in enumerate(self.fields):
            found.append(one.coverages(factors[1 - number % 2]))
        return np.array(found), (factors[0], factors[1])


def main() -> int:
    """Measure, print and write; the exit status is 1 where the goal is missed."""
    options = _options()
    load_before = _load()
    sides = [Taken(side) for side in SIDES]
    with ExitStack() as stack:
        restorers = [_opened(one.side, options, stack) for one in sides]
        _warm_up(restorers, options.samples)
        for number, pair in enumerate(_fields(options)):
            # Whoever begins changes, so that no side is always the first on a new field.
            for turn in range(len(sides)):
                at = (number + turn) % len(sides)
                sides[at].fields.append(_drawn(restorers[at], pair, options.samples))
            print(f"field {number + 1} of {options.fields}", flush=True)
        device, precision = restorers[0].device.text, restorers[0].precision.text
    document = _document(sides, options, {"device": device, "precision": precision})
    document["machine"]["load_before"] = load_before
    _print(document)
    write_json(options.out, document)
    return 0 if document["goal"]["reached"] else 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--model", default=MODEL, help="id of an installed CVDM model")
    parser.add_argument("--fields", type=int, default=12, help="held-out fields; at least 4")
    parser.add_argument("--samples", type=int, default=16, help="behind each spread")
    parser.add_argument("--side", type=int, default=80, help="of a field, low-resolution pixels")
    parser.add_argument("--device", default="cpu", choices=[str(one) for one in DeviceChoice])
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument(
        "--precision",
        default="fp32",
        choices=("fp32", "bf16"),
        help="the same for all, so that nothing but the sampler differs",
    )
    parser.add_argument("--out", type=Path, default=RESULTS, help="where the numbers go")
    options = parser.parse_args()
    if options.fields < 4 or options.samples < 2:
        parser.error("coverage needs at least 4 fields and 2 samples")
    return options


def _opened(side: Side, options: argparse.Namespace, stack: ExitStack) -> Restorer:
    params: dict[str, ParameterValue] = {"sampler": side.sampler.value, "steps": side.steps}
    compute = ComputePolicy(
        DeviceChoice(options.device),
        options.threads,
        precision=PrecisionChoice(options.precision),
    )
    context = JobContext(side.name, lambda event: None)
    model = find_model(options.model).card
    if model.method != "cvdm":
        sys.exit(f"{model.id} is a model of {model.method}: its samples have no steps")
    restorer = stack.enter_context(open_restorer(model.ref, params, compute, 0, context))
    # The correction in the card is that of one sampler; the raw spreads are compared.
    restorer.spread_factor = 1.0
    return restorer


def _warm_up(restorers: Sequence[Restorer], samples: int) -> None:
    """Let libraries load and choose their ways, outside of what is measured."""
    little = benchmark_field(STRUCTURE, PHOTONS[1], FIRST_SEED - 1, 32)
    for restorer in restorers:
        _drawn(restorer, little, min(samples, 2))


def _fields(options: argparse.Namespace) -> list[Pair]:
    photons = np.geomspace(*PHOTONS, options.fields)
    return [
        benchmark_field(STRUCTURE, float(budget), FIRST_SEED + number, options.side)
        for number, budget in enumerate(photons)
    ]


def _drawn(restorer: Restorer, pair: Pair, samples: int) -> Drawn:
    began, began_core = time.perf_counter(), time.process_time()
    answer = restore_plane_samples(restorer, MemoryPlane(pair.low), PlaneIndex(), samples)
    seconds, core = time.perf_counter() - began, time.process_time() - began_core
    spread: Array | None = answer.spread
    assert spread is not None, "two samples or more have a spread"
    judged = Judged(answer.mean, pair.low, pair.high, restorer.card.scale, spread)
    aligned = affine_align(answer.mean, pair.high)
    sigma = spread_as_aligned(judged, aligned)
    truth = pair.high.astype(np.float64)
    return Drawn(aligned.ravel(), sigma.ravel(), truth.ravel(), seconds, core)


def _factor(fields: Sequence[Drawn]) -> float:
    """Give what makes intervals of 90 % hold 90 %, as `evaluate --calibrate` does."""
    mean, spread, truth = (
        np.concatenate([getattr(one, name) for one in fields])
        for name in ("mean", "spread", "truth")
    )
    return conformal_factor(mean, spread, truth, _CORRECTED_AT) / _GAUSSIAN_HALF_WIDTH


def _document(
    sides: Sequence[Taken], options: argparse.Namespace, where: dict[str, str]
) -> dict[str, Any]:
    card = find_model(options.model).card
    by_name = {one.side.name: one for one in sides}
    ours, rival = by_name[OURS], by_name[RIVAL]
    raw = _difference(ours.table, rival.table)
    corrected = _difference(ours.corrected()[0], rival.corrected()[0])
    ratio = _ratio(ours, rival, "seconds")
    return {
        "command": shlex.join(["python", "benchmarks/cvdm_speed.py", *sys.argv[1:]]),
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": {
            "platform": f"{platform.system()} {platform.machine()}, {os.cpu_count()} processors",
            "threads": options.threads,
            "load_after": _load(),
            **where,
        },
        "versions": asdict(software_versions()),
        "model": {"id": card.id, "sha256": card.sha256, "schedule": card.architecture["mode"]},
        "material": {
            "structure": STRUCTURE,
            "fields": options.fields,
            "side_px": options.side,
            "photons": PHOTONS,
            "first_seed": FIRST_SEED,
            "samples": options.samples,
        },
        "goal": {
            "needed_ratio": NEEDED_RATIO,
            "margin": MARGIN,
            "ratio": ratio["median"],
            "error_difference": raw,
            "reached": ratio["median"] >= NEEDED_RATIO and raw["hi"] <= MARGIN,
        },
        "corrected_error_difference": corrected,
        "ratio_by_clock": ratio,
        "ratio_by_core_seconds": _ratio(ours, rival, "core_seconds"),
        "of_a_perfect_sampler": _perfect(options.samples),
        "rows": [_row(one, options.samples) for one in sides],
        "by_field": [_by_field(one) for one in sides],
    }


def _row(one: Taken, samples: int) -> dict[str, Any]:
    table, (corrected, factors) = one.table, one.corrected()
    perfect = _perfect(samples)["coverage"]
    seconds = [drawn.seconds for drawn in one.fields]
    cores = [drawn.core_seconds for drawn in one.fields]
    return {
        "side": one.side.name,
        "sampler": one.side.sampler.value,
        "steps": one.side.steps,
        "samples_per_second": samples / float(np.median(seconds)),
        "samples_per_core_second": samples / float(np.median(cores)),
        "levels": LEVELS,
        "coverage": table.mean(axis=0).tolist(),
        "coverage_error": _error_interval(table),
        "coverage_error_from_perfect": float(_errors(table.mean(axis=0), perfect)),
        "factors": factors,
        "coverage_corrected": corrected.mean(axis=0).tolist(),
        "coverage_error_corrected": _error_interval(corrected),
        "rms_error": float(np.sqrt(np.mean([_square(drawn) for drawn in one.fields]))),
        "mean_spread": float(np.mean([drawn.spread.mean() for drawn in one.fields])),
    }


def _by_field(one: Taken) -> dict[str, Any]:
    return {
        "side": one.side.name,
        "seconds": [round(drawn.seconds, 3) for drawn in one.fields],
        "core_seconds": [round(drawn.core_seconds, 3) for drawn in one.fields],
        "coverage": one.table.round(5).tolist(),
    }


def _square(drawn: Drawn) -> float:
    return float(np.mean((drawn.mean - drawn.truth) ** 2))


def _errors(tables: Float, wanted: Sequence[float] = LEVELS) -> Float:
    """Give the coverage error of means over fields: (..., levels) to (...)."""
    return np.abs(tables - np.array(wanted)).mean(axis=-1)


def _drawn_means(table: Float) -> Float:
    """Give means over fields drawn with replacement: (draws, levels), the same fields each time."""
    chosen = np.random.default_rng(0).integers(len(table), size=(DRAWS, len(table)))
    return table[chosen].mean(axis=1)


def _error_interval(table: Float) -> dict[str, float]:
    return _interval(float(_errors(table.mean(axis=0))), _errors(_drawn_means(table)))


def _difference(ours: Float, rival: Float) -> dict[str, float]:
    value = float(_errors(ours.mean(axis=0)) - _errors(rival.mean(axis=0)))
    return _interval(value, _errors(_drawn_means(ours)) - _errors(_drawn_means(rival)))


def _interval(value: float, draws: Float) -> dict[str, float]:
    lo, hi = np.quantile(draws, (0.05, 0.95))
    return {"value": value, "lo": float(lo), "hi": float(hi)}


def _ratio(ours: Taken, rival: Taken, clock: str) -> dict[str, float]:
    """Give how many times as fast ours is, field by field."""
    ratios = [
        getattr(theirs, clock) / getattr(mine, clock)
        for mine, theirs in zip(ours.fields, rival.fields, strict=True)
    ]
    return {
        "median": float(np.median(ratios)),
        "least": float(min(ratios)),
        "most": float(max(ratios)),
    }


def _perfect(samples: int) -> dict[str, Any]:
    """Give the coverage of K draws from a Gaussian posterior itself.

    With m and s of K draws, (y - m) / (s sqrt(1 + 1 / K)) follows Student's t with K - 1 degrees.
    """
    from scipy import special, stats

    half = np.sqrt(2.0) * special.erfinv(np.array(LEVELS)) / np.sqrt(1 + 1 / samples)
    found = 2 * stats.t.cdf(half, samples - 1) - 1
    return {"coverage": found.tolist(), "coverage_error": float(_errors(found))}


def _load() -> float | None:
    return os.getloadavg()[0] if hasattr(os, "getloadavg") else None


def _print(document: dict[str, Any]) -> None:
    print(
        f"{'':<26}{'steps':>6}{'per s':>9}{'per core s':>12}{'error':>8}{'corrected':>11}  coverage"
    )
    for row in document["rows"]:
        said = " ".join(f"{100 * one:5.1f}" for one in row["coverage"])
        print(
            f"{row['side']:<26}{row['steps']:>6}{row['samples_per_second']:>9.3f}"
            f"{row['samples_per_core_second']:>12.3f}"
            f"{100 * row['coverage_error']['value']:>8.2f}"
            f"{100 * row['coverage_error_corrected']['value']:>11.2f}  {said}"
        )
    perfect = document["of_a_perfect_sampler"]
    said = " ".join(f"{100 * one:5.1f}" for one in perfect["coverage"])
    print(f"{'a perfect sampler':<53}{100 * perfect['coverage_error']:>8.2f}{'':>11}  {said}")
    goal = document["goal"]
    apart = goal["error_difference"]
    print(
        f"{'reached' if goal['reached'] else 'MISSED'}: {goal['ratio']:.2f} times as many samples "
        f"per second (at least {NEEDED_RATIO:g}); coverage error "
        f"{100 * apart['value']:+.2f} points apart, 90 % interval {100 * apart['lo']:+.2f} to "
        f"{100 * apart['hi']:+.2f} (at most {100 * MARGIN:+g})"
    )


if __name__ == "__main__":
    sys.exit(main())
