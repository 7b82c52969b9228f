"""Intervals over fields against the normal theory of the mean."""

import numpy as np
import pytest

from superlens.core.errors import InvalidInput
from superlens.quality.bootstrap import cluster_bootstrap, paired_difference


def names(count: int, each: int = 1) -> list[str]:
    return [f"field {index}" for index in range(count) for _ in range(each)]


def test_interval_of_independent_values_is_that_of_normal_theory():
    values = np.random.default_rng(0).normal(10.0, 2.0, 400)

    found = cluster_bootstrap(values, names(400), draws=4000)

    error = values.std(ddof=1) / 20.0
    assert found.value == pytest.approx(values.mean())
    assert found.sem == pytest.approx(error)
    # 5 % quantile of the normal distribution: 1.645; its error over 4000 draws is 3 %.
    assert found.hi - found.value == pytest.approx(1.645 * error, rel=0.06)
    assert found.value - found.lo == pytest.approx(1.645 * error, rel=0.06)


def test_copies_within_fields_add_no_certainty():
    values = np.random.default_rng(0).normal(size=40)

    single = cluster_bootstrap(values, names(40))
    tenfold = cluster_bootstrap(np.repeat(values, 10), names(40, each=10))

    assert (tenfold.lo, tenfold.hi) == pytest.approx((single.lo, single.hi))
    assert tenfold.sem == pytest.approx(single.sem)
    assert (tenfold.n, tenfold.n_clusters) == (400, 40)


def test_pooling_over_images_would_be_overconfident():
    rng = np.random.default_rng(0)
    values = np.repeat(rng.normal(size=30), 20) + 0.1 * rng.normal(size=600)

    by_field = cluster_bootstrap(values, names(30, each=20))
    by_image = cluster_bootstrap(values, names(600))

    # sqrt(20) for images that only repeat their field.
    assert (by_field.hi - by_field.lo) / (by_image.hi - by_image.lo) > 3.5


def test_ninety_percent_intervals_hold_the_mean_about_that_often():
    rng = np.random.default_rng(0)

    held = 0
    for seed in range(300):
        values = np.repeat(rng.normal(size=30), 2) + 0.3 * rng.normal(size=60)
        found = cluster_bootstrap(values, names(30, each=2), draws=300, seed=seed)
        held += found.lo <= 0.0 <= found.hi

    # Percentile intervals of 30 fields hold 88 %; binomial standard deviation 1.9 %.
    assert held / 300 == pytest.approx(0.88, abs=0.06)


def test_fields_of_many_images_weigh_more():
    found = cluster_bootstrap([0.0, 0.0, 0.0, 4.0], ["a", "a", "a", "b"])

    assert found.value == 1.0
    assert (found.lo, found.hi) == (0.0, 4.0)


def test_what_fields_have_in_common_cancels_in_differences():
    rng = np.random.default_rng(0)
    hardness = rng.normal(30, 5, 25)
    better, worse = hardness + 0.5 + 0.1 * rng.normal(size=25), hardness

    apart = paired_difference(better, worse, names(25))

    assert apart.value == pytest.approx(0.5, abs=0.1)
    assert apart.lo > 0.0
    overlapping = cluster_bootstrap(better, names(25)), cluster_bootstrap(worse, names(25))
    assert overlapping[0].lo < overlapping[1].hi


def test_same_seed_same_interval():
    values = np.random.default_rng(0).normal(size=20)

    assert cluster_bootstrap(values, names(20), seed=3) == cluster_bootstrap(
        values, names(20), seed=3
    )
    assert cluster_bootstrap(values, names(20), seed=3) != cluster_bootstrap(
        values, names(20), seed=4
    )


def test_undefined_values_are_left_out():
    found = cluster_bootstrap([1.0, np.nan, 3.0, np.nan], ["a", "a", "b", "c"])

    assert (found.value, found.n, found.n_clusters) == (2.0, 2, 2)


def test_one_field_has_a_mean_but_no_interval():
    found = cluster_bootstrap([1.0, 3.0], ["a", "a"])

    assert (found.value, found.lo, found.hi, found.sem) == (2.0, None, None, None)


def test_nothing_defined_has_no_mean():
    found = cluster_bootstrap([np.nan], ["a"])

    assert np.isnan(found.value)
    assert (found.n, found.n_clusters) == (0, 0)


def test_identical_pictures_do_no_harm():
    found = cluster_bootstrap([30.0, 31.0, float("inf"), 32.0], names(4))

    assert found.value == float("inf")
    assert np.isfinite(found.lo)
    assert found.sem is None
    both = paired_difference([30.0, float("inf")], [29.0, float("inf")], names(2))
    assert (both.value, both.n) == (1.0, 1)


def test_values_without_a_field_are_refused():
    with pytest.raises(InvalidInput, match="3 values do not go with 2 fields"):
        cluster_bootstrap([1.0, 2.0, 3.0], ["a", "b"])
    with pytest.raises(InvalidInput, match="one by one"):
        paired_difference([1.0], [1.0, 2.0], ["a"])
