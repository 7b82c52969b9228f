"""The blur kernels of the published pipeline, and the convolution with them.

Source: Wang, Xie, Dong, Shan, ICCV Workshops 2021 (Real-ESRGAN), 10.1109/ICCVW54120.2021.00217;
section 3.1 and 3.3. Nothing random here.
"""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from superlens.core.errors import InvalidParameter
from superlens.core.method import Array


class KernelKind(StrEnum):
    """The families of kernels that a picture may be blurred with."""

    ISOTROPIC = "isotropic Gaussian"
    ANISOTROPIC = "anisotropic Gaussian"
    GENERALISED_ISOTROPIC = "generalised Gaussian"
    GENERALISED_ANISOTROPIC = "anisotropic generalised Gaussian"
    PLATEAU_ISOTROPIC = "plateau"
    PLATEAU_ANISOTROPIC = "anisotropic plateau"
    SINC = "sinc"


GENERALISED = frozenset({KernelKind.GENERALISED_ISOTROPIC, KernelKind.GENERALISED_ANISOTROPIC})
PLATEAU = frozenset({KernelKind.PLATEAU_ISOTROPIC, KernelKind.PLATEAU_ANISOTROPIC})
ROUND = frozenset(
    {KernelKind.ISOTROPIC, KernelKind.GENERALISED_ISOTROPIC, KernelKind.PLATEAU_ISOTROPIC}
)


@dataclass(frozen=True, slots=True)
class KernelShape:
    """One kernel, as numbers. What its kind has no use for is ignored."""

    kind: KernelKind
    size: int
    """Side in pixels, odd."""
    sigma_x: float = 1.0
    sigma_y: float = 1.0
    """Equal to `sigma_x` in round kernels."""
    theta: float = 0.0
    """Angle of the first axis in radians."""
    beta: float = 1.0
    """Exponent of generalised and plateau kernels."""
    cutoff: float = np.pi
    """Cut-off frequency of a sinc kernel in radians per pixel."""

    def __post_init__(self) -> None:
        if self.size % 2 == 0 or self.size < 1:
            raise InvalidParameter(
                f"A blur kernel of {self.size} pixels has no middle", "Give an odd size."
            )


def kernel(shape: KernelShape) -> Array:
    """Give a kernel: (size, size) float32 of sum 1, symmetric about its middle."""
    is_sinc = shape.kind is KernelKind.SINC
    values = _sinc(shape.size, shape.cutoff) if is_sinc else _bell(shape)
    return (values / values.sum()).astype(np.float32)


def filtered(image: Array, weights: Array) -> Array:
    """Convolve an image with a kernel of odd size, reflecting it about its border pixels."""
    from scipy import fft

    half = weights.shape[0] // 2
    padded = np.pad(image, half, mode="reflect")
    shape = tuple(fft.next_fast_len(side, real=True) for side in padded.shape)
    # Wrap-around spoils the first 2 * half rows and columns alone, which are not kept.
    spectrum = np.asarray(fft.rfft2(padded, shape))
    spectrum *= np.asarray(fft.rfft2(weights, shape))
    full = np.asarray(fft.irfft2(spectrum, shape, overwrite_x=True))
    height, width = image.shape
    return full[2 * half : 2 * half + height, 2 * half : 2 * half + width].astype(np.float32)


def _bell(shape: KernelShape) -> NDArray[np.float64]:
    q = _squared_distance(shape)
    if shape.kind in PLATEAU:
        return 1.0 / (1.0 + q**shape.beta)
    if shape.kind in GENERALISED:
        return np.exp(-0.5 * q**shape.beta)
    return np.exp(-0.5 * q)


def _squared_distance(shape: KernelShape) -> NDArray[np.float64]:
    """Give v^T S^-1 v on the grid, with S = R diag(sigma_x^2, sigma_y^2) R^T."""
    half = shape.size // 2
    y, x = np.mgrid[-half : half + 1, -half : half + 1].astype(np.float64)
    is_round = shape.kind in ROUND
    sigma_y = shape.sigma_x if is_round else shape.sigma_y
    theta = 0.0 if is_round else shape.theta
    along = np.cos(theta) * x + np.sin(theta) * y
    across = np.cos(theta) * y - np.sin(theta) * x
    return (along / shape.sigma_x) ** 2 + (across / sigma_y) ** 2


def _sinc(size: int, cutoff: float) -> NDArray[np.float64]:
    """Give the ideal low-pass of a circular band: w J1(w r) / (2 pi r), w^2 / (4 pi) at 0."""
    from scipy import special

    half = size // 2
    y, x = np.mgrid[-half : half + 1, -half : half + 1]
    radius = np.hypot(y, x)
    radius[half, half] = 1.0  # its value is set below
    values = cutoff * special.j1(cutoff * radius) / (2.0 * np.pi * radius)
    values[half, half] = cutoff**2 / (4.0 * np.pi)
    return values
