"""Nuclei in a DNA image, as labels.

Lengths are in pixels of the image given; parameters and their units live with the assays.
"""

from dataclasses import dataclass

import numpy as np
from scipy import ndimage
from skimage.morphology import local_maxima
from skimage.segmentation import watershed

from superlens.assay.compartments import RingGeometry, rings
from superlens.assay.filtering import (
    Image,
    Labels,
    Mask,
    Plane,
    above_dark,
    above_otsu,
    depth_inside,
    filled,
    finite,
    noise_sigma,
    opened,
    pieces,
    smoothed,
    smoothing_gain,
    without_hot_pixels,
)
from superlens.assay.labelled import areas, maxima, means, quantiles, touching_border
from superlens.assay.parting import merged

# Widths as shares of the diameter of a nucleus.
_SMOOTHING = 1.0 / 16.0
_BRIGHTNESS_SMOOTHING = 1.0 / 8.0
_FOREGROUND_OPENING = 1.0 / 16.0
_OUTLINE_OPENING = 1.0 / 12.0
_SURROUNDINGS = 3.5
_GLOW = 0.25

_BRIGHTNESS_WEIGHT = 0.5
_SADDLE_DEPTH = 0.08
"""How deep the valley between two nuclei must be to part them, in units of the landscape."""
_LEVEL_QUANTILE = 0.75
_HEIGHT_SHARE = 0.5
_CUT_SHARE = 0.25
_NOISE_LIMIT = 5.0
"""Contrast below so many standard deviations of the smoothed noise is no nucleus."""
_FAINTEST_SHARE = 0.25
"""Less contrast than this share of the typical nucleus is the glow of a neighbour."""
_SMALLEST_DIAMETER_PX = 4.0
_FIRST_SMOOTHING_PX = 1.0
_STEADY_SHARE = 0.7


@dataclass(frozen=True, slots=True)
class NucleiSettings:
    """How nuclei are told from the rest."""

    diameter_px: float | None = None
    """Typical short diameter of a nucleus; None estimates it from the image."""
    smallest_share: float = 0.25
    """Smallest area kept, as a share of a disc of the typical diameter."""


def segment_nuclei(image: Image, settings: NucleiSettings) -> Labels:
    """Find the nuclei of a DNA image and part those that touch.

    A pixel is foreground where the square root of the smoothed image is above Otsu's threshold and
    above its surroundings. Touching nuclei are parted by a watershed on a landscape of distance to
    the edge and local brightness. Then every nucleus is cut at half its own height.

    Args:
        image: (Y, X), any unit; pixels that are not finite count as dark.
        settings: see there.

    Returns:
        (Y, X) labels from 1 without gaps; none where nothing stands out of the noise.

    Source: F. Meyer, Signal Processing, 1994, doi 10.1016/0165-1684(94)90060-4 (watershed).
    """
    plane = without_hot_pixels(finite(image))
    diameter = settings.diameter_px or estimate_diameter(plane)
    if diameter is None:
        return np.zeros(plane.shape, np.int32)
    smooth = smoothed(plane, diameter * _SMOOTHING)
    root = above_dark(smooth)
    mask = _foreground(root, diameter)
    labels = _tightened(_parted(mask, root, diameter), smooth, diameter)
    least_px = settings.smallest_share * np.pi / 4.0 * diameter**2
    noise = noise_sigma(image) * smoothing_gain(diameter * _SMOOTHING)
    return _kept(labels, smooth, least_px, _NOISE_LIMIT * noise)


def estimate_diameter(image: Image) -> float | None:
    """Give the typical short diameter of an image's bright objects in pixels, None without any.

    Haze and uneven light are larger than nuclei: what is smooth over twice the diameter found is
    taken off and the diameter measured again, until it hardly shrinks.
    """
    root = above_dark(smoothed(without_hot_pixels(finite(image)), _FIRST_SMOOTHING_PX))
    diameter = _depth_diameter(above_otsu(root))
    if diameter is None:
        return None
    is_steady = False
    while not is_steady:
        reach = min(2.0 * diameter, min(root.shape) / 4)
        finer = _depth_diameter(above_otsu(root - _surroundings(root, reach))) or diameter
        is_steady = finer > _STEADY_SHARE * diameter
        diameter = finer
    return diameter


