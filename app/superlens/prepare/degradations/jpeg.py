"""What JPEG compression does to a single-channel picture: block transform and quantisation.

The file format is left out: nothing of it changes pixels.
"""

import numpy as np

from superlens.core.method import Array

_BLOCK = 8
_MACRO_BLOCK = 16
_LEVELS = 255.0
_MIDDLE = 128.0
_COARSE_QUALITY = 50

LUMA_TABLE = np.array(
    [
        [16, 11, 10, 16, 24, 40, 51, 61],
        [12, 12, 14, 19, 26, 58, 60, 55],
        [14, 13, 16, 24, 40, 57, 69, 56],
        [14, 17, 22, 29, 51, 87, 80, 62],
        [18, 22, 37, 56, 68, 109, 103, 77],
        [24, 35, 55, 64, 81, 104, 113, 92],
        [49, 64, 78, 87, 103, 121, 120, 101],
        [72, 92, 95, 98, 112, 100, 103, 99],
    ],
    np.float32,
)
"""Quantisation steps at quality 50, rows by vertical frequency. Source: ITU-T T.81, Table K.1."""


def compressed(image: Array, quality: float) -> Array:
    """Give what is left of a picture after JPEG compression.

    Args:
        image: (Y, X); clipped to [0, 1] first, as a picture file would.
        quality: above 0, at most 100; need not be a whole number. The quantisation steps are not
            rounded either.

    Returns:
        (Y, X) float32 in [0, 1], not rounded to 8 bit. Only the luma table is used: a gray picture
        has no colours to lose. As in the published pipeline a picture that does not fill its last
        16 x 16 block is continued in black.
    """
    from scipy import fft

    height, width = image.shape
    padding = ((0, -height % _MACRO_BLOCK), (0, -width % _MACRO_BLOCK))
    levels = np.pad(np.clip(image, 0.0, 1.0) * np.float32(_LEVELS), padding) - np.float32(_MIDDLE)
    rows, columns = (side // _BLOCK for side in levels.shape)
    blocks = levels.reshape(rows, _BLOCK, columns, _BLOCK)
    steps = (LUMA_TABLE * np.float32(_step_factor(quality)))[:, np.newaxis, :]
    waves = np.asarray(fft.dctn(blocks, axes=(1, 3), norm="ortho"))
    waves /= steps
    np.rint(waves, out=waves)
    waves *= steps
    decoded = np.asarray(fft.idctn(waves, axes=(1, 3), norm="ortho", overwrite_x=True))
    kept = decoded.reshape(levels.shape)[:height, :width] + np.float32(_MIDDLE)
    return (np.clip(kept, 0.0, _LEVELS) / np.float32(_LEVELS)).astype(np.float32)


def _step_factor(quality: float) -> float:
    """Give by how much the steps of quality 50 are stretched, as libjpeg counts quality."""
    percent = 5000.0 / quality if quality < _COARSE_QUALITY else 200.0 - 2.0 * quality
    return max(percent, 1.0) / 100.0
