"""Training CVDM: it learns, it recovers, it says how it is doing, it starts from another model."""

import dataclasses
import json

import numpy as np
import pytest

from fakes.training import BlobPairs, FakeRun
from superlens.core.errors import CorruptModel, Diverged, InvalidInput
from superlens.core.method import Batch, Weights
from superlens.methods.catalogue import METHODS
from superlens.methods.cvdm.architecture import read_architecture
from superlens.methods.cvdm.beginning import PART
from superlens.methods.cvdm.lesson import lessons_of
from superlens.methods.cvdm.parameters import (
    CI,
    PRESETS,
    CvdmRestoreParams,
    Mode,
    Prediction,
)
from superlens.methods.cvdm.runtime import Cvdm
from superlens.methods.cvdm.sampling import CLEANEST_LOG_SNR, NOISIEST_LOG_SNR
from superlens.methods.cvdm.training import Training
from superlens.methods.cvdm.validation import NOMINAL_COVERAGE

TINY = dataclasses.replace(CI, width=4, rate_width=2, batch=2, learning_rate=3e-3)
ALL_CHOICES = {
    "paper": {"mode": Mode.PAPER, "prediction": Prediction.NOISE, "doubt": False},
    "paper_with_levels": {"mode": Mode.PAPER, "snr_terms": 2},
    "linear": {"mode": Mode.FIXED_LINEAR},
    "cosine": {"mode": Mode.FIXED_COSINE, "aux_weight": 0.0, "doubt": False},
    "direct": {"residual": False},
    "zero_mean": {"zero_mean": True},
    "mixed": {"mixed_precision": True},
}


def _trained(run=None, data=None, **more) -> Weights:
    params = dataclasses.replace(TINY, **{"iterations": 2, **more})
    return Training(data or BlobPairs(2), params, run or FakeRun()).run()


def _same(first: Weights, second: Weights) -> bool:
    tensors = first.parts[PART]
    return all(np.array_equal(value, second.parts[PART][name]) for name, value in tensors.items())


def test_errors_fall_and_samples_become_honest():
    run = FakeRun()
    _trained(run, iterations=120, validate_every=60, sample_every=120, batch=4)

    def curve(name):
        return [value for known, _, value in run.metrics if known == name]

    assert len(curve("validation_noise_error")) == 2
    assert curve("validation_noise_error")[1] < curve("validation_noise_error")[0]
    assert len(curve("validation_psnr_affine")) == 1
    assert 0.4 < curve("validation_spread_over_error")[0] < 2.5
    assert curve("validation_coverage")[0] == pytest.approx(NOMINAL_COVERAGE, abs=0.3)
    name, picture = run.previews[-1]
    assert name == "mean | sample | truth"
    assert picture.shape == (32, 96)


@pytest.mark.parametrize("name", ALL_CHOICES)
def test_every_choice_trains_is_loaded_and_gives_finite_samples(name):
    weights = _trained(**ALL_CHOICES[name])
    method = Cvdm()
    network = method.load(weights, "cpu")
    tile = np.random.default_rng(0).random((1, 9, 12), np.float32)

    sample = method.sample(network, tile, 0, CvdmRestoreParams(steps=3), FakeRun())

    assert sample.shape == (1, 18, 24)
    assert np.isfinite(sample).all()


@pytest.mark.parametrize("name", ["paper", "zero_mean", "linear"])
def test_resumed_training_gives_the_same_bits_whatever_is_learnt(name):
    steps = {"iterations": 4, "checkpoint_every": 2, **ALL_CHOICES[name]}
    whole = FakeRun()
    straight = _trained(whole, **steps)

    resumed = _trained(FakeRun(state=whole.checkpoints[0]), **steps)

    assert _same(straight, resumed)


def test_all_terms_of_the_published_loss_are_told():
    run = FakeRun()
    _trained(run, **ALL_CHOICES["paper_with_levels"])

    names = {name for name, _, _ in run.metrics}
    expected = ("noise", "ends", "prior", "curvature", "rate", "all_levels", "doubt")
    assert {f"train_{name}" for name in expected} <= names


def test_fixed_schedule_has_nothing_to_learn():
    run = FakeRun()
    weights = _trained(run, mode=Mode.FIXED_LINEAR)

    assert not any(name.startswith("schedule") for name in weights.parts[PART])
    assert "train_curvature" not in {name for name, _, _ in run.metrics}


def test_learnt_schedule_moves_with_the_noise_error():
    """No gradient is stopped: what is learnt of the schedule comes through state and level."""
    still = _trained(iterations=1)
    moved = _trained(iterations=3, alpha=0.0)

    name = "schedule.curve.heights"
    assert not np.array_equal(still.parts[PART][name], moved.parts[PART][name])


def test_what_is_sampled_is_in_units_of_its_spread():
    residual = read_architecture(_trained().architecture)
    direct = read_architecture(_trained(residual=False).architecture)

    high = BlobPairs(2).batch(0, 64).high
    assert direct.target_std == pytest.approx(float(high.std()), rel=1e-3)
    assert direct.target_offset == pytest.approx(float(high.mean()), rel=1e-3)
    # Differences to the enlarged image are far smaller, so that little noise would drown them.
    assert 0 < residual.target_std < 0.3 * direct.target_std
    assert residual.target_offset == 0


