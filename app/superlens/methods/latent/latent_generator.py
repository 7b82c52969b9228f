"""What the flow and the search ask of a generative prior, whatever its architecture.

Nothing here knows StyleGAN2.
"""

from collections.abc import Sequence
from typing import Protocol

import torch
from torch import Tensor


class LatentGenerator(Protocol):
    """A generator of pictures from one style vector per layer."""

    @property
    def num_layers(self) -> int:
        """Style vectors that a picture takes."""
        ...

    @property
    def w_dim(self) -> int:
        """Length of a style vector."""
        ...

    def sample_w(self, count: int, generator: torch.Generator) -> Tensor:
        """Draw style vectors (count, w_dim)."""
        ...

    def synthesize(self, w: Tensor, noise: Sequence[Tensor] | None = None) -> Tensor:
        """Give the pictures (N, C, Y, X) of styles (N, num_layers, w_dim).

        Without `noise` the frozen maps of the model are taken, so that the picture is a function of
        the styles alone. Values are around -1..1 and never clipped.
        """
        ...

    def const_noise(self) -> tuple[Tensor, ...]:
        """Give the frozen noise maps of the model, each (1, 1, y, x)."""
        ...
