"""Pixel sizes as files state them: which numbers count, which do not, and in which unit.

A size counts as reported only when a microscope field states it with a unit, or when a TIFF
resolution in centimetres gives 1 nm to 20 µm. Resolutions in inches and a default 1.0 never do.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from superlens.core.units import PixelSizeOrigin, PixelSizes

_TO_UM = {
    "m": 1e6,
    "meter": 1e6,
    "metre": 1e6,
    "centimeter": 1e4,
    "millimeter": 1e3,
    "picometer": 1e-6,
    "dm": 1e5,
    "cm": 1e4,
    "mm": 1e3,
    "µm": 1.0,
    "um": 1.0,
    "micron": 1.0,
    "microns": 1.0,
    "micrometer": 1.0,
    "micrometre": 1.0,
    "nm": 1e-3,
    "nanometer": 1e-3,
    "å": 1e-4,
    "angstrom": 1e-4,
    "pm": 1e-6,
}
_SMALLEST_UM = 1e-3
_LARGEST_UM = 1e3
_LARGEST_FROM_RESOLUTION_UM = 20.0
_CENTIMETRE = 3
_MPP = re.compile(r"\bMPP\s*=\s*([0-9.]+)")


@dataclass(frozen=True, slots=True)
class Length:
    """Three sizes in micrometres as read, before they are judged."""

    z: float | None
    y: float | None
    x: float | None


def to_micrometres(value: float | None, unit: str | None) -> float | None:
    """Give a length in micrometres, or None without a value or with a unit that is no length."""
    # Fiji writes the micro sign as a Java escape; the Greek letter looks the same.
    plain = (unit or "").strip().replace("\\u00B5", "µ").replace("μ", "µ").lower()
    factor = _TO_UM.get(plain)
    return value * factor if value is not None and factor is not None else None


def reported_sizes(
    length: Length,
    source: str,
    largest_um: float = _LARGEST_UM,
    smallest_um: float = _SMALLEST_UM,
) -> PixelSizes:
    """Judge sizes that a microscope field states.

    Returns:
        Reported sizes; a default when X and Y are exactly 1; unknown when X is absent or absurd.
    """
    x, y = (_plausible(value, smallest_um, largest_um) for value in (length.x, length.y))
    z = _plausible(length.z, smallest_um, _LARGEST_UM)
    if x is None:
        return PixelSizes(z=z)
    y = x if y is None else y
    origin = PixelSizeOrigin.DEFAULT if x == y == 1.0 else PixelSizeOrigin.REPORTED
    return PixelSizes(z, y, x, origin, source)


def sizes_from_imagej(page: Any, metadata: Mapping[str, Any]) -> PixelSizes:
    """Give the sizes of an ImageJ TIFF: its unit, its resolution and its slice spacing."""
    unit = metadata.get("unit")
    if str(unit).strip().lower().startswith("inch"):
        return PixelSizes()
    x, y = (to_micrometres(_per_unit(page, tag), unit) for tag in ("XResolution", "YResolution"))
    spacing = metadata.get("spacing")
    z = to_micrometres(abs(float(spacing)), unit) if isinstance(spacing, int | float) else None
    return reported_sizes(Length(z, y, x), "ImageJ unit and resolution")


def sizes_from_resolution(page: Any) -> PixelSizes:
    """Give the sizes of a plain TIFF when its resolution is in centimetres and plausible."""
    unit = page.tags.get("ResolutionUnit")
    if unit is None or int(unit.value) != _CENTIMETRE:
        return PixelSizes()
    x, y = (to_micrometres(_per_unit(page, tag), "cm") for tag in ("XResolution", "YResolution"))
    source = "TIFF resolution in centimetres"
    return reported_sizes(Length(None, y, x), source, _LARGEST_FROM_RESOLUTION_UM)


def sizes_from_stk(metadata: Mapping[str, Any]) -> PixelSizes:
    """Give the sizes of a MetaMorph stack."""
    unit = metadata.get("CalibrationUnits")
    if not metadata.get("SpatialCalibration"):
        return PixelSizes()
    distances = metadata.get("ZDistance")
    z = None if distances is None or len(distances) < 2 else abs(float(distances[1]))
    return reported_sizes(
        Length(
            to_micrometres(z, unit),
            to_micrometres(metadata.get("YCalibration"), unit),
            to_micrometres(metadata.get("XCalibration"), unit),
        ),
        "MetaMorph XCalibration",
    )


def sizes_from_metaseries(plane: Mapping[str, Any]) -> PixelSizes:
    """Give the sizes of a MetaXpress or MetaMorph MetaSeries TIFF from its plane information."""
    if plane.get("spatial-calibration-state") is not True:
        return PixelSizes()
    unit = str(plane.get("spatial-calibration-units", ""))
    return reported_sizes(
        Length(
            None,
            to_micrometres(plane.get("spatial-calibration-y"), unit),
            to_micrometres(plane.get("spatial-calibration-x"), unit),
        ),
        "MetaSeries spatial-calibration-x",
    )


def sizes_from_lsm(metadata: Mapping[str, Any]) -> PixelSizes:
    """Give the sizes of a Zeiss LSM file, which are in metres."""
    z, y, x = (to_micrometres(metadata.get(f"VoxelSize{axis}"), "m") for axis in "ZYX")
    return reported_sizes(Length(z, y, x), "LSM VoxelSizeX")


def sizes_from_svs(description: str) -> PixelSizes:
    """Give the sizes of an Aperio slide: micrometres per pixel in its description."""
    found = _MPP.search(description)
    size = float(found.group(1)) if found else None
    return reported_sizes(Length(None, size, size), "Aperio MPP")


def _plausible(value: float | None, smallest_um: float, largest_um: float) -> float | None:
    return value if value is not None and smallest_um <= value <= largest_um else None


def _per_unit(page: Any, tag_name: str) -> float | None:
    tag = page.tags.get(tag_name)
    if tag is None:
        return None
    numerator, denominator = tag.value
    return denominator / numerator if numerator else None
