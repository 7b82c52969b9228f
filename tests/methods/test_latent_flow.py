"""The normalising flow: its mathematics against exact cases and zuko, its training, its numbers."""

import dataclasses
import math

import numpy as np
import pytest
import torch

from fakes.training import FakeRun
from superlens.core.errors import InvalidParameter, JobCancelled
from superlens.methods.latent.flow.diagnostics import (
    gaussianity,
    length_histogram,
    transformed,
)
from superlens.methods.latent.flow.made import LARGEST_LOG_SCALE, MadeBlock
from superlens.methods.latent.flow.maf import FlowShape, MaskedAutoregressiveFlow
from superlens.methods.latent.flow.parameters import CI
from superlens.methods.latent.flow.training import FlowTraining
from superlens.methods.latent.prior.generator import Mapping
from superlens.methods.latent.pulse_transform import PulseTransform

D = 8


def _seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def _draw(*shape: int, seed: int = 1) -> torch.Tensor:
    return torch.randn(*shape, generator=_seeded(seed), dtype=torch.float64)


def _shaken(module: torch.nn.Module, seed: int = 0, size: float = 0.3) -> torch.nn.Module:
    """Give all parameters values of some size, as after training; in double precision."""
    draw = _seeded(seed)
    for value in module.parameters():
        value.data = size * torch.randn(value.shape, generator=draw)
    return module.double()


def _flow(size: float = 0.3) -> MaskedAutoregressiveFlow:
    flow = MaskedAutoregressiveFlow(FlowShape(D, 3, 32, 2))
    _shaken(flow, size=size)
    flow.whiten(_draw(500, D, seed=9) @ _draw(D, D, seed=8) + 1.5)
    return flow


class Styles:
    """Stands in for a generator: style vectors of a random mapping network, or Gaussian ones."""

    num_layers = 4

    def __init__(self, dims: int, covariance: torch.Tensor | None = None) -> None:
        self.w_dim = dims
        self._root = covariance
        self.mapping = Mapping(dims, 2)
        for layer in self.mapping.layers:
            layer.draw(_seeded(3))
            layer.bias.data = torch.randn(dims, generator=_seeded(4)) * 50
        self.mapping.requires_grad_(False)

    def sample_w(self, count, generator):
        z = torch.randn(count, self.w_dim, generator=generator)
        return self.mapping(z) if self._root is None else z @ self._root


@pytest.mark.parametrize("descends", [False, True])
def test_block_is_autoregressive_in_its_order(descends):
    block = _shaken(MadeBlock(D, (32, 32), descends=descends))
    x = _draw(D)

    jacobian = torch.autograd.functional.jacobian(lambda v: block(v[None])[0][0], x)

    upper = torch.tril(jacobian, -1) if descends else torch.triu(jacobian, 1)
    lower = torch.triu(jacobian, 1) if descends else torch.tril(jacobian, -1)
    assert torch.equal(upper, torch.zeros_like(upper))
    assert int((lower != 0).sum()) == D * (D - 1) // 2
    assert (jacobian.diag() > 0).all()


def test_log_determinant_is_that_of_the_jacobian():
    flow, w = _flow(), _draw(D)

    jacobian = torch.autograd.functional.jacobian(lambda v: flow(v[None])[0][0], w)

    expected = torch.linalg.slogdet(jacobian).logabsdet
    # Whitening is kept in single precision before it becomes double.
    assert float(flow(w[None])[1].detach()) == pytest.approx(float(expected), abs=1e-5)


def test_inverse_undoes_the_flow():
    flow, w = _flow(size=0.1), _draw(20, D)

    assert torch.allclose(flow.inverse(flow(w)[0]), w, atol=1e-8)
    single = _flow(size=0.1).float()
    assert torch.allclose(single.inverse(single(w.float())[0]), w.float(), atol=1e-4)


def test_density_integrates_to_one():
    flow = MaskedAutoregressiveFlow(FlowShape(2, 2, 16, 1))
    _shaken(flow, size=0.5)
    side = torch.linspace(-12, 12, 601, dtype=torch.float64)
    grid = torch.cartesian_prod(side, side)

    mass = flow.log_prob(grid).exp().sum() * float(side[1] - side[0]) ** 2

    assert float(mass.detach()) == pytest.approx(1.0, abs=0.01)


