"""The loop of the latent search: independence of pictures, best iterates, spheres, resuming."""

import dataclasses

import pytest
import torch

from fakes.latent import linear_model, seeded
from fakes.training import FakeRun
from superlens.core.errors import InvalidInput, JobCancelled
from superlens.methods.latent.prior.generator import Architecture, Generator
from superlens.methods.latent.pulse_transform import PulseTransform
from superlens.methods.latent.search.calibration import calibrate_prior_weight
from superlens.methods.latent.search.degradation import Degradation
from superlens.methods.latent.search.finding import search_all
from superlens.methods.latent.search.objective import Objective, SearchedModel
from superlens.methods.latent.search.search import LatentSearch, picture_draws
from superlens.methods.latent.search.settings import (
    PULSE,
    PULSE_PAPER,
    RLS,
    RLS_PAPER,
    UNREGULARISED,
    VARIANTS,
    Kept,
    Norm,
    StylePrior,
)
from superlens.methods.latent.styles import StyleStatistics, measure_styles

LAYERS, D, SIDE, LOW = 3, 4, 8, 4
SHORT = dataclasses.replace(RLS, iterations=40)


def _model() -> SearchedModel:
    return linear_model(0.3 * torch.randn(LAYERS * D, SIDE * SIDE, generator=seeded(2)), LAYERS)


def _network(channels: int = 1) -> SearchedModel:
    generator = Generator(Architecture(8, channels, 64, 4, 4, 2))
    generator.initialise(seeded(0))
    generator.requires_grad_(False)
    return SearchedModel(generator, measure_styles(generator, None, seeded(1), 2000))


def _objective(settings=SHORT, model: SearchedModel | None = None) -> Objective:
    return Objective(model or _model(), Degradation(SIDE, LOW), settings)


def _low(count: int = 5, seed: int = 3) -> torch.Tensor:
    w = torch.randn(count, LAYERS, D, generator=seeded(seed))
    return Degradation(SIDE, LOW)(_model().generator.synthesize(w))


def test_best_objective_is_below_the_first_for_every_picture():
    found = search_all(_objective(), _low(), FakeRun(), 5)

    assert (found.total < 0.5 * found.first_total).all()
    assert (found.kept_iteration > 0).all()


def test_last_iterate_is_kept_where_that_is_asked_for_and_ends_below_the_first():
    last = dataclasses.replace(SHORT, kept=Kept.LAST)

    found = search_all(_objective(last), _low(), FakeRun(), 5)
    best = search_all(_objective(), _low(), FakeRun(), 5)

    assert (found.kept_iteration == 40).all()
    assert (found.total <= found.first_total).all()
    assert (best.total <= found.total).all()


@pytest.mark.parametrize("name", VARIANTS)
def test_every_variant_searches_and_comes_nearer(name):
    model = _network()
    settings = dataclasses.replace(VARIANTS[name], iterations=12)
    if settings.prior is StylePrior.FLOW:
        settings = dataclasses.replace(settings, prior=StylePrior.NONE)
    w = model.generator.sample_w(2, seeded(4))
    objective = _objective(settings, model)
    low = objective.degradation(model.generator.synthesize(model.generator.repeated(w)))

    found = search_all(objective, low, FakeRun(), 2)

    assert found.picture.shape == (2, 1, 8, 8)
    assert found.low.shape == low.shape
    assert torch.isfinite(found.picture).all()
    assert (found.total <= found.first_total).all()


@pytest.mark.parametrize("settings", [SHORT, dataclasses.replace(PULSE, iterations=20)])
def test_batch_is_as_many_single_searches(settings):
    low = _low()

    together = search_all(_objective(settings), low, FakeRun(), 5)
    alone = search_all(_objective(settings), low, FakeRun(), 1)

    assert torch.allclose(together.w, alone.w, atol=1e-5)
    assert torch.allclose(together.total, alone.total, atol=1e-5)


def test_same_seed_same_answer():
    settings = dataclasses.replace(PULSE_PAPER, iterations=10)
    model, low = _network(), _low(2)

    one, same, other = (
        search_all(_objective(settings, model), low, FakeRun(seed=seed), 2) for seed in (1, 1, 2)
    )

    assert torch.equal(one.picture, same.picture)
    assert not torch.equal(one.picture, other.picture)


def test_order_of_pictures_does_not_matter():
    low = _low()
    order = torch.tensor([3, 0, 4, 1, 2])

    straight = search_all(_objective(), low, FakeRun(), 5)
    mixed = search_all(_objective(), low[order], FakeRun(), 5)

    assert torch.allclose(straight.w[order], mixed.w, atol=1e-5)


def test_search_resumes_from_its_state():
    low = _low()

    def begun() -> LatentSearch:
        return LatentSearch(_objective(), low, picture_draws(0, 5))

    straight, first, second = begun(), begun(), begun()
    for _ in range(17):
        first.advance()
    second.take(first.state())
    for search in (straight, second):
        while not search.is_done:
            search.advance()

    assert torch.equal(straight.found()[0].w, second.found()[0].w)
    assert torch.equal(straight.totals, second.totals)


