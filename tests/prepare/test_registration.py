"""Where the low picture of a pair lies in its high one."""

import numpy as np
import pytest
import tifffile
from prepare.made_pairs import MadePair

from shared_data import require_shared_data
from superlens.core.errors import InvalidInput
from superlens.core.jobs import Alignment, PairFile, Roi
from superlens.prepare.alignment import Placement, aligned, alignment_of, block_mean
from superlens.prepare.pairs import read_pair
from superlens.prepare.registration import Registration, register
from superlens.prepare.scale_search import find_scale, fit_at

SHIFT_ERROR_PX = 0.05


def registered(pair: MadePair) -> Registration:
    return register(pair.low(), block_mean(pair.high(), pair.scale))


@pytest.mark.parametrize("scale", [1, 2, 4])
@pytest.mark.parametrize("shift", [(0.0, 0.0), (0.3, -0.45), (1.25, 2.6), (-5.5, 7.37), (-14.2, 0)])
def test_known_shifts_are_measured_to_a_twentieth_of_a_pixel(scale, shift):
    found = registered(MadePair(seed=scale, scale=scale, shift=shift))

    assert found.is_certain
    assert found.placement.is_shift
    assert found.placement.shift == pytest.approx(shift, abs=SHIFT_ERROR_PX)
    assert found.correlation_after > 0.8
