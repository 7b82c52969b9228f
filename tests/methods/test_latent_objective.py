"""The terms of a search's objective, its schedules, and posterior-free facts about them."""

import dataclasses
import math

import pytest
import torch

from superlens.core.errors import InvalidInput
from superlens.methods.latent.flow.maf import FlowShape, MaskedAutoregressiveFlow
from superlens.methods.latent.pulse_transform import PulseTransform
from superlens.methods.latent.search.degradation import Degradation
from superlens.methods.latent.search.objective import (
    Candidates,
    Objective,
    SearchedModel,
    cross_term,
)
from superlens.methods.latent.search.schedules import step_size
from superlens.methods.latent.search.settings import (
    BRGM,
    PULSE,
    RLS,
    UNREGULARISED,
    VARIANTS,
    CrossTerm,
    Norm,
    Reduction,
    Schedule,
    StylePrior,
    brgm_cross_weight,
)
from superlens.methods.latent.styles import StyleStatistics

L, D, SIDE = 4, 8, 8


def _seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def _draw(*shape: int, seed: int = 1) -> torch.Tensor:
    return torch.randn(*shape, generator=_seeded(seed), dtype=torch.float64)


class Linear:
    """A generator whose pictures are linear in the styles."""

    num_layers, w_dim = L, D

    def __init__(self) -> None:
        self.matrix = 0.3 * _draw(L * D, SIDE * SIDE)

    def sample_w(self, count, generator):
        return torch.randn(count, D, generator=generator).double()

    def synthesize(self, w, noise=None):
        return (w.flatten(1) @ self.matrix).view(-1, 1, SIDE, SIDE)

    def const_noise(self):
        return ()


def _model() -> SearchedModel:
    flow = MaskedAutoregressiveFlow(FlowShape(D, 2, 16, 1))
    for value in flow.parameters():
        value.data = 0.2 * torch.randn(value.shape, generator=_seeded(3))
    flow = flow.double()
    sample = _draw(500, D, seed=5) + 0.5
    flow.whiten(sample)
    pulse = PulseTransform.fitted(sample)
    band = (-10.0, 0.0, 1.0)
    styles = StyleStatistics(sample.mean(0), sample.std(0), pulse, band)
    return SearchedModel(Linear(), styles, flow.frozen())


def test_objective_is_the_sum_of_its_weighted_terms():
    model, w = _model(), _draw(3, L, D)
    low = _draw(3, 1, 2, 2, seed=7)

    terms = Objective(model, Degradation(SIDE, 2), RLS)(low, Candidates(w))

    degraded = Degradation(SIDE, 2)(model.generator.synthesize(w))
    for row in range(3):
        data = (degraded[row] - low[row]).abs().sum()
        density = model.flow.log_prob(w[row]).mean()
        pairs = [(w[row, i] - w[row, j]).square().sum() for i in range(L) for j in range(i)]
        expected = data - 5e-5 * density + 0.01 * sum(pairs)  # Eq. (5)
        assert float(terms.total[row]) == pytest.approx(float(expected), rel=1e-10)
        assert float(terms.log_prob[row]) == pytest.approx(float(density), rel=1e-10)
        assert float(terms.cross[row]) == pytest.approx(float(sum(pairs)), rel=1e-10)


def test_slope_of_the_objective_is_right():
    objective = Objective(_model(), Degradation(SIDE, 2), RLS)
    low = 10 + _draw(2, 1, 2, 2, seed=7)  # away from the kink of the absolute value
    w = _draw(2, L, D).requires_grad_(True)

    assert torch.autograd.gradcheck(lambda v: objective(low, Candidates(v)).total, w)


def test_weights_of_0_are_the_unregularised_search():
    model, low = _model(), _draw(3, 1, 2, 2, seed=7)
    w = _draw(3, L, D)
    bare = dataclasses.replace(RLS, prior_weight=0.0, cross_weight=0.0)

    one = Objective(model, Degradation(SIDE, 2), bare)(low, Candidates(w))
    other = Objective(model, Degradation(SIDE, 2), UNREGULARISED)(low, Candidates(w))

    assert torch.equal(one.total, other.total)
    assert torch.isnan(other.log_prob).all()


