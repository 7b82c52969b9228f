"""Pix2Pix learns, recovers, resumes, and says how it is doing."""

import dataclasses
import itertools
import math

import numpy as np
import pytest
import torch

from fakes.training import BlobPairs, FakeRun
from superlens.core.errors import CorruptModel, Diverged, InvalidInput
from superlens.core.method import Batch
from superlens.core.parameters import build, plain_values
from superlens.methods.nets import dihedral
from superlens.methods.pix2pix.beginning import automatic_levels
from superlens.methods.pix2pix.parameters import (
    CPU_TOY,
    PRESETS,
    Output,
    Pix2PixRestoreParams,
    Pix2PixTrainParams,
)
from superlens.methods.pix2pix.runtime import Pix2Pix
from superlens.methods.pix2pix.training import Training

TINY = dataclasses.replace(CPU_TOY, features=4, discriminator_features=4, batch=2)


class FewPairs(BlobPairs):
    """The same eight pairs in every step."""

    def batch(self, step: int, size: int) -> Batch:
        self.steps.append(step)
        return self._made(np.random.default_rng(8), 8)


def _curve(run, name):
    return [value for known, _, value in run.metrics if known == name]


def _trained(run=None, data=None, **changes):
    params = dataclasses.replace(TINY, **changes)
    return Training(data or BlobPairs(2), params, run or FakeRun()).run()


def test_loss_begins_at_that_of_a_coin_and_a_hundred_times_l1():
    run = FakeRun()
    data = BlobPairs(2)

    _trained(run, data, iterations=1)

    first = data.batch(0, TINY.batch)
    # Fresh weights draw next to nothing: 0 in the network's units, 0.5 in those of the image.
    expected_l1 = float(np.abs(first.high - 0.5).mean())
    assert _curve(run, "train_adversarial")[0] == pytest.approx(math.log(2), abs=0.1)
    assert _curve(run, "train_discriminator")[0] == pytest.approx(math.log(2), abs=0.1)
    assert _curve(run, "train_l1")[0] == pytest.approx(expected_l1, rel=0.05)


def test_gradient_is_that_of_the_discriminator_and_a_hundred_times_l1():
    from superlens.methods.pix2pix.duel import Duel
    from superlens.methods.pix2pix.generator import Architecture, Generator

    batch = BlobPairs(2).batch(0, 2)
    low, high = torch.from_numpy(batch.low), torch.from_numpy(batch.high)

    def gradient(l1_weight, gan_weight):
        network = Generator(Architecture(levels=3, features=4))
        network.initialise(torch.Generator().manual_seed(1))
        params = dataclasses.replace(
            TINY, l1_weight=l1_weight, gan_weight=gan_weight, learning_rate=1e-12
        )
        duel = Duel(network, params, FakeRun(), side=32)
        if gan_weight:
            duel.judge.initialise(torch.Generator().manual_seed(2))
        duel.advance(low, high, 0, 1.0)
        return torch.cat([value.grad.flatten() for value in network.parameters()])

    both, l1, adversarial = gradient(100.0, 1.0), gradient(1.0, 0.0), gradient(0.0, 1.0)

    assert torch.allclose(both, 100 * l1 + adversarial, atol=1e-5 * float(both.abs().max()))


def test_l1_alone_learns_eight_pairs_by_heart():
    run = FakeRun()

    _trained(
        run,
        FewPairs(2),
        features=16,
        levels=4,
        gan_weight=0.0,
        augment=False,
        iterations=240,
        learning_rate=2e-3,
        validate_every=1000,
    )

    # In the network's units, twice those of the curve, it is to be below 0.02.
    assert 2 * _curve(run, "train_l1")[-1] < 0.02
    assert not _curve(run, "train_discriminator")


def test_validation_rises():
    run = FakeRun()

    _trained(run, features=8, iterations=120, validate_every=40)

    validated = _curve(run, "validation_psnr_affine")
    assert len(validated) == 3
    assert validated[-1] > validated[0]


def test_progress_pictures_and_checkpoints_are_given():
    run = FakeRun()

    _trained(run, iterations=40, validate_every=20, checkpoint_every=20)

    assert run.progresses[-1] == ("Training", 40, 40)
    assert [state["step"] for state in run.checkpoints] == [20, 40]
    name, picture = run.previews[-1]
    assert name == "restored | truth"
    assert picture.shape == (32, 64)


