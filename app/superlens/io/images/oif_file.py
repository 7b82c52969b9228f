"""Olympus OIB and OIF files, by oiffile: one small TIFF for each plane, settings as text."""

import math
import re
from io import BytesIO
from itertools import product
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from superlens.core.records import ChannelInfo, ImageInfo, SceneInfo
from superlens.core.units import PixelSizes
from superlens.io.images.foreign_source import ForeignImage, crop, missing_planes, unsupported
from superlens.io.images.oif_store import OibContainer, OifFolder, OifStore
from superlens.io.images.optics import NO_OBJECTIVE, Objective, moment, objective, positive
from superlens.io.images.pixel_sizes import Length, reported_sizes, to_micrometres
from superlens.io.images.reader_errors import quiet_library_log
from superlens.io.images.source import PlaneRequest, require_memory
from superlens.io.images.tiff_guards import require_credible_size

_PLANE = re.compile(r"_((?:[A-Z]\d{3,})+)\.tif$", re.IGNORECASE)
_PART = re.compile(r"([A-Z])(\d+)")
_COMMA_NUMBER = re.compile(r"(\d+),(\d+)(?:\.0)?")
_OLE = b"\xd0\xcf\x11\xe0"
_TO_S = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "min": 60.0}

Place = tuple[int, int, int]
"""T, C and Z."""


class OifImage(ForeignImage):
    """An open OIB file, or an OIF file with its folder."""

    def _opened(self, path: Path) -> OifStore:
        quiet_library_log("tifffile")
        with path.open("rb") as stream:
            is_oib = stream.read(4) == _OLE
        return OibContainer(path) if is_oib else OifFolder(path)

    def _described(self, path: Path) -> ImageInfo:
        store: OifStore = self._handle
        main = store.main()
        axes = _axes(main)
        order = str(_section(main, "Axis Parameter Common").get("AxisOrder", "XY"))
        if not order.startswith("XY"):
            raise unsupported(path.name, f"planes of the axes {order[:2]}, such as a line scan")
        self._planes, counts = _planes(path.name, store.names)
        if not self._planes:
            raise missing_planes(path.name, 0, 1)
        height, width, dtype = self._size_of(next(iter(self._planes.values())))
        declared = math.prod(
            max(count, _count(axes.get(axis, {})))
            for axis, count in zip("TCZ", counts, strict=True)
        )
        self._declared = declared
        missing = declared - len(self._planes)
        told = f"{missing} of {declared} planes were never written"
        lens, acquired = _optics(store, main)
        scene = SceneInfo(
            name="Scene 1",
            shape=(*counts, height, width),
            dtype=dtype,
            pixel_sizes=_pixel_sizes(main, axes.get("Z", {}) if counts[2] > 1 else {}),
            channels=_channels(main, counts[1]),
            numerical_aperture=lens.numerical_aperture,
            time_interval_s=_interval(axes.get("T", {})) if counts[0] > 1 else None,
            objective=lens.name,
            magnification=lens.magnification,
            acquired_at=acquired,
        )
        kind = "Olympus OIB" if isinstance(store, OibContainer) else "Olympus OIF"
        return ImageInfo(str(path), kind, (scene,), (told,) if missing > 0 else ())

    def _stored_bytes(self, path: Path) -> int | None:
        store: OifStore = self._handle
        return store.stored_bytes()

    def _pixels(self, wanted: PlaneRequest) -> NDArray[Any]:
        name = self._planes.get((wanted.t, wanted.c, wanted.z))
        if name is None:
            raise missing_planes(self._name, len(self._planes), self._declared)
        with self._tiff(name) as tif:
            page = self._page(tif)
            require_memory(self._name, math.prod(page.shape) * page.dtype.itemsize)
            return crop(page.asarray(), wanted.roi)

    def _size_of(self, name: str) -> tuple[int, int, str]:
        with self._tiff(name) as tif:
            page = self._page(tif)
            if page.ndim != 2:
                raise unsupported(self._name, "colour pictures in an Olympus file")
            return *page.shape, np.dtype(page.dtype).name

    def _page(self, tif: Any) -> Any:
        page = tif.pages[0]
        require_credible_size(self._name, page)
        return page

    def _tiff(self, name: str) -> Any:
        import tifffile

        return tifffile.TiffFile(BytesIO(self._handle.read(name)), name=name)