def test_step_that_is_not_finite_takes_training_back_and_goes_on():
    data = BlobPairs(2, spoiled_steps=frozenset({3}))
    run = FakeRun()

    weights = _trained(run, data, iterations=5)

    assert data.steps.count(3) == 2
    assert any("not finite" in note for note in run.notes)
    assert all(np.isfinite(value).all() for value in weights.parts[PART].values())


def test_training_gives_up_when_it_keeps_diverging():
    class Broken(BlobPairs):
        def batch(self, step, size):
            batch = super().batch(step, size)
            if size < 10:
                batch.high[:] = np.inf
            return batch

    with pytest.raises(Diverged, match="step 0, 4 times") as caught:
        _trained(data=Broken(2), iterations=5)

    assert "0.003" in caught.value.advice


def test_pairs_without_any_difference_are_refused():
    class Flat(BlobPairs):
        def batch(self, step, size):
            batch = super().batch(step, size)
            return Batch(np.zeros_like(batch.low), np.zeros_like(batch.high))

    with pytest.raises(InvalidInput, match="does not differ"):
        _trained(data=Flat(2))


def test_patch_that_cannot_be_halved_is_refused_with_one_that_can():
    with pytest.raises(InvalidInput, match="A patch of 15") as caught:
        _trained(patch=15, levels=3)

    assert "`patch` to 16" in caught.value.advice


def test_training_starts_from_another_model():
    base = _trained(iterations=3)

    same = _trained(FakeRun(base=base), iterations=1, learning_rate=1e-7)

    assert same.architecture == base.architecture
    name = "denoiser.stem.weight"
    assert np.allclose(same.parts[PART][name], base.parts[PART][name], atol=1e-5)
    assert np.abs(base.parts[PART][name] - _trained(iterations=1).parts[PART][name]).max() > 1e-4


def test_doubt_is_learnt_for_a_model_that_had_none():
    base = _trained(doubt=False)

    weights = _trained(FakeRun(base=base), iterations=3)

    assert weights.architecture["doubt"] is True
    assert np.abs(weights.parts[PART]["denoiser.doubt.2.weight"]).max() > 0


def test_base_of_another_shape_is_refused():
    with pytest.raises(InvalidInput, match="width 4") as caught:
        _trained(FakeRun(base=_trained()), width=8)

    assert "recipe" in caught.value.advice


def test_base_of_another_method_is_refused():
    with pytest.raises(InvalidInput, match="not a CVDM"):
        _trained(FakeRun(base=Weights({"generator": {}})))


@pytest.mark.parametrize(
    ("key", "value"), [("width", 8), ("levels", "two"), ("scale", None), ("mode", "sometimes")]
)
def test_card_that_does_not_fit_its_weights_is_refused(key, value):
    weights = _trained(iterations=1)
    wrong = dataclasses.replace(weights, architecture={**weights.architecture, key: value})

    with pytest.raises(CorruptModel):
        Cvdm().load(wrong, "cpu")


def test_card_from_before_doubt_is_read():
    weights = _trained(iterations=1, doubt=False)
    known = {name: value for name, value in weights.architecture.items() if name != "doubt"}

    network = Cvdm().load(dataclasses.replace(weights, architecture=known), "cpu")

    assert network.shape.doubt is False


def test_architecture_is_the_same_after_json():
    known = _trained(iterations=1).architecture

    assert read_architecture(json.loads(json.dumps(known))).plain() == known


@pytest.mark.parametrize("size", [1, 2, 5, 8])
def test_times_and_levels_are_spread_over_the_batch(size):
    shape = read_architecture(_trained(iterations=1).architecture)
    batch = BlobPairs(2).batch(0, size)

    lessons = lessons_of(batch, shape, 7, 3, augment=True)
    again = lessons_of(batch, shape, 7, 3, augment=True)
    other = lessons_of(batch, shape, 7, 4, augment=True)

    times, levels = lessons.timed.place.flatten(), lessons.levelled.place.flatten()
    assert len(times) + len(levels) == max(size, 2)
    parts = (times.sort().values * len(times)).int().tolist()
    assert parts == list(range(len(times)))
    assert NOISIEST_LOG_SNR <= float(levels.min()) <= float(levels.max()) <= CLEANEST_LOG_SNR
    assert np.array_equal(lessons.timed.noise, again.timed.noise)
    assert not np.array_equal(lessons.timed.noise, other.timed.noise)


def test_presets_can_be_halved_and_grow():
    for params in PRESETS.values():
        for scale in (1, 2, 4):
            assert params.patch * scale % (params.fold * 2 ** (params.levels - 1)) == 0
    sizes = [PRESETS[name].width for name in ("ci", "cpu", "standard")]
    assert sizes == sorted(set(sizes))


def test_spec_says_posterior_and_its_bounds():
    (spec,) = (spec for spec in METHODS if spec.id == "cvdm")

    assert spec.sampling is not None
    assert spec.sampling.limit is None
    assert spec.claim.value == "posterior"
    assert spec.tiling.value == "internal"
