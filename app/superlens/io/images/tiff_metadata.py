"""What each dialect of TIFF says of its scenes: names, pixel sizes, channels, optics."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from superlens.core.records import ChannelInfo
from superlens.core.units import PixelSizes
from superlens.io.images.ome_xml import OmeDocument, OmeImage
from superlens.io.images.pixel_sizes import (
    sizes_from_imagej,
    sizes_from_lsm,
    sizes_from_metaseries,
    sizes_from_resolution,
    sizes_from_stk,
    sizes_from_svs,
)

_UNKNOWN = PixelSizes()


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a scene besides its pixels."""

    name: str = ""
    pixel_sizes: PixelSizes = _UNKNOWN
    channels: tuple[ChannelInfo, ...] = ()
    numerical_aperture: float | None = None
    time_interval_s: float | None = None

    def channels_for(self, count: int) -> tuple[ChannelInfo, ...]:
        """Give exactly `count` channels, with plain names for those that are not described."""
        plain = tuple(ChannelInfo(f"Channel {index + 1}") for index in range(count))
        return (*self.channels[:count], *plain[len(self.channels) :])


def format_name(tif: Any) -> str:
    """Give the human name of the dialect."""
    dialects = (
        ("is_ome", "OME-TIFF"),
        ("is_imagej", "ImageJ TIFF"),
        ("is_stk", "MetaMorph STK"),
        ("is_metaseries", "MetaSeries TIFF"),
        ("is_lsm", "Zeiss LSM"),
        ("is_svs", "Aperio SVS"),
    )
    plain = "BigTIFF" if tif.is_bigtiff else "TIFF"
    return next((name for flag, name in dialects if getattr(tif, flag)), plain)


def facts_of(tif: Any, document: OmeDocument | None, series: Sequence[Any]) -> tuple[Facts, ...]:
    """Give what a file says of each of its series, in their order."""
    if document is not None and document.images:
        return tuple(
            _from_ome(_image_of(document, item, index, len(series)))
            for index, item in enumerate(series)
        )
    return tuple(_from_vendor(tif, item) for item in series)


def _image_of(document: OmeDocument, series: Any, index: int, count: int) -> OmeImage | None:
    if len(document.images) == count:
        return document.images[index]
    # Images without pixels make no series: only the name tells which is which.
    same = [image for image in document.images if image.name == series.name]
    return same[0] if len(same) == 1 else None


def _from_ome(image: OmeImage | None) -> Facts:
    if image is None:
        return Facts()
    return Facts(
        _without_folder(image.name),
        image.pixel_sizes,
        image.channels,
        image.numerical_aperture,
        image.time_interval_s,
    )


def _without_folder(name: str) -> str:
    # Some microscopes name an image by the path of its file on their own computer.
    return re.split(r"[/\\]", name)[-1] if re.match(r"[A-Za-z]:\\|/|\\\\", name) else name


def _from_vendor(tif: Any, series: Any) -> Facts:
    page = series.keyframe
    if tif.is_imagej:
        return _from_imagej(tif, page, series)
    if tif.is_stk:
        return _from_stk(tif.stk_metadata)
    if tif.is_metaseries:
        return _from_metaseries(tif.metaseries_metadata)
    if tif.is_lsm:
        return _from_lsm(tif.lsm_metadata, series.name)
    if tif.is_svs:
        # The scale stands in the description of every picture but is that of the slide alone.
        is_slide = series.name == "Baseline"
        return Facts(series.name, sizes_from_svs(str(page.description)) if is_slide else _UNKNOWN)
    return Facts("", sizes_from_resolution(page))


def _from_imagej(tif: Any, page: Any, series: Any) -> Facts:
    metadata: dict[str, Any] = tif.imagej_metadata or {}
    return Facts(
        "",
        sizes_from_imagej(page, metadata),
        _imagej_channels(metadata, series),
        time_interval_s=_positive(metadata.get("finterval")),
    )


def _imagej_channels(metadata: dict[str, Any], series: Any) -> tuple[ChannelInfo, ...]:
    labels: Sequence[str] = metadata.get("Labels") or ()
    sizes = dict(zip(series.axes, series.shape, strict=True))
    # One label belongs to each plane; only with one plane per channel do they name channels.
    others = sizes.get("Z", 1) * sizes.get("T", 1)
    if len(labels) != sizes.get("C", 1) or len(labels) < 2 or others > 1:
        return ()
    return tuple(
        ChannelInfo(label.strip() or f"Channel {index + 1}") for index, label in enumerate(labels)
    )


def _from_stk(metadata: dict[str, Any]) -> Facts:
    wavelength = metadata.get("wavelength")
    properties: Sequence[dict[str, Any]] = metadata.get("PlaneProperty", ())
    return Facts(
        "",
        sizes_from_stk(metadata),
        _single_channel(metadata.get("Name"), wavelength),
        next((_positive(item["value"]) for item in properties if item["name"] == "_MagNA_"), None),
    )


def _from_metaseries(metadata: dict[str, Any]) -> Facts:
    plane: dict[str, Any] = metadata.get("PlaneInfo", {})
    return Facts(
        "",
        sizes_from_metaseries(plane),
        _single_channel(plane.get("image-name"), plane.get("wavelength")),
        _positive(plane.get("_MagNA_")),
    )


def _from_lsm(metadata: dict[str, Any], name: str) -> Facts:
    colours: dict[str, Any] = metadata.get("ChannelColors", {})
    names: Sequence[str] = colours.get("ColorNames", ())
    return Facts(name, sizes_from_lsm(metadata), tuple(ChannelInfo(str(text)) for text in names))


def _single_channel(name: Any, emission: Any) -> tuple[ChannelInfo, ...]:
    if not isinstance(name, str) or not name:
        return ()
    return (ChannelInfo(name, _positive(emission)),)


def _positive(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and value > 0 else None
