"""What a search varies for each picture, and how styles follow from it."""

from dataclasses import dataclass

import torch
from torch import Tensor

from superlens.methods.latent.search.objective import Candidates, SearchedModel
from superlens.methods.latent.search.settings import SearchNoise, SearchSettings, Space, Start

TRAINED_MAPS = 5


@dataclass(slots=True)
class Variables:
    """The leaves of a search; every tensor has one row per picture, so that rows can be taken."""

    point: Tensor
    """(N, L, d): styles, or numbers on spheres."""
    radius: Tensor
    """(N, L, 1): length of each row that is kept on a sphere."""
    offset: Tensor
    """(N, 2); stays 0 unless it is searched."""
    noise: tuple[Tensor, ...] = ()
    """Maps of each picture, (N, 1, y, x); empty: those of the model."""
    noise_norm: Tensor | None = None
    """(N, maps): first norms of the maps, which searched ones keep."""

    def taken(self, index: Tensor) -> "Variables":
        """Give those of some pictures."""
        norm = self.noise_norm
        return Variables(
            self.point[index],
            self.radius[index],
            self.offset[index],
            tuple(one[index] for one in self.noise),
            None if norm is None else norm[index],
        )

    def put(self, index: Tensor, is_taken: Tensor, other: "Variables") -> None:
        """Overwrite the rows `index` by those of `other` where they are to be taken."""
        for mine, theirs in zip(self.tensors(), other.tensors(), strict=True):
            mask = is_taken.view(-1, *(1,) * (mine.dim() - 1))
            mine[index] = torch.where(mask, theirs.detach(), mine[index])

    def tensors(self) -> tuple[Tensor, ...]:
        """Give all tensors that a search may change."""
        return (self.point, self.offset, *self.noise)


def first_variables(
    model: SearchedModel, settings: SearchSettings, draws: list[torch.Generator]
) -> Variables:
    """Give where each picture's search begins; one generator of the CPU per picture."""
    device, count = model.styles.mean.device, len(draws)
    generator = model.generator
    shape = (generator.num_layers, generator.w_dim)
    if settings.space is Space.SPHERE:
        point = torch.stack([torch.randn(*shape, generator=draw) for draw in draws]).to(device)
    elif settings.start is Start.RANDOM:
        drawn = torch.cat([generator.sample_w(1, draw) for draw in draws])
        point = drawn[:, None].repeat(1, shape[0], 1)
    else:
        point = model.styles.mean.repeat(count, shape[0], 1)
    noise = _first_noise(model, settings, draws)
    return Variables(
        point=point.contiguous(),
        radius=point.norm(dim=2, keepdim=True),
        offset=torch.zeros(count, 2, device=device),
        noise=noise,
        noise_norm=_norms(noise) if noise else None,
    )


def leaves(variables: Variables, settings: SearchSettings) -> list[Tensor]:
    """Give the tensors whose slopes the search follows."""
    found = [variables.point]
    if settings.fits_offset:
        found.append(variables.offset)
    if settings.noise is SearchNoise.TRAINED:
        found += variables.noise[: min(TRAINED_MAPS, len(variables.noise) - 1)]
    return found


def candidates_of(
    variables: Variables, model: SearchedModel, settings: SearchSettings
) -> Candidates:
    """Give the styles, noise and offset that the variables stand for."""
    is_sphere = settings.space is Space.SPHERE
    w = model.styles.pulse.from_gaussian(variables.point) if is_sphere else variables.point
    noise = variables.noise or None
    if settings.noise is SearchNoise.NONE:
        noise = tuple(torch.zeros_like(one) for one in model.generator.const_noise())
    return Candidates(w, noise, variables.offset if settings.fits_offset else None)


@torch.no_grad()
def project(variables: Variables, settings: SearchSettings) -> None:
    """Bring what is kept on a sphere back to it after a step."""
    if settings.space is Space.SPHERE:
        length = variables.point.norm(dim=2, keepdim=True)
        variables.point.mul_(variables.radius / length)
    if settings.noise is SearchNoise.TRAINED and variables.noise_norm is not None:
        wanted, found = variables.noise_norm, _norms(variables.noise)
        for index, one in enumerate(variables.noise[: min(TRAINED_MAPS, len(variables.noise) - 1)]):
            one.mul_((wanted[:, index] / found[:, index])[:, None, None, None])


def _first_noise(
    model: SearchedModel, settings: SearchSettings, draws: list[torch.Generator]
) -> tuple[Tensor, ...]:
    if settings.noise in (SearchNoise.CONST, SearchNoise.NONE):
        return ()
    maps = [
        torch.cat([torch.randn(one.shape, generator=draw) for draw in draws]).to(one.device)
        for one in model.generator.const_noise()
    ]
    if settings.noise is SearchNoise.TRAINED:
        maps[-1].zero_()
    return tuple(maps)


def _norms(noise: tuple[Tensor, ...]) -> Tensor:
    return torch.stack([one.flatten(1).norm(dim=1) for one in noise], 1)