def test_resumed_search_goes_on_with_the_pictures_that_were_left():
    settings = dataclasses.replace(SHORT, iterations=200, patience=10)
    low = torch.cat([_low(2), torch.zeros(1, 1, LOW, LOW)])  # the last one is at its best at once

    def begun() -> LatentSearch:
        return LatentSearch(_objective(settings), low, picture_draws(0, 3))

    straight, first, second = begun(), begun(), begun()
    for _ in range(60):
        first.advance()
    second.take(first.state())
    for search in (straight, second):
        while not search.is_done:
            search.advance()

    assert torch.equal(straight.found()[0].w, second.found()[0].w)
    assert torch.equal(straight.done_iterations, second.done_iterations)


def test_picture_without_progress_ends_early_and_the_others_go_on():
    patient = dataclasses.replace(SHORT, iterations=60, patience=10)
    low = torch.cat([_low(1), torch.zeros(1, 1, LOW, LOW)])

    search = LatentSearch(_objective(patient), low, picture_draws(0, 2))
    while not search.is_done:
        search.advance()

    assert float(search.done_iterations[1]) <= 20
    assert float(search.done_iterations[0]) > float(search.done_iterations[1])
    whole = search_all(_objective(dataclasses.replace(patient, patience=None)), low, FakeRun(), 2)
    assert float(search.totals[0]) <= 1.5 * float(whole.total[0]) + 1e-3


def test_cancelling_ends_within_an_iteration():
    run = FakeRun(cancel_after=6)

    with pytest.raises(JobCancelled):
        search_all(_objective(), _low(), run, 5)

    assert run.checks == 7


def test_progress_counts_all_pictures():
    run = FakeRun()

    search_all(_objective(), _low(), run, 2)

    assert run.progresses[-1] == ("Searching", 200, 200)
    assert [done for _, done, _ in run.progresses] == sorted(done for _, done, _ in run.progresses)


def test_memory_that_ends_takes_fewer_pictures_at_a_time(monkeypatch):
    run, model = FakeRun(), _model()
    plain = model.generator.synthesize

    def scarce(w, noise=None):
        if len(w) > 2:
            raise torch.OutOfMemoryError("out of memory")
        return plain(w, noise)

    monkeypatch.setattr(model.generator, "synthesize", scarce)

    found = search_all(_objective(SHORT, model), _low(), run, 5)

    assert len(found.total) == 5
    assert "goes on with 2 at a time" in run.notes[-1]
    monkeypatch.undo()
    whole = search_all(_objective(SHORT, model), _low(), FakeRun(), 5)
    assert torch.allclose(found.w, whole.w, atol=1e-5)


def test_numbers_stay_on_their_spheres():
    model = _model()
    styles = dataclasses.replace(
        model.styles, pulse=PulseTransform(torch.full((D,), 0.3), torch.full((D,), 1.5))
    )
    search = LatentSearch(
        _objective(PULSE, dataclasses.replace(model, styles=styles)), _low(), picture_draws(0, 5)
    )
    first = search.state()["live"]["0"].norm(dim=2)

    for _ in range(30):
        search.advance()
        length = search.state()["live"]["0"].norm(dim=2)
        assert float((length / first - 1).abs().max()) < 1e-6


def test_trained_noise_keeps_its_norm_and_the_last_map_is_0():
    model = _network()
    for conv in model.generator.synthesis.convs:
        conv.noise_strength.fill_(0.3)
    settings = dataclasses.replace(PULSE_PAPER, iterations=30)
    search = LatentSearch(_objective(settings, model), _low(2), picture_draws(0, 2))
    first = search.state()["live"]

    for _ in range(10):
        search.advance()

    now = search.state()["live"]
    assert len(now) == 2 + 3  # point, offset and one map per convolution
    for name in ("2", "3"):
        assert not torch.equal(now[name], first[name])
        norms = [one.flatten(1).norm(dim=1) for one in (now[name], first[name])]
        assert torch.allclose(*norms, rtol=1e-5)
    assert float(now["4"].abs().max()) == 0.0


def test_more_weight_of_the_cross_term_brings_styles_together():
    crosses = [
        float(
            search_all(
                _objective(dataclasses.replace(SHORT, cross_weight=weight)), _low(), FakeRun(), 5
            ).cross.mean()
        )
        for weight in (1e-4, 1e-2, 1.0)
    ]

    assert crosses[0] > crosses[1] > crosses[2]


def test_more_weight_of_the_flow_finds_likelier_styles():
    densities = [
        float(
            search_all(
                _objective(dataclasses.replace(SHORT, prior_weight=weight)), _low(), FakeRun(), 5
            ).log_prob.mean()
        )
        for weight in (1e-5, 0.3, 3.0)
    ]

    assert densities[0] < densities[1] < densities[2]


