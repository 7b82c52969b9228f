"""Training of the latent prior: it learns, resumes bit for bit, starts from a prior."""

import dataclasses
import json
import math

import numpy as np
import pytest
import torch

from fakes.training import FakeRun
from superlens.core.errors import Diverged, InvalidInput, JobCancelled
from superlens.core.parameters import build, describe, plain_values
from superlens.methods.latent.crops import CropsInMemory
from superlens.methods.latent.prior.generator import Architecture, Generator
from superlens.methods.latent.prior.memorisation import memorisation
from superlens.methods.latent.prior.parameters import CI, PAPER, PRESETS, PriorTrainParams
from superlens.methods.latent.prior.training import PriorTraining
from superlens.methods.latent.prior.validation import sheet
from superlens.methods.nets.ema import Ema

TINY = dataclasses.replace(
    CI,
    base_width=128,
    widest=8,
    style_width=8,
    batch=4,
    kimg=0.032,
    r1_every=4,
    evaluate_every=4,
    evaluate_count=8,
    checkpoint_every=4,
)


def _blobs(count: int, seed: int, side: int = 16) -> np.ndarray:
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:side, :side] / side - 0.5
    made = np.empty((count, 2, side, side), np.float32)
    for crop in made:
        wide = rng.uniform(0.03, 0.1)
        nucleus = np.exp(-(y**2 + x**2) / wide)
        crop[0], crop[1] = 2 * nucleus - 1, 2 * (1 - nucleus) * rng.uniform(0.2, 1) - 1
    return made


def _crops() -> CropsInMemory:
    return CropsInMemory(_blobs(64, 1), _blobs(32, 2), seed=3)


def _means(pictures: np.ndarray) -> np.ndarray:
    return np.concatenate([pictures.mean((2, 3)), pictures.std((2, 3))], 1)


def _same(one, other) -> bool:
    return all(
        np.array_equal(value, other.parts[part][name])
        for part, table in one.parts.items()
        for name, value in table.items()
    )


def test_resumed_training_gives_the_same_bits():
    run = FakeRun()
    straight = PriorTraining(_crops(), TINY, run, _means).run()

    assert [state["step"] for state in run.checkpoints] == [4, 8]
    resumed = PriorTraining(_crops(), TINY, FakeRun(state=run.checkpoints[0]), _means).run()

    assert _same(straight, resumed)


def test_checkpoint_holds_arrays_and_plain_values_only():
    run = FakeRun()
    PriorTraining(_crops(), dataclasses.replace(TINY, kimg=0.016), run).run()

    def check(value) -> None:
        if isinstance(value, dict):
            assert all("/" not in name for name in value)
            for inner in value.values():
                check(inner)
        elif not isinstance(value, np.ndarray):
            json.dumps(value)

    check(run.checkpoints[0])


def test_same_seed_same_prior_and_other_seed_another():
    short = dataclasses.replace(TINY, kimg=0.008)
    one, same, other = (
        PriorTraining(_crops(), short, FakeRun(seed=seed)).run() for seed in (1, 1, 2)
    )

    assert _same(one, same)
    assert not _same(one, other)


def test_curves_sheets_and_the_best_candidate_are_given():
    run = FakeRun()
    PriorTraining(_crops(), TINY, run, _means).run()

    names = {name for name, _, _ in run.metrics}
    assert {
        "prior_generator",
        "prior_discriminator",
        "prior_path_length",
        "prior_r1",
        "prior_augmentation_p",
        "prior_sureness",
        "validation_frechet",
        "validation_kernel",
    } <= names
    assert [name for name, _ in run.previews] == ["samples, channel 1", "samples, channel 2"] * 2
    assert run.previews[0][1].shape == (64, 64)
    assert run.progresses[-1] == ("Training the prior", 8, 8)
    distances = [value for name, _, value in run.metrics if name == "validation_frechet"]
    assert run.kept["best"][1]["frechet"] == min(distances)


def test_first_losses_are_those_of_an_undecided_discriminator():
    run = FakeRun()
    PriorTraining(_crops(), dataclasses.replace(TINY, kimg=0.004), run).run()

    values = {name: value for name, _, value in run.metrics}
    # The first verdicts of random weights are within about 1 of 0, where softplus is ln 2.
    assert values["prior_generator"] == pytest.approx(math.log(2), abs=0.5)
    assert values["prior_discriminator"] == pytest.approx(2 * math.log(2), abs=0.6)


def test_cancelling_ends_within_a_step():
    run = FakeRun(cancel_after=3)

    with pytest.raises(JobCancelled):
        PriorTraining(_crops(), dataclasses.replace(TINY, evaluate_every=100), run).run()

    assert run.checks == 4


def test_numbers_that_are_not_finite_end_the_training_with_a_reason():
    crops = CropsInMemory(np.full((8, 1, 16, 16), np.inf, np.float32), _blobs(0, 0)[:, :1])

    with pytest.raises(Diverged, match="step 0, 4 times"):
        PriorTraining(crops, TINY, FakeRun()).run()


def test_training_goes_on_from_a_prior_and_refuses_one_of_another_shape():
    base = PriorTraining(_crops(), dataclasses.replace(TINY, kimg=0.008), FakeRun()).run()
    training = PriorTraining(_crops(), TINY, FakeRun(base=base))

    begun = training.duel.weights()

    assert _same(base, begun)
    wider = dataclasses.replace(TINY, style_width=16)
    with pytest.raises(InvalidInput, match="w_dim 8; the recipe and the crops ask for w_dim 16"):
        PriorTraining(_crops(), wider, FakeRun(base=base))


