"""From nuclei to the pixels that are measured: a core inside each and a ring around it.

Lengths are in pixels of the labels given.
"""

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from superlens.assay.filtering import Labels, depth_inside, nearest_label


@dataclass(frozen=True, slots=True)
class RingGeometry:
    """Which pixels in and around a nucleus stand for nucleoplasm and cytoplasm."""

    erosion_px: float
    """Width of the rim of the nucleus that is left out of its core."""
    gap_px: float
    """Distance from the nucleus at which the ring begins."""
    width_px: float
    """Width of the ring."""


@dataclass(frozen=True, slots=True)
class Compartments:
    """The pixels of nuclei that are measured."""

    core: Labels
    """(Y, X) label of the nucleus whose inside this is, 0 elsewhere."""
    ring: Labels
    """(Y, X) label of the nucleus whose surroundings these are, 0 elsewhere and in any nucleus."""


def compartments(nuclei: Labels, geometry: RingGeometry) -> Compartments:
    """Give core and ring of every nucleus; a pixel between two nuclei goes to the nearer one."""
    return Compartments(_eroded(nuclei, geometry.erosion_px), rings(nuclei, geometry))


def rings(nuclei: Labels, geometry: RingGeometry) -> Labels:
    """Give the ring of every nucleus alone; see `compartments`."""
    distance, owner = nearest_label(nuclei)
    outer = geometry.gap_px + geometry.width_px
    in_ring = (distance > geometry.gap_px) & (distance <= outer) & (distance > 0)
    return np.where(in_ring, owner, 0).astype(np.int32)


def _eroded(labels: Labels, erosion_px: float) -> Labels:
    """Take a rim off every label, also where it touches another one."""
    if erosion_px <= 0:
        return labels
    rim = ndimage.maximum_filter(labels, 3) != ndimage.minimum_filter(labels, 3)
    depth = depth_inside((labels > 0) & ~rim) + 1.0
    return np.where(depth > erosion_px, labels, 0).astype(np.int32)
