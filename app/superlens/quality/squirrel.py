"""SQUIRREL: where does a super-resolved picture contradict the raw one, and how well do they agree?

The super-resolved picture is blurred until it fits the raw one best. Unlike `consistency` its
brightness is fitted as well, so that pictures in any units can be judged; what the blur hides
cannot be judged at all, see `BLIND_SPOT`.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from superlens.core.errors import InvalidInput
from superlens.quality.baselines import bicubic
from superlens.quality.pairing import extent_of, same_field

if TYPE_CHECKING:
    from scipy import sparse

Float = NDArray[np.float64]

LARGEST_SIGMA = 10.0
"""Widest blur that is tried, in pixels of the raw picture."""
BLIND_SPOT = (
    "This map cannot see detail that the optics blur away: a structure invented below the "
    "resolution of the raw picture, such as one line split into two, leaves it dark. "
    "A dark map does not prove the detail."
)
"""Stands next to every map."""

_TRIALS = 25
_NEGLIGIBLE = 1e-10


@dataclass(frozen=True, slots=True)
class Squirrel:
    """Agreement of a super-resolved picture with the raw one, after the best blur and brightness.

    All but the map is measured on the raw picture's pixels.
    """

    rse: float
    """Root mean square error in the raw picture's units (resolution-scaled error)."""
    rsp: float
    """Correlation (resolution-scaled Pearson coefficient)."""
    nrse: float
    """`rse` over the raw picture's range."""
    sigma_px: float
    """Standard deviation of the blur, in super-resolved pixels."""
    at_bound: bool
    """The best blur was the widest that was tried: do not trust the rest."""
    slope: float
    """Raw units per super-resolved unit; 0 if the pictures have nothing in common."""
    offset: float
    signed_map: NDArray[np.float32]
    """(Y * scale, X * scale) raw (enlarged) minus blurred super-resolved picture."""

    @property
    def error_map(self) -> NDArray[np.float32]:
        """Give the size of the error, pixel by pixel."""
        return np.abs(self.signed_map)


def squirrel(sr: ArrayLike, reference: ArrayLike, scale: int) -> Squirrel:
    """Compare a super-resolved picture with a registered raw one.

    Args:
        sr: (Y * scale, X * scale), in any units.
        reference: (Y, X), best the mean of several frames.
        scale: super-resolved pixels per raw pixel, along one side.

    Raises:
        InvalidInput: the shapes do not fit the scale, or the raw picture is constant.

    Source: Culley et al., Nat. Methods 15, 263 (2018), doi 10.1038/nmeth.4605; the search goes over
    the blur alone, since slope and offset follow from it by least squares.
    """
    from scipy import optimize

    fine, coarse = same_field(sr, reference, scale)
    extent = extent_of(coarse)
    pair = _Pair(fine, coarse, scale)

    def badness(sigma_px: float) -> float:
        return -pair.correlation(sigma_px)

    widest = LARGEST_SIGMA * scale
    trials = np.concatenate([[0.0], np.geomspace(0.15 * scale, widest, _TRIALS - 1)])
    best = int(np.argmin([badness(float(sigma)) for sigma in trials]))
    at_bound = best == len(trials) - 1
    bounds = (float(trials[max(best - 1, 0)]), float(trials[min(best + 1, len(trials) - 1)]))
    found: Any = optimize.minimize_scalar(
        badness, bounds=bounds, method="bounded", options={"xatol": 1e-4 * scale}
    )
    # A bounded search never tries its ends.
    sigma_px = min(float(found.x), float(trials[best]), key=badness)
    slope, offset, rsp = pair.line(sigma_px)
    spread = float(coarse.std())
    rse = spread * float(np.sqrt(max(1.0 - rsp**2, 0.0))) if slope > 0 else spread
    predicted = slope * pair.blurred(sigma_px) + offset
    return Squirrel(
        rse=rse,
        rsp=rsp,
        nrse=rse / extent,
        sigma_px=sigma_px,
        at_bound=at_bound,
        slope=slope,
        offset=offset,
        signed_map=(bicubic(coarse, scale) - predicted).astype(np.float32),
    )


