"""Pictures that are there twice: exactly, or as two takes of one field."""

import hashlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from superlens.prepare.alignment import block_mean
from superlens.prepare.registration import detail

NEAR_DUPLICATE = 0.9
"""Correlation of two reduced pictures, at their best displacement, beyond which they show one
field. Two channels of one field stayed below 0.6."""
_SIDE = 64


def content_hash(picture: NDArray[np.float32]) -> str:
    """Give what tells pixel values from others, however their file is compressed or named."""
    shape = str(picture.shape).encode()
    return hashlib.sha256(shape + np.ascontiguousarray(picture).tobytes()).hexdigest()


@dataclass(frozen=True, slots=True)
class Twin:
    """An earlier picture that shows the same."""

    name: str
    correlation: float
    """1 for the very same pixels."""


class SeenPictures:
    """Pictures seen so far, reduced to what tells fields apart."""

    def __init__(self) -> None:
        self._names: list[str] = []
        self._exact: dict[str, int] = {}
        self._spectra: list[NDArray[np.complex64]] = []

    def twin_of(self, picture: NDArray[np.float32], name: str) -> Twin | None:
        """Give the earlier picture that shows the same field, if there is one; remember this one.

        Args:
            picture: (Y, X) finite, not constant.
            name: by which it is called when it is the twin of a later one.
        """
        content = content_hash(picture)
        spectrum = _spectrum(picture)
        twin = None
        if content in self._exact:
            twin = Twin(self._names[self._exact[content]], 1.0)
        elif self._spectra:
            products = np.stack(self._spectra) * spectrum.conj()
            likeness = np.fft.irfft2(products, s=(_SIDE, _SIDE)).max(axis=(1, 2))
            best = int(likeness.argmax())
            if likeness[best] >= NEAR_DUPLICATE:
                twin = Twin(self._names[best], float(likeness[best]))
        self._exact.setdefault(content, len(self._names))
        self._names.append(name)
        self._spectra.append(spectrum)
        return twin


def _spectrum(picture: NDArray[np.float32]) -> NDArray[np.complex64]:
    """Give the spectrum of a reduced picture of unit length, so that products are correlations."""
    blocks = [max(1, side // _SIDE) for side in picture.shape]
    small = block_mean(picture, min(blocks))[:_SIDE, :_SIDE]
    fine = detail(small)
    canvas = np.zeros((_SIDE, _SIDE))
    canvas[: fine.shape[0], : fine.shape[1]] = fine - fine.mean()
    return np.fft.rfft2(canvas / max(float(np.linalg.norm(canvas)), 1e-12)).astype(np.complex64)
