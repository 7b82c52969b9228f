"""Statistics of an assay: how well controls separate and how well values follow a dose.

Pure functions on numbers; every one gives NaN with the reason where it has no meaning, never a
sentinel. Values that are not finite are left out. p stands for positive, n for negative control; μ
and s are mean and standard deviation (ddof 1), med and MAD* median and 1.4826 times the median
absolute deviation from it.

Z' and its kin are meant for wells; cells of a good assay usually have a negative Z', so at the
level of cells AUC, SSMD and Cohen's d are the ones to look at.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

MAD_TO_SIGMA = 1.4826
"""A normal distribution's standard deviation over its median absolute deviation."""

NO_POSITIVE = "No positive control"
NO_NEGATIVE = "No negative control"
ONE_POSITIVE = "Only one positive control: its spread is unknown"
ONE_NEGATIVE = "Only one negative control: its spread is unknown"
CONSTANT = "Neither control varies, so that the statistic has no meaning"
EQUAL = "Both controls have the same middle"
TOO_FEW = "Fewer than three values"
TOO_FEW_DOSES = "Fewer than two doses with at least two wells each"
CONSTANT_DOSE = "Every well has the same dose"
CONSTANT_VALUE = "Every well has the same value"


@dataclass(frozen=True, slots=True)
class Statistic:
    """A number, or NaN and why there is none."""

    value: float
    note: str = ""


def z_prime(positive: ArrayLike, negative: ArrayLike) -> Statistic:
    """Give Z' = 1 - 3 (s_p + s_n) / |μ_p - μ_n|: 1 is perfect, 0.5 good, 0 touching.

    Source: J.-H. Zhang, T. Chung, K. Oldenburg, J. Biomol. Screen., 1999, doi
    10.1177/108705719900400206.
    """
    p, n = _finite(positive), _finite(negative)
    reason = _reason(p, n, 2) or _flat(_sd(p), _sd(n), _mean(p) - _mean(n))
    if reason:
        return Statistic(np.nan, reason)
    return Statistic(1.0 - 3.0 * (_sd(p) + _sd(n)) / abs(_mean(p) - _mean(n)))


def robust_z_prime(positive: ArrayLike, negative: ArrayLike) -> Statistic:
    """Give Z' with medians for means and MAD* for standard deviations."""
    p, n = _finite(positive), _finite(negative)
    reason = _reason(p, n, 2) or _flat(_mad(p), _mad(n), _median(p) - _median(n))
    if reason:
        return Statistic(np.nan, reason)
    return Statistic(1.0 - 3.0 * (_mad(p) + _mad(n)) / abs(_median(p) - _median(n)))


def ssmd(positive: ArrayLike, negative: ArrayLike) -> Statistic:
    """Give the strictly standardised mean difference (μ_p - μ_n) / √(s_p² + s_n²).

    Source: X. D. Zhang, Genomics, 2007, doi 10.1016/j.ygeno.2006.12.014.
    """
    p, n = _finite(positive), _finite(negative)
    reason = _reason(p, n, 2) or _flat(_sd(p), _sd(n))
    if reason:
        return Statistic(np.nan, reason)
    return Statistic((_mean(p) - _mean(n)) / float(np.hypot(_sd(p), _sd(n))))


def robust_ssmd(positive: ArrayLike, negative: ArrayLike) -> Statistic:
    """Give SSMD with medians for means and MAD* for standard deviations."""
    p, n = _finite(positive), _finite(negative)
    reason = _reason(p, n, 2) or _flat(_mad(p), _mad(n))
    if reason:
        return Statistic(np.nan, reason)
    return Statistic((_median(p) - _median(n)) / float(np.hypot(_mad(p), _mad(n))))


def cohen_d(positive: ArrayLike, negative: ArrayLike) -> Statistic:
    """Give (μ_p - μ_n) / s with s² = ((n_p - 1) s_p² + (n_n - 1) s_n²) / (n_p + n_n - 2).

    Source: J. Cohen, Statistical Power Analysis for the Behavioral Sciences, 1988.
    """
    p, n = _finite(positive), _finite(negative)
    reason = _reason(p, n, 2) or _flat(_sd(p), _sd(n))
    if reason:
        return Statistic(np.nan, reason)
    pooled = ((len(p) - 1) * _sd(p) ** 2 + (len(n) - 1) * _sd(n) ** 2) / (len(p) + len(n) - 2)
    return Statistic((_mean(p) - _mean(n)) / float(np.sqrt(pooled)))


