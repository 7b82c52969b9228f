"""What every specimen promises."""

import numpy as np
import pytest

from superlens.core.errors import InvalidParameter
from superlens.phantom.catalogue import SPECIMENS, specimen_maker
from superlens.phantom.specimen import FineGrid

IDS = [maker.id for maker in SPECIMENS]


@pytest.mark.parametrize("specimen_id", IDS)
@pytest.mark.parametrize("pixel_nm", [30.0, 90.0, 300.0])
def test_density_is_finite_nowhere_negative_and_not_empty(specimen_id, pixel_nm):
    maker = specimen_maker(specimen_id)

    made = maker.make(FineGrid(140, 180, pixel_nm), np.random.default_rng(5))

    assert tuple(channel.name for channel in made.channels) == maker.channels
    for channel in made.channels:
        assert channel.density.dtype == np.float32
        assert channel.density.shape == (140, 180)
        assert np.isfinite(channel.density).all()
        assert channel.density.min() >= 0
        assert channel.density.std() > 0


@pytest.mark.parametrize("specimen_id", IDS)
def test_seed_decides_everything(specimen_id):
    make, grid = specimen_maker(specimen_id).make, FineGrid(128, 128, 80.0)

    first, again, other = (make(grid, np.random.default_rng(seed)) for seed in (3, 3, 4))

    for one, same, different in zip(first.channels, again.channels, other.channels, strict=True):
        assert np.array_equal(one.density, same.density)
        assert not np.array_equal(one.density, different.density)


def test_unknown_specimen_is_refused_with_the_known_names():
    with pytest.raises(InvalidParameter, match="axons") as caught:
        specimen_maker("axons")

    assert "filaments" in caught.value.advice
