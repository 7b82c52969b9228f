"""From expected photons to the numbers in a file.

Shot noise, read noise, gain, offset, bit depth and clipping; no optics and no specimen.
"""

from dataclasses import dataclass

import numpy as np

from superlens.core.errors import InvalidParameter
from superlens.phantom.specimen import Array

_SMALL_DEPTH = 8
_LARGEST_DEPTH = 16


@dataclass(frozen=True, slots=True)
class Camera:
    """A detector and the exposure it is given. One photon counted is one electron."""

    photons: float
    """Expected photons of the specimen at the 99.9th percentile pixel, without background."""
    background_photons: float = 0.0
    """Expected photons in every pixel that do not come from the specimen."""
    read_noise_e: float = 0.0
    """Standard deviation in electrons."""
    gain: float = 1.0
    """Counts per electron."""
    offset: float = 0.0
    """Counts without light."""
    bit_depth: int = 16

    def __post_init__(self) -> None:
        if self.photons <= 0 or self.gain <= 0:
            raise InvalidParameter(
                f"A camera with {self.photons:g} photons and a gain of {self.gain:g} sees nothing",
                "Give a photon budget and a gain above 0.",
            )
        if not 1 <= self.bit_depth <= _LARGEST_DEPTH:
            raise InvalidParameter(
                f"A bit depth of {self.bit_depth} is not known", "Give a bit depth from 1 to 16."
            )

    @property
    def largest_count(self) -> int:
        """Give the count at which the camera saturates."""
        return 2**self.bit_depth - 1

    def expected_counts(self, photons: Array) -> Array:
        """Give the counts of expected photons without noise, rounding and clipping."""
        return (photons * np.float32(self.gain) + np.float32(self.offset)).astype(np.float32)


def read_out(expected: Array, camera: Camera, rng: np.random.Generator) -> np.ndarray:
    """Give the camera's picture of expected photons.

    Args:
        expected: photons expected in each pixel, any shape, nowhere negative.
        camera: the detector; its `photons` and `background_photons` are taken as already applied.
        rng: the source of the noise.

    Returns:
        uint8 for depths up to 8 bit, uint16 above; clipped at 0 and at the camera's largest count.
    """
    electrons = rng.poisson(expected).astype(np.float32)
    if camera.read_noise_e > 0:
        noise = rng.standard_normal(expected.shape, dtype=np.float32)
        electrons += np.float32(camera.read_noise_e) * noise
    counts = np.clip(np.rint(camera.expected_counts(electrons)), 0, camera.largest_count)
    return counts.astype(np.uint8 if camera.bit_depth <= _SMALL_DEPTH else np.uint16)
