"""Microscope files as planes: `probe` says what a file holds, `open_image` reads it by region.

Formats are recognised by their first bytes, never by their name.
"""

from superlens.io.images.opening import open_image, probe
from superlens.io.images.source import ImageSource

__all__ = ["ImageSource", "open_image", "probe"]
