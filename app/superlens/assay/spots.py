"""Spots in a fluorescence image: what stands out of its surroundings, and to which cell it belongs.

Lengths are in pixels of the image given; parameters and their units live with the assays.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from superlens.assay.filtering import (
    Image,
    Labels,
    Plane,
    finite,
    nearest_label,
    noise_sigma,
    pieces,
    smoothed,
    smoothing_gain,
)
from superlens.assay.labelled import Floats, areas, centres

_MAD_TO_SIGMA = 1.4826
_SPREADS = 3.0
"""A spot is so many robust standard deviations above the median of its field."""
_HEIGHT_SHARE = 0.45
"""A spot reaches down to this share of the height of its cell's spots."""
_FAINTEST_SHARE = 0.2
"""Less height than this share of the typical cell's is the haze of a cell without spots."""
_NOISE_LIMIT = 5.0
"""Less height than so many standard deviations of the smoothed noise is no spot."""
_OCTAGON_SQUARE = np.sqrt(2.0) - 1.0
"""Half side of the square whose sum with a diamond is a regular octagon of inner radius 1."""


@dataclass(frozen=True, slots=True)
class SpotSettings:
    """What counts as a spot."""

    smoothing_px: float
    """Standard deviation of the Gaussian that takes off noise."""
    reach_px: float
    """Radius of the top-hat: what is wider than twice that is background."""
    smallest_px: float
    """Smallest area kept, in pixels."""


@dataclass(frozen=True, slots=True)
class SpotTable:
    """What is known of each spot; row k belongs to label k + 1."""

    areas: NDArray[np.int64]
    """Pixels."""
    centres: Floats
    """(N, 2) centres of mass (y, x) in pixels."""
    owners: NDArray[np.int32]
    """Label of the cell, 0 without one."""


def find_spots(image: Image, territory: Labels, settings: SpotSettings) -> Labels:
    """Find the spots of the cells of a field.

    A pixel may belong to a spot where the top-hat is above one threshold for the whole field: the
    median plus three robust standard deviations, and the limit of the noise. Then the spots of
    every cell are cut at a share of that cell's own height, so that neither a bright neighbour nor
    the strength of the stain changes their size. A cell far below the others has only haze.

    Args:
        image: (Y, X), any unit; pixels that are not finite count as dark.
        territory: (Y, X) label of the cell that may own a spot here, 0 for none.
        settings: see there.

    Returns:
        (Y, X) labels from 1 without gaps, each within one cell; none where nothing stands out.
    """
    relief = enhanced(image, settings)
    middle = float(np.median(relief))
    spread = _MAD_TO_SIGMA * float(np.median(np.abs(relief - middle)))
    least = middle + max(_SPREADS * spread, noise_limit(image, settings))
    standing = np.where(relief > least, territory, 0)
    height = _heights(relief, standing, int(territory.max(initial=0)))
    is_haze = ~(height >= _FAINTEST_SHARE * _median(height))
    cut = np.concatenate([[np.inf], np.where(is_haze, np.inf, _HEIGHT_SHARE * height)])
    is_spot = (standing > 0) & (relief > cut.astype(np.float32)[territory])
    return large_enough(pieces(np.where(is_spot, territory, 0), connectivity=2), settings)


def enhanced(image: Image, settings: SpotSettings) -> Plane:
    """Give how far every pixel of the smoothed image stands out: the white top-hat.

    Source: J. Serra, Image Analysis and Mathematical Morphology, Academic Press, 1982; the disc is
    a regular octagon, which falls into a square and a diamond.
    """
    smooth = smoothed(finite(image), settings.smoothing_px)
    return smooth - _opened_by_octagon(smooth, settings.reach_px)


def noise_limit(image: Image, settings: SpotSettings) -> float:
    """Give the height in the smoothed image below which a spot may be noise."""
    return _NOISE_LIMIT * noise_sigma(image) * smoothing_gain(settings.smoothing_px)


def large_enough(labels: Labels, settings: SpotSettings) -> Labels:
    """Drop labels of too few pixels and number the rest from 1."""
    count = int(labels.max(initial=0))
    keep = areas(labels, count) >= settings.smallest_px
    number = np.zeros(count + 1, np.int32)
    number[1:][keep] = np.arange(1, keep.sum() + 1)
    return number[labels]


def territories(nuclei: Labels, limit_px: float) -> Labels:
    """Give for every pixel the label of the nearest nucleus within a limit, 0 beyond it."""
    distance, owner = nearest_label(nuclei)
    return np.where(distance <= limit_px, owner, 0).astype(np.int32)


def spot_table(spots: Labels, territory: Labels) -> SpotTable:
    """Give place, size and owner of every spot; each spot lies within one territory."""
    count = int(spots.max(initial=0))
    owners = np.zeros(count + 1, np.int32)
    owners[spots] = territory
    return SpotTable(areas(spots, count), centres(spots, count), owners[1:])


def totals(owners: NDArray[np.int32], values: NDArray[Any], count: int) -> Floats:
    """Give the sum of a value over the spots of each of `count` cells, 0 without a spot."""
    sums = np.bincount(owners, weights=values, minlength=count + 1)[1:]
    return sums.astype(np.float64)


def _heights(relief: Plane, standing: Labels, count: int) -> Floats:
    """Give how high the spots of each cell are: the mean of the relief weighted by itself.

    Wide haze counts little, since it is low; NaN for a cell where nothing stands out.
    """
    inside = standing > 0
    owner, weight = standing[inside], relief[inside].astype(np.float64)
    light = np.bincount(owner, weights=weight, minlength=count + 1)[1:]
    squares = np.bincount(owner, weights=weight**2, minlength=count + 1)[1:]
    return np.divide(squares, light, out=np.full(count, np.nan), where=light > 0)


def _median(heights: Floats) -> float:
    known = heights[np.isfinite(heights)]
    return float(np.median(known)) if known.size else np.nan


def _opened_by_octagon(plane: Plane, radius_px: float) -> Plane:
    side = 2 * round(_OCTAGON_SQUARE * radius_px) + 1
    steps = max(1, round(radius_px)) - side // 2
    low = np.asarray(ndimage.minimum_filter(plane, side), np.float32)
    high = _diamond(_diamond(low, steps, np.minimum), steps, np.maximum)
    return np.asarray(ndimage.maximum_filter(high, side), np.float32)


def _diamond(plane: Plane, steps: int, extreme: Any) -> Plane:
    """Give the smallest or largest value within so many steps to the four neighbours."""
    for _ in range(steps):
        wider = plane.copy()
        for here, there in (
            (np.s_[:-1, :], np.s_[1:, :]),
            (np.s_[1:, :], np.s_[:-1, :]),
            (np.s_[:, :-1], np.s_[:, 1:]),
            (np.s_[:, 1:], np.s_[:, :-1]),
        ):
            extreme(wider[here], plane[there], out=wider[here])
        plane = wider
    return plane
