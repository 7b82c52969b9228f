"""What the JSON of an OME-Zarr folder says: its images, their levels, axes, sizes and channels.

Versions 0.1 to 0.4 keep it in `.zattrs`, 0.5 in `zarr.json`. Nothing here reads pixels.
"""

import json
import math
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

from superlens.core.errors import UnreadableFile, UnsupportedImage
from superlens.core.records import ChannelInfo
from superlens.core.units import PixelSizes
from superlens.io.images.foreign_source import unsupported
from superlens.io.images.ome_xml import OmeImage, parse_ome
from superlens.io.images.optics import NO_OBJECTIVE, Objective, colour_from_hex, positive
from superlens.io.images.pixel_sizes import Length, reported_sizes, to_micrometres

_TO_S = {
    "second": 1.0,
    "millisecond": 1e-3,
    "microsecond": 1e-6,
    "nanosecond": 1e-9,
    "minute": 60.0,
    "hour": 3600.0,
    "day": 86400.0,
}
_LARGEST_JSON = 64 << 20
_COPY_AGAIN = "Copy the whole folder again from where it came from"

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class ZarrScene:
    """One image of a folder."""

    name: str
    folder: Path
    levels: tuple[str, ...]
    """Paths of the arrays inside the folder, the full size first."""
    axes: str
    """One of `tczyx` for each axis of the arrays."""
    pixel_sizes: PixelSizes
    channels: tuple[ChannelInfo, ...]
    objective: Objective = NO_OBJECTIVE
    time_interval_s: float | None = None
    acquired_at: str | None = None


def read_scenes(root: Path) -> tuple[ZarrScene, ...]:
    """Give the images of a folder: one, those of a converted file, or the fields of a plate.

    Raises:
        UnreadableFile: its JSON is damaged or points outside the folder.
        UnsupportedImage: it says nothing of images, or has axes that are not supported.
    """
    attributes = attributes_of(root)
    if "plate" in attributes:
        return _plate(root, attributes["plate"])
    if "multiscales" in attributes:
        described = _described(root)
        return _images(root, root, attributes, described[0] if len(described) == 1 else None)
    if "bioformats2raw.layout" in attributes:
        return _series(root)
    raise UnsupportedImage(
        f"{root.name} is a Zarr folder that says nothing of an image",
        "Choose the folder of an image inside it, or save it as OME-Zarr",
    )


def attributes_of(folder: Path) -> Json:
    """Give what a Zarr group says of itself; nothing where it has no JSON.

    Raises:
        UnreadableFile: the JSON is damaged.
    """
    third = folder / "zarr.json"
    if third.is_file():
        attributes = as_object(read_json_file(third).get("attributes"))
        return as_object(attributes.get("ome")) or attributes
    second = folder / ".zattrs"
    return read_json_file(second) if second.is_file() else {}


def read_json_file(path: Path) -> Json:
    """Give the object that a JSON file holds.

    Raises:
        UnreadableFile: it is damaged or holds something else.
    """
    if path.stat().st_size > _LARGEST_JSON:
        raise UnreadableFile(f"{path.name} is too long for a description of images", _COPY_AGAIN)
    try:
        found = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise UnreadableFile(f"{path.name} is damaged: it is no JSON", _COPY_AGAIN) from error
    if not isinstance(found, dict):
        raise UnreadableFile(f"{path.name} is damaged: it is no JSON object", _COPY_AGAIN)
    return as_object(found)


def inside(root: Path, folder: Path, relative: Any) -> Path:
    """Give a folder by its path inside another one.

    Raises:
        UnreadableFile: it lies outside the root, or there is none.
    """
    place = folder / str(relative)
    if not place.resolve().is_relative_to(root.resolve()):
        raise UnreadableFile(
            f"{root.name} refers to a folder outside itself ({str(relative)!r}), which is not read",
            "Put all of it into one folder",
        )
    if not place.is_dir():
        raise UnreadableFile(
            f"{root.name} is incomplete: its part {str(relative)!r} is missing", _COPY_AGAIN
        )
    return place


def _plate(root: Path, plate: Any) -> tuple[ZarrScene, ...]:
    scenes: list[ZarrScene] = []
    for well in _objects(as_object(plate).get("wells")):
        place = inside(root, root, well.get("path"))
        name = str(well.get("path")).replace("/", "")
        for field in _objects(as_object(attributes_of(place).get("well")).get("images")):
            folder = inside(root, place, field.get("path"))
            found = _images(root, folder, attributes_of(folder), None)
            scenes.extend(_named(scene, f"{name} field {field.get('path')}") for scene in found)
    return tuple(scenes)


def _series(root: Path) -> tuple[ZarrScene, ...]:
    """Give the images of a file that bioformats2raw has converted, with what its XML says."""
    described = _described(root)
    listed = attributes_of(root / "OME").get("series") if (root / "OME").is_dir() else None
    names = [str(name) for name in as_list(listed)] or _numbered(root)
    scenes: list[ZarrScene] = []
    for index, name in enumerate(names):
        folder = inside(root, root, name)
        image = described[index] if index < len(described) else None
        scenes.extend(_images(root, folder, attributes_of(folder), image))
    return tuple(scenes)


