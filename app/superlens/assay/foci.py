"""Small bright spots inside nuclei, parted where they touch.

Lengths are in pixels of the image given; parameters and their units live with the assays.
"""

from dataclasses import dataclass

import numpy as np
from skimage.morphology import local_maxima
from skimage.segmentation import watershed

from superlens.assay.filtering import Image, Labels, Mask, Plane, pieces, smoothed
from superlens.assay.labelled import Floats, maxima, medians
from superlens.assay.parting import merged
from superlens.assay.spots import SpotSettings, enhanced, large_enough, noise_limit

_MAD_TO_SIGMA = 1.4826
_SPREADS = 4.0
"""A spot is so many robust standard deviations above the median of its nucleus."""
_HEIGHT_SHARE = 0.5
_SMOOTHING = 1.0 / 6.0
"""Smoothing before spots are parted, as a share of their diameter."""
_VALLEY = float(-np.log(0.85))
"""Two peaks are two spots if the pass between them is below 85 % of the lower one."""


@dataclass(frozen=True, slots=True)
class FociSettings:
    """What counts as a spot in a nucleus."""

    diameter_px: float
    """Typical diameter of a spot."""
    smoothing_px: float
    """Standard deviation of the Gaussian that takes off noise."""
    smallest_px: float
    """Smallest area kept, in pixels."""
    contrast: float
    """Least height over the surroundings, as a share of the level of the nucleus."""


def find_foci(image: Image, nuclei: Labels, levels: Floats, settings: FociSettings) -> Labels:
    """Find the spots in each nucleus.

    A pixel may belong to a spot where its top-hat is above the limit of the noise, four robust
    standard deviations above the median of its nucleus, and a share of the level of the nucleus.
    Those pixels are parted by a watershed where a valley lies between two peaks, and every spot is
    cut at half its own height.

    Args:
        image: (Y, X), any unit; pixels that are not finite count as dark.
        nuclei: (Y, X) labels.
        levels: typical value of each nucleus above the background of the field.
        settings: see there.

    Returns:
        (Y, X) labels from 1 without gaps, each within one nucleus.
    """
    shape = SpotSettings(settings.smoothing_px, settings.diameter_px, settings.smallest_px)
    relief = enhanced(image, shape)
    least = _least(relief, nuclei, noise_limit(image, shape), settings.contrast * levels)
    mask = (nuclei > 0) & (relief > least[nuclei])
    basins = _parted(relief, mask, settings.diameter_px)
    peaks = np.concatenate([[np.inf], maxima(basins, relief, int(basins.max(initial=0)))])
    spots = np.where(relief > _HEIGHT_SHARE * peaks[basins], basins, 0).astype(np.int32)
    return large_enough(spots, shape)


def _parted(relief: Plane, mask: Mask, diameter_px: float) -> Labels:
    """Part touching spots where the valley between them is deep in proportion to the lower one."""
    height = np.maximum(smoothed(relief, _SMOOTHING * diameter_px), np.finfo(np.float32).tiny)
    landscape = np.log(height)
    lowest = landscape[mask].min() if mask.any() else 0.0
    landscape = np.where(mask, landscape - lowest + 1.0, 0.0).astype(np.float32)
    seeds = pieces(local_maxima(landscape) & mask, connectivity=2)
    basins = watershed(-landscape, seeds, mask=mask).astype(np.int32)
    return merged(basins, landscape, _VALLEY)


def _least(relief: Plane, nuclei: Labels, noise: float, contrast: Floats) -> Floats:
    """Give by label how high a spot of that nucleus must stand; infinite outside of nuclei."""
    count = len(contrast)
    middle = medians(nuclei, relief, count)
    off = np.abs(relief - np.concatenate([[0.0], middle])[nuclei])
    spread = _SPREADS * _MAD_TO_SIGMA * medians(nuclei, off, count)
    needed = middle + np.maximum(np.maximum(spread, contrast), noise)
    return np.concatenate([[np.inf], needed])
