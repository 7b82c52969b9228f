"""Distances between two sets of feature vectors: Fréchet distance and kernel distance.

What they mean, and under which name they may be shown, depends on the network that gave the
features; nothing here knows it. Torch-free.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from superlens.core.errors import InvalidInput

Float = NDArray[np.float64]

SAMPLES_PER_FEATURE = 10
"""A Fréchet distance of fewer samples per dimension mostly shows how few there were."""
SUBSETS = 100
LARGEST_SUBSET = 1000

_ROWS_AT_ONCE = 1024


@dataclass(frozen=True, slots=True)
class KernelDistance:
    """Squared maximum mean discrepancy, without bias: may be a little below 0 for equal sets."""

    value: float
    """Of all samples."""
    mean: float | None
    """Over random subsets; None if the sets are too small to have any."""
    std: float | None


def frechet_distance(first: ArrayLike, second: ArrayLike) -> float:
    """Give the Fréchet distance of two sets of features, each taken for a Gaussian.

    Args:
        first: (N, D).
        second: (M, D).

    Returns:
        At least 0. Sets of few samples are far apart even if they are alike: see `frechet_floor`.

    Raises:
        InvalidInput: the dimensions differ, numbers are not finite, or a set has fewer than two.

    Source: Dowson, Landau, J. Multivar. Anal. 12, 450 (1982), doi 10.1016/0047-259X(82)90077-X;
    Heusel et al., NeurIPS (2017), arXiv 1706.08500; Eq. 6.
    """
    a, b = _pair(first, second)
    mean = float(((a.mean(axis=0) - b.mean(axis=0)) ** 2).sum())
    covariance_a, covariance_b = _covariance(a), _covariance(b)
    # The same trace as that of the root of the product, but of a symmetric matrix.
    root = _root(covariance_a)
    shared = np.linalg.eigvalsh(root @ covariance_b @ root)
    trace = 2.0 * float(np.sqrt(np.maximum(shared, 0.0)).sum())
    distance = mean + float(np.trace(covariance_a) + np.trace(covariance_b)) - trace  # Eq. (6)
    return max(distance, 0.0)


def frechet_floor(truth: ArrayLike, seed: int = 0) -> float:
    """Give the distance between two random halves of the truth: less than this means nothing.

    Halves have half the samples, so the floor errs on the large side, by a factor of about two.

    Args:
        truth: (N, D) with N at least 4.
        seed: of the halving.
    """
    features = _checked(truth)
    order = np.random.default_rng(seed).permutation(len(features))
    half = len(features) // 2
    return frechet_distance(features[order[:half]], features[order[half : 2 * half]])


def frechet_warning(samples: int, dimensions: int) -> str | None:
    """Give the sentence that has to stand beside a Fréchet distance of too few samples."""
    enough = SAMPLES_PER_FEATURE * dimensions
    if samples >= enough:
        return None
    return (
        f"{samples} samples are few for {dimensions} features (at least {enough} are advised): "
        "compare with the floor, and trust the kernel distance more"
    )


def kernel_distance(
    first: ArrayLike, second: ArrayLike, subsets: int = SUBSETS, seed: int = 0
) -> KernelDistance:
    """Give the kernel distance of two sets of features, which few samples do not bias.

    Args:
        first: (N, D).
        second: (M, D).
        subsets: number of random subsets of min(1000, N / 2) samples for mean and spread.
        seed: of the subsets.

    Raises:
        InvalidInput: the dimensions differ, numbers are not finite, or a set has fewer than two.

    Source: Bińkowski, Sutherland, Arbel, Gretton, ICLR (2018), arXiv 1801.01401; Eq. 4, with
    k(x, y) = (x . y / D + 1)^3.
    """
    a, b = _pair(first, second)
    value = _discrepancy(a, b)
    size = min(LARGEST_SUBSET, min(len(a), len(b)) // 2)
    if size < 2:
        return KernelDistance(value, None, None)
    found = np.array(list(_of_subsets(a, b, size, subsets, seed)))
    return KernelDistance(value, float(found.mean()), float(found.std()))


def _of_subsets(a: Float, b: Float, size: int, subsets: int, seed: int) -> Iterator[float]:
    rng = np.random.default_rng(seed)
    for _ in range(subsets):
        chosen_a = rng.choice(len(a), size, replace=False)
        chosen_b = rng.choice(len(b), size, replace=False)
        yield _discrepancy(a[chosen_a], b[chosen_b])


def _discrepancy(a: Float, b: Float) -> float:
    """Give the unbiased squared maximum mean discrepancy."""
    n, m = len(a), len(b)
    within_a = (_kernel_sum(a, a) - _kernel_diagonal(a)) / (n * (n - 1))
    within_b = (_kernel_sum(b, b) - _kernel_diagonal(b)) / (m * (m - 1))
    return within_a + within_b - 2.0 * _kernel_sum(a, b) / (n * m)  # Eq. (4)


def _kernel_sum(a: Float, b: Float) -> float:
    """Sum k over all pairs, some rows at a time so that large sets need little memory."""
    total = 0.0
    for start in range(0, len(a), _ROWS_AT_ONCE):
        inner = a[start : start + _ROWS_AT_ONCE] @ b.T / a.shape[1] + 1.0
        total += float((inner * inner * inner).sum())
    return total


def _kernel_diagonal(a: Float) -> float:
    return float((((a * a).sum(axis=1) / a.shape[1] + 1.0) ** 3).sum())


def _covariance(features: Float) -> Float:
    centred = features - features.mean(axis=0)
    return centred.T @ centred / (len(features) - 1)


def _root(covariance: Float) -> Float:
    """Give the symmetric root; rounding may make eigenvalues a little negative."""
    values, vectors = np.linalg.eigh(covariance)
    return (vectors * np.sqrt(np.maximum(values, 0.0))) @ vectors.T


def _pair(first: ArrayLike, second: ArrayLike) -> tuple[Float, Float]:
    a, b = _checked(first), _checked(second)
    if a.shape[1] != b.shape[1]:
        raise InvalidInput(
            f"Features of {a.shape[1]} and of {b.shape[1]} dimensions cannot be compared",
            "Take both from the same network.",
        )
    return a, b


def _checked(features: ArrayLike) -> Float:
    values = np.asarray(features, np.float64)
    if values.ndim != 2 or len(values) < 2:
        raise InvalidInput(
            f"Features of shape {values.shape} are no set to compare",
            "Give at least two pictures.",
        )
    if not np.isfinite(values).all():
        raise InvalidInput("The features are not finite", "Leave out pictures that hold NaN.")
    return values
