"""Small priors whose answers are known: linear ones, and a random network with bounded pictures."""

import torch

from superlens.methods.latent.flow.maf import FlowShape, MaskedAutoregressiveFlow
from superlens.methods.latent.prior.generator import Generator
from superlens.methods.latent.pulse_transform import PulseTransform
from superlens.methods.latent.search.objective import SearchedModel
from superlens.methods.latent.styles import StyleStatistics


def seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


class LinearPrior:
    """Styles from N(0, I); pictures of one channel, linear in them."""

    def __init__(self, matrix: torch.Tensor, layers: int = 1) -> None:
        self.matrix = matrix
        self.num_layers = layers
        self.w_dim = matrix.shape[0] // layers
        self._side = round(matrix.shape[1] ** 0.5)

    def sample_w(self, count, generator):
        return torch.randn(count, self.w_dim, generator=generator)

    def synthesize(self, w, noise=None):
        return (w.flatten(1) @ self.matrix).view(-1, 1, self._side, self._side)

    def const_noise(self):
        return ()


def linear_model(matrix: torch.Tensor, layers: int = 1) -> SearchedModel:
    """Give a linear prior with the flow that changes nothing, which is exact for it."""
    prior = LinearPrior(matrix, layers)
    flow = MaskedAutoregressiveFlow(FlowShape(prior.w_dim, 1, 8, 1))
    flow.initialise(seeded(0))
    w = prior.sample_w(4000, seeded(1))
    # Of d independent Gaussians: mean -d / 2 (1 + ln 2 pi), squares have a spread of sqrt(2 d).
    density = flow.log_prob(w).detach().quantile(torch.tensor([0.01, 0.5, 0.99])).tolist()
    zero, one = torch.zeros(prior.w_dim), torch.ones(prior.w_dim)
    styles = StyleStatistics(zero, one, PulseTransform(zero, one), tuple(density))
    return SearchedModel(prior, styles, flow.frozen())


class BoundedGenerator(Generator):
    """A random network whose pictures end in a tanh, so that they fill -1..1."""

    scale = 1.0

    def synthesize(self, w, noise=None):
        return torch.tanh(self.synthesis(w, noise) / self.scale)

    def fit_scale(self) -> None:
        raw = self.synthesis(self.repeated(self.sample_w(200, seeded(1))))
        self.scale = 2 * float(raw.std())
