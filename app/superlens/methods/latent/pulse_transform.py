"""PULSE's way from style vectors to almost Gaussian numbers: unbend, then scale each coordinate."""

from dataclasses import dataclass

from torch import Tensor
from torch.nn import functional

LEAK = 0.2
"""Slope of the rectifier that ends the mapping network, which unbending undoes."""


@dataclass(frozen=True, slots=True)
class PulseTransform:
    """Undoes the last rectifier and takes coordinates for independent Gaussians.

    Source: Menon, Damian, Hu, Ravi, Rudin, CVPR 2020, arXiv:2003.03808; section 3.3 and its code.
    """

    mean: Tensor
    """(d,), of unbent style vectors."""
    spread: Tensor
    """(d,), of unbent style vectors."""

    @staticmethod
    def fitted(w: Tensor) -> "PulseTransform":
        """Fit to style vectors (N, d)."""
        unbent = functional.leaky_relu(w, 1 / LEAK)
        return PulseTransform(unbent.mean(0), unbent.std(0, correction=0))

    def to_gaussian(self, w: Tensor) -> Tensor:
        """Give the numbers (..., d) of style vectors (..., d)."""
        return (functional.leaky_relu(w, 1 / LEAK) - self.mean) / self.spread

    def from_gaussian(self, v: Tensor) -> Tensor:
        """Give the style vectors (..., d) of numbers (..., d)."""
        return functional.leaky_relu(self.spread * v + self.mean, LEAK)