def test_mean_reduction_divides_by_the_pixels():
    model, low, w = _model(), _draw(3, 1, 2, 2, seed=7), _draw(3, L, D)
    mean = dataclasses.replace(RLS, reduction=Reduction.MEAN)

    added = Objective(model, Degradation(SIDE, 2), RLS)(low, Candidates(w))
    averaged = Objective(model, Degradation(SIDE, 2), mean)(low, Candidates(w))

    assert torch.allclose(added.data, 4 * averaged.data)


def test_prior_without_volume_is_the_energy_of_what_the_flow_gives():
    model, w = _model(), _draw(2, L, D)
    low = torch.zeros(2, 1, 2, 2, dtype=torch.float64)
    bare = dataclasses.replace(RLS, has_volume=False)

    with_volume = Objective(model, Degradation(SIDE, 2), RLS)(low, Candidates(w))
    without = Objective(model, Degradation(SIDE, 2), bare)(low, Candidates(w))

    log_det = model.flow(w.flatten(0, 1))[1].view(2, L).mean(1)
    assert torch.allclose(without.prior - with_volume.prior, log_det)
    assert float(log_det.abs().min()) > 0.01


def test_anchor_pulls_the_output_of_the_flow():
    model, w = _model(), _draw(2, L, D)
    low = torch.zeros(2, 1, 2, 2, dtype=torch.float64)
    anchor = model.flow(w.flatten(0, 1))[0].view_as(w)

    there = Objective(model, Degradation(SIDE, 2), RLS)(low, Candidates(w, anchor=anchor))
    away = Objective(model, Degradation(SIDE, 2), RLS)(low, Candidates(w, anchor=anchor + 1.0))

    assert torch.allclose(there.prior, torch.zeros(2, dtype=torch.float64), atol=1e-20)
    assert torch.allclose(away.prior, torch.full((2,), D / 2, dtype=torch.float64))


def test_flow_is_asked_for_where_there_is_none():
    model = dataclasses.replace(_model(), flow=None)

    with pytest.raises(InvalidInput, match="no flow"):
        Objective(model, Degradation(SIDE, 2), RLS)


def test_squared_cross_term_is_the_sum_over_pairs_and_0_for_equal_rows():
    w = _draw(5, L, D)

    pairs = (w[:, :, None] - w[:, None]).square().sum((1, 2, 3)) / 2

    assert torch.allclose(cross_term(CrossTerm.SQUARED, w), pairs)
    equal = w[:, :1].expand(-1, L, -1)
    assert torch.equal(cross_term(CrossTerm.SQUARED, equal), torch.zeros(5).double())


def test_geodesic_cross_term_is_the_mean_squared_angle():
    w = torch.nn.functional.normalize(_draw(3, L, D), dim=2)

    cosine = (w[:, :, None] * w[:, None]).sum(3).clamp(-1, 1)
    angle = torch.where(torch.eye(L, dtype=torch.bool), 0.0, cosine.acos())
    expected = (D * angle.square()).mean((1, 2)) / 8

    found = cross_term(CrossTerm.GEODESIC, w)
    assert torch.allclose(found, expected, atol=1e-6)
    assert torch.allclose(cross_term(CrossTerm.GEODESIC, 5 * w), found, atol=1e-6)
    assert torch.allclose(cross_term(CrossTerm.GEODESIC, w.flip(1)), found)
    equal = w[:, :1].expand(-1, L, -1)
    assert float(cross_term(CrossTerm.GEODESIC, equal).max()) < 1e-9


def test_slope_of_the_geodesic_term_is_finite_for_equal_rows():
    w = _draw(2, 1, D).repeat(1, L, 1).requires_grad_(True)

    (slope,) = torch.autograd.grad(cross_term(CrossTerm.GEODESIC, w).sum(), w)

    assert torch.isfinite(slope).all()


def test_cosine_cross_term_is_0_only_for_parallel_rows():
    w = _draw(3, L, D)
    parallel = w[:, :1] * torch.tensor([1.0, 2.0, 0.5, 3.0]).double()[None, :, None]

    assert torch.allclose(
        cross_term(CrossTerm.COSINE, parallel), torch.zeros(3).double(), atol=1e-12
    )
    assert float(cross_term(CrossTerm.COSINE, w).min()) > 0


