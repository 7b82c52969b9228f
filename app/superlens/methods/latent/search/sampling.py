"""Samples of answers by searching again: from other beginnings, for perturbed pictures."""

from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from superlens.core.method import Run
from superlens.methods.latent.search.degradation import Degradation
from superlens.methods.latent.search.finding import Found, described, search_all
from superlens.methods.latent.search.noise_model import NoiseModel
from superlens.methods.latent.search.objective import (
    Candidates,
    Objective,
    SearchedModel,
    cross_term,
)
from superlens.methods.latent.search.posterior import (
    Energy,
    GaussianPosterior,
    PosteriorSettings,
    PosteriorStart,
    fit_posterior,
)
from superlens.methods.latent.search.search import Guide
from superlens.methods.latent.search.settings import (
    CrossTerm,
    Reduction,
    SearchSettings,
    StylePrior,
)

FIRST_SPREAD = 0.1
"""Of the spread of styles: width that a Gaussian begins with."""
_DOMAIN = 0x73616D70


@dataclass(frozen=True, slots=True)
class Sampler:
    """Samples the answers of pictures; sample k of a picture is the same however it is asked for.

    What differs between samples is what the low-resolution picture leaves open, as far as the prior
    knows it: a statement about populations of cells, not about one of them.
    """

    model: SearchedModel
    degradation: Degradation
    settings: SearchSettings
    low: Tensor
    """(N, C, m, m), on the device of the prior."""
    batch: int
    """Pictures at a time."""

    def from_other_starts(self, index: int, run: Run) -> Found:
        """Search from styles drawn from the prior, in place of their mean.

        Samples of different valleys of the objective; within a valley they are the same.
        """
        draws = sample_draws(run.seed, index, len(self.low))
        return self._searched(self.settings, self.low, Guide(start=self._drawn(draws)), run)

    def perturbed(self, index: int, noise: NoiseModel, run: Run) -> Found:
        """Search the answer to the picture with noise added, pulled to a random draw of the prior.

        Exact samples where everything is linear and Gaussian; else an approximation that widens
        where the picture says nothing.

        Source: Bardsley, Solonen, Haario, Laine, SIAM J. Sci. Comput. 36, A1895 (2014),
        doi:10.1137/140964023; algorithm 1, randomize-then-optimize.
        """
        draws = sample_draws(run.seed, index, len(self.low))
        start = self._drawn(draws)
        flow = self.model.flow
        assert flow is not None
        with torch.no_grad():
            anchor = flow(start.flatten(0, 1))[0].view_as(start)
        settings = replace(
            self.settings,
            norm=noise.norm,
            reduction=Reduction.SUM,
            picture_scale=1.0,
            data_weight=noise.data_weight,
            prior=StylePrior.FLOW,
            prior_weight=noise.temperature,
        )
        low = self.low + noise.drawn(self.low, draws)
        return self._searched(settings, low, Guide(start, anchor), run)

    def fitted(
        self, answer: Found, settings: PosteriorSettings, run: Run, *, cross_of_mean: bool = False
    ) -> GaussianPosterior:
        """Fit a Gaussian around the answers of a search.

        Args:
            answer: of the same pictures.
            settings: what is fitted.
            run: gives the seed, and is asked at every step whether to go on.
            cross_of_mean: whether the cross term is that of the mean, as in BRGM's code, instead
                of that of every sample.
        """
        draws = sample_draws(run.seed, -1, len(self.low))
        spread = (FIRST_SPREAD * self.model.styles.deviation).clamp_min(1e-6)
        energy = self._energy(cross_of_mean=cross_of_mean)
        return fit_posterior(energy, PosteriorStart(answer.w, spread, draws), settings, run)

    def of_posterior(self, posterior: GaussianPosterior, index: int, run: Run) -> Found:
        """Draw a sample of a fitted Gaussian and describe it."""
        objective = Objective(self.model, self.degradation, self.settings)
        w = posterior.sample(sample_draws(run.seed, index, len(self.low)))
        return described(objective, self.low, Candidates(w))

    def _searched(self, settings: SearchSettings, low: Tensor, guide: Guide, run: Run) -> Found:
        objective = Objective(self.model, self.degradation, settings)
        return search_all(objective, low, run, self.batch, guide)

    def _drawn(self, draws: list[torch.Generator]) -> Tensor:
        generator = self.model.generator
        w = torch.cat([generator.sample_w(1, draw) for draw in draws])
        return w[:, None].repeat(1, generator.num_layers, 1)

    def _energy(self, *, cross_of_mean: bool) -> Energy:
        settings = self.settings
        if cross_of_mean:
            settings = replace(settings, cross=CrossTerm.NONE, cross_weight=0.0)
        objective = Objective(self.model, self.degradation, settings)

        def energy(w: Tensor, mean: Tensor) -> Tensor:
            count = len(w)
            low = self.low.repeat(count, 1, 1, 1)
            found = objective(low, Candidates(w.flatten(0, 1))).total.view(count, -1)
            if cross_of_mean:
                apart = cross_term(self.settings.cross, mean)
                found = found + self.settings.cross_weight * apart
            return found

        return energy


def within_noise(found: Found, noise: NoiseModel) -> Tensor:
    """Say of each sample (N,) whether the noise explains its residual; else it is no answer."""
    return found.residual <= noise.residual_limit(found.low[0].numel())


def sample_draws(seed: int, index: int, count: int) -> list[torch.Generator]:
    """Give a generator of the CPU for sample `index` (-1 and up) of each of `count` pictures."""
    found: list[torch.Generator] = []
    for number in range(count):
        sequence = np.random.SeedSequence(seed, spawn_key=(_DOMAIN, index + 1, number))
        state = int(sequence.generate_state(1, np.uint64)[0] >> 1)
        found.append(torch.Generator().manual_seed(state))
    return found
