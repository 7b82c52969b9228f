"""How Gaussian transformed style vectors are: their squared lengths against chi-squared."""

import math
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from superlens.methods.latent.flow.maf import MaskedAutoregressiveFlow
from superlens.methods.latent.pulse_transform import PulseTransform

BINS = 60
Float = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Gaussianity:
    """What is known of vectors that should be N(0, I)."""

    mean_ratio: float
    """Mean squared length over the number of dimensions: 1."""
    spread_ratio: float
    """Standard deviation of squared lengths over sqrt(2 d): 1."""
    ks_distance: float
    """Largest distance of the distribution of squared lengths from chi-squared: 0."""
    largest_correlation: float
    """Of two coordinates, by size: 0 but for the scatter of the sample."""
    mean_kurtosis: float
    """Over coordinates: 3."""


@dataclass(frozen=True, slots=True)
class LengthHistogram:
    """Squared lengths as densities over common bins, beside chi-squared: the paper's Figure 1."""

    edges: Float
    """(BINS + 1,)."""
    densities: dict[str, Float]
    """Name of the transform to (BINS,)."""
    chi_squared: Float
    """(BINS,) at the middle of the bins."""


@torch.no_grad()
def transformed(
    z: Tensor, w: Tensor, flow: MaskedAutoregressiveFlow, pulse: PulseTransform
) -> dict[str, Tensor]:
    """Give the same style vectors in four ways, each (N, d).

    Args:
        z: Gaussian numbers.
        w: the style vectors of `z`.
        flow: trained on other vectors.
        pulse: fitted to other vectors.

    Returns:
        `z`; `w`, with one mean per coordinate and one scale for all; `pulse`; `flow`.
    """
    centred = w - w.mean(0)
    return {
        "z": z,
        "w": centred / centred.square().mean().sqrt(),
        "pulse": pulse.to_gaussian(w),
        "flow": flow(w)[0],
    }


def gaussianity(u: Tensor) -> Gaussianity:
    """Measure vectors (N, d), N at least 2."""
    exact = u.double()
    count, dims = exact.shape
    lengths = exact.square().sum(1)
    standard = (exact - exact.mean(0)) / exact.std(0).clamp_min(1e-12)
    correlation = standard.T @ standard / (count - 1) - torch.eye(dims, dtype=torch.float64)
    return Gaussianity(
        mean_ratio=float(lengths.mean()) / dims,
        spread_ratio=float(lengths.std()) / math.sqrt(2 * dims),
        ks_distance=_ks_distance(lengths, dims),
        largest_correlation=float(correlation.fill_diagonal_(0).abs().max()),
        mean_kurtosis=float(standard.pow(4).mean()),
    )


def length_histogram(vectors: dict[str, Tensor]) -> LengthHistogram:
    """Give the squared lengths of several transforms over 0 to twice the dimensions and beyond."""
    lengths = {name: u.double().square().sum(1).cpu().numpy() for name, u in vectors.items()}
    dims = next(iter(vectors.values())).shape[1]
    # Wide tails of a bad transform would leave one bin to the good ones.
    longest = max(float(np.quantile(value, 0.99)) for value in lengths.values())
    top = min(max(longest, dims + 6 * math.sqrt(2 * dims)), 4.0 * dims)
    edges = np.linspace(0.0, top, BINS + 1)
    width = float(edges[1])
    densities = {
        name: np.histogram(value, edges)[0] / (len(value) * width)
        for name, value in lengths.items()
    }
    return LengthHistogram(edges, densities, _chi_squared_density(edges[:-1] + width / 2, dims))


def _ks_distance(lengths: Tensor, dims: int) -> float:
    ordered = lengths.sort().values
    count = len(ordered)
    half = torch.full_like(ordered, dims / 2)
    expected = torch.special.gammainc(half, ordered / 2)
    steps = torch.arange(count + 1, dtype=torch.float64) / count
    apart = torch.stack([steps[1:] - expected, expected - steps[:-1]])
    return float(apart.max())


def _chi_squared_density(x: Float, dims: int) -> Float:
    half = dims / 2
    log = (half - 1) * np.log(x) - x / 2 - half * math.log(2) - math.lgamma(half)
    return np.exp(log)