@pytest.mark.parametrize("stop", [3, 6])
def test_resumed_training_gives_the_same_bits_and_curves(stop):
    """Also over the step at which the normalisation settles (5), with dropout and a tanh."""
    deep = {"levels": 6, "dropout": True, "output": Output.TANH}
    steps = {"iterations": 10, "checkpoint_every": stop, "validate_every": 5}
    whole = FakeRun()
    straight = _trained(whole, **steps, **deep)
    rest = FakeRun(state=whole.checkpoints[0])

    resumed = _trained(rest, **steps, **deep)

    assert whole.checkpoints[0]["step"] == stop
    for name, value in straight.parts["generator"].items():
        assert np.array_equal(value, resumed.parts["generator"][name])
    later = [row for row in whole.metrics if row[1] > stop]
    assert rest.metrics == later


def test_normalisation_settles_when_the_rate_begins_to_fall():
    run = FakeRun()

    weights = _trained(run, iterations=6, checkpoint_every=1, falling_share=0.5)

    kept = [
        state["networks"]["generator"]["buffers"]["up_norms.0.mean"] for state in run.checkpoints
    ]
    changes = [not np.array_equal(one, other) for one, other in itertools.pairwise(kept)]
    assert changes == [True, True, False, False, False]
    assert np.array_equal(weights.parts["generator"]["up_norms.0.mean"], kept[-1])


def test_checkpoint_holds_arrays_and_plain_values_only():
    run = FakeRun()
    _trained(run, iterations=2, checkpoint_every=2)

    def leaves(value):
        if isinstance(value, dict):
            return [leaf for inner in value.values() for leaf in leaves(inner)]
        return [value]

    assert all(isinstance(leaf, int | float | np.ndarray) for leaf in leaves(run.checkpoints[0]))


def test_numbers_that_are_not_finite_take_training_back_and_it_goes_on():
    data = BlobPairs(2, spoiled_steps=frozenset({130}))
    run = FakeRun()

    weights = _trained(run, data, iterations=140, validate_every=1000)

    # Back from step 130 to the snapshot of step 100.
    assert data.steps.count(100) == data.steps.count(130) == 2
    assert all(np.isfinite(value).all() for value in weights.parts["generator"].values())
    assert any("went back to step 100" in note for note in run.notes)


def test_training_gives_up_when_it_keeps_diverging():
    class Broken(BlobPairs):
        def batch(self, step, size):
            batch = super().batch(step, size)
            batch.high[:] = np.inf
            return batch

    with pytest.raises(Diverged, match="step 0, 4 times") as caught:
        _trained(None, Broken(2), iterations=5)

    assert "0.001" in caught.value.advice


def test_memory_that_ends_makes_smaller_parts_and_says_so(monkeypatch):
    from superlens.methods.pix2pix.generator import Generator

    redraw, seen = Generator.redraw, []

    def small_only(self, picture):
        if self.training and len(picture) > 1:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB")
        seen.append(len(picture))
        return redraw(self, picture)

    monkeypatch.setattr(Generator, "redraw", small_only)
    run = FakeRun()

    _trained(run, iterations=2)

    assert 1 in seen
    assert len([note for note in run.notes if "computes it in parts" in note]) == 1


def test_tanh_ends_beyond_every_truth_seen_and_says_where():
    run, data = FakeRun(), BlobPairs(2)

    weights = _trained(run, data, iterations=1, output=Output.TANH)

    truths = [batch.high for batch in (*data.validation(), data.batch(0, TINY.batch))]
    assert weights.architecture["black"] < min(truth.min() for truth in truths)
    assert weights.architecture["white"] > max(truth.max() for truth in truths)
    assert weights.architecture["is_bounded"] is True
    assert any("cannot be answered" in note for note in run.notes)
    assert _curve(run, "train_beyond_range")[0] == 0.0


def test_truth_beyond_the_ends_of_a_tanh_is_counted():
    class Brighter(BlobPairs):
        def batch(self, step, size):
            batch = super().batch(step, size)
            batch.high[:] += 100.0 * (step > 0)
            return batch

    run = FakeRun()

    _trained(run, Brighter(2), iterations=20, output=Output.TANH)

    assert _curve(run, "train_beyond_range")[0] == pytest.approx(19 / 20)