def noise_ceiling(frames: ArrayLike) -> float:
    """Give the correlation that even the true picture would reach with the mean of noisy frames.

    Args:
        frames: (K, Y, X) registered frames of one field, at least two.

    Raises:
        InvalidInput: fewer than two frames.
    """
    stack = np.asarray(frames, np.float64)
    if stack.ndim != 3 or len(stack) < 2:
        raise InvalidInput(
            f"Frames of shape {stack.shape} do not tell their noise",
            "Give at least two frames of the same field.",
        )
    noise = float(stack.var(axis=0, ddof=1).mean()) / len(stack)
    total = float(stack.mean(axis=0).var())
    return float(np.sqrt(max(1.0 - noise / total, 0.0))) if total > 0 else 0.0


class _Pair:
    """Two pictures as cosine spectra, in which blurring and binning are multiplications."""

    def __init__(self, fine: Float, coarse: Float, scale: int) -> None:
        from scipy import fft

        self._fine = np.asarray(fft.dctn(fine, norm="ortho"))
        self._coarse = np.asarray(fft.dctn(coarse, norm="ortho"))
        self._folds = tuple(_fold(length, scale) for length in coarse.shape)

    def correlation(self, sigma_px: float) -> float:
        """Correlate the raw picture with the blurred and binned one."""
        return self.line(sigma_px)[2]

    def line(self, sigma_px: float) -> tuple[float, float, float]:
        """Give slope and offset of least squares, and the correlation."""
        rows, columns = (_passed(length, sigma_px) for length in self._fine.shape)
        # A wide blur leaves only the first few cosines to reckon with.
        rows, columns = rows[rows > _NEGLIGIBLE], columns[columns > _NEGLIGIBLE]
        left = self._fine[: len(rows), : len(columns)] * rows[:, None] * columns
        fold_rows, fold_columns = self._folds
        binned = fold_rows[:, : len(rows)] @ left @ fold_columns[:, : len(columns)].T
        mean = binned[0, 0]
        # The first coefficient is the mean, the others hold all the variance.
        power = float((binned**2).sum() - mean**2)
        shared = float((binned * self._coarse).sum() - mean * self._coarse[0, 0])
        root = np.sqrt(self._coarse.size)
        if power <= self._tiny or shared <= 0.0:
            own = np.sqrt(power * self._total)
            return 0.0, float(self._coarse[0, 0] / root), shared / own if own > 0 else 0.0
        slope = shared / power
        offset = float((self._coarse[0, 0] - slope * mean) / root)
        return slope, offset, shared / float(np.sqrt(power * self._total))

    def blurred(self, sigma_px: float) -> Float:
        """Give (Y * scale, X * scale) the blurred super-resolved picture."""
        from scipy import fft

        rows, columns = (_passed(length, sigma_px) for length in self._fine.shape)
        return np.asarray(fft.idctn(self._fine * rows[:, None] * columns, norm="ortho"))

    @cached_property
    def _total(self) -> float:
        return float((self._coarse**2).sum() - self._coarse[0, 0] ** 2)

    @cached_property
    def _tiny(self) -> float:
        """Give what rounding alone may leave of a constant picture."""
        return 1e-20 * float((self._fine**2).sum())


def _passed(length: int, sigma_px: float) -> Float:
    """Give what a Gaussian blur leaves of each cosine of a picture's side."""
    frequency = np.arange(length) / (2.0 * length)
    return np.exp(-2.0 * np.pi**2 * sigma_px**2 * frequency**2)


def _fold(length: int, scale: int) -> "sparse.csc_array":
    """Give the matrix that turns cosine coefficients of a fine side into those of its bin means.

    Means over bins weaken each cosine; those finer than the bins reappear as coarser ones.

    Returns:
        (length, length * scale), for orthonormal transforms.
    """
    from scipy import sparse

    fine = np.arange(length * scale)
    angle = np.pi * fine / (2.0 * length * scale)
    weakened = np.ones(len(fine))
    weakened[1:] = np.sin(scale * angle[1:]) / (scale * np.sin(angle[1:]))
    period, rest = np.divmod(fine, 2 * length)
    mirrored = rest > length
    target = np.where(mirrored, 2 * length - rest, rest)
    sign = np.where(mirrored, -1.0, 1.0) * (-1.0) ** period
    kept = rest != length
    weight = sign * weakened / np.sqrt(scale)
    return sparse.csc_array(
        (weight[kept], (target[kept], fine[kept])), shape=(length, length * scale)
    )
