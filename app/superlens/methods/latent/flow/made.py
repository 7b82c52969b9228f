"""A network that sees earlier variables only, and the invertible block made of it."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

LARGEST_LOG_SCALE = 3.0


class MaskedLinear(nn.Linear):
    """A fully connected layer some of whose weights are taken for 0."""

    mask: Tensor

    def __init__(self, mask: Tensor) -> None:
        """Build it; `mask`: (outputs, inputs), True where a weight counts."""
        super().__init__(mask.shape[1], mask.shape[0])
        self.register_buffer("mask", mask.to(torch.get_default_dtype()), persistent=False)

    def forward(self, input: Tensor) -> Tensor:
        """Map (..., inputs) to (..., outputs)."""
        return functional.linear(input, self.mask * self.weight, self.bias)

    def folded(self) -> nn.Linear:
        """Give a plain layer that does the same without multiplying with the mask again."""
        plain = nn.Linear(self.in_features, self.out_features, device="meta")
        plain.weight = nn.Parameter((self.mask * self.weight).detach(), requires_grad=False)
        plain.bias = nn.Parameter(self.bias.detach().clone(), requires_grad=False)
        return plain


class MadeBlock(nn.Module):
    """u_j = (x_j - m_j) exp(-a_j), where m_j and a_j depend on the variables before j.

    Source: Germain, Gregor, Murray, Larochelle, ICML 2015, arXiv:1502.03509; Papamakarios,
    Pavlakou, Murray, NeurIPS 2017, arXiv:1705.07057; Eq. (3), with a_j bounded softly.
    """

    def __init__(self, dims: int, hidden: Sequence[int], *, descends: bool = False) -> None:
        """Build it.

        Args:
            dims: number of variables.
            hidden: widths of the hidden layers.
            descends: whether the last variable is the first in order.
        """
        super().__init__()
        rank = torch.arange(dims).flip(0) if descends else torch.arange(dims)
        self._order = range(dims - 1, -1, -1) if descends else range(dims)
        degrees, layers = rank, []
        for width in hidden:
            following = torch.arange(width) % max(dims - 1, 1)
            layers += [MaskedLinear(following[:, None] >= degrees[None, :]), nn.ReLU()]
            degrees = following
        last = rank[:, None] > degrees[None, :]
        layers.append(MaskedLinear(torch.cat([last, last])))  # all m_j, then all a_j
        self.layers = nn.Sequential(*layers)

    @torch.no_grad()
    def initialise(self, generator: torch.Generator) -> None:
        """Draw first weights; those of the last layer are 0, so that the block changes nothing."""
        for layer in self._linear():
            nn.init.kaiming_uniform_(layer.weight, generator=generator)
            nn.init.zeros_(layer.bias)
        nn.init.zeros_(self._linear()[-1].weight)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Give u of x, both (N, dims), and the logarithm of the determinant, (N,)."""
        shift, log_scale = self._conditions(x)
        return (x - shift) * torch.exp(-log_scale), -log_scale.sum(1)

    def inverse(self, u: Tensor) -> Tensor:
        """Give x of u, variable by variable: as many passes as variables."""
        x = torch.zeros_like(u)
        for variable in self._order:
            shift, log_scale = self._conditions(x)
            x[:, variable] = (u * torch.exp(log_scale) + shift)[:, variable]
        return x

    def fold(self) -> None:
        """Multiply the masks in for good: for a flow that is trained no more."""
        for index, layer in enumerate(self.layers):
            if isinstance(layer, MaskedLinear):
                self.layers[index] = layer.folded()

    def _conditions(self, x: Tensor) -> tuple[Tensor, Tensor]:
        shift, log_scale = self.layers(x).chunk(2, 1)
        return shift, LARGEST_LOG_SCALE * torch.tanh(log_scale / LARGEST_LOG_SCALE)

    def _linear(self) -> list[nn.Linear]:
        return [layer for layer in self.layers if isinstance(layer, nn.Linear)]