def auc(positive: ArrayLike, negative: ArrayLike) -> Statistic:
    """Give the chance that a positive value exceeds a negative one, ties half: U / (n_p n_n).

    0.5 is no separation, 1 complete separation upwards, 0 complete separation downwards.

    Source: H. B. Mann, D. R. Whitney, Ann. Math. Stat., 1947, doi 10.1214/aoms/1177730491.
    """
    p, n = _finite(positive), _finite(negative)
    reason = _reason(p, n, 1)
    if reason:
        return Statistic(np.nan, reason)
    rank_sum = average_ranks(np.concatenate([p, n]))[: len(p)].sum()
    return Statistic(float(rank_sum - len(p) * (len(p) + 1) / 2.0) / (len(p) * len(n)))


def v_factor(groups: Sequence[ArrayLike]) -> Statistic:
    """Give V = 1 - 6 mean(s) / |max μ - min μ| over the groups of a dose series.

    Equal to Z' for two groups of equal spread. Groups of a single value do not count.

    Source: I. Ravkin, poster P12024, Society for Biomolecular Screening, 2004.
    """
    kept = [values for values in map(_finite, groups) if len(values) > 1]
    if len(kept) < 2:
        return Statistic(np.nan, TOO_FEW_DOSES)
    middles = [_mean(values) for values in kept]
    spread, span = float(np.mean([_sd(values) for values in kept])), max(middles) - min(middles)
    reason = _flat(spread, spread, span)
    if reason:
        return Statistic(np.nan, reason)
    return Statistic(1.0 - 6.0 * spread / span)


def spearman(doses: ArrayLike, values: ArrayLike) -> Statistic:
    """Give Spearman's rank correlation: Pearson's of the ranks, ties sharing their mean rank.

    Pairs in which either number is not finite are left out.

    Source: C. Spearman, Am. J. Psychol., 1904, doi 10.2307/1412159.
    """
    x, y = np.asarray(doses, np.float64), np.asarray(values, np.float64)
    both = np.isfinite(x) & np.isfinite(y)
    x, y = x[both], y[both]
    if len(x) < 3:
        return Statistic(np.nan, TOO_FEW)
    if np.ptp(x) == 0:
        return Statistic(np.nan, CONSTANT_DOSE)
    if np.ptp(y) == 0:
        return Statistic(np.nan, CONSTANT_VALUE)
    return Statistic(float(np.corrcoef(average_ranks(x), average_ranks(y))[0, 1]))


def average_ranks(values: ArrayLike) -> Floats:
    """Give ranks from 1; equal values share the mean of the ranks they occupy."""
    _, member, count = np.unique(
        np.asarray(values, np.float64), return_inverse=True, return_counts=True
    )
    last = np.cumsum(count)
    return (last - (count - 1) / 2.0)[member]


def _finite(values: ArrayLike) -> Floats:
    numbers = np.asarray(values, np.float64).ravel()
    return numbers[np.isfinite(numbers)]


def _reason(positive: Floats, negative: Floats, fewest: int) -> str:
    """Give why two controls are too small to be compared, or nothing."""
    if len(positive) == 0:
        return NO_POSITIVE
    if len(negative) == 0:
        return NO_NEGATIVE
    if len(positive) < fewest:
        return ONE_POSITIVE
    return ONE_NEGATIVE if len(negative) < fewest else ""


def _flat(spread_p: float, spread_n: float, span: float = np.nan) -> str:
    """Give why a quotient of spread and distance has no meaning, or nothing."""
    if span == 0:
        return EQUAL
    return CONSTANT if spread_p == 0 and spread_n == 0 else ""


def _mean(values: Floats) -> float:
    return float(values.mean())


def _sd(values: Floats) -> float:
    return float(values.std(ddof=1))


def _median(values: Floats) -> float:
    return float(np.median(values))


def _mad(values: Floats) -> float:
    return MAD_TO_SIGMA * float(np.median(np.abs(values - np.median(values))))