def test_averaged_generator_is_what_the_weights_hold():
    training = PriorTraining(_crops(), dataclasses.replace(TINY, kimg=0.012), FakeRun())
    weights = training.run()
    network = Generator(Architecture(16, 2, 128, 8, 8, 2))
    network.load_state_dict(
        {name: torch.from_numpy(value) for name, value in weights.parts["generator"].items()}
    )
    w = network.sample_w(2, torch.Generator().manual_seed(0))

    drawn = network.synthesize(network.repeated(w))

    averaged = training.duel.averaged()
    assert torch.allclose(drawn, averaged.synthesize(averaged.repeated(w)), atol=1e-6)
    assert float(network.mapping.w_mean.abs().sum()) > 0


def test_memory_that_ends_makes_smaller_parts_and_still_trains(monkeypatch):
    run = FakeRun()
    training = PriorTraining(_crops(), dataclasses.replace(TINY, kimg=0.008), run)
    judge = training.duel.judge
    plain = type(judge).forward

    def scarce(self, picture):
        if len(picture) > 2:
            raise RuntimeError("out of memory")
        return plain(self, picture)

    monkeypatch.setattr(type(judge), "forward", scarce)

    training.run()

    assert "in 2 parts" in run.notes[0]


@pytest.mark.slow
def test_prior_comes_nearer_to_the_crops():
    run = FakeRun()
    params = dataclasses.replace(
        TINY,
        widest=16,
        batch=16,
        kimg=3.2,
        r1_every=16,
        evaluate_every=50,
        evaluate_count=200,
        checkpoint_every=1000,
    )
    crops = CropsInMemory(_blobs(512, 1), _blobs(200, 2))

    PriorTraining(crops, params, run, _means).run()

    distances = [value for name, _, value in run.metrics if name == "validation_frechet"]
    assert distances[-1] < 0.5 * distances[0]


def test_weight_of_an_old_average_halves_after_its_half_life():
    params = dataclasses.replace(PAPER, batch=50, ema_kimg=0.5, ema_ramp=None)
    network = torch.nn.Linear(1, 1, bias=False)
    network.weight.data.fill_(1.0)
    ema = Ema(network, 0.0)
    network.weight.data.fill_(0.0)

    for step in range(10):
        ema.blend(network, params.ema_decay(step * 50))

    assert float(ema.average["weight"]) == pytest.approx(0.5)


def test_average_forgets_the_beginning_while_it_ramps_up():
    assert PAPER.ema_decay(0) == 0.0
    assert PAPER.ema_decay(1000) == pytest.approx(0.5 ** (32 / 50))
    assert PAPER.ema_decay(10**9) == pytest.approx(0.5 ** (32 / 10_000))


@pytest.mark.parametrize(("side", "gamma"), [(32, 0.0064), (64, 0.0256), (128, 0.1024)])
def test_automatic_r1_weight_is_the_published_one(side, gamma):
    assert PAPER.gamma(side) == pytest.approx(gamma)


@pytest.mark.parametrize("name", PRESETS)
def test_presets_are_within_their_own_limits(name):
    plain = plain_values(PRESETS[name])

    assert build(PriorTrainParams, plain) == PRESETS[name]
    assert all(info.help for info in describe(PriorTrainParams))


def test_copies_of_training_pictures_are_noticed():
    rng = np.random.default_rng(0)
    training, held_out = rng.standard_normal((500, 8)), rng.standard_normal((300, 8))

    honest = memorisation(rng.standard_normal((300, 8)), training, held_out)
    copied = memorisation(training[100:200] + 1e-3, training, held_out)

    assert honest.copied_share < 0.05
    assert honest.distance_ratio == pytest.approx(1, abs=0.1)
    assert copied.copied_share == 1.0
    assert copied.nearest.tolist() == list(range(100, 200))


def test_memorisation_of_a_training_is_measured_on_its_crops():
    training = PriorTraining(_crops(), dataclasses.replace(TINY, kimg=0.004), FakeRun(), _means)
    training.run()

    found = training.validation.memorisation(training.duel.averaged(), 16)

    assert found is not None
    assert found.nearest.shape == (16,)
    assert (
        PriorTraining(_crops(), TINY, FakeRun()).validation.memorisation(
            training.duel.averaged(), 4
        )
        is None
    )


def test_sheet_has_four_cells_a_row():
    pictures = np.arange(16, dtype=np.float32)[:, None, None] * np.ones((1, 2, 3), np.float32)

    laid = sheet(pictures)

    assert laid.shape == (8, 12)
    assert laid[0, ::3].tolist() == [0, 1, 2, 3]
    assert laid[::2, 0].tolist() == [0, 4, 8, 12]


def test_crops_of_unlike_shape_are_refused():
    with pytest.raises(InvalidInput, match="no training set"):
        CropsInMemory(np.zeros((4, 1, 16, 8), np.float32), np.zeros((0, 1, 16, 8), np.float32))
    with pytest.raises(InvalidInput, match="do not match"):
        CropsInMemory(_blobs(2, 0), _blobs(2, 0, side=8))


def test_crops_of_a_step_are_the_same_every_time_and_parts_are_all_of_them():
    crops = _crops()

    assert np.array_equal(crops.batch(5, 8), crops.batch(5, 8))
    assert not np.array_equal(crops.batch(5, 8), crops.batch(6, 8))
    assert np.array_equal(np.concatenate(list(crops.parts())), crops.training)
