"""The unsharp mask of the published pipeline: an option, off for microscopy by default."""

import numpy as np

from superlens.core.method import Array

SIGMA_PX = 8.0
RADIUS_PX = 25
"""Half side of the Gaussian: 51 pixels in all."""
WEIGHT = 0.5
THRESHOLD = 10.0 / 255.0


def sharpened(image: Array) -> Array:
    """Give a picture with stronger edges.

    Where a picture differs from its blurred copy by more than a threshold, half the difference is
    added; the border of such places is softened by the same blur.

    Args:
        image: (Y, X) in [0, 1].

    Returns:
        (Y, X) float32 in [0, 1].
    """
    difference = image - _blurred(image)
    mask = (np.abs(difference) > np.float32(THRESHOLD)).astype(np.float32)
    strong = np.clip(image + np.float32(WEIGHT) * difference, 0.0, 1.0)
    soft = _blurred(mask)
    return (soft * strong + (1.0 - soft) * image).astype(np.float32)


def _blurred(image: Array) -> Array:
    from scipy import ndimage

    # "mirror" reflects about the border pixels themselves.
    blurred = ndimage.gaussian_filter(image, SIGMA_PX, mode="mirror", radius=RADIUS_PX)
    return np.asarray(blurred, np.float32)
