"""The list of degradations, their settings as forms, and the strip of pictures."""

import numpy as np
import pytest

from superlens.core.errors import InvalidParameter
from superlens.core.jobs import Degradation
from superlens.core.parameters import build, describe, plain_values
from superlens.prepare.degradations.catalogue import DEGRADATIONS, degradation, strip


def _field(side=130):
    coarse = np.random.default_rng(1).random((side // 10, side // 10))
    return (np.kron(coarse, np.ones((10, 10))) * 900 + 100).astype(np.float32)


def test_unknown_degradation_is_refused_with_the_nearest():
    with pytest.raises(InvalidParameter) as caught:
        degradation("real_esrgn", {})

    assert "real_esrgn" in caught.value.title
    assert "'real_esrgan'" in caught.value.advice


@pytest.mark.parametrize("spec", DEGRADATIONS, ids=lambda spec: spec.id)
def test_settings_describe_themselves_and_survive_a_recipe(spec):
    described = describe(spec.settings)

    assert all(info.label and info.help.endswith(".") for info in described)
    for info in described:
        if isinstance(info.default, float):
            assert info.low is not None
            assert info.low <= info.default
    plain = plain_values(spec.settings())
    assert build(spec.settings, plain) == spec.settings()


@pytest.mark.parametrize("spec", DEGRADATIONS, ids=lambda spec: spec.id)
def test_strip_leads_from_the_high_to_the_low_picture(spec):
    stages = strip(_field(131), 2, Degradation(spec.id), seed=4)

    assert stages[0].picture.shape == (130, 130)
    assert stages[-1].picture.shape == (65, 65)
    assert stages[-1].label.startswith("Low resolution")
    assert len({stage.label for stage in stages}) == len(stages) > 5
    assert all(stage.picture.dtype == np.float32 for stage in stages)
    assert all(np.isfinite(stage.picture).all() for stage in stages)


@pytest.mark.parametrize("spec", DEGRADATIONS, ids=lambda spec: spec.id)
def test_strip_is_the_same_for_the_same_seed_alone(spec):
    first, same, other = (strip(_field(), 2, Degradation(spec.id), seed) for seed in (4, 4, 5))

    np.testing.assert_array_equal(first[-1].picture, same[-1].picture)
    assert [stage.label for stage in first] == [stage.label for stage in same]
    assert not np.array_equal(first[-1].picture, other[-1].picture)


@pytest.mark.parametrize("spec", DEGRADATIONS, ids=lambda spec: spec.id)
def test_strip_does_not_depend_on_the_units_of_the_file(spec):
    dim, bright = (strip(_field() * gain + 7, 2, Degradation(spec.id), 4) for gain in (0.1, 50))

    # The same but for rounding, which may move a pixel by one 8-bit level here and there.
    assert np.abs(dim[-1].picture - bright[-1].picture).mean() < 0.01


@pytest.mark.parametrize("spec", DEGRADATIONS, ids=lambda spec: spec.id)
def test_pictures_of_a_batch_do_not_depend_on_each_other(spec):
    pipeline = degradation(spec.id, {})
    high = np.stack([_field()[np.newaxis] / 1000] * 3)

    batch = pipeline.degrade(high, 2, np.random.default_rng(0))
    pair = pipeline.degrade(high[:2], 2, np.random.default_rng(0))

    np.testing.assert_array_equal(batch[:2], pair)
    assert not np.array_equal(batch[0], batch[1])
