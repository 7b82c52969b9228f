"""Does a spread map mean what it says? Coverage, calibration error, ranking, and their repair.

All functions take a mean, a standard deviation and the truth for each pixel, in the same units and
of the same shape.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from superlens.core.errors import InvalidInput

Float = NDArray[np.float64]

LEVELS: tuple[float, ...] = (0.5, 0.683, 0.9, 0.95)
ENCE_BINS = 20
_FEWEST_IN_BIN = 100
_SPARSIFICATION_STEPS = 100
_FAINT = 0.05
"""A correlation below this is taken for chance."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """How far a spread map can be believed."""

    levels: tuple[float, ...]
    coverage: tuple[float, ...]
    """Share of pixels whose truth lies in the interval of each level."""
    auce: float
    """Mean distance of coverage from level over all levels."""
    ence: float
    """Relative error of the spread's size; small for a constant spread too, so mind `ause`."""
    ence_floor: float
    """What `ence` would be for a perfect spread, because pixels are finite in number."""
    ause: float
    """How much worse the spread ranks pixels by error than the errors do; 0 is perfect."""
    temperature: float
    """Factor that would repair the spread's overall size."""
    sharpness: float
    """Mean spread."""
    nll: float
    """Mean negative logarithm of the Gaussian likelihood; lower is better, units matter."""
    z_variance: float
    """Variance of error over spread: 1 if the spread has the right size."""


@dataclass(frozen=True, slots=True)
class Sparsification:
    """Error that is left after the pixels of largest spread are dropped."""

    dropped: Float
    """Shares 0, 0.01, ... 0.99."""
    by_spread: Float
    """Mean absolute error left, over that of all pixels."""
    by_error: Float
    """The same if the largest errors themselves were dropped: no ranking can do better."""


def calibration(mean: ArrayLike, spread: ArrayLike, truth: ArrayLike) -> Calibration:
    """Judge a spread map.

    Raises:
        InvalidInput: the shapes differ, or the spread is not above 0 everywhere.
    """
    error, sigma = _errors(mean, spread, truth)
    return Calibration(
        levels=LEVELS,
        coverage=coverage(mean, spread, truth),
        auce=auce(mean, spread, truth),
        ence=ence(mean, spread, truth),
        ence_floor=ence_floor(error.size),
        ause=ause(mean, spread, truth),
        temperature=temperature(mean, spread, truth),
        sharpness=float(sigma.mean()),
        nll=nll(mean, spread, truth),
        z_variance=float((error / sigma).var()),
    )


def coverage(
    mean: ArrayLike, spread: ArrayLike, truth: ArrayLike, levels: tuple[float, ...] = LEVELS
) -> tuple[float, ...]:
    """Give the share of pixels whose truth lies in the central Gaussian interval of each level."""
    from scipy import special

    error, sigma = _errors(mean, spread, truth)
    z = np.abs(error) / sigma
    return tuple(float((z <= np.sqrt(2.0) * special.erfinv(level)).mean()) for level in levels)


def auce(mean: ArrayLike, spread: ArrayLike, truth: ArrayLike) -> float:
    """Give the mean distance between coverage and level over the levels 1 % to 99 %.

    Source: Gustafsson, Danelljan, Schön, CVPR Workshops (2020), doi 10.1109/CVPRW50498.2020.00167.
    """
    levels = tuple(np.arange(1, 100) / 100.0)
    gaps = np.array(coverage(mean, spread, truth, levels)) - np.array(levels)
    return float(np.abs(gaps).mean())


def ence(mean: ArrayLike, spread: ArrayLike, truth: ArrayLike, bins: int = ENCE_BINS) -> float:
    """Give the expected normalised calibration error over bins of equally many pixels.

    Source: Levi, Gispan, Giladi, Fetaya, Sensors 22, 5540 (2022), doi 10.3390/s22155540; Eq. 8.
    """
    error, sigma = _errors(mean, spread, truth)
    order = np.argsort(sigma, kind="stable")
    gaps = []
    for part in np.array_split(order, bins):
        if len(part) < _FEWEST_IN_BIN:
            continue
        claimed = float(np.sqrt((sigma[part] ** 2).mean()))
        found = float(np.sqrt((error[part] ** 2).mean()))
        gaps.append(abs(claimed - found) / claimed)
    if not gaps:
        raise InvalidInput(
            f"{error.size} pixels are too few to judge a spread map",
            f"Give at least {bins * _FEWEST_IN_BIN} pixels.",
        )
    return float(np.mean(gaps))


def ence_floor(pixels: float, bins: int = ENCE_BINS) -> float:
    """Give the calibration error that independent pixels of a perfect spread would still show.

    Neighbouring pixels of a picture are not independent: see `independent_pixels`.
    """
    return float(np.sqrt(bins / (np.pi * pixels)))


def ause(mean: ArrayLike, spread: ArrayLike, truth: ArrayLike) -> float:
    """Give the area between the two curves of `sparsification`; 0 is perfect.

    The measure depends on the spread's ranking of pixels alone, not on its size.

    Source: Ilg et al., ECCV (2018), doi 10.1007/978-3-030-01234-2_40.
    """
    curves = sparsification(mean, spread, truth)
    return float(np.trapezoid(curves.by_spread - curves.by_error, curves.dropped))


