"""What OME-XML says of its images, read leniently: real files often break the schema."""

import math
import re
from dataclasses import dataclass
from typing import Any

from superlens.core.records import ChannelInfo
from superlens.core.units import PixelSizes
from superlens.io.images.optics import (
    NO_OBJECTIVE,
    Objective,
    colour_of,
    moment,
    objective,
)
from superlens.io.images.pixel_sizes import Length, reported_sizes, to_micrometres

_TO_NM = {"nm": 1.0, "µm": 1e3, "um": 1e3, "mm": 1e6, "m": 1e9, "Å": 0.1, "pm": 1e-3}
_TO_S = {"s": 1.0, "ms": 1e-3, "µs": 1e-6, "us": 1e-6, "ns": 1e-9, "min": 60.0, "h": 3600.0}
_FILE_NAME = re.compile(rb"""FileName\s*=\s*(?:"([^"]*)"|'([^']*)')""")


@dataclass(frozen=True, slots=True)
class OmeImage:
    """One `Image` element."""

    name: str
    planes: int
    """How many planes of one sample per pixel, or of RGB, its `Pixels` declares."""
    pixel_sizes: PixelSizes
    channels: tuple[ChannelInfo, ...]
    objective: Objective = NO_OBJECTIVE
    time_interval_s: float | None = None
    acquired_at: str | None = None


@dataclass(frozen=True, slots=True)
class OmeDocument:
    """What an OME-XML text says."""

    images: tuple[OmeImage, ...]
    companion: str | None
    """The file that holds the metadata, when this text only points to it."""
    largest_count: int
    """The largest number of planes that any single element speaks of."""


def parse_ome(text: str) -> OmeDocument | None:
    """Give what OME-XML says, or None when it is not well formed."""
    root = _root(text)
    if root is None:
        return None
    pointer = next(iter(_all(root, "BinaryOnly")), None)
    return OmeDocument(
        images=tuple(_image(root, image) for image in _children(root, "Image")),
        companion=None if pointer is None else pointer.get("MetadataFile", ""),
        largest_count=max((_count(element) for element in root.iter()), default=0),
    )


def named_files(text: str) -> tuple[str, ...]:
    """Give the names of all files that an OME-XML text refers to, even one that is damaged."""
    found = _FILE_NAME.findall(text.encode("utf-8", "replace"))
    return tuple(dict.fromkeys((a or b).decode("utf-8", "replace") for a, b in found))


def _root(text: str) -> Any:
    """Give the outermost element, or None where the text is not well formed or not harmless."""
    if "<!DOCTYPE" in text:
        return _guarded_root(text)
    # Without a document type there are no entities to guard against, and this is ten times faster.
    from xml.etree.ElementTree import ParseError, fromstring

    try:
        return fromstring(text)
    except (ParseError, ValueError):
        return None


def _guarded_root(text: str) -> Any:
    from defusedxml import DefusedXmlException
    from defusedxml.ElementTree import ParseError, fromstring

    try:
        return fromstring(text)
    except (ParseError, DefusedXmlException, ValueError):
        return None


def _image(root: Any, image: Any) -> OmeImage:
    pixels = next(iter(_children(image, "Pixels")), None)
    if pixels is None:
        return OmeImage(image.get("Name", ""), 0, PixelSizes(), ())
    channels = _children(pixels, "Channel")
    samples = max((int(_number(item.get("SamplesPerPixel")) or 1) for item in channels), default=1)
    sizes = [int(_number(pixels.get(f"Size{axis}")) or 1) for axis in "ZCT"]
    return OmeImage(
        name=image.get("Name", ""),
        planes=math.prod(sizes) // max(1, samples),
        pixel_sizes=_pixel_sizes(pixels),
        channels=tuple(_channel(item, index) for index, item in enumerate(channels)),
        objective=_objective(root, image),
        time_interval_s=_in_unit(pixels, "TimeIncrement", "s", _TO_S),
        acquired_at=_acquired(image),
    )


def _count(element: Any) -> int:
    """Give the number of planes that a `TiffData` or a modulo element speaks of."""
    name = _local(element)
    if name == "TiffData":
        counts = [_number(element.get(key)) or 0 for key in ("PlaneCount", "NumPlanes", "IFD")]
        return int(max(counts))
    if name.startswith("ModuloAlong"):
        start, end, step = (_number(element.get(key)) for key in ("Start", "End", "Step"))
        return int(abs((end or 0) - (start or 0)) / (abs(step or 0) or 1))
    return 0


def _pixel_sizes(pixels: Any) -> PixelSizes:
    lengths = {
        axis: to_micrometres(
            _number(pixels.get(f"PhysicalSize{axis}")),
            pixels.get(f"PhysicalSize{axis}Unit", "µm"),
        )
        for axis in "ZYX"
    }
    return reported_sizes(Length(lengths["Z"], lengths["Y"], lengths["X"]), "OME-XML PhysicalSizeX")


def _channel(channel: Any, index: int) -> ChannelInfo:
    return ChannelInfo(
        name=channel.get("Name") or f"Channel {index + 1}",
        emission_nm=_in_unit(channel, "EmissionWavelength", "nm", _TO_NM),
        excitation_nm=_in_unit(channel, "ExcitationWavelength", "nm", _TO_NM),
        colour=_colour(channel.get("Color")),
    )


def _colour(text: str | None) -> str | None:
    """Give the colour of red, green, blue and opacity in one signed number of 32 bits."""
    value = _number(text)
    if value is None or not -(2**31) <= value < 2**32:
        return None
    *parts, opacity = int(value % 2**32).to_bytes(4, "big")
    # Without opacity it is the mark of a writer that knew no colour.
    return colour_of(parts) if opacity else None


def _acquired(image: Any) -> str | None:
    for name in ("AcquisitionDate", "AcquiredDate", "CreationDate"):
        for item in _children(image, name):
            return moment(item.text)
    return None


def _objective(root: Any, image: Any) -> Objective:
    objectives = {item.get("ID"): item for item in _all(root, "Objective")}
    # Older schemas name the element ObjectiveRef.
    used = (*_children(image, "ObjectiveSettings"), *_children(image, "ObjectiveRef"))
    chosen = [objectives[item.get("ID")] for item in used if item.get("ID") in objectives]
    if not chosen and len(objectives) == 1:
        chosen = list(objectives.values())
    if not chosen:
        return NO_OBJECTIVE
    lens = chosen[0]
    return objective(lens.get("Model"), lens.get("NominalMagnification"), lens.get("LensNA"))


def _in_unit(element: Any, key: str, usual: str, factors: dict[str, float]) -> float | None:
    value = _number(element.get(key))
    factor = factors.get(element.get(f"{key}Unit", usual))
    return value * factor if value is not None and value > 0 and factor is not None else None


def _number(text: str | None) -> float | None:
    try:
        value = float(text) if text is not None else math.nan
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _children(element: Any, name: str) -> list[Any]:
    # The namespace carries the version of the schema, which does not matter here.
    return [child for child in element if _local(child) == name]


def _all(element: Any, name: str) -> list[Any]:
    return [item for item in element.iter() if _local(item) == name]


def _local(element: Any) -> str:
    return str(element.tag).rpartition("}")[2]
