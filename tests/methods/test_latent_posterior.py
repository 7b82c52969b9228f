"""Samples of answers: against closed forms of linear Gaussian models."""

import dataclasses

import pytest
import torch

from fakes.latent import linear_model, seeded
from fakes.training import FakeRun
from superlens.methods.latent.search.degradation import Degradation
from superlens.methods.latent.search.finding import search_all
from superlens.methods.latent.search.noise_model import NoiseKind, NoiseModel
from superlens.methods.latent.search.objective import Objective
from superlens.methods.latent.search.posterior import (
    GaussianPosterior,
    PosteriorMode,
    PosteriorSettings,
    PosteriorStart,
    fit_posterior,
    inverse_gamma_log_density,
)
from superlens.methods.latent.search.sampling import Sampler, sample_draws, within_noise
from superlens.methods.latent.search.settings import RLS, CrossTerm

D = 6
CONVERGED = PosteriorSettings(steps=800, rate=0.04, samples=6)


def _precision() -> torch.Tensor:
    a = torch.randn(D, D, generator=seeded(0), dtype=torch.float64)
    return a @ a.T * 4 + 5 * torch.eye(D, dtype=torch.float64)


def _quadratic(precision: torch.Tensor, centre: torch.Tensor):
    def energy(w: torch.Tensor, mean: torch.Tensor) -> torch.Tensor:
        apart = (w - centre).flatten(2)
        return 0.5 * torch.einsum("sni,ij,snj->sn", apart, precision, apart)

    return energy


def _fitted(settings: PosteriorSettings, precision: torch.Tensor) -> GaussianPosterior:
    """Fit 24 pictures at once, whose average has little of the noise of the fit."""
    centre = torch.linspace(-1, 1, D).double().view(1, 1, D)
    start = PosteriorStart(
        torch.zeros(24, 1, D).double(), torch.full((1, 1, D), 0.2).double(), sample_draws(0, 0, 24)
    )
    return fit_posterior(_quadratic(precision, centre), start, settings, FakeRun())


def test_evidence_lower_bound_finds_the_conditional_widths_and_the_mean():
    precision = _precision()
    settings = dataclasses.replace(CONVERGED, has_width_prior=False)

    found = _fitted(settings, precision)

    expected = precision.diag().rsqrt()
    assert torch.allclose(found.spread.mean(0)[0], expected, rtol=0.05)
    centre = torch.linspace(-1, 1, D).double()
    assert torch.allclose(found.mean.mean(0)[0], centre, atol=1e-2)
    # Marginal widths are larger: the fit is too sure of itself, and documented to be.
    assert (torch.linalg.inv(precision).diag().sqrt() > expected).all()


def test_printed_formula_finds_its_closed_form():
    precision = _precision()
    settings = dataclasses.replace(CONVERGED, mode=PosteriorMode.PAPER)

    found = _fitted(settings, precision)

    n, alpha, beta = settings.samples, settings.shape, settings.scale
    grid = torch.linspace(0.005, 1.0, 20_000).double()
    for j in range(D):
        value = -0.5 * n * precision[j, j] * grid**2 - (n + alpha + 1) * grid.log() - beta / grid
        assert float(found.spread[:, 0, j].mean()) == pytest.approx(
            float(grid[value.argmax()]), rel=0.03
        )


@pytest.mark.parametrize("samples", [5, 6])
def test_printed_formula_without_data_ends_at_its_mode(samples):
    settings = dataclasses.replace(CONVERGED, mode=PosteriorMode.PAPER, samples=samples)

    found = _fitted(settings, torch.zeros(D, D).double())

    expected = settings.scale / (samples + settings.shape + 1)
    assert torch.allclose(found.spread, torch.tensor(expected).double(), rtol=1e-2)


def test_form_of_brgm_without_data_ends_at_its_mode():
    settings = dataclasses.replace(CONVERGED, mode=PosteriorMode.BRGM, steps=800, rate=0.1)

    found = _fitted(settings, torch.zeros(D, D).double())

    assert torch.allclose(found.spread, torch.tensor(2 * 0.95 / 1.1).double(), rtol=2e-2)


def test_inverse_gamma_density_is_that_of_torch():
    x = torch.tensor([0.1, 0.7, 3.0])

    expected = torch.distributions.InverseGamma(torch.tensor(0.1), torch.tensor(0.95)).log_prob(x)

    assert torch.allclose(inverse_gamma_log_density(x, 0.1, 0.95), expected, atol=1e-5)


def test_narrow_posterior_gives_the_answer_itself():
    mean = torch.randn(3, 2, D, generator=seeded(1))
    narrow = GaussianPosterior(mean, torch.full_like(mean, 1e-9))

    assert torch.allclose(narrow.sample(sample_draws(0, 4, 3)), mean, atol=1e-7)


def _linear_sampler(count: int, noise: NoiseModel):
    """A linear model of 6 numbers seen through 4 pixels, whose posterior is known."""
    matrix = torch.randn(D, 4, generator=seeded(3))
    model = linear_model(matrix)
    w = torch.randn(1, 1, D, generator=seeded(4))
    low = model.generator.synthesize(w) + noise.scale * torch.randn(1, 1, 2, 2, generator=seeded(5))
    settings = dataclasses.replace(
        RLS, cross=CrossTerm.NONE, cross_weight=0.0, iterations=400, rate=0.1
    )
    repeated = low.repeat(count, 1, 1, 1)
    return Sampler(model, Degradation(2, 2), settings, repeated, count), matrix.double(), low