def _described(root: Path) -> tuple[OmeImage, ...]:
    """Give what the OME-XML says that some writers put beside the arrays."""
    xml = root / "OME" / "METADATA.ome.xml"
    if not xml.is_file() or xml.stat().st_size > _LARGEST_JSON:
        return ()
    document = parse_ome(xml.read_text("utf-8", "replace"))
    return document.images if document is not None else ()


def _numbered(root: Path) -> list[str]:
    count = 0
    while (root / str(count)).is_dir():
        count += 1
    return [str(index) for index in range(count)]


def _images(
    root: Path, folder: Path, attributes: Json, described: OmeImage | None
) -> tuple[ZarrScene, ...]:
    scales = _objects(attributes.get("multiscales"))
    if not scales:
        raise UnreadableFile(
            f"{root.name} is incomplete: {folder.name!r} says nothing of an image", _COPY_AGAIN
        )
    channels = _channels(attributes)
    return tuple(_image(root, folder, scale, channels, described) for scale in scales)


def _image(
    root: Path,
    folder: Path,
    scale: Json,
    channels: tuple[ChannelInfo, ...],
    described: OmeImage | None,
) -> ZarrScene:
    axes = _axes(root.name, scale)
    datasets = _objects(scale.get("datasets"))
    if not datasets:
        raise UnreadableFile(f"{root.name} is damaged: it lists no levels", _COPY_AGAIN)
    sizes = _scale_of(scale, datasets[0], axes)
    said = described or OmeImage("", 0, PixelSizes(), ())
    own = _pixel_sizes(sizes)
    t_size, t_unit = sizes.get("t", (None, ""))
    factor = _TO_S.get(t_unit)
    return ZarrScene(
        name=said.name or str(scale.get("name") or ""),
        folder=folder,
        levels=tuple(str(item.get("path")) for item in datasets),
        axes="".join(name for name, _ in axes),
        pixel_sizes=said.pixel_sizes if said.pixel_sizes.x is not None else own,
        channels=said.channels or channels,
        objective=said.objective,
        time_interval_s=said.time_interval_s or (t_size and factor and t_size * factor) or None,
        acquired_at=said.acquired_at,
    )


def _axes(name: str, scale: Json) -> list[tuple[str, str]]:
    """Give the letter and the unit of each axis."""
    axes: list[tuple[str, str]] = []
    for item in as_list(scale.get("axes")) or list("tczyx"):
        axis = as_object(item) or {"name": item}
        axes.append((str(axis.get("name")).lower(), str(axis.get("unit") or "")))
    letters = [letter for letter, _ in axes]
    foreign = [letter for letter in letters if letter not in ("t", "c", "z", "y", "x")]
    if foreign:
        raise unsupported(name, f"an axis named {foreign[0]!r}")
    if len(set(letters)) < len(letters) or not {"y", "x"} <= set(letters):
        raise unsupported(name, f"the axes {' '.join(letters)}")
    return axes


def _scale_of(
    scale: Json, dataset: Json, axes: list[tuple[str, str]]
) -> dict[str, tuple[float | None, str]]:
    """Give the step and its unit along each axis at full size; scales multiply."""
    steps = [1.0] * len(axes)
    is_stated = False
    for holder in (dataset, scale):
        for item in _objects(holder.get("coordinateTransformations")):
            values = as_list(item.get("scale"))
            if item.get("type") != "scale" or len(values) != len(axes):
                continue
            is_stated = True
            steps = [
                step * (positive(value) or math.nan)
                for step, value in zip(steps, values, strict=True)
            ]
    return {
        letter: (positive(step) if is_stated else None, unit)
        for (letter, unit), step in zip(axes, steps, strict=True)
    }


def _pixel_sizes(sizes: dict[str, tuple[float | None, str]]) -> PixelSizes:
    z, y, x = (to_micrometres(*sizes.get(letter, (None, ""))) for letter in "zyx")
    return reported_sizes(Length(z, y, x), "OME-Zarr scale")


def _channels(attributes: Json) -> tuple[ChannelInfo, ...]:
    described = _objects(as_object(attributes.get("omero")).get("channels"))
    return tuple(
        ChannelInfo(
            str(item.get("label") or f"Channel {index + 1}"),
            positive(item.get("emission_wavelength")),
            positive(item.get("excitation_wavelength")),
            colour_from_hex(str(item.get("color") or "")),
        )
        for index, item in enumerate(described)
    )


def _named(scene: ZarrScene, name: str) -> ZarrScene:
    return replace(scene, name=name)


def as_object(value: Any) -> Json:
    """Give a JSON object, an empty one for anything else."""
    return cast("Json", value) if isinstance(value, dict) else {}


def as_list(value: Any) -> list[Any]:
    """Give a JSON list, an empty one for anything else."""
    return cast("list[Any]", value) if isinstance(value, list) else []


def _objects(value: Any) -> list[Json]:
    return [as_object(item) for item in as_list(value) if isinstance(item, dict)]
