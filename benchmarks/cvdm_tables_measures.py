"""The measures of `cvdm_tables.py`: of one picture against one reference."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from cvdm_tables_pictures import SCALE, Answer, Picture

from superlens.core.cards import NormalisationRule
from superlens.core.errors import InvalidInput
from superlens.core.jobs import TargetStatistics
from superlens.core.method import Array
from superlens.engine.evaluation_measures import Judged, spread_as_aligned
from superlens.prepare.gradient_statistics.naturalising import Naturalised
from superlens.prepare.gradient_statistics.naturalness import gradient_distance
from superlens.prepare.normalisation import Normalisation, measure_normalisation
from superlens.prepare.target_statistics import naturalised_target
from superlens.quality.bootstrap import Interval, cluster_bootstrap, paired_difference
from superlens.quality.calibration import coverage
from superlens.quality.fidelity import affine_align, mae, ms_ssim, psnr
from superlens.quality.resolution import FrcUse, frc

RAW, NATURALISED = "raw", "naturalised"
FIDELITY = ("ms_ssim", "psnr", "mae", "frc_cutoff")
LEVELS = (0.5, 0.68, 0.9, 0.95)
COVERAGES = tuple(f"coverage_{100 * level:.0f}" for level in LEVELS)
SPREADS = (*COVERAGES, "coverage_error")
COSTS = ("seconds_per_megapixel", "core_seconds_per_megapixel")
NATURALNESS = ("naturalness_factor", "unnaturalness", "gradient_distance", "contrast")
HIGHER_IS_BETTER = {"ms_ssim", "psnr", "frc_cutoff"}
MEANINGS = {
    "ms_ssim": "after the straight-line fit of the brightness",
    "psnr": "dB, after the straight-line fit of the brightness",
    "mae": "after that fit, over the range of the reference",
    "frc_cutoff": "cycles per pixel up to which Fourier rings correlate above 0.5",
    "coverage_error": "mean distance of the coverage of one picture from its four levels",
    COSTS[0]: "on the clock for all samples, per 10^6 pixels of the answer; machine otherwise idle",
    COSTS[1]: "the same in seconds of a processor core; of a graphics processor it says nothing",
    "naturalness_factor": "of the picture in the grey levels of the form of the targets; 1 natural",
    "unnaturalness": "distance of that factor from 1",
    "gradient_distance": "of the histogram of gradients from the reference's, 0 to 1",
    "contrast": "standard deviation over range",
}


@dataclass(frozen=True, slots=True)
class Row:
    """What one method reached on one picture."""

    method: str
    group: str
    specimen: str
    picture: str
    reference: str
    measures: dict[str, float | None]

    def value(self, measure: str) -> float:
        """Give a measure; NaN where it is undefined."""
        found = self.measures.get(measure)
        return float("nan") if found is None else found


@dataclass(frozen=True, slots=True)
class Ruler:
    """Normalises pictures and counts their gradients as a training does its targets."""

    rule: NormalisationRule
    statistics: TargetStatistics

    def seen(self, picture: Picture) -> Normalisation:
        """Give how the pictures of a pair are normalised."""
        return measure_normalisation(self.rule, picture.low)

    def naturalised(self, values: Array, picture: Picture) -> Naturalised:
        """Bring a picture in the units of the low one nearer to the prior, normalised.

        Raises:
            InvalidInput: it is constant or holds values that are no numbers.
        """
        return naturalised_target(self.seen(picture).apply(values), self.statistics)


def fidelity_row(method: str, picture: Picture, answer: Answer) -> Row:
    """Judge an answer against the truth: how close, how honest, how long."""
    found = _closeness(answer.mean, picture.high)
    times = (answer.seconds, answer.core_seconds)
    found |= {
        name: taken / (picture.high.size / 1e6) for name, taken in zip(COSTS, times, strict=True)
    }
    if answer.spread is not None:
        judged = Judged(answer.mean, picture.low, picture.high, SCALE, answer.spread)
        aligned = affine_align(answer.mean, picture.high)
        shares = coverage(aligned, spread_as_aligned(judged, aligned), picture.high, LEVELS)
        found |= dict(zip(COVERAGES, shares, strict=True))
        found["coverage_error"] = float(np.mean(np.abs(np.subtract(shares, LEVELS))))
    return Row(method, picture.group, picture.specimen, picture.name, RAW, found)


def variant_rows(
    method: str, values: Array, picture: Picture, truth: Naturalised, ruler: Ruler
) -> tuple[Row, Row]:
    """Judge a picture against the truth, and against the truth with regularised gradients.

    Args:
        method: its name in the table.
        values: (Y, X), normalised.
        picture: with the truth.
        truth: the truth normalised and regularised.
        ruler: counts gradients.
    """
    raw = ruler.seen(picture).apply(picture.high)
    own = naturalised_target(values, ruler.statistics).before
    same = {
        "naturalness_factor": own.factor,
        "unnaturalness": abs(own.factor - 1),
        "contrast": float(values.std() / np.ptp(values)),
    }
    against = ((RAW, raw, truth.before), (NATURALISED, truth.picture, truth.after))
    first, second = (
        Row(
            method,
            picture.group,
            picture.specimen,
            picture.name,
            name,
            _closeness(values, reference)
            | same
            | {"gradient_distance": gradient_distance(own, gradients)},
        )
        for name, reference, gradients in against
    )
    return first, second


def mean_of(rows: Sequence[Row], measure: str) -> Interval:
    """Give the mean of a measure with its interval over specimens."""
    return cluster_bootstrap([row.value(measure) for row in rows], [row.specimen for row in rows])


def difference_of(first: Sequence[Row], second: Sequence[Row], measure: str) -> Interval:
    """Give the mean difference over the pictures that both have, with its interval."""
    ours, theirs = ({row.picture: row for row in rows} for rows in (first, second))
    shared = [name for name in ours if name in theirs]
    return paired_difference(
        [ours[name].value(measure) for name in shared],
        [theirs[name].value(measure) for name in shared],
        [ours[name].specimen for name in shared],
    )


def _closeness(values: Array, reference: Array) -> dict[str, float | None]:
    aligned = affine_align(values, reference)
    extent = float(np.ptp(reference))
    found: dict[str, float | None] = dict.fromkeys(FIDELITY)
    found["psnr"] = psnr(aligned, reference, extent)
    found["mae"] = mae(aligned, reference) / extent
    try:
        found["ms_ssim"] = ms_ssim(aligned, reference, extent)
        found["frc_cutoff"] = frc(values, reference, FrcUse.FIDELITY).cutoff
    except InvalidInput:
        pass  # too small for these: they stay undefined
    return found