def test_absolute_distance_bears_spoiled_pixels_better_than_the_squared_one():
    model = linear_model(0.3 * torch.randn(D, SIDE * SIDE, generator=seeded(2)))
    w = torch.randn(6, 1, D, generator=seeded(3))
    truth = model.generator.synthesize(w)
    low = Degradation(SIDE, LOW)(truth)
    low[:, :, 0, 0], low[:, :, 2, 3] = 3.0, -3.0
    squared = dataclasses.replace(UNREGULARISED, norm=Norm.L2)

    errors = [
        float((search_all(_objective(s, model), low, FakeRun(), 6).picture - truth).square().mean())
        for s in (UNREGULARISED, squared)
    ]

    assert errors[0] < 0.1 * errors[1]


def test_offset_of_a_picture_is_found():
    side = 16
    at = torch.arange(side) - 7.5
    bump = torch.exp(-(at[:, None] ** 2 + at[None] ** 2) / 18)
    model = linear_model(bump.flatten()[None])
    settings = dataclasses.replace(
        UNREGULARISED, fits_offset=True, iterations=200, rate=0.1, norm=Norm.L2
    )
    degradation = Degradation(side, 4)
    true = torch.tensor([[1.2, -0.6], [-1.0, 0.4]])
    low = degradation(bump.repeat(2, 1, 1, 1), true)
    objective = Objective(model, degradation, settings)

    found = search_all(objective, low, FakeRun(), 2)

    assert found.offset is not None
    assert torch.allclose(found.offset, true, atol=0.1)
    without = dataclasses.replace(settings, fits_offset=False)
    plain = search_all(Objective(model, degradation, without), low, FakeRun(), 2)
    assert (found.residual < 0.2 * plain.residual).all()


def test_search_without_degradation_inverts_the_generator():
    model = _model()
    picture = model.generator.synthesize(torch.randn(3, LAYERS, D, generator=seeded(5)))
    objective = Objective(model, Degradation(SIDE, SIDE), dataclasses.replace(UNREGULARISED))

    found = search_all(objective, picture, FakeRun(), 3)

    assert float((found.picture - picture).abs().mean()) < 0.02 * float(picture.abs().mean())


def test_pictures_of_another_size_are_refused():
    with pytest.raises(InvalidInput, match="4 x 4 pixels are expected"):
        search_all(_objective(), torch.zeros(2, 1, 5, 5), FakeRun(), 2)


def test_slopes_that_are_not_finite_leave_the_other_pictures_alone():
    low = _low(3)
    low[1] = torch.nan

    found = search_all(_objective(), low, FakeRun(), 3)

    clean = search_all(_objective(), _low(3), FakeRun(), 3)
    assert torch.allclose(found.w[[0, 2]], clean.w[[0, 2]], atol=1e-5)


def test_answers_of_pulse_say_whether_they_are_near_enough():
    model = _model()
    styles = dataclasses.replace(model.styles, pulse=PulseTransform(torch.zeros(D), torch.ones(D)))
    model = dataclasses.replace(model, styles=styles)
    low = torch.cat([_low(1), 100 + _low(1)])

    found = search_all(
        _objective(dataclasses.replace(PULSE, iterations=60), model), low, FakeRun(), 2
    )

    assert not bool(found.is_accepted[1])
    assert bool(search_all(_objective(), low, FakeRun(), 2).is_accepted.all())


def test_calibrated_weight_makes_found_styles_typical():
    run = FakeRun()
    model = _model()

    found = calibrate_prior_weight(model, Degradation(SIDE, LOW), SHORT, 8 * _low(), run)

    low, high = found.band
    assert found.is_typical
    assert low <= found.trials[-1].log_prob <= high
    assert found.weight == found.trials[-1].weight
    assert len(found.trials) > 1
    assert found.trials[0].log_prob < low


def test_weight_that_serves_stays_as_it_is():
    model = _model()

    found = calibrate_prior_weight(model, Degradation(SIDE, LOW), SHORT, _low(), FakeRun())

    assert found.weight == SHORT.prior_weight
    assert len(found.trials) == 1


def test_calibration_without_a_flow_is_refused():
    with pytest.raises(InvalidInput, match="cannot be calibrated"):
        calibrate_prior_weight(_model(), Degradation(SIDE, LOW), UNREGULARISED, _low(), FakeRun())


def test_published_search_begins_at_the_mean_style():
    search = LatentSearch(_objective(RLS_PAPER), _low(2), picture_draws(0, 2))

    mean = _model().styles.mean
    assert torch.equal(search.state()["live"]["0"], mean.repeat(2, LAYERS, 1))


def test_measured_styles_have_the_moments_of_the_prior():
    model = _model()

    styles = measure_styles(model.generator, model.flow, seeded(9), 5000)

    # Means of 10,000 Gaussian numbers scatter by 0.01.
    assert float(styles.mean.abs().max()) < 0.05
    assert torch.allclose(styles.deviation, torch.ones(D), atol=0.05)
    assert isinstance(styles, StyleStatistics)
    assert styles.log_prob_band[0] < styles.log_prob_band[1] < styles.log_prob_band[2]
