"""Images in, images or levels out: smoothing, distances, brightness, background, noise.

Lengths are in pixels of the image given. Nothing here knows of nuclei.
"""

from typing import Any, cast

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage.filters import threshold_otsu
from skimage.measure import label

Image = NDArray[np.floating[Any]]
Plane = NDArray[np.float32]
Labels = NDArray[np.int32]
Mask = NDArray[np.bool_]

_DARK_PERCENTILE = 1.0
_FIRST_SMOOTHING_PX = 1.0
_NOISE_GAIN = 6.0
"""Norm of the kernel [[1, -2, 1], [-2, 4, -2], [1, -2, 1]]."""
_MAD_TO_SIGMA = 1.4826


def finite(image: Image) -> Plane:
    """Give an image as float32 with its smallest finite value where it is not finite."""
    plane = np.asarray(image, np.float32)
    good = np.isfinite(plane)
    if good.all():
        return plane
    return np.where(good, plane, plane[good].min() if good.any() else np.float32(0))


def without_hot_pixels(plane: Plane) -> Plane:
    """Limit every pixel to the brightest of its four neighbours, so that single hot pixels go."""
    framed = np.pad(plane, 1, mode="reflect" if min(plane.shape) > 1 else "edge")
    beside = np.maximum(framed[1:-1, :-2], framed[1:-1, 2:])
    above = np.maximum(framed[:-2, 1:-1], framed[2:, 1:-1])
    return np.minimum(plane, np.maximum(beside, above))


def smoothed(plane: Plane, sigma_px: float) -> Plane:
    """Give an image after Gaussian smoothing."""
    return np.asarray(ndimage.gaussian_filter(plane, sigma_px), np.float32)


def above_dark(plane: Plane) -> Plane:
    """Give the square root of an image above its dark level: dim and bright become comparable."""
    dark = np.float32(np.percentile(plane, _DARK_PERCENTILE))
    return np.sqrt(np.maximum(plane - dark, 0))


def above_otsu(plane: Plane) -> Mask:
    """Say which pixels are above Otsu's threshold; none of a constant image.

    Source: N. Otsu, IEEE Trans. Syst. Man Cybern., 1979, doi 10.1109/TSMC.1979.4310076.
    """
    if plane.min() == plane.max():
        return np.zeros(plane.shape, np.bool_)
    return plane > threshold_otsu(plane)


def bright_mask(image: Image) -> Mask:
    """Say which pixels of an image are bright: Otsu's threshold of its square root."""
    plane = without_hot_pixels(finite(image))
    return above_otsu(above_dark(smoothed(plane, _FIRST_SMOOTHING_PX)))


def depth_inside(mask: Mask) -> Plane:
    """Give the distance of every pixel of a mask to the nearest pixel outside of it."""
    return np.asarray(ndimage.distance_transform_edt(mask), np.float32)


def nearest_label(labels: Labels) -> tuple[NDArray[np.float64], Labels]:
    """Give every pixel's distance to the nearest labelled pixel, and that one's label."""
    found = ndimage.distance_transform_edt(labels == 0, return_indices=True)
    distance, nearest = cast("tuple[NDArray[np.float64], NDArray[np.int32]]", found)
    return distance, labels[tuple(nearest)]


def pieces(labels: NDArray[Any], connectivity: int) -> Labels:
    """Number the connected pieces of equal value, 0 apart, from 1 in scan order."""
    return cast("Labels", label(labels, connectivity=connectivity)).astype(np.int32, copy=False)


def opened(mask: Mask, times: int) -> Mask:
    """Take off a mask what is thinner than about twice `times` pixels, at least one."""
    return np.asarray(ndimage.binary_opening(mask, iterations=max(1, times)), np.bool_)


def filled(mask: Mask) -> Mask:
    """Fill the holes of a mask."""
    return np.asarray(ndimage.binary_fill_holes(mask), np.bool_)


def background_level(image: Image, smoothing_px: float, percentile: float) -> float:
    """Give the level of an image where there is no cell: a low percentile after smoothing.

    Without the smoothing a low percentile would follow the noise instead of the level.
    """
    return float(np.percentile(smoothed(finite(image), smoothing_px), percentile))


def noise_sigma(image: Image) -> float:
    """Give the standard deviation of the pixel noise from second differences.

    Source: J. Immerkær, Comput. Vis. Image Underst., 1996, doi 10.1006/cviu.1996.0060, with the
    median absolute deviation, which structure changes less, in place of the mean.
    """
    twice = np.diff(finite(image).astype(np.float64), n=2, axis=0)
    twice = np.diff(twice, n=2, axis=1)
    if twice.size == 0:
        return 0.0
    return float(_MAD_TO_SIGMA * np.median(np.abs(twice)) / _NOISE_GAIN)


def smoothing_gain(sigma_px: float) -> float:
    """Give what Gaussian smoothing leaves of the standard deviation of white noise, at most 1."""
    return 1.0 / max(2.0 * float(np.sqrt(np.pi)) * sigma_px, 1.0)
