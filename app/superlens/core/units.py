"""Lengths: pixel sizes and where they were learnt from."""

from dataclasses import dataclass, replace
from enum import StrEnum


class PixelSizeOrigin(StrEnum):
    """How far a pixel size can be trusted."""

    VERIFIED = "verified"
    """Entered or confirmed by the user."""
    REPORTED = "reported"
    """Stated by a microscope field of the file, with a unit."""
    DEFAULT = "default"
    """A number that the file holds but that no microscope wrote, such as 1.0."""
    UNKNOWN = "unknown"
    """The file says nothing."""


@dataclass(frozen=True, slots=True)
class PixelSizes:
    """Physical size of one pixel in micrometres, and where the numbers come from."""

    z: float | None = None
    y: float | None = None
    x: float | None = None
    origin: PixelSizeOrigin = PixelSizeOrigin.UNKNOWN
    source: str = ""
    """The field it was read from, such as `OME-XML PhysicalSizeX`."""

    @property
    def lateral_um(self) -> float | None:
        """Pixel size in the image plane in micrometres, or None if unknown or not trustworthy."""
        if self.x is None or self.origin in (PixelSizeOrigin.UNKNOWN, PixelSizeOrigin.DEFAULT):
            return None
        return self.x

    def divided(self, scale: int) -> "PixelSizes":
        """Give the pixel sizes of an image with `scale` times more pixels in Y and X."""
        return replace(
            self,
            y=None if self.y is None else self.y / scale,
            x=None if self.x is None else self.x / scale,
        )


def entered_pixel_size(lateral_um: float, known: PixelSizes | None = None) -> PixelSizes:
    """Give square pixel sizes as entered by the user; the Z step of `known` is kept."""
    z = known.z if known is not None else None
    return PixelSizes(z, lateral_um, lateral_um, PixelSizeOrigin.VERIFIED, "entered by the user")
