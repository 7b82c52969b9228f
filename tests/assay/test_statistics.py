"""Statistics of controls and doses against numbers worked out by hand."""

import math

import numpy as np
import pytest

from superlens.assay import statistics
from superlens.assay.statistics import (
    auc,
    average_ranks,
    cohen_d,
    robust_ssmd,
    robust_z_prime,
    spearman,
    ssmd,
    v_factor,
    z_prime,
)

# Mean 10 and 0, standard deviation (ddof 1) of exactly 1 each.
POSITIVE, NEGATIVE = (9.0, 10.0, 11.0), (-1.0, 0.0, 1.0)


def test_z_prime_of_the_worked_example() -> None:
    assert z_prime(POSITIVE, NEGATIVE).value == pytest.approx(1 - 3 * (1 + 1) / 10)  # 0.4


def test_ssmd_of_the_worked_example() -> None:
    assert ssmd(POSITIVE, NEGATIVE).value == pytest.approx(10 / math.sqrt(2))  # 7.07
    assert ssmd(NEGATIVE, POSITIVE).value == pytest.approx(-10 / math.sqrt(2))


def test_robust_forms_use_median_and_scaled_mad() -> None:
    outlier = (*POSITIVE, 10.0, 1000.0)  # median 10, absolute deviations 1, 0, 1, 0, 990: MAD 1

    spread = 1.4826
    assert robust_z_prime(outlier, NEGATIVE).value == pytest.approx(1 - 3 * 2 * spread / 10)
    assert robust_ssmd(outlier, NEGATIVE).value == pytest.approx(10 / math.hypot(spread, spread))


def test_cohen_d_pools_the_variances() -> None:
    wide = (-3.0, 0.0, 3.0, 0.0)  # variance 6, three degrees of freedom

    expected = 10 / math.sqrt((2 * 1 + 3 * 6) / 5)
    assert cohen_d(POSITIVE, wide).value == pytest.approx(expected)


def test_auc_counts_pairs_and_ties_half() -> None:
    # Pairs (3 > 1), (3 > 2), (3 = 3), (2 > 1), (2 = 2), (2 < 3): 3 + 2 · 0.5 of 6.
    assert auc((3, 2), (1, 2, 3)).value == pytest.approx(4 / 6)
    assert auc(POSITIVE, NEGATIVE).value == 1.0
    assert auc(NEGATIVE, POSITIVE).value == 0.0


def test_auc_of_shuffled_values_is_a_half() -> None:
    values = np.random.default_rng(0).normal(size=4000)

    # Standard error sqrt(1 / (12 · 2000) + ...) is about 0.009: three of them.
    assert auc(values[:2000], values[2000:]).value == pytest.approx(0.5, abs=0.028)


def test_v_factor_of_two_equal_spreads_is_z_prime() -> None:
    assert v_factor((POSITIVE, NEGATIVE)).value == pytest.approx(z_prime(POSITIVE, NEGATIVE).value)


def test_v_factor_spans_all_doses_and_skips_single_wells() -> None:
    groups = (NEGATIVE, (4.0, 5.0, 6.0), POSITIVE, (100.0,))

    assert v_factor(groups).value == pytest.approx(1 - 6 * 1 / 10)


def test_spearman_with_ties_uses_mean_ranks() -> None:
    doses, values = (0, 0, 1, 2), (1, 2, 3, 4)

    # Ranks 1.5, 1.5, 3, 4 against 1, 2, 3, 4: Pearson of them is 4.5 / sqrt(4.5 · 5).
    assert spearman(doses, values).value == pytest.approx(4.5 / math.sqrt(4.5 * 5))


def test_spearman_leaves_out_pairs_without_a_number() -> None:
    assert spearman((1, 2, 3, 4), (1, 2, 3, math.nan)).value == pytest.approx(1.0)
    assert spearman((1, 2, 3), (3, 2, 1)).value == pytest.approx(-1.0)


def test_ranks_start_at_one_and_ties_share_the_mean() -> None:
    assert average_ranks((10, 30, 20, 20)).tolist() == [1.0, 4.0, 2.5, 2.5]


@pytest.mark.parametrize("statistic", [z_prime, robust_z_prime, ssmd, robust_ssmd, cohen_d])
@pytest.mark.parametrize(
    ("positive", "negative", "reason"),
    [
        ((), NEGATIVE, statistics.NO_POSITIVE),
        (POSITIVE, (math.nan,), statistics.NO_NEGATIVE),
        ((1.0,), NEGATIVE, statistics.ONE_POSITIVE),
        (POSITIVE, (1.0, math.nan), statistics.ONE_NEGATIVE),
        ((2.0, 2.0), (1.0, 1.0), statistics.CONSTANT),
    ],
)
def test_controls_without_meaning_give_nan_and_the_reason(
    statistic, positive, negative, reason
) -> None:
    found = statistic(positive, negative)

    assert math.isnan(found.value)
    assert found.note == reason


@pytest.mark.parametrize("statistic", [z_prime, robust_z_prime])
def test_equal_controls_have_no_z_prime(statistic) -> None:
    found = statistic((1.0, 2.0, 3.0), (2.0, 1.0, 3.0))

    assert math.isnan(found.value)
    assert found.note == statistics.EQUAL


@pytest.mark.parametrize(
    ("found", "reason"),
    [
        (auc((), (1.0,)), statistics.NO_POSITIVE),
        (auc((1.0,), ()), statistics.NO_NEGATIVE),
        (spearman((1, 2), (1, 2)), statistics.TOO_FEW),
        (spearman((1, 1, 1), (1, 2, 3)), statistics.CONSTANT_DOSE),
        (spearman((1, 2, 3), (1, 1, 1)), statistics.CONSTANT_VALUE),
        (v_factor((POSITIVE, (1.0,))), statistics.TOO_FEW_DOSES),
        (v_factor((POSITIVE, POSITIVE)), statistics.EQUAL),
        (v_factor(((1.0, 1.0), (2.0, 2.0))), statistics.CONSTANT),
    ],
)
def test_other_statistics_without_meaning_give_nan_and_the_reason(found, reason) -> None:
    assert math.isnan(found.value)
    assert found.note == reason
