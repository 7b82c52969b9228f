"""A microscope: optics, scanner, camera and pixel size, and what it records of a specimen."""

from dataclasses import dataclass

import numpy as np

from superlens.core.errors import InvalidParameter
from superlens.phantom.camera import Camera, read_out
from superlens.phantom.optics import Optics, convolved, kernel
from superlens.phantom.specimen import Array, Specimen
from superlens.phantom.texture import blurred

BRIGHT_QUANTILE = 0.999
"""The photon budget is meant for the pixel at this quantile."""

_WHOLE_TOLERANCE = 1e-6


@dataclass(frozen=True, slots=True)
class Microscope:
    """Everything between a specimen and a file."""

    optics: Optics
    camera: Camera
    pixel_nm: float
    """Side of a camera pixel in the specimen; a whole multiple of the specimen's fine pixel."""
    haze_fraction: float = 0.0
    """Share of the light that comes from far out of focus, 0 to below 1."""
    haze_sigma_nm: float = 2000.0
    """How wide that light is spread."""
    jitter_px: float = 0.0
    """Shift of every second line along x in camera pixels, as in a bidirectional scan."""


@dataclass(frozen=True, slots=True)
class Acquisition:
    """What a microscope recorded of a specimen."""

    raw: np.ndarray
    """(C, Y, X) unsigned counts."""
    expected: Array
    """(C, Y, X) float32 expected photons, background included."""
    pixel_nm: float
    channel_names: tuple[str, ...]
    microscope: Microscope


def expose(specimen: Specimen, microscope: Microscope, rng: np.random.Generator) -> Acquisition:
    """Take one picture of each channel of a specimen.

    Raises:
        InvalidParameter: the camera pixel is not a whole multiple of the specimen's fine pixel.
    """
    factor = pixel_factor(specimen.pixel_nm, microscope.pixel_nm)
    psf = kernel(microscope.optics, specimen.pixel_nm)
    expected, raw = [], []
    for channel in specimen.channels:
        light = with_haze(
            convolved(channel.density, psf),
            microscope.haze_fraction,
            microscope.haze_sigma_nm / specimen.pixel_nm,
        )
        photons = pixel_sums(scanned(light, microscope.jitter_px, factor), factor)
        camera = microscope.camera
        bright = max(float(np.quantile(photons, BRIGHT_QUANTILE)), 1e-12)
        photons = photons * np.float32(camera.photons / bright)
        photons += np.float32(camera.background_photons)
        expected.append(photons)
        raw.append(read_out(photons, camera, rng))
    return Acquisition(
        np.stack(raw),
        np.stack(expected),
        microscope.pixel_nm,
        tuple(channel.name for channel in specimen.channels),
        microscope,
    )


def pixel_factor(fine_nm: float, pixel_nm: float) -> int:
    """Give how many fine pixels lie along the side of a camera pixel.

    Raises:
        InvalidParameter: not a whole number of at least 1.
    """
    ratio = pixel_nm / fine_nm
    factor = round(ratio)
    if factor < 1 or abs(ratio - factor) > _WHOLE_TOLERANCE * factor:
        raise InvalidParameter(
            f"A camera pixel of {pixel_nm:g} nm is not a whole multiple of the specimen's "
            f"{fine_nm:g} nm",
            f"Give a pixel size such as {fine_nm * max(factor, 1):g} nm.",
        )
    return factor


def with_haze(light: Array, fraction: float, sigma_px: float) -> Array:
    """Replace a share of the light by light from far out of focus; the total stays the same."""
    if fraction <= 0:
        return light
    share = np.float32(fraction)
    return ((1 - share) * light + share * blurred(light, sigma_px)).astype(np.float32)


def scanned(light: Array, jitter_px: float, factor: int) -> Array:
    """Shift every second camera line along x.

    Args:
        light: (Y, X) on the fine grid.
        jitter_px: shift in camera pixels, towards larger x if positive.
        factor: fine pixels per camera pixel.
    """
    if jitter_px == 0:
        return light
    shift = jitter_px * factor
    whole = int(np.floor(shift))
    part = np.float32(shift - whole)
    columns = np.arange(light.shape[1])
    near = np.clip(columns - whole, 0, light.shape[1] - 1)
    far = np.clip(columns - whole - 1, 0, light.shape[1] - 1)
    odd = (np.arange(light.shape[0]) // factor) % 2 == 1
    shifted = light.copy()
    shifted[odd] = (1 - part) * light[odd][:, near] + part * light[odd][:, far]
    return shifted


def pixel_sums(light: Array, factor: int) -> Array:
    """Add the light that falls on each camera pixel; lines that do not fill a pixel are dropped."""
    height, width = light.shape[0] // factor, light.shape[1] // factor
    blocks = light[: height * factor, : width * factor].reshape(height, factor, width, factor)
    return blocks.sum(axis=(1, 3), dtype=np.float32)