def test_perturbed_searches_are_exact_samples_of_a_linear_gaussian_model():
    noise = NoiseModel(NoiseKind.GAUSSIAN, 0.5)
    sampler, matrix, low = _linear_sampler(1500, noise)

    found = sampler.perturbed(0, noise, FakeRun())

    precision = torch.eye(D).double() + matrix @ matrix.T / noise.scale**2
    covariance = torch.linalg.inv(precision)
    mean = covariance @ matrix @ low.double().flatten() / noise.scale**2
    samples = found.w[:, 0].double()
    # Means of 1500 samples scatter by 0.026 of a width, variances by 3.7 %.
    width = covariance.diag().sqrt()
    assert ((samples.mean(0) - mean).abs() / width).max() < 0.12
    assert torch.allclose(samples.std(0), width, rtol=0.08)
    correlation = torch.corrcoef(samples.T) - covariance / torch.outer(width, width)
    assert float(correlation.abs().max()) < 0.1


def test_samples_are_the_same_however_they_are_asked_for():
    noise = NoiseModel(NoiseKind.LAPLACE, 0.1)
    sampler, _, _ = _linear_sampler(3, noise)
    short = dataclasses.replace(
        sampler, settings=dataclasses.replace(sampler.settings, iterations=10)
    )

    second = short.perturbed(1, noise, FakeRun()).w
    again = short.perturbed(1, noise, FakeRun()).w

    assert torch.equal(second, again)
    assert not torch.equal(second, short.perturbed(0, noise, FakeRun()).w)
    assert not torch.equal(second[0], second[1])


def test_searches_from_other_starts_end_where_the_prior_lets_them():
    noise = NoiseModel(NoiseKind.GAUSSIAN, 0.1)
    sampler, matrix, _ = _linear_sampler(4, noise)
    strong = dataclasses.replace(
        sampler, settings=dataclasses.replace(sampler.settings, prior_weight=1.0, iterations=400)
    )
    none = dataclasses.replace(
        sampler, settings=dataclasses.replace(sampler.settings, prior_weight=0.0)
    )

    # With a convex objective all ends are one; without a prior two directions stay as they began.
    together = strong.from_other_starts(0, FakeRun()).w[:, 0]
    apart = none.from_other_starts(0, FakeRun())

    assert float(together.std(0).max()) < 0.02
    assert float(apart.w[:, 0].std(0).max()) > 0.3
    assert float(apart.residual.max()) < 0.02
    assert matrix.shape == (D, 4)


def test_fitted_gaussian_scatters_about_the_answer():
    noise = NoiseModel(NoiseKind.GAUSSIAN, 0.1)
    sampler, _, _ = _linear_sampler(2, noise)
    objective = Objective(sampler.model, sampler.degradation, sampler.settings)
    answer = search_all(objective, sampler.low, FakeRun(), 2)
    settings = PosteriorSettings(PosteriorMode.PAPER, steps=100)

    posterior = sampler.fitted(answer, settings, FakeRun(), cross_of_mean=True)
    samples = [sampler.of_posterior(posterior, index, FakeRun()) for index in range(6)]

    assert torch.equal(samples[0].w, sampler.of_posterior(posterior, 0, FakeRun()).w)
    assert float((posterior.mean - answer.w).abs().max()) < 1.0
    assert torch.stack([one.picture for one in samples]).std(0).min() > 0
    assert samples[0].low.shape == (2, 1, 2, 2)


@pytest.mark.parametrize(("kind", "mean"), [(NoiseKind.LAPLACE, 1.0), (NoiseKind.GAUSSIAN, 0.798)])
def test_noise_has_its_size(kind, mean):
    noise = NoiseModel(kind, 0.3)

    drawn = noise.drawn(torch.zeros(50, 1, 40, 40), sample_draws(0, 0, 50))

    assert float(drawn.abs().mean()) == pytest.approx(0.3 * mean, rel=0.02)
    assert float(drawn.mean()) == pytest.approx(0, abs=0.005)
    # Of 1600 pixels the mean residual scatters little.
    assert noise.residual_limit(1600) == pytest.approx(0.3 * mean, rel=0.1)
    assert noise.residual_limit(4) > noise.residual_limit(1600)


def test_sample_that_the_noise_does_not_explain_is_no_answer():
    noise = NoiseModel(NoiseKind.GAUSSIAN, 0.1)
    sampler, _, _ = _linear_sampler(2, noise)
    wide = GaussianPosterior(torch.zeros(2, 1, D), torch.full((2, 1, D), 5.0))
    objective = Objective(sampler.model, sampler.degradation, sampler.settings)
    answer = search_all(objective, sampler.low, FakeRun(), 2)

    assert within_noise(answer, noise).all()
    assert not within_noise(sampler.of_posterior(wide, 0, FakeRun()), noise).any()
