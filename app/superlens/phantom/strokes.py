"""Curves that wander through the field, and how they are drawn as lines and as tubes.

Positions are (y, x) in fine pixels, with pixel centres at whole numbers.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from superlens.phantom.specimen import Array

Points = NDArray[np.float64]

_OUTSIDE_PX = 1e6


@dataclass(frozen=True, slots=True)
class Wander:
    """How curves bend."""

    step_px: float
    steps: int
    bend: float
    """Typical curvature in radians per pixel."""
    smoothness_px: float
    """Length over which the curvature keeps its value."""
    obedience: float = 0.0
    """How strongly a curve turns towards the direction field, in radians per pixel."""


def wander(
    starts: Points,
    headings: NDArray[np.float64],
    how: Wander,
    rng: np.random.Generator,
    directions: Array | None = None,
) -> Points:
    """Draw random smooth curves.

    Args:
        starts: (N, 2) first points.
        headings: (N,) first directions in radians, 0 along +x.
        how: step, length and bending.
        rng: the source of all randomness.
        directions: (Y, X) axis in radians that the curves follow if `how.obedience` says so.

    Returns:
        (N, steps, 2) points.
    """
    count = len(starts)
    points = np.empty((count, how.steps, 2))
    memory = np.exp(-how.step_px / max(how.smoothness_px, how.step_px))
    renewal = np.sqrt(1.0 - memory**2)
    curvature = rng.standard_normal(count) * how.bend
    shocks = rng.standard_normal((how.steps, count)) * (how.bend * renewal)
    here, angle = starts.astype(np.float64).copy(), headings.astype(np.float64).copy()
    for step in range(how.steps):
        points[:, step] = here
        curvature = memory * curvature + shocks[step]
        turn = curvature
        if directions is not None:
            wanted = _sample(directions, here)
            # Twice the angle, because an axis has no front and back.
            turn = turn + 0.5 * how.obedience * np.sin(2.0 * (wanted - angle))
        angle = angle + turn * how.step_px
        here = here + how.step_px * np.stack([np.sin(angle), np.cos(angle)], axis=1)
    return points


def densified(curves: NDArray[np.float64], factor: int) -> NDArray[np.float64]:
    """Interpolate along curves linearly: (N, M, ...) to (N, (M - 1) * factor + 1, ...)."""
    count = curves.shape[1]
    position = np.arange((count - 1) * factor + 1) / factor
    first = np.minimum(position.astype(int), count - 2)
    t = (position - first).reshape(1, -1, *([1] * (curves.ndim - 2)))
    return curves[:, first] * (1 - t) + curves[:, first + 1] * t


def along(count: int, steps: int, memory_steps: float, rng: np.random.Generator) -> Points:
    """Draw (count, steps) values of mean 0 and variance 1 that vary slowly along each curve."""
    memory = np.exp(-1.0 / max(memory_steps, 1e-3))
    renewal = np.sqrt(1.0 - memory**2)
    values = rng.standard_normal((count, steps))
    for step in range(1, steps):
        values[:, step] = memory * values[:, step - 1] + renewal * values[:, step]
    return values


def splat(shape: tuple[int, int], points: Points, weights: NDArray[np.float64]) -> Array:
    """Add point masses to an empty field by bilinear shares, less those outside the field."""
    height, width = shape
    y, x, mass = points[..., 0].ravel(), points[..., 1].ravel(), weights.ravel()
    inside = (y > -1) & (y < height) & (x > -1) & (x < width) & (mass > 0)
    y, x, mass = y[inside], x[inside], mass[inside]
    row, column = np.floor(y).astype(int), np.floor(x).astype(int)
    v, u = y - row, x - column
    # A frame of one pixel takes the shares that fall outside.
    base = (row + 1) * (width + 2) + (column + 1)
    size = (height + 2) * (width + 2)
    total = np.bincount(base, mass * (1 - v) * (1 - u), size)
    total += np.bincount(base + 1, mass * (1 - v) * u, size)
    total += np.bincount(base + width + 2, mass * v * (1 - u), size)
    total += np.bincount(base + width + 3, mass * v * u, size)
    return total.reshape(height + 2, width + 2)[1:-1, 1:-1].astype(np.float32)


@dataclass(frozen=True, slots=True)
class TubeField:
    """For each fine pixel, where it lies in the nearest tube."""

    depth: Array
    """(Y, X) distance to the nearest centre line over the tube's radius there; 1 at the wall."""
    radius: Array
    """(Y, X) radius of that tube in pixels."""
    brightness: Array
    """(Y, X) brightness of that tube there."""


def tubes(
    shape: tuple[int, int],
    points: Points,
    radii: NDArray[np.float64],
    brightness: NDArray[np.float64],
) -> TubeField:
    """Find each pixel's place in the nearest tube.

    Args:
        shape: (Y, X).
        points: (M, 2) points on centre lines, closer together than half a pixel where it matters.
        radii: (M,) radius at each point, pixels.
        brightness: (M,) brightness at each point.
    """
    from scipy import ndimage

    margin = int(np.ceil(radii.max(initial=1.0))) + 1
    height, width = shape[0] + 2 * margin, shape[1] + 2 * margin
    cell = np.rint(points).astype(int) + margin
    inside = ((cell >= 0) & (cell < (height, width))).all(axis=1)
    owner = np.full((height, width), -1, np.int32)
    owner[cell[inside, 0], cell[inside, 1]] = np.flatnonzero(inside)
    if not inside.any():
        return TubeField(*(np.full(shape, value, np.float32) for value in (_OUTSIDE_PX, 1.0, 0.0)))
    nearest = np.empty((2, height, width), np.int32)
    ndimage.distance_transform_edt(
        owner < 0, return_distances=False, return_indices=True, indices=nearest
    )
    crop = (slice(margin, margin + shape[0]), slice(margin, margin + shape[1]))
    index = owner[nearest[0][crop], nearest[1][crop]]
    rows = np.arange(shape[0], dtype=np.float32)[:, None]
    columns = np.arange(shape[1], dtype=np.float32)[None, :]
    y, x = points[:, 0].astype(np.float32)[index], points[:, 1].astype(np.float32)[index]
    radius = radii.astype(np.float32)[index]
    depth: Array = (np.hypot(rows - y, columns - x) / radius).astype(np.float32)
    return TubeField(depth, radius, brightness.astype(np.float32)[index])


def covered(field: TubeField) -> Array:
    """Give the share of each pixel inside a tube, 0 to 1, with an edge one pixel wide."""
    return np.clip((1.0 - field.depth) * field.radius + 0.5, 0.0, 1.0).astype(np.float32)


def _sample(image: Array, points: Points) -> NDArray[np.float64]:
    row = np.clip(np.rint(points[:, 0]).astype(int), 0, image.shape[0] - 1)
    column = np.clip(np.rint(points[:, 1]).astype(int), 0, image.shape[1] - 1)
    return image[row, column].astype(np.float64)