def _depth_diameter(mask: Mask) -> float | None:
    """Give twice the largest distance to the edge, which touching neighbours do not change.

    The median over objects, each weighted by its area so that specks do not count.
    """
    labels = pieces(mask, connectivity=1)
    count = int(labels.max(initial=0))
    if count == 0:
        return None
    reach = maxima(labels, depth_inside(mask), count)
    order = np.argsort(reach)
    weight = np.cumsum(areas(labels, count)[order])
    middle = int(np.searchsorted(weight, 0.5 * weight[-1]))
    return max(2.0 * float(reach[order][middle]), _SMALLEST_DIAMETER_PX)


def _surroundings(plane: Plane, side_px: float) -> Plane:
    """Give the mean of an image around every pixel."""
    return np.asarray(ndimage.uniform_filter(plane, _odd(side_px)), np.float32)


def _foreground(root: Plane, diameter: float) -> Mask:
    mask = above_otsu(root) & (root > _surroundings(root, _SURROUNDINGS * diameter))
    return filled(opened(mask, round(_FOREGROUND_OPENING * diameter)))


def _parted(mask: Mask, root: Plane, diameter: float) -> Labels:
    shape = smoothed(depth_inside(mask), diameter * _SMOOTHING) / (diameter / 2)
    sigma = diameter * _BRIGHTNESS_SMOOTHING
    brightness = smoothed(root * mask, sigma)
    brightness /= np.maximum(smoothed(mask.astype(np.float32), sigma), 1e-3)
    brightest = ndimage.maximum_filter(brightness, size=_odd(diameter))
    landscape = shape + _BRIGHTNESS_WEIGHT * brightness / np.maximum(brightest, 1e-6)
    landscape = np.where(mask, landscape, 0).astype(np.float32)
    seeds = pieces(local_maxima(landscape) & mask, connectivity=2)
    basins = watershed(-landscape, seeds, mask=mask).astype(np.int32)
    return merged(basins, landscape, _SADDLE_DEPTH)


def _tightened(labels: Labels, smooth: Plane, diameter: float) -> Labels:
    """Cut every nucleus at half its own height above its own surroundings, and keep one piece.

    One threshold for a whole image leaves a glow around bright nuclei.
    """
    count = int(labels.max(initial=0))
    nearby = rings(labels, RingGeometry(0, _GLOW * diameter, _GLOW * diameter))
    low = quantiles(nearby, smooth, count, 0.5)
    high = quantiles(labels, smooth, count, _LEVEL_QUANTILE)
    half = np.nan_to_num(low + _HEIGHT_SHARE * (high - low), nan=-np.inf)  # no surroundings: whole
    cut = np.concatenate([[-np.inf], half]).astype(np.float32)
    mask = opened((labels > 0) & (smooth > cut[labels]), round(_OUTLINE_OPENING * diameter))
    tight = np.where(mask, labels, 0)
    return np.where(filled(_largest_pieces(tight, count)), labels, 0)


def _largest_pieces(labels: Labels, count: int) -> Mask:
    """Say which pixels belong to the largest connected piece of their label."""
    piece = pieces(labels, connectivity=1)
    sizes = np.bincount(piece.ravel())
    owner = np.zeros(len(sizes), np.int64)
    owner[piece.ravel()] = labels.ravel()
    largest = np.zeros(count + 1, np.int64)
    np.maximum.at(largest, owner, sizes)
    return ((sizes == largest[owner]) & (owner > 0))[piece]


def _kept(labels: Labels, smooth: Plane, least_px: float, least_contrast: float) -> Labels:
    """Drop what is too small or does not stand out, and number the rest from 1.

    A nucleus that the edge of the image cuts may be smaller: it still hides cytoplasm.
    """
    count = int(labels.max(initial=0))
    around = rings(labels, RingGeometry(0, 1, 3))
    contrast = means(labels, smooth, count) - means(around, smooth, count)
    least = np.where(touching_border(labels, count, 1), _CUT_SHARE * least_px, least_px)
    keep = (areas(labels, count) >= least) & ~(contrast < least_contrast)
    if keep.any():
        keep &= ~(contrast < _FAINTEST_SHARE * np.median(contrast[keep]))
    number = np.zeros(count + 1, np.int32)
    number[1:][keep] = np.arange(1, keep.sum() + 1)
    return number[labels]


def _odd(length_px: float) -> int:
    return 2 * (max(3, round(length_px)) // 2) + 1
