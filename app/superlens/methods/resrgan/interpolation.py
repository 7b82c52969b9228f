"""A generator between its two phases: every weight a mixture of the faithful and the real end."""

import torch
from torch import Tensor, nn


class InterpolatedGenerator(nn.Module):
    """A generator whose weights are (1 - realism) fidelity + realism gan; 1 when it is made.

    The network is changed in place, so that whoever watches its layers goes on watching; a mixture
    stays until another one is asked for.

    Source: Wang et al., ESRGAN, ECCV workshops 2018, doi:10.1007/978-3-030-11021-5_5; section 3.4.
    """

    def __init__(self, network: nn.Module, fidelity: nn.Module) -> None:
        """Take over a network with the weights of its realistic end.

        Args:
            network: ready to compute; its tensors may be any linear function of the weights.
            fidelity: the same network with the weights of its faithful end.
        """
        super().__init__()
        self.generator = network
        self._realism = 1.0
        self._gan = {name: value.detach().clone() for name, value in _tensors(network).items()}
        self._fidelity = {name: value.detach() for name, value in _tensors(fidelity).items()}

    @torch.no_grad()
    def set_realism(self, realism: float) -> None:
        """Mix the weights anew unless they are mixed like that: 0 is faithful, 1 realistic."""
        if realism == self._realism:
            return
        for name, value in _tensors(self.generator).items():
            value.copy_(self._mixture(name, realism))
        self._realism = realism

    def forward(self, x: Tensor) -> Tensor:
        """Enlarge as the generator does."""
        return self.generator(x)

    def _mixture(self, name: str, realism: float) -> Tensor:
        if realism in (0.0, 1.0):
            return self._gan[name] if realism else self._fidelity[name]
        return (1 - realism) * self._fidelity[name] + realism * self._gan[name]


def _tensors(network: nn.Module) -> dict[str, Tensor]:
    return {**dict(network.named_parameters()), **dict(network.named_buffers())}
