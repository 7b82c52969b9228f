"""A generator between its two phases: every weight a mixture of the faithful and the real end."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from superlens.methods.resrgan.generator import Generator

Tables = Mapping[str, Tensor]


class InterpolatedGenerator(nn.Module):
    """A generator whose weights are (1 - realism) fidelity + realism gan; 1 when it is made.

    The network is changed in place, so that whoever watches its layers goes on watching; a mixture
    stays until another one is asked for.

    Source: Wang et al., ESRGAN, ECCV workshops 2018, doi:10.1007/978-3-030-11021-5_5; Eq. (4).
    """

    def __init__(self, network: Generator, fidelity: Tables) -> None:
        """Take over a network with the weights of its realistic end.

        Args:
            network: placed on its device.
            fidelity: the weights of the faithful end, by the same names and of the same shapes.
        """
        super().__init__()
        self.generator = network
        self._realism = 1.0
        self._gan = {name: value.detach().clone() for name, value in network.named_parameters()}
        self._fidelity = {
            name: torch.empty_like(value).copy_(fidelity[name]) for name, value in self._gan.items()
        }

    @torch.no_grad()
    def set_realism(self, realism: float) -> None:
        """Mix the weights anew unless they are mixed like that: 0 is faithful, 1 realistic."""
        if realism == self._realism:
            return
        for name, value in self.generator.named_parameters():
            value.copy_(self._mixture(name, realism))
        self._realism = realism

    def forward(self, x: Tensor) -> Tensor:
        """Enlarge as the generator does."""
        return self.generator(x)

    def _mixture(self, name: str, realism: float) -> Tensor:
        if realism in (0.0, 1.0):
            return self._gan[name] if realism else self._fidelity[name]
        return (1 - realism) * self._fidelity[name] + realism * self._gan[name]  # Eq. (4)
