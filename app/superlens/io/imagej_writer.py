"""ImageJ hyperstacks: one plain TIFF with calibration, look-up tables and labels.

Never compressed and never above 4 GiB, as ImageJ itself writes them; tifffile is imported when a
file is written.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from superlens import __version__
from superlens.core.errors import InvalidInput
from superlens.io.atomic import replace_file
from superlens.io.disk import readable_bytes
from superlens.io.image_metadata import ImageMetadata, require_fitting, trusted_sizes_um
from superlens.io.pyramid import Stack
from superlens.io.system_errors import writing

IMAGEJ_TYPES = ("uint8", "uint16", "float32")
"""What pixels of a hyperstack may be."""

_MOST_BYTES = (4 << 30) - (16 << 20)
_GREY = "#FFFFFF"
_HUES = ("#00FF00", "#FF00FF", "#00FFFF", "#FFFF00", "#FF0000", "#0000FF")
"""Of channels that name no colour; a single one is grey."""
_SHOWN_PERCENTILES = (0.5, 99.7)


def write_imagej(
    path: Path,
    stack: Stack,
    metadata: ImageMetadata,
    value_map: tuple[float, float] | None = None,
    check: Callable[[], None] = lambda: None,
) -> None:
    """Write a stack as ImageJ hyperstack, whole or not at all.

    Args:
        path: the file, with a name that ends in `.tif`.
        stack: (T, C, Z, Y, X) of one of `IMAGEJ_TYPES`.
        metadata: sizes, channels and texts; one channel for each of C.
        value_map: (scale, offset) of stored integers, so that ImageJ shows and measures
            `scale × stored + offset`; None where they are the values.
        check: called for every plane; may raise to stop, and nothing is left then.

    Raises:
        DiskFull: there is no room.
        InvalidInput: the stack is too large for such a file, or the folder cannot be written.
        ValueError: the stack has other axes or another type, or the channels do not fit.
    """
    require_fitting(stack, metadata)
    if stack.dtype.name not in IMAGEJ_TYPES:
        raise ValueError(f"ImageJ has no pixels of type {stack.dtype.name}")
    require_imagej_size(path, stack.nbytes)
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        with replace_file(path) as part:
            _write(part, stack, metadata, value_map, check)


def require_imagej_size(path: Path, size_bytes: int) -> None:
    """Make sure that so many bytes of pixels fit into one hyperstack.

    Raises:
        InvalidInput: they do not.
    """
    if size_bytes > _MOST_BYTES:
        raise InvalidInput(
            f"{path.name} would hold {readable_bytes(size_bytes)}, and an ImageJ TIFF holds at "
            f"most {readable_bytes(_MOST_BYTES)}",
            "Choose OME-TIFF, which Fiji opens too, or a part of the image",
        )


def _write(
    part: Path,
    stack: Stack,
    metadata: ImageMetadata,
    value_map: tuple[float, float] | None,
    check: Callable[[], None],
) -> None:
    import tifffile

    t, c, z, y, x = stack.shape
    resolution, calibration = _calibration(metadata)
    said: dict[str, Any] = {
        "axes": "TZCYX",
        "mode": "composite" if c > 1 else "grayscale",
        "Labels": _labels(stack.shape, metadata),
        "Info": _info(metadata),
        **calibration,
        **_shown(stack, metadata),
        **_value_map(value_map),
    }
    with tifffile.TiffWriter(part, imagej=True) as writer:
        writer.write(
            data=_planes(stack, check),
            shape=(t, z, c, y, x),
            dtype=stack.dtype,
            photometric="minisblack",
            software=f"Superlens {__version__}",
            metadata=said,
            **resolution,
        )


def _planes(stack: Stack, check: Callable[[], None]) -> Iterator[NDArray[Any]]:
    for t, z, c in np.ndindex(stack.shape[0], stack.shape[2], stack.shape[1]):
        check()
        yield np.ascontiguousarray(stack[t, c, z])


def _calibration(metadata: ImageMetadata) -> tuple[dict[str, Any], dict[str, Any]]:
    """Give the TIFF fields and the words of ImageJ for sizes and times; unknown ones are absent."""
    z, y, x = trusted_sizes_um(metadata.pixel_sizes)
    interval = metadata.acquisition.time_interval_s
    words: dict[str, Any] = {}
    if interval is not None:
        words |= {"finterval": interval, "tunit": "sec"}
    if x is None or y is None:
        return {"resolutionunit": "none"}, words
    words["unit"] = "um"
    if z is not None:
        words["spacing"] = z
    return {"resolution": (1 / x, 1 / y), "resolutionunit": "none"}, words


def _labels(shape: tuple[int, ...], metadata: ImageMetadata) -> list[str]:
    """Give the label of every plane: its channel, and where it lies if there are several."""
    t, _, z = shape[:3]
    names = [_one_line(channel.name) for channel in metadata.channels]
    if t * z == 1:
        return names
    return [
        f"{name} z{slice_ + 1}/{z} t{frame + 1}/{t}"
        for frame in range(t)
        for slice_ in range(z)
        for name in names
    ]


def _info(metadata: ImageMetadata) -> str:
    """Give what *Image > Show Info* shows."""
    acquisition = metadata.acquisition
    lines = [metadata.description, *([metadata.note] if metadata.note else [])]
    lines += [f"{name}: {value}" for name, value in metadata.provenance]
    for name, value in (
        ("Objective", acquisition.objective),
        ("Magnification", acquisition.magnification),
        ("Numerical aperture", acquisition.numerical_aperture),
        ("Acquired", acquisition.acquired_at),
    ):
        lines += [f"{name}: {value}"] if value else []
    for channel in metadata.channels:
        for name, value in (
            ("excitation", channel.excitation_nm),
            ("emission", channel.emission_nm),
        ):
            lines += [f"{channel.name} {name}: {value:g} nm"] if value is not None else []
    return "\n".join(_one_line(line) for line in lines)


def _shown(stack: Stack, metadata: ImageMetadata) -> dict[str, Any]:
    """Give the look-up table and the contrast of each channel."""
    tables: list[NDArray[np.uint8]] = []
    ranges: list[float] = []
    for index, channel in enumerate(metadata.channels):
        spare = _GREY if len(metadata.channels) == 1 else _HUES[index % len(_HUES)]
        tables.append(_table(channel.colour or spare))
        ranges += _contrast(stack[0, index, stack.shape[2] // 2])
    # ImageJ takes the contrast of a single channel from its words, of several from its fields.
    shown = {"Ranges": tuple(ranges), "min": ranges[0], "max": ranges[1]}
    is_grey = len(tables) == 1 and metadata.channels[0].colour is None
    return shown if is_grey else shown | {"LUTs": tables}


def _table(colour: str) -> NDArray[np.uint8]:
    bright = np.frombuffer(bytes.fromhex(colour.lstrip("#")), np.uint8)
    return np.rint(np.outer(bright, np.arange(256) / 255)).astype(np.uint8)  # (3, 256)


def _contrast(plane: NDArray[Any]) -> list[float]:
    step = max(1, max(plane.shape) // 1024)
    values = plane[::step, ::step]
    values = values[np.isfinite(values)]
    if not values.size:
        return [0.0, 1.0]
    low, high = (float(value) for value in np.percentile(values, _SHOWN_PERCENTILES))
    return [low, high if high > low else low + 1.0]


def _value_map(value_map: tuple[float, float] | None) -> dict[str, Any]:
    if value_map is None:
        return {}
    scale, offset = value_map
    # Calibration function 0 of ImageJ is the straight line c0 + c1 × stored.
    return {"cf": 0, "c0": repr(offset), "c1": repr(scale), "vunit": "input units"}


def _one_line(text: str) -> str:
    return " ".join(text.split())