def test_flow_begins_as_the_gaussian_of_its_sample():
    flow = MaskedAutoregressiveFlow(FlowShape(D, 3, 16, 1)).double()
    flow.initialise(_seeded())
    sample = _draw(2000, D, seed=5) @ _draw(D, D, seed=6) - 2
    flow.whiten(sample)

    gaussian = torch.distributions.MultivariateNormal(sample.mean(0), torch.cov(sample.T))

    assert torch.allclose(flow.log_prob(sample[:50]), gaussian.log_prob(sample[:50]), atol=1e-5)
    white = flow.whitened(sample)
    assert torch.allclose(torch.cov(white.T), torch.eye(D, dtype=torch.float64), atol=1e-5)


def test_directions_without_variance_keep_the_density_finite():
    flow = MaskedAutoregressiveFlow(FlowShape(D, 1, 16, 1)).double()
    flow.initialise(_seeded())
    sample = _draw(500, D)
    sample[:, 3] = 1.0

    flow.whiten(sample)

    assert torch.isfinite(flow.log_prob(sample + 0.01)).all()


@pytest.mark.parametrize(("layers", "count"), [(1, 7_874_560), (2, 13_122_560)])
def test_parameter_counts_are_those_of_the_published_flow(layers, count):
    with torch.device("meta"):
        flow = MaskedAutoregressiveFlow(FlowShape(512, 5, 1024, layers))

    assert sum(value.numel() for value in flow.parameters()) == count


def test_folded_masks_change_nothing():
    flow, w = _flow().float(), _draw(30, D).float()
    before = flow.log_prob(w).detach()

    frozen = flow.frozen()

    assert torch.allclose(frozen.log_prob(w), before, atol=1e-5)
    assert not any(value.requires_grad for value in frozen.parameters())
    assert sum(value.numel() for value in frozen.parameters()) == sum(
        value.numel() for value in _flow().parameters()
    )


def test_density_of_a_vector_does_not_depend_on_its_company():
    flow, w = _flow(), _draw(6, D)

    together = flow.log_prob(w)

    alone = torch.cat([flow.log_prob(one[None]) for one in w])
    assert torch.allclose(together, alone, atol=1e-12)


def test_log_scales_are_bounded():
    block = _shaken(MadeBlock(D, (16,)), size=50.0)

    assert float(block(_draw(10, D))[1].detach().abs().max()) <= LARGEST_LOG_SCALE * D


def test_soft_tail_is_the_density_inside_and_straight_far_outside():
    flow = _flow()
    near, radius = torch.zeros(1, D, dtype=torch.float64), 2 * math.sqrt(D)

    def energy(length: float) -> tuple[float, float]:
        u = near.clone()
        u[0, 0] = length
        soft, hard = flow.base_log_prob(u, has_soft_tail=True), flow.base_log_prob(u)
        return float(soft), float(hard)

    assert energy(0.99 * radius)[0] == energy(0.99 * radius)[1]
    steps = [energy(factor * radius)[0] for factor in (2.0, 3.0, 4.0)]
    assert steps[0] - steps[1] == pytest.approx(steps[1] - steps[2])
    assert steps[2] > energy(4 * radius)[1]


@pytest.mark.parametrize("descends", [False, True])
def test_agrees_with_zuko_of_the_same_weights(descends):
    zuko = pytest.importorskip("zuko")
    block = _shaken(MadeBlock(D, (24, 24), descends=descends))

    def affine(shift, scale):
        log_scale = -LARGEST_LOG_SCALE * torch.tanh(scale / LARGEST_LOG_SCALE)
        return torch.distributions.AffineTransform(-shift * log_scale.exp(), log_scale.exp())

    order = torch.arange(D).flip(0) if descends else torch.arange(D)
    oracle = zuko.flows.MaskedAutoregressiveTransform(
        D, order=order, univariate=affine, hidden_features=(24, 24)
    ).double()
    theirs = [layer for layer in oracle.hyper if isinstance(layer, torch.nn.Linear)]
    ours = [layer for layer in block.layers if isinstance(layer, torch.nn.Linear)]
    for copy, layer in zip(theirs, ours, strict=True):
        # They lay shift and scale of a variable side by side.
        is_last = layer is ours[-1]
        rows = torch.arange(2 * D).reshape(2, D).T.flatten() if is_last else slice(None)
        copy.weight.data, copy.bias.data = layer.weight.data[rows], layer.bias.data[rows]

    x = _draw(10, D)
    transform = oracle()

    u, log_det = block(x)
    expected = transform(x)
    assert torch.allclose(u, expected, atol=1e-10)
    assert torch.allclose(log_det, transform.log_abs_det_jacobian(x, expected), atol=1e-10)
    assert torch.allclose(block.inverse(u), transform.inv(expected), atol=1e-8)


