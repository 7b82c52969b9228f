"""What each dialect of TIFF says of its scenes: names, pixel sizes, channels, optics."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

from superlens.core.records import ChannelInfo
from superlens.core.units import PixelSizes
from superlens.io.images.ome_xml import OmeDocument, OmeImage
from superlens.io.images.optics import (
    NO_OBJECTIVE,
    Objective,
    colour_of,
    moment,
    objective,
    positive,
)
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
    objective: Objective = NO_OBJECTIVE
    time_interval_s: float | None = None
    acquired_at: str | None = None

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
        image.objective,
        image.time_interval_s,
        image.acquired_at,
    )


def _without_folder(name: str) -> str:
    # Some microscopes name an image by the path of its file on their own computer.
    return re.split(r"[/\\]", name)[-1] if re.match(r"[A-Za-z]:\\|/|\\\\", name) else name


def _from_vendor(tif: Any, series: Any) -> Facts:
    page = series.keyframe
    if tif.is_imagej:
        return _from_imagej(tif, page, series)
    if tif.is_stk:
        return _from_stk(tif.stk_metadata, series)
    if tif.is_metaseries:
        return _from_metaseries(tif.metaseries_metadata)
    if tif.is_lsm:
        return _from_lsm(tif.lsm_metadata, series.name)
    if tif.is_svs:
        return _from_svs(str(page.description), series.name)
    return Facts("", sizes_from_resolution(page))


def _from_imagej(tif: Any, page: Any, series: Any) -> Facts:
    metadata: dict[str, Any] = tif.imagej_metadata or {}
    # ImageJ writes an interval of 1 into every stack, whether or not it is a time series.
    is_series = dict(zip(series.axes, series.shape, strict=True)).get("T", 1) > 1
    return Facts(
        "",
        sizes_from_imagej(page, metadata),
        _imagej_channels(metadata, series),
        time_interval_s=positive(metadata.get("finterval")) if is_series else None,
    )


def _imagej_channels(metadata: dict[str, Any], series: Any) -> tuple[ChannelInfo, ...]:
    labels: Sequence[str] = _listed(metadata.get("Labels"))
    tables: Sequence[Any] = _listed(metadata.get("LUTs"))
    sizes = dict(zip(series.axes, series.shape, strict=True))
    count = sizes.get("C", 1)
    # One label belongs to each plane; only with one plane per channel do they name channels.
    others = sizes.get("Z", 1) * sizes.get("T", 1)
    if len(labels) != count or count < 2 or others > 1:
        labels = [""] * count
    # The colour of a channel is the bright end of its table.
    colours = [colour_of(table[:, -1]) for table in tables] if len(tables) == count else []
    if not any(colours) and not any(labels):
        return ()
    return tuple(
        ChannelInfo(
            label.strip() or f"Channel {index + 1}", colour=colours[index] if colours else None
        )
        for index, label in enumerate(labels)
    )


def _listed(items: Any) -> list[Any]:
    """Give items of ImageJ as a list: tifffile gives a single one as itself."""
    if items is None:
        return []
    return list(cast("Sequence[Any]", items)) if isinstance(items, list | tuple) else [items]


def _from_stk(metadata: dict[str, Any], series: Any) -> Facts:
    properties: Sequence[dict[str, Any]] = metadata.get("PlaneProperty", ())
    lens = {item["name"]: item["value"] for item in reversed(properties)}
    return Facts(
        "",
        sizes_from_stk(metadata),
        _single_channel(metadata.get("Name"), _stk_emission(metadata)),
        objective(lens.get("_MagSetting_"), aperture=lens.get("_MagNA_")),
        _stk_interval(metadata) if "T" in series.axes else None,
        _stk_moment(metadata),
    )


def _stk_emission(metadata: dict[str, Any]) -> Any:
    """Give the one of the file, or that of its planes where they have one in common."""
    common = {float(value) for value in metadata.get("Wavelengths", ())}
    return metadata.get("wavelength", common.pop() if len(common) == 1 else None)


def _stk_interval(metadata: dict[str, Any]) -> float | None:
    taken = metadata.get("DatetimeCreated")
    if taken is None or len(taken) < 2:
        return None
    lasted_ms = (taken[-1] - taken[0]).astype("timedelta64[ms]").astype(float)
    return positive(lasted_ms / 1000 / (len(taken) - 1))


def _stk_moment(metadata: dict[str, Any]) -> str | None:
    for key in ("DatetimeCreated", "CreateTime"):
        value = metadata.get(key)
        first = value if value is None or hasattr(value, "isoformat") else value[0]
        if first is not None:
            return moment(str(first))
    return None


def _from_metaseries(metadata: dict[str, Any]) -> Facts:
    plane: dict[str, Any] = metadata.get("PlaneInfo", {})
    return Facts(
        "",
        sizes_from_metaseries(plane),
        _single_channel(plane.get("image-name"), plane.get("wavelength")),
        objective(plane.get("_MagSetting_"), aperture=plane.get("_MagNA_")),
        acquired_at=moment(plane.get("acquisition-time-local")),
    )


def _from_svs(description: str, name: str) -> Facts:
    # The scale stands in the description of every picture but is that of the slide alone.
    if name != "Baseline":
        return Facts(name)
    said = dict(re.findall(r"\|\s*([^|=]+?)\s*=\s*([^|]*?)\s*(?=\||$)", description))
    try:
        taken = datetime.strptime(f"{said.get('Date')} {said.get('Time')}", "%m/%d/%y %H:%M:%S")
    except ValueError:
        taken = None
    lens = objective("", said.get("AppMag"))
    return Facts(name, sizes_from_svs(description), (), lens, acquired_at=moment(taken))


def _from_lsm(metadata: dict[str, Any], name: str) -> Facts:
    scan: dict[str, Any] = metadata.get("ScanInformation") or {}
    return Facts(
        name,
        sizes_from_lsm(metadata),
        _lsm_channels(metadata),
        objective(scan.get("Objective")),
        positive(metadata.get("TimeIntervall")),
        # Days since the beginning of 1900, counted as spreadsheets do; local time.
        _spreadsheet_moment(scan.get("Sample0time")),
    )


def _lsm_channels(metadata: dict[str, Any]) -> tuple[ChannelInfo, ...]:
    table: dict[str, Any] = metadata.get("ChannelColors") or {}
    names: Sequence[Any] = table.get("ColorNames") or ()
    colours: Sequence[Any] = table.get("Colors") or ()
    colours = colours if len(colours) == len(names) else [None] * len(names)
    return tuple(
        ChannelInfo(str(name).strip("\0 ") or f"Channel {index + 1}", colour=colour_of(colour))
        for index, (name, colour) in enumerate(zip(names, colours, strict=True))
    )


def _spreadsheet_moment(days: Any) -> str | None:
    number = positive(days, below=100_000)
    if number is None:
        return None
    taken = datetime(1899, 12, 30) + timedelta(days=number)
    return taken.isoformat(timespec="seconds")


def _single_channel(name: Any, emission: Any) -> tuple[ChannelInfo, ...]:
    if not isinstance(name, str) or not name:
        return ()
    return (ChannelInfo(name, positive(emission)),)
