"""What samples say together, against what is known of their distribution."""

import numpy as np
import pytest

from superlens.engine.sample_statistics import (
    SampleStatistics,
    foreground_threshold,
    interval_label,
    order_depth,
)

ALL = (slice(None), slice(None))
SHAPE = (200, 200)


def gathered(samples, keeps_order=True):
    found = SampleStatistics(
        samples.shape[1:],
        len(samples),
        lambda name, shape: np.zeros(shape, np.float32),
        keeps_order,
    )
    for number, sample in enumerate(samples):
        found.add(number, ALL, sample)
    return found


@pytest.mark.parametrize("count", [20, 37, 60])
def test_a_further_sample_lies_inside_nine_times_out_of_ten(count):
    # A skewed distribution, for which a Gaussian interval would be off.
    drawn = np.random.default_rng(count).lognormal(0, 1, (count + 1, *SHAPE)).astype(np.float32)

    low, high = gathered(drawn[:-1]).interval(ALL, 1.0)

    inside = (drawn[-1] >= low) & (drawn[-1] <= high)
    # 40,000 pixels tell a share to 0.15 %; between two ranks the ends are interpolated.
    assert inside.mean() == pytest.approx(0.9, abs=0.008)


@pytest.mark.parametrize("count", [20, 39, 40, 100])
def test_ends_are_quantiles_by_the_rule_of_weibull(count):
    drawn = np.random.default_rng(1).standard_normal((count, 20, 20)).astype(np.float32)

    ends = gathered(drawn).interval(ALL, 1.0)

    expected = np.quantile(drawn, [0.05, 0.95], axis=0, method="weibull")
    np.testing.assert_allclose(ends, expected, atol=1e-6)


def test_fewer_samples_give_the_ends_of_a_gaussian():
    drawn = np.random.default_rng(2).standard_normal((19, 20, 20)).astype(np.float32)

    low, high = gathered(drawn).interval(ALL, 2.0)

    np.testing.assert_allclose(high - low, 4 * 1.644854 * drawn.std(0, ddof=1), rtol=1e-5)
    np.testing.assert_allclose(high + low, 2 * drawn.mean(0), atol=1e-5)


def test_factor_moves_ordered_ends_away_from_the_mean():
    drawn = np.random.default_rng(3).lognormal(0, 1, (30, 20, 20)).astype(np.float32)
    found = gathered(drawn)

    plain, stretched = found.interval(ALL, 1.0), found.interval(ALL, 1.5)

    for end, further in zip(plain, stretched, strict=True):
        np.testing.assert_allclose(further - found.mean(ALL), 1.5 * (end - found.mean(ALL)), 1e-4)


def test_spread_of_bright_samples_is_not_lost_in_rounding():
    drawn = 1e4 + np.random.default_rng(4).standard_normal((50, 50, 50))

    spread = gathered(drawn.astype(np.float32)).spread(ALL)

    # Values of 10,000 are rounded to 0.001 in float32.
    np.testing.assert_allclose(spread, drawn.std(0, ddof=1), rtol=5e-3)


def test_room_is_a_tenth_of_what_all_samples_take():
    assert [order_depth(count) for count in (0, 19, 20, 50, 100)] == [0, 0, 2, 3, 6]


def test_no_room_is_taken_where_nobody_asks_for_an_interval():
    asked = []

    def room(name, shape):
        asked.append((name, shape))
        return np.zeros(shape, np.float32)

    SampleStatistics((4, 4), 50, room)

    assert all(0 in shape for name, shape in asked if name in ("lowest", "highest"))


def test_label_says_what_kind_and_how_far_it_was_stretched():
    assert interval_label(19, 1.0) == "Gaussian approximation from 19 samples"
    assert interval_label(32, 1.1) == (
        "order statistics over 32 samples, stretched 1.1 times about the mean (calibration)"
    )


def test_threshold_parts_two_classes_and_a_constant_sample_has_none():
    values = np.concatenate([np.zeros(500), np.ones(100)]).astype(np.float32)

    assert 0 < foreground_threshold(values) < 1
    assert foreground_threshold(np.full(9, 3, np.float32)) == np.inf