def sparsification(mean: ArrayLike, spread: ArrayLike, truth: ArrayLike) -> Sparsification:
    """Give the error left after dropping pixels by spread, and by error; both curves start at 1.

    A picture without any error gives curves of zeros.
    """
    error, sigma = _errors(mean, spread, truth)
    size = np.abs(error)
    dropped, by_spread = _left_after_dropping(size, np.argsort(-sigma, kind="stable"))
    _, by_error = _left_after_dropping(size, np.argsort(-size, kind="stable"))
    return Sparsification(dropped, by_spread, by_error)


def nll(mean: ArrayLike, spread: ArrayLike, truth: ArrayLike) -> float:
    """Give the mean negative logarithm of the truth's likelihood under Gaussians of the spread."""
    error, sigma = _errors(mean, spread, truth)
    logarithm = np.log(2.0 * np.pi * sigma**2) / 2.0
    return float((logarithm + (error / sigma) ** 2 / 2.0).mean())


def independent_pixels(mean: ArrayLike, spread: ArrayLike, truth: ArrayLike) -> float:
    """Give the number of independent pixels that say as much as the correlated ones of a map.

    The autocorrelation of the squared error over spread is summed from its centre outwards until it
    has fallen to a twentieth; at least one pixel, at most all of them. For `ence_floor`.

    Args:
        mean: (Y, X).
        spread: the same shape.
        truth: the same shape.

    Source: Bayley, Hammersley, J. R. Stat. Soc. Suppl. 8, 184 (1946), doi 10.2307/2983560, in two
    dimensions.
    """
    from scipy import fft

    error, sigma = _errors(mean, spread, truth)
    rows, columns = np.shape(truth)
    energy = ((error / sigma) ** 2).reshape(rows, columns)
    energy = energy - energy.mean()
    padded = (2 * rows, 2 * columns)
    power = np.abs(np.asarray(fft.rfft2(energy, padded))) ** 2
    shared = np.asarray(fft.irfft2(power, padded))[:rows, :columns]
    if shared[0, 0] <= 0.0:
        return 1.0
    pairs = np.outer(rows - np.arange(rows), columns - np.arange(columns))
    correlation = shared / pairs / (shared[0, 0] / energy.size)
    return float(np.clip(energy.size / _volume(correlation), 1.0, energy.size))


def temperature(mean: ArrayLike, spread: ArrayLike, truth: ArrayLike) -> float:
    """Give the factor for the spread that makes the mean square of error over spread 1."""
    error, sigma = _errors(mean, spread, truth)
    return float(np.sqrt(((error / sigma) ** 2).mean()))


def conformal_factor(
    mean: ArrayLike, spread: ArrayLike, truth: ArrayLike, level: float = 0.9
) -> float:
    """Give the multiple of the spread that covers the truth at a level, whatever the errors' shape.

    Infinite if there are too few pixels for the level.

    Source: Lei et al., J. Am. Stat. Assoc. 113, 1094 (2018), doi 10.1080/01621459.2017.1307116.
    """
    error, sigma = _errors(mean, spread, truth)
    ratio = np.sort(np.abs(error) / sigma)
    rank = int(np.ceil((ratio.size + 1) * level))
    return float(ratio[rank - 1]) if rank <= ratio.size else float("inf")


def _volume(correlation: Float) -> float:
    """Sum a correlation over shifts, given the quadrant of positive ones, out to where it ends."""
    reach = min(correlation.shape) // 2
    shift = np.arange(reach)
    ring = np.rint(np.hypot(shift[:, None], shift)).astype(int).ravel()
    mean = np.bincount(ring, correlation[:reach, :reach].ravel()) / np.bincount(ring)
    faint = np.flatnonzero(mean[:reach] < _FAINT)
    end = int(faint[0]) if len(faint) else reach
    # Each ring counts with all its pixels, of which the quadrant holds about a quarter.
    shift = np.arange(-end, end + 1)
    ring = np.rint(np.hypot(shift[:, None], shift)).astype(int)
    counts = np.bincount(ring[ring < end], minlength=end)[:end]
    return float((counts * mean[:end]).sum())


def _left_after_dropping(error: Float, order: NDArray[np.intp]) -> tuple[Float, Float]:
    """Give shares 0, 1, ... 99 % and the mean absolute error left after dropping each, 1 at 0."""
    sums = np.concatenate([[0.0], np.cumsum(error[order])])
    drops = np.arange(_SPARSIFICATION_STEPS) * error.size // _SPARSIFICATION_STEPS
    left = (sums[-1] - sums[drops]) / (error.size - drops)
    return drops / error.size, left / left[0] if left[0] > 0 else left


def _errors(mean: ArrayLike, spread: ArrayLike, truth: ArrayLike) -> tuple[Float, Float]:
    m, s, y = (np.asarray(values, np.float64) for values in (mean, spread, truth))
    if not m.shape == s.shape == y.shape:
        raise InvalidInput(
            f"Mean, spread and truth have different sizes: {m.shape}, {s.shape} and {y.shape}",
            "Give three pictures of the same field at the same scale.",
        )
    if not (s > 0).all():
        raise InvalidInput(
            f"The spread is not above 0 everywhere; its smallest value is {s.min():g}",
            "Give a standard deviation for every pixel.",
        )
    return (m - y).ravel(), s.ravel()