def _planes(file: str, names: tuple[str, ...]) -> tuple[dict[Place, str], Place]:
    """Give the file of each plane, and how many there are along T, C and Z.

    Pictures for reference are called otherwise, with `-R` and a number at the end.
    """
    found: dict[str, dict[str, int]] = {}
    for name in names:
        match = _PLANE.search(name)
        if match:
            parts = _PART.findall(match.group(1).upper())
            found[name] = {axis: int(number) for axis, number in parts}
    numbers: dict[str, list[int]] = {}
    for axis in {axis for place in found.values() for axis in place}:
        numbers[axis] = sorted({place.get(axis, 1) for place in found.values()})
    for axis, values in numbers.items():
        if axis not in "TCZ" and len(values) > 1:
            word = "wavelengths" if axis == "L" else f"the kind {axis!r}"
            raise unsupported(file, f"an axis of {word}")
    steps = {axis: numbers.get(axis, [1]) for axis in "TCZ"}
    by_place = {
        tuple(place.get(axis, 1) for axis in "TCZ"): name for name, place in sorted(found.items())
    }
    wanted = product(*(enumerate(steps[axis]) for axis in "TCZ"))
    planes: dict[Place, str] = {}
    for (t, in_t), (c, in_c), (z, in_z) in wanted:
        name = by_place.get((in_t, in_c, in_z))
        if name is not None:
            planes[t, c, z] = name
    return planes, (len(steps["T"]), len(steps["C"]), len(steps["Z"]))


def _section(settings: dict[str, Any], name: str) -> dict[str, Any]:
    section: Any = settings.get(name)
    return cast("dict[str, Any]", section) if isinstance(section, dict) else {}


def _axes(main: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Give the settings of each axis by its letter."""
    sections = (_section(main, f"Axis {index} Parameters Common") for index in range(9))
    return {str(section["AxisCode"]): section for section in sections if "AxisCode" in section}


def _count(axis: dict[str, Any]) -> int:
    count = positive(axis.get("MaxSize"), below=1e6)
    return 1 if count is None else int(count)


def _number(value: Any) -> float | None:
    """Give a positive number; some were written with a decimal comma, as in `0,207.0`."""
    found = _COMMA_NUMBER.fullmatch(str(value))
    return positive(f"{found.group(1)}.{found.group(2)}" if found else value)


def _pixel_sizes(main: dict[str, Any], z_axis: dict[str, Any]) -> PixelSizes:
    image = _section(main, "Reference Image Parameter")
    x, y = (
        to_micrometres(_number(image.get(f"{side}ConvertValue")), str(image.get(f"{side}Unit")))
        for side in ("Width", "Height")
    )
    step = str(z_axis.get("Interval", "")).removeprefix("-")
    z = to_micrometres(_number(step), str(z_axis.get("PixUnit")))
    return reported_sizes(Length(z, y, x), "Olympus WidthConvertValue")


def _channels(main: dict[str, Any], count: int) -> tuple[ChannelInfo, ...]:
    return tuple(
        _channel(_section(main, f"Channel {index + 1} Parameters"), index) for index in range(count)
    )


def _channel(section: dict[str, Any], index: int) -> ChannelInfo:
    name = str(section.get("CH Name") or f"Channel {index + 1}")
    dye = str(section.get("DyeName") or "")
    return ChannelInfo(
        f"{name} ({dye})" if dye not in ("", "None") else name,
        positive(section.get("EmissionWavelength")),  # 0 stands for unknown
        positive(section.get("ExcitationWavelength")),
    )


def _optics(store: OifStore, main: dict[str, Any]) -> tuple[Objective, str | None]:
    """Give the objective, which stands in the settings of the planes, and the moment."""
    common = _section(main, "Acquisition Parameters Common")
    acquired = moment(common.get("ImageCaputreDate"))  # as the microscope spells it
    first = next((name for name in store.names if name.lower().endswith(".pty")), None)
    if first is None:
        return NO_OBJECTIVE, acquired
    plane = _section(store.settings(first), "Acquisition Parameters Common")
    lens = objective(
        plane.get("ObjectiveLens Name"),
        plane.get("Magnification"),
        plane.get("ObjectiveLens NAValue"),
    )
    return lens, acquired


def _interval(axis: dict[str, Any]) -> float | None:
    step = _number(axis.get("Interval"))
    factor = _TO_S.get(str(axis.get("PixUnit")))
    return None if step is None or factor is None else step * factor
