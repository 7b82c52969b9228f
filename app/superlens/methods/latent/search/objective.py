"""What a search minimises, for many pictures at once; one number and its terms per picture."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from superlens.core.errors import InvalidInput
from superlens.methods.latent.flow.maf import MaskedAutoregressiveFlow
from superlens.methods.latent.latent_generator import LatentGenerator
from superlens.methods.latent.search.degradation import Degradation
from superlens.methods.latent.search.settings import (
    CrossTerm,
    Norm,
    Reduction,
    SearchSettings,
    StylePrior,
)
from superlens.methods.latent.styles import StyleStatistics

_EPSILON = 1e-12

Perception = Callable[[Tensor], Tensor]
"""Gives features (N, F) of pictures (N, C, m, m) around -1..1."""


@dataclass(frozen=True, slots=True)
class SearchedModel:
    """A frozen prior with everything that is known of its styles."""

    generator: LatentGenerator
    styles: StyleStatistics
    flow: MaskedAutoregressiveFlow | None = None
    perception: Perception | None = None


@dataclass(slots=True)
class Terms:
    """The objective of pictures and its parts, each (N,), unweighted but for `total`."""

    total: Tensor
    data: Tensor
    log_prob: Tensor
    """Mean log-density of the flow over layers; NaN where there is no flow."""
    prior: Tensor
    cross: Tensor

    def taken(self, index: Tensor) -> "Terms":
        """Give those of some pictures."""
        return Terms(*(getattr(self, name)[index] for name in _TERMS))

    def where(self, is_taken: Tensor, other: "Terms") -> "Terms":
        """Give these where `is_taken`, else the other ones."""
        return Terms(
            *(torch.where(is_taken, getattr(self, name), getattr(other, name)) for name in _TERMS)
        )

    def detached(self) -> "Terms":
        """Give them without slopes."""
        return Terms(*(getattr(self, name).detach() for name in _TERMS))


_TERMS = ("total", "data", "log_prob", "prior", "cross")


@dataclass(frozen=True, slots=True)
class Candidates:
    """What pictures are made from."""

    w: Tensor
    """(N, L, d)."""
    noise: Sequence[Tensor] | None = None
    """One map (N or 1, 1, y, x) per convolution; None: the frozen ones."""
    offset: Tensor | None = None
    """(N, 2); see `Degradation`."""
    anchor: Tensor | None = None
    """(N, L, d): outputs of the flow that the styles are pulled to instead of to 0."""

    def taken(self, index: Tensor) -> "Candidates":
        """Give those of some pictures."""
        noise = self.noise and tuple(
            one[index] if len(one) == len(self.w) else one for one in self.noise
        )
        offset, anchor = self.offset, self.anchor
        return Candidates(
            self.w[index],
            noise,
            None if offset is None else offset[index],
            None if anchor is None else anchor[index],
        )


class Objective:
    """J(w) = |y - D(G(w))| - lambda_w P_w(w) - lambda_c P_cross(w), and its relatives.

    Source: Gheisari, Genovesio, Biological Imaging, 2024; Eq. (5); for the relatives see
    `search.settings`.
    """

    def __init__(
        self, model: SearchedModel, degradation: Degradation, settings: SearchSettings
    ) -> None:
        """Put it together.

        Raises:
            InvalidInput: the settings ask for a flow that the model does not have.
        """
        if settings.prior is StylePrior.FLOW and model.flow is None:
            raise InvalidInput(
                "This prior has no flow, which the search is to be regularised with",
                "Train its flow, or search without it",
            )
        self.model = model
        self.settings = settings
        self.degradation = degradation.replaced(settings.kernel)

    def __call__(self, low: Tensor, candidates: Candidates) -> Terms:
        """Give the objective of candidates (N) for low-resolution pictures (N, C, m, m)."""
        settings, w = self.settings, candidates.w
        picture = self.model.generator.synthesize(w, candidates.noise)
        degraded = self.degradation(picture, candidates.offset)
        data = self.data_term(low, degraded)
        log_prob, prior = self._prior(w, candidates.anchor)
        cross = cross_term(settings.cross, w)
        total = (
            settings.data_weight * data
            + settings.prior_weight * prior
            + settings.cross_weight * cross
        )
        if settings.perception_weight > 0 and self.model.perception is not None:
            apart = self.model.perception(degraded) - self.model.perception(low)
            total = total + settings.perception_weight * apart.square().mean(1)
        return Terms(total, data, log_prob, prior, cross)

    def data_term(self, low: Tensor, degraded: Tensor) -> Tensor:
        """Give the distance (N,) of degraded pictures from those that were seen."""
        settings = self.settings
        apart = ((degraded - low) * settings.picture_scale).flatten(1)
        size = apart.abs() if settings.norm is Norm.L1 else apart.square()
        distance = size.sum(1) if settings.reduction is Reduction.SUM else size.mean(1)
        return distance.clamp_min(settings.data_floor) if settings.data_floor > 0 else distance

    def _prior(self, w: Tensor, anchor: Tensor | None) -> tuple[Tensor, Tensor]:
        """Give the mean log-density, and the term to be minimised, (N,) each."""
        count, layers, _ = w.shape
        unknown = w.new_full((count,), torch.nan)
        match self.settings.prior:
            case StylePrior.NONE:
                return unknown, w.new_zeros(count)
            case StylePrior.GAUSSIAN:
                styles = self.model.styles
                distance = ((w - styles.mean) / styles.spread).square().mean((1, 2))
                return unknown, distance
            case StylePrior.FLOW:
                flow = self.model.flow
                assert flow is not None
                u, log_det = flow(w.flatten(0, 1))
                base = flow.base_log_prob(u, has_soft_tail=self.settings.has_soft_tail)
                log_prob = (base + log_det).view(count, layers).mean(1)
                if anchor is not None:
                    pull = 0.5 * (u.view_as(w) - anchor).square().sum(2).mean(1)
                    return log_prob, pull
                if not self.settings.has_volume:
                    return log_prob, -base.view(count, layers).mean(1)
                return log_prob, -log_prob


def cross_term(kind: CrossTerm, w: Tensor) -> Tensor:
    """Give how far apart the styles (N, L, d) of each picture are: (N,), 0 where they are equal."""
    match kind:
        case CrossTerm.NONE:
            return w.new_zeros(len(w))
        case CrossTerm.SQUARED:
            # L sum |w_i|^2 - |sum w_i|^2 about the mean of the rows, which loses no digits.
            centred = w - w.mean(1, keepdim=True)
            return w.shape[1] * centred.square().sum((1, 2))
        case CrossTerm.GEODESIC:
            return _geodesic(w)
        case CrossTerm.COSINE:
            return _cosine(w)


def _geodesic(w: Tensor) -> Tensor:
    """Give the mean over all ordered pairs of d theta^2, over 8; for rows of equal length.

    Source: Menon et al., CVPR 2020, arXiv:2003.03808; section 3.2, and its code.
    """
    first, second = _pairs(w)
    apart = ((first - second).square().sum(2) + _EPSILON).sqrt()
    along = ((first + second).square().sum(2) + _EPSILON).sqrt()
    angle = 2 * torch.atan2(apart, along)
    # Every pair counts twice, and a row with itself is a pair at angle 0.
    return 2 * w.shape[2] * angle.square().sum(1) / (8 * w.shape[1] ** 2)


def _cosine(w: Tensor) -> Tensor:
    """Give the sum of |1 - cos| over all ordered pairs.

    Source: Marinescu, Moyer, Golland, 2021, arXiv:2012.04567, and its code; there of the first
    picture of a batch alone, here of each.
    """
    first, second = _pairs(w)
    cosine = torch.nn.functional.cosine_similarity(first, second, dim=2, eps=_EPSILON)
    return 2 * (1 - cosine).abs().sum(1)


def _pairs(w: Tensor) -> tuple[Tensor, Tensor]:
    """Give both rows of every unordered pair, (N, L (L - 1) / 2, d) each."""
    first, second = torch.triu_indices(w.shape[1], w.shape[1], 1, device=w.device)
    return w[:, first], w[:, second]
