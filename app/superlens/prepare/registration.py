"""Where one picture of a field lies in another one of it: shift, then affine where it helps.

Works on the grid of the low-resolution picture: the high one comes averaged over blocks.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from superlens.prepare.alignment import Placement, block_mean

Float = NDArray[np.float64]

AFFINE_GAIN = 0.01
"""An affine placement must raise the correlation by this much over the best shift ..."""
AFFINE_REACH_PX = 0.25
"""... and move some corner by this many low-resolution pixels; else the shift is kept."""
CERTAIN_PEAK = 12.0
"""A correlation peak so many standard deviations high is no chance.

Pictures of different fields stayed below 10, in fields of 160 to 640 pixels; real pairs were above
15.
"""
CLEAR_PEAK, CLEAR_CORRELATION = 6.0, 0.4
"""A lower peak is enough where the correlation itself is high, as in small pictures."""

_LONGEST_SIDE = 1024
_FINE_SIGMA, _COARSE_SIGMA = 1.0, 8.0
_EXTREME = 10.0
_SEARCH_TAPER, _FIT_TAPER = 0.5, 1.0
_BLURS_PX = (0.0, 0.5, 0.7, 1.0, 1.4, 2.0, 2.8, 4.0, 5.6)
_FARTHEST = 0.25
"""Of the side of the picture: a pair that is displaced further shows another field."""
_AFFINE_SIDE = 512
_FITTING_ROUNDS = 12
_SMALLEST_STEP_PX = 2e-3
_LARGEST_STRETCH = 0.15
_WORST_CONDITION = 1e12


@dataclass(frozen=True, slots=True)
class Registration:
    """Where the low picture lies in the high one, and how sure that is."""

    placement: Placement
    correlation_before: float
    """Of what is finer than some pixels, as the two pictures come."""
    correlation_after: float
    """The same, of what both show, once placed."""
    peak: float
    """Height of the correlation peak in standard deviations of the correlations elsewhere."""
    blur_px: float
    """Gaussian blur in low-resolution pixels that makes the high picture most like the low one."""

    @property
    def is_certain(self) -> bool:
        """Whether the two show the same field beyond doubt."""
        is_clear = self.peak >= CLEAR_PEAK and self.correlation_after >= CLEAR_CORRELATION
        return self.peak >= CERTAIN_PEAK or is_clear


def register(low: NDArray[np.floating], high: NDArray[np.floating]) -> Registration:
    """Find where a low picture lies in a high one.

    Args:
        low: (Y, X), at least 32 pixels on each side.
        high: (Y, X), the high picture averaged over blocks, of the same shape.

    Returns:
        A shift, to within 0.05 px in pictures of 128 px and of usual noise, or an affine placement.
    """
    bins = max(1, math.ceil(max(low.shape) / _LONGEST_SIDE))
    ours, theirs = (detail(block_mean(image, bins)) for image in (low, high))
    before = correlation(ours, theirs)
    whole, peak = _coarse_shift(ours, theirs)
    coarse = Placement((float(whole[0]), float(whole[1])))
    blur = _likest_blur(*_shared(ours, theirs, whole))
    placement, after = coarse, _placed_correlation(ours, theirs, coarse)
    if peak >= CLEAR_PEAK:
        alike = _blurred(theirs, blur)
        placement = _fitted(ours, alike, coarse, is_affine=False)
        affine = _affine(ours, alike, placement)
        likeness = [_placed_correlation(ours, alike, one) for one in (placement, affine)]
        if likeness[1] > likeness[0] + AFFINE_GAIN:
            reach = _reach(affine, placement, ours.shape)
            placement = affine if reach * bins > AFFINE_REACH_PX else placement
        after = _placed_correlation(ours, theirs, placement)
    return Registration(_unbinned(placement, bins), before, after, peak, blur * bins)


def detail(image: NDArray[np.floating]) -> Float:
    """Give what is finer than 8 and coarser than 1 px, with a spread of 1 and without extremes."""
    from scipy import ndimage

    smooth = np.asarray(ndimage.gaussian_filter(image.astype(np.float64), _FINE_SIGMA))
    # Two smoothings in a row add their variances.
    wider = math.sqrt(_COARSE_SIGMA**2 - _FINE_SIGMA**2)
    fine = smooth - np.asarray(ndimage.gaussian_filter(smooth, wider))
    spread = float(fine.std())
    return np.clip(fine / spread, -_EXTREME, _EXTREME) if spread > 0 else fine


def correlation(first: Float, second: Float) -> float:
    """Give the correlation coefficient of two equally large pictures; 0 if one is constant."""
    a, b = first - first.mean(), second - second.mean()
    size = math.sqrt(float((a * a).sum()) * float((b * b).sum()))
    return float((a * b).sum()) / size if size > 0 else 0.0


def _likest_blur(low: Float, high: Float) -> float:
    """Give the blur of the high picture, of a few, with which the two correlate best."""
    window = _window(low.shape, _FIT_TAPER)

    def likeness(sigma: float) -> float:
        return correlation(low * window, _blurred(high, sigma) * window)

    return max(_BLURS_PX, key=likeness)


def _blurred(image: Float, sigma: float) -> Float:
    from scipy import ndimage

    return np.asarray(ndimage.gaussian_filter(image, sigma)) if sigma > 0 else image


def _coarse_shift(low: Float, high: Float) -> tuple[tuple[int, int], float]:
    window = _window(low.shape, _SEARCH_TAPER)
    ours, theirs = np.fft.rfft2(low * window), np.fft.rfft2(high * window)
    surface = np.fft.irfft2(ours.conj() * theirs, s=low.shape)
    surface = np.fft.fftshift(surface - np.median(surface))
    noise = 1.4826 * float(np.median(np.abs(surface)))
    middle = [side // 2 for side in low.shape]
    reach = [max(1, int(side * _FARTHEST)) for side in low.shape]
    near = surface[
        middle[0] - reach[0] : middle[0] + reach[0] + 1,
        middle[1] - reach[1] : middle[1] + reach[1] + 1,
    ]
    y, x = np.unravel_index(int(near.argmax()), near.shape)
    peak = float(near[y, x]) / noise if noise > 0 else 0.0
    return (int(y) - reach[0], int(x) - reach[1]), peak


def _window(shape: tuple[int, ...], taper: float) -> Float:
    from scipy.signal.windows import tukey

    return tukey(shape[0], taper)[:, None] * tukey(shape[1], taper)[None]


def _shared(low: Float, high: Float, shift: tuple[int, int]) -> tuple[Float, Float]:
    """Cut out of both pictures what both show when the high one is displaced by whole pixels."""
    ours = tuple(slice(max(0, -d), n - max(0, d)) for d, n in zip(shift, low.shape, strict=True))
    theirs = tuple(slice(max(0, d), n - max(0, -d)) for d, n in zip(shift, low.shape, strict=True))
    return low[ours], high[theirs]


def _affine(low: Float, high: Float, start: Placement) -> Placement:
    bins = max(1, math.ceil(max(low.shape) / _AFFINE_SIDE))
    ours, theirs = (block_mean(image, bins).astype(np.float64) for image in (low, high))
    return _unbinned(_fitted(ours, theirs, _binned(start, bins), is_affine=True), bins)


def _fitted(low: Float, high: Float, start: Placement, *, is_affine: bool) -> Placement:
    """Give the placement that explains the low picture best, by Gauss-Newton steps.

    The low picture is explained as gain times the placed high one plus an offset; both are fitted
    along with the two numbers of a shift or the six of an affine placement. What is near the
    border counts less: structure that it cuts looks displaced where the blur differs.
    """
    slopes = (np.gradient(high, axis=0), np.gradient(high, axis=1))
    points, trust = _grid(low.shape), np.sqrt(_window(low.shape, _FIT_TAPER).ravel())
    middle = points.mean(axis=0)
    placement = start
    for _ in range(_FITTING_ROUNDS):
        at = placement.at(points).T
        value, down, right = (_sampled(image, at) for image in (high, *slopes))
        inside = np.isfinite(value)
        dy, dx = down[inside], right[inside]
        columns = [value[inside], np.ones_like(dy), dy, dx]
        if is_affine:
            y, x = (points[inside] - middle).T
            columns += [y * dy, x * dy, y * dx, x * dx]
        trusted = trust[inside]
        equations = np.stack(columns, axis=1) * trusted[:, None]
        step = _least_squares(equations, low.ravel()[inside] * trusted)
        if step is None:
            return start
        placement = _moved(placement, step, middle)
        if _reach(placement, start, low.shape) > _LARGEST_STRETCH * max(low.shape):
            return start
        # What is left of a turn or stretch counts at the border, where it moves most.
        moved = np.abs(step) * np.array([1.0, 1.0, *(max(low.shape) / 2,) * (step.size - 2)])
        if moved.max() < _SMALLEST_STEP_PX:
            break
    return placement


def _least_squares(columns: Float, wanted: Float) -> Float | None:
    """Give (dy, dx) or (dy, dx, yy, yx, xy, xx) of the next step; None where it cannot be told."""
    if len(wanted) < 16 * columns.shape[1]:
        return None
    normal = columns.T @ columns
    if np.linalg.cond(normal) > _WORST_CONDITION:
        return None
    solved = np.linalg.solve(normal, columns.T @ wanted)
    return solved[2:] / solved[0] if solved[0] > 0 else None


def _moved(placement: Placement, step: Float, middle: Float) -> Placement:
    turn = step[2:].reshape(2, 2) if step.size > 2 else np.zeros((2, 2))
    shift = np.asarray(placement.shift) + step[:2] - turn @ middle
    return _placement(shift, np.reshape(placement.matrix, (2, 2)) + turn)


def _grid(shape: tuple[int, ...]) -> Float:
    return np.indices(shape).reshape(2, -1).T.astype(np.float64)


def _sampled(image: Float, at: Float) -> Float:
    from scipy import ndimage

    return np.asarray(ndimage.map_coordinates(image, at, order=1, cval=np.nan))


def _placed_correlation(low: Float, high: Float, placement: Placement) -> float:
    """Correlate the low picture with the high one where it is placed, of what both show."""
    if placement.is_shift and all(value.is_integer() for value in placement.shift):
        whole = (int(placement.shift[0]), int(placement.shift[1]))
        return correlation(*_shared(low, high, whole))
    placed = _sampled(high, placement.at(_grid(low.shape)).T)
    inside = np.isfinite(placed)
    return correlation(low.ravel()[inside], placed[inside]) if inside.sum() > 1 else 0.0


def _reach(one: Placement, other: Placement, shape: tuple[int, ...]) -> float:
    """Give how far apart two placements put the corners of a picture, at most."""
    bottom, right = shape[0] - 1.0, shape[1] - 1.0
    corners = np.array([(0.0, 0.0), (0.0, right), (bottom, 0.0), (bottom, right)])
    return float(np.linalg.norm(one.at(corners) - other.at(corners), axis=1).max())


def _unbinned(placement: Placement, bins: int) -> Placement:
    """Give a placement between pictures whose pixels are `bins` times smaller."""
    middle = np.full(2, (bins - 1) / 2)
    matrix = np.reshape(placement.matrix, (2, 2))
    return _placement(bins * np.asarray(placement.shift) + middle - matrix @ middle, matrix)


def _binned(placement: Placement, bins: int) -> Placement:
    middle = np.full(2, (bins - 1) / 2)
    matrix = np.reshape(placement.matrix, (2, 2))
    return _placement((np.asarray(placement.shift) - middle + matrix @ middle) / bins, matrix)


def _placement(shift: Float, matrix: Float) -> Placement:
    yy, yx, xy, xx = (float(value) for value in matrix.ravel())
    return Placement((float(shift[0]), float(shift[1])), (yy, yx, xy, xx))
