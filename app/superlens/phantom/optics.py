"""Point spread functions of fluorescence microscopes, and the convolution with them.

No noise and no camera here.
"""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from superlens.core.errors import InvalidParameter
from superlens.phantom.specimen import Array

SIGMA_IN_WAVELENGTHS = 0.21
"""Standard deviation of the Gaussian closest to an Airy pattern, in units of wavelength / NA."""

_GAUSSIAN_REACH = 4.0  # standard deviations
_AIRY_REACH = 6.0  # wavelengths / NA; 98 % of the light lies inside
_PUPIL_SAMPLES = 400


class PsfModel(StrEnum):
    """Which formula gives the point spread function."""

    GAUSSIAN = "gaussian"
    AIRY = "airy"
    GIBSON_LANNI = "gibson_lanni"


@dataclass(frozen=True, slots=True)
class Optics:
    """An objective and the light it collects."""

    model: PsfModel
    na: float
    """Numerical aperture, below the immersion index."""
    wavelength_nm: float
    """Emission wavelength in vacuum."""
    immersion_index: float = 1.515
    specimen_index: float = 1.33
    depth_nm: float = 0.0
    """Depth of the specimen below the coverslip; matters to Gibson-Lanni alone."""
    defocus_nm: float = 0.0
    """How far the stage has been moved out of the nominal focus; matters to Gibson-Lanni alone."""

    def __post_init__(self) -> None:
        if not 0.0 < self.na < self.immersion_index:
            raise InvalidParameter(
                f"A numerical aperture of {self.na:g} is impossible in a medium of index "
                f"{self.immersion_index:g}",
                "Give a numerical aperture above 0 and below the immersion index.",
            )
        if self.wavelength_nm <= 0:
            raise InvalidParameter(
                f"A wavelength of {self.wavelength_nm:g} nm is impossible",
                "Give the emission wavelength in nanometres.",
            )

    @property
    def sigma_nm(self) -> float:
        """Give the standard deviation of the Gaussian closest to the focused pattern."""
        return SIGMA_IN_WAVELENGTHS * self.wavelength_nm / self.na


def kernel(optics: Optics, pixel_nm: float) -> Array:
    """Give the point spread function on a grid.

    Args:
        optics: the objective.
        pixel_nm: side of a grid cell.

    Returns:
        (K, K) float32, K odd, sum 1, peak in the middle for a focused objective.
    """
    match optics.model:
        case PsfModel.GAUSSIAN:
            reach = _GAUSSIAN_REACH * optics.sigma_nm
            profile = _gaussian_profile
        case PsfModel.AIRY:
            reach = _AIRY_REACH * optics.wavelength_nm / optics.na
            profile = _airy_profile
        case PsfModel.GIBSON_LANNI:
            # Out of focus the light fills the cone of the aperture.
            spread = (abs(optics.defocus_nm) + 0.5 * abs(optics.depth_nm)) * np.tan(
                np.arcsin(optics.na / optics.immersion_index)
            )
            reach = _AIRY_REACH * optics.wavelength_nm / optics.na + spread
            profile = _gibson_lanni_profile
    half = max(1, int(np.ceil(reach / pixel_nm)))
    y, x = np.mgrid[-half : half + 1, -half : half + 1] * pixel_nm
    values = profile(np.hypot(y, x), optics)
    return (values / values.sum()).astype(np.float32)


def convolved(image: Array, psf: Array) -> Array:
    """Convolve an image with a kernel of odd size, the image being mirrored at its borders."""
    half = psf.shape[0] // 2
    padded = np.pad(image, half, mode="symmetric")
    shape = (_fast_length(padded.shape[0]), _fast_length(padded.shape[1]))
    # The kernel's middle goes to the origin, so that nothing is shifted.
    centred = np.zeros(shape, np.float32)
    centred[: psf.shape[0], : psf.shape[1]] = psf
    centred = np.roll(centred, (-half, -half), axis=(0, 1))
    full = np.fft.irfft2(np.fft.rfft2(padded, shape) * np.fft.rfft2(centred), shape)
    inner = full[half : half + image.shape[0], half : half + image.shape[1]]
    # Rounding in the transform can leave specks below zero where nothing shines.
    return np.maximum(inner, 0.0).astype(np.float32)


def _fast_length(least: int) -> int:
    """Give the smallest length of at least `least` whose only prime factors are 2, 3 and 5."""
    best = 1 << (least - 1).bit_length()
    for three_five in (3**a * 5**b for a in range(8) for b in range(6)):
        multiple = three_five
        while multiple < least:
            multiple *= 2
        best = min(best, multiple)
    return best


def _gaussian_profile(radius_nm: NDArray[np.float64], optics: Optics) -> NDArray[np.float64]:
    return np.exp(-0.5 * (radius_nm / optics.sigma_nm) ** 2)


def _airy_profile(radius_nm: NDArray[np.float64], optics: Optics) -> NDArray[np.float64]:
    from scipy import special

    v = np.maximum(2.0 * np.pi * optics.na * radius_nm / optics.wavelength_nm, 1e-9)
    return (2.0 * special.j1(v) / v) ** 2


def _gibson_lanni_profile(radius_nm: NDArray[np.float64], optics: Optics) -> NDArray[np.float64]:
    """Give the intensity of a point source seen through layers of different refractive index.

    The coverslip is as the objective expects it. Rays beyond total reflection are left out.

    Source: Gibson, Lanni, J. Opt. Soc. Am. A 8, 1601 (1991), 10.1364/JOSAA.8.001601; Eqs. 5, 7.
    """
    from scipy import special

    n_s, n_i, na = optics.specimen_index, optics.immersion_index, optics.na
    limit = min(1.0, 0.999 * n_s / na)
    rho = (np.arange(_PUPIL_SAMPLES) + 0.5) / _PUPIL_SAMPLES * limit
    in_specimen = np.sqrt(1.0 - (na * rho / n_s) ** 2)
    in_immersion = np.sqrt(1.0 - (na * rho / n_i) ** 2)
    path = n_s * optics.depth_nm * (in_specimen - (n_i / n_s) ** 2 * in_immersion)  # Eq. (5)
    path = path + optics.defocus_nm * n_i * in_immersion
    phase = np.exp(2j * np.pi / optics.wavelength_nm * path)
    step = 0.01 * optics.wavelength_nm / na
    grid = np.arange(0.0, radius_nm.max() + 2 * step, step)
    waves = special.j0(2.0 * np.pi / optics.wavelength_nm * na * np.outer(grid, rho))
    amplitude = waves @ (phase * rho)  # Eq. (7)
    return np.interp(radius_nm, grid, np.abs(amplitude) ** 2)