def test_brgm_terms_vanish_at_the_mean_and_have_the_published_scale():
    model = _model()
    at_mean = model.styles.mean.repeat(1, L, 1)
    low = Degradation(SIDE, 2)(model.generator.synthesize(at_mean))
    objective = Objective(model, Degradation(SIDE, 2), BRGM)

    terms = objective(low, Candidates(at_mean))
    drawn = objective(low.expand(2000, -1, -1, -1), Candidates(_draw(2000, L, D, seed=5) + 0.5))

    assert float(terms.total) == pytest.approx(0.0, abs=1e-10)
    # The spread is that of the whole vector: rows from the prior have a term of 1 / d.
    assert float(drawn.prior.mean()) == pytest.approx(1 / D, rel=0.1)


def test_two_pictures_of_a_batch_are_two_single_ones():
    model, low, w = _model(), _draw(2, 1, 2, 2, seed=7), _draw(2, L, D)
    for settings in VARIANTS.values():
        objective = Objective(model, Degradation(SIDE, 2), settings)

        together = objective(low, Candidates(w)).total

        alone = [objective(low[i : i + 1], Candidates(w[i : i + 1])).total[0] for i in range(2)]
        assert torch.allclose(together, torch.stack(alone), rtol=1e-10)


def test_pulse_distance_is_clamped_from_below():
    model, w = _model(), _draw(1, L, D)
    low = Degradation(SIDE, 2)(model.generator.synthesize(w))

    terms = Objective(model, Degradation(SIDE, 2), PULSE)(low + 1e-4, Candidates(w))

    assert float(terms.data) == 2e-3


def test_perception_counts_where_it_is_given():
    settings = dataclasses.replace(BRGM, perception_weight=2.0)
    model, low, w = _model(), _draw(2, 1, 2, 2, seed=7), _draw(2, L, D)
    seeing = dataclasses.replace(model, perception=lambda x: x.flatten(1).exp())

    without = Objective(model, Degradation(SIDE, 2), settings)(low, Candidates(w)).total
    with_it = Objective(seeing, Degradation(SIDE, 2), settings)(low, Candidates(w)).total

    degraded = Degradation(SIDE, 2)(model.generator.synthesize(w))
    apart = (degraded.exp() - low.exp()).flatten(1).square().mean(1)
    assert torch.allclose(with_it - without, 2 * apart)


def test_squared_norm_is_the_square():
    model, low, w = _model(), _draw(2, 1, 2, 2, seed=7), _draw(2, L, D)
    settings = dataclasses.replace(UNREGULARISED, norm=Norm.L2)

    found = Objective(model, Degradation(SIDE, 2), settings)(low, Candidates(w)).total

    degraded = Degradation(SIDE, 2)(model.generator.synthesize(w))
    assert torch.allclose(found, (degraded - low).square().flatten(1).sum(1))


@pytest.mark.parametrize(
    ("iteration", "factor"), [(0, 0.1), (45, 1.0), (89, 0.12), (90, 0.1), (99, 0.0109)]
)
def test_cycle_and_drop_has_the_published_values(iteration, factor):
    found = step_size(Schedule.CYCLE_AND_DROP, 1.0, iteration, 100)

    assert found == pytest.approx(factor, abs=1e-12)


def test_other_schedules_are_constant_and_half_a_cosine():
    assert step_size(Schedule.CONSTANT, 0.5, 77, 200) == 0.5
    assert step_size(Schedule.COSINE, 0.5, 0, 200) == 0.5
    assert step_size(Schedule.COSINE, 0.5, 100, 200) == pytest.approx(0.25)
    assert step_size(Schedule.COSINE, 0.5, 199, 200) == pytest.approx(0, abs=1e-4)


def test_weight_of_brgm_grows_beyond_a_factor_of_16():
    assert [brgm_cross_weight(factor) for factor in (8, 16, 32)] == [0.1, 0.1, 1.0]


def test_statistics_travel_as_tensors():
    styles = _model().styles

    back = StyleStatistics.of(styles.tensors())

    assert torch.equal(back.mean, styles.mean)
    assert torch.equal(back.pulse.spread, styles.pulse.spread)
    assert back.log_prob_band == styles.log_prob_band
    assert styles.spread == pytest.approx(math.sqrt(float(styles.deviation.square().sum())))


def test_only_the_flow_prior_knows_densities():
    assert {name for name, s in VARIANTS.items() if s.prior is StylePrior.FLOW} == {
        "rls",
        "rls_paper",
    }