SHORT = dataclasses.replace(
    CI,
    blocks=2,
    hidden=32,
    steps=60,
    whitening_count=2000,
    held_out=500,
    validate_every=20,
    checkpoint_every=30,
)


def test_gaussian_vectors_reach_their_entropy():
    root = torch.randn(D, D, generator=_seeded(2))
    styles = Styles(D, root)
    run = FakeRun()

    FlowTraining(styles, SHORT, run).run()

    entropy = 0.5 * D * (1 + math.log(2 * math.pi)) + float(torch.linalg.slogdet(root)[1])
    best = min(value for name, _, value in run.metrics if name == "flow_validation_nll")
    # The mean over 500 vectors scatters by sqrt(D / 2 / 500) = 0.09.
    assert best == pytest.approx(entropy, abs=0.25)


def test_resumed_training_gives_the_same_bits():
    run = FakeRun()
    straight = FlowTraining(Styles(D), SHORT, run).run()

    resumed = FlowTraining(Styles(D), SHORT, FakeRun(state=run.checkpoints[0])).run()

    assert [state["step"] for state in run.checkpoints] == [30, 60]
    for name, value in straight.parts["flow"].items():
        assert np.array_equal(value, resumed.parts["flow"][name])


def test_training_cancels_within_a_step():
    run = FakeRun(cancel_after=2)

    with pytest.raises(JobCancelled):
        FlowTraining(Styles(D), SHORT, run).run()

    assert run.checks == 3


@pytest.mark.slow
def test_trained_flow_is_more_gaussian_than_what_pulse_does():
    styles = Styles(32)
    training = FlowTraining(styles, CI, FakeRun())
    training.run()
    z = torch.randn(5000, 32, generator=_seeded(77))
    w = styles.mapping(z)
    pulse = PulseTransform.fitted(styles.sample_w(20_000, _seeded(78)))

    found = {n: gaussianity(u) for n, u in transformed(z, w, training.flow, pulse).items()}

    flow = found["flow"]
    assert 0.97 < flow.mean_ratio < 1.03
    assert flow.spread_ratio < 1.2
    assert flow.ks_distance < 0.1
    assert flow.ks_distance < found["pulse"].ks_distance
    assert flow.ks_distance < found["w"].ks_distance
    assert flow.largest_correlation < 0.1
    assert flow.mean_kurtosis == pytest.approx(3, abs=0.3)


def test_gaussian_numbers_are_found_gaussian():
    found = gaussianity(_draw(5000, 16))

    assert found.mean_ratio == pytest.approx(1, abs=0.02)
    assert found.spread_ratio == pytest.approx(1, abs=0.05)
    assert found.ks_distance < 0.03
    assert found.largest_correlation < 0.06
    assert found.mean_kurtosis == pytest.approx(3, abs=0.1)


def test_distance_from_chi_squared_is_that_of_scipy():
    stats = pytest.importorskip("scipy.stats")
    u = 1.1 * _draw(300, 6)

    expected = stats.kstest(u.square().sum(1).numpy(), "chi2", args=(6,)).statistic

    assert gaussianity(u).ks_distance == pytest.approx(expected, abs=1e-9)


def test_histogram_of_gaussian_numbers_follows_chi_squared():
    drawn = length_histogram({"z": _draw(20_000, 16)})

    width = drawn.edges[1] - drawn.edges[0]
    assert drawn.densities["z"].sum() * width == pytest.approx(1, abs=0.01)
    assert drawn.chi_squared.sum() * width == pytest.approx(1, abs=0.01)
    assert np.abs(drawn.densities["z"] - drawn.chi_squared).max() < 0.1 * drawn.chi_squared.max()


def test_pulse_transform_has_unit_power_on_its_sample_and_comes_back():
    w = Styles(D).sample_w(4000, _seeded())
    pulse = PulseTransform.fitted(w)

    v = pulse.to_gaussian(w)

    assert float(v.square().mean()) == pytest.approx(1, abs=1e-4)
    assert torch.allclose(pulse.from_gaussian(v), w, atol=1e-5)


def test_impossible_shape_is_refused():
    with pytest.raises(InvalidParameter, match="blocks=0"):
        FlowShape(blocks=0)
