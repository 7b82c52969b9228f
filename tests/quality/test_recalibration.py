"""Repair of spreads on pictures kept apart."""

import numpy as np
import pytest

from superlens.core.errors import InvalidInput
from superlens.quality.calibration import calibration, ence
from superlens.quality.recalibration import fit_repair


def field(seed: int, *, heavy: bool = False):
    """Give mean, half the true spread, and truth, (100, 100)."""
    rng = np.random.default_rng(seed)
    spread = rng.gamma(4, 0.02, (100, 100)) + 0.01
    error = rng.standard_t(3, spread.shape) if heavy else rng.standard_normal(spread.shape)
    return np.zeros_like(spread), spread / 2, spread * error


def test_halved_spread_is_doubled_again():
    repair = fit_repair([field(0), field(1)])

    mean, spread, truth = field(2)
    # 20,000 pixels: standard error of the root mean square 0.5 %.
    assert repair.temperature == pytest.approx(2.0, rel=0.02)
    assert ence(mean, spread, truth) == pytest.approx(1.0, abs=0.05)
    assert ence(mean, repair.spread(spread), truth) < 0.06
    assert calibration(mean, repair.spread(spread), truth).coverage[2] == pytest.approx(
        0.9, abs=0.01
    )


@pytest.mark.parametrize("heavy", [False, True])
def test_intervals_hold_new_pixels_whatever_the_shape_of_errors(heavy):
    repair = fit_repair([field(0, heavy=heavy), field(1, heavy=heavy)])

    mean, spread, truth = field(2, heavy=heavy)
    low, high = repair.interval(mean, spread)
    # Binomial standard deviation over 10,000 pixels: 0.3 %.
    assert ((low <= truth) & (truth <= high)).mean() == pytest.approx(0.9, abs=0.012)


def test_repair_says_what_it_was_learnt_from():
    repair = fit_repair([field(0), field(1), field(2)], level=0.95)

    assert (repair.fields, repair.pixels, repair.level) == (3, 30_000, 0.95)


def test_nothing_to_learn_from_is_refused():
    with pytest.raises(InvalidInput, match="no field"):
        fit_repair([])
    with pytest.raises(InvalidInput, match="spread"):
        fit_repair([(np.zeros(4), np.zeros(4), np.zeros(4))])
