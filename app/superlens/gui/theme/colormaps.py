"""Look-up tables for images: greys, pure hues, and the perceptual maps that pyqtgraph ships."""

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

LUT_NAMES = ("Grey", "Green", "Magenta", "Cyan", "Yellow", "Magma", "Viridis")
"""What the combo box of an image offers."""

_HUES = {
    "Grey": (255, 255, 255),
    "Green": (0, 255, 0),
    "Magenta": (255, 0, 255),
    "Cyan": (0, 255, 255),
    "Red": (255, 0, 0),
    "Blue": (0, 0, 255),
    "Yellow": (255, 255, 0),
}
CHANNEL_COLOURS = {
    name: f"#{red:02X}{green:02X}{blue:02X}" for name, (red, green, blue) in _HUES.items()
}
"""Colours of channels as files state them, by the name that the field has for them."""
_MAPS = {"Magma": "magma", "Viridis": "viridis", "Difference": "CET-D4"}


@cache
def lut(name: str) -> NDArray[np.uint8]:
    """Give the table of a colour map: (256, 3) uint8, dark to bright.

    Args:
        name: one of `LUT_NAMES`, or `Difference` (diverging, centre dark).
    """
    if name in _HUES:
        ramp = np.arange(256) / 255
        return np.round(ramp[:, None] * np.array(_HUES[name])).astype(np.uint8)
    from pyqtgraph import colormap

    found: Any = colormap.get(_MAPS[name])
    return np.ascontiguousarray(found.getLookupTable(0.0, 1.0, 256)[:, :3])