def test_training_starts_from_the_weights_of_a_base():
    base = _trained(FakeRun(seed=1), iterations=3)

    started = _trained(FakeRun(seed=2, base=base), iterations=1, learning_rate=1e-7)

    for name, value in base.parts["generator"].items():
        if not name.endswith(("mean", "variance")):
            assert np.allclose(value, started.parts["generator"][name], atol=1e-6)


def test_base_of_another_shape_is_refused():
    base = _trained(iterations=1)

    with pytest.raises(InvalidInput, match="features 4; the recipe asks for features 8"):
        _trained(FakeRun(base=base), iterations=1, features=8)


def test_base_of_another_method_is_refused():
    base = dataclasses.replace(_trained(iterations=1), parts={"flow": {}})

    with pytest.raises(InvalidInput, match="not a Pix2Pix model"):
        _trained(FakeRun(base=base), iterations=1)


def test_pairs_of_several_channels_are_learnt():
    class TwoChannels(BlobPairs):
        def _made(self, rng, size):
            made = super()._made(rng, size)
            return Batch(np.repeat(made.low, 2, 1), np.repeat(made.high, 2, 1))

    weights = _trained(None, TwoChannels(2), iterations=2)
    network = Pix2Pix().load(weights, "cpu")

    tile = np.random.default_rng(0).random((2, 10, 12), np.float32)
    answer = Pix2Pix().restore(network, tile, Pix2PixRestoreParams(), FakeRun()).mean
    assert answer.shape == (2, 20, 24)


def test_samples_are_the_poses_of_the_network():
    method, params = Pix2Pix(), Pix2PixRestoreParams()
    network = method.load(_trained(iterations=2), "cpu")
    tile = np.random.default_rng(0).random((1, 10, 14), np.float32)

    for member in range(8):
        posed = dihedral.transform(torch.from_numpy(tile), member)
        expected = dihedral.inverse(network(posed[None])[0], member).numpy()
        sample = method.sample(network, tile, member, params, FakeRun())
        assert np.allclose(sample, expected, atol=1e-6)


def test_answer_does_not_depend_on_what_else_is_in_the_picture():
    """Instance normalisation would fail this: it takes the statistics of the picture in view."""
    network = Pix2Pix().load(_trained(iterations=4), "cpu")
    halo = network.architecture.halo
    dark = torch.rand(1, 1, 2 * halo + 16, 2 * halo + 16)
    bright_corner = dark.clone()
    bright_corner[..., :4, :4] += 100

    first, second = network(dark), network(bright_corner)

    far = slice(2 * (halo + 8), None)
    assert torch.allclose(first[..., far, far], second[..., far, far], atol=1e-5)


@pytest.mark.parametrize(
    ("key", "value"),
    [("levels", 4), ("features", 8), ("black", "dark"), ("is_bounded", 1), ("scale", None)],
)
def test_card_that_does_not_fit_its_weights_is_refused(key, value):
    weights = _trained(iterations=1)
    wrong = dataclasses.replace(weights, architecture={**weights.architecture, key: value})

    with pytest.raises(CorruptModel):
        Pix2Pix().load(wrong, "cpu")


@pytest.mark.parametrize(
    ("side", "levels"), [(4, 2), (16, 2), (32, 3), (100, 4), (128, 5), (256, 6), (4096, 8)]
)
def test_automatic_levels_leave_four_pixels_at_the_bottom(side, levels):
    assert automatic_levels(side) == levels


@pytest.mark.parametrize("name", PRESETS)
def test_presets_are_within_their_bounds(name):
    assert build(Pix2PixTrainParams, plain_values(PRESETS[name])) == PRESETS[name]


def test_presets_are_what_was_published_and_what_is_recommended():
    canonical, ours = PRESETS["canonical"], PRESETS["sr"]

    assert (canonical.levels, canonical.batch, canonical.l1_weight) == (7, 1, 100)
    assert canonical.learning_rate == ours.learning_rate == 2e-4
    assert (canonical.output, canonical.dropout) == (Output.TANH, True)
    assert (ours.output, ours.dropout, ours.batch) == (Output.LINEAR, False, 16)
    assert Pix2PixTrainParams() == ours
