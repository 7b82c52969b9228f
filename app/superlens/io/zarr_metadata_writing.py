"""What an OME-Zarr folder says of its image: axes, levels, scales, channels and how to show them.

Versions 0.4 and 0.5 say the same in different places: https://ngff.openmicroscopy.org/0.5
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from superlens.core.records import ChannelInfo
from superlens.io.image_metadata import ImageMetadata, trusted_sizes_um
from superlens.io.pyramid import Stack

Json = dict[str, Any]

_HUES = ("FFFFFF", "00FF00", "FF00FF", "00FFFF", "FFFF00", "FF0000", "0000FF")
"""Of channels that name no colour; a single one is grey."""
_SHOWN_PERCENTILES = (0.5, 99.7)


def ome_attributes(version: str, levels: list[Stack], metadata: ImageMetadata) -> Json:
    """Give the attributes of the group that holds an image.

    Args:
        version: `0.4` or `0.5`.
        levels: (T, C, Z, Y, X) each, the full size first; their arrays are named 0, 1, 2, ...
        metadata: what is known; axes of unknown size have no unit.
    """
    multiscale: Json = {
        "name": metadata.name,
        "axes": _axes(metadata),
        "datasets": [_dataset(index, metadata) for index in range(len(levels))],
        "type": "mean",
        "metadata": {"description": "Means of 2 x 2 pixels of the level before"},
    }
    omero = _omero(levels[-1], metadata)
    facts = {"superlens": _own_facts(metadata)}
    if version == "0.4":
        multiscale["version"] = version
        return {"multiscales": [multiscale], "omero": omero | {"version": version}, **facts}
    return {"ome": {"version": version, "multiscales": [multiscale], "omero": omero}, **facts}


def _axes(metadata: ImageMetadata) -> list[Json]:
    sizes = dict(zip("zyx", trusted_sizes_um(metadata.pixel_sizes), strict=True))
    time: Json = {"name": "t", "type": "time"}
    if metadata.acquisition.time_interval_s is not None:
        time["unit"] = "second"
    space = [
        {"name": axis, "type": "space"} | ({} if size is None else {"unit": "micrometer"})
        for axis, size in sizes.items()
    ]
    return [time, {"name": "c", "type": "channel"}, *space]


def _dataset(index: int, metadata: ImageMetadata) -> Json:
    """Say where the pixels of a level lie: their steps, and their shift by averaging."""
    z, y, x = (size or 1.0 for size in trusted_sizes_um(metadata.pixel_sizes))
    times = 2**index
    t = metadata.acquisition.time_interval_s or 1.0
    transformations: list[Json] = [{"type": "scale", "scale": [t, 1.0, z, y * times, x * times]}]
    if index:
        # The first mean stands for the middle of `times` pixels, not for the first of them.
        shift = (times - 1) / 2
        moved = [0.0, 0.0, 0.0, y * shift, x * shift]
        transformations.append({"type": "translation", "translation": moved})
    return {"path": str(index), "coordinateTransformations": transformations}


def _omero(smallest: Stack, metadata: ImageMetadata) -> Json:
    channels = [
        _channel(channel, index, len(metadata.channels), _limits(smallest[:, index]))
        for index, channel in enumerate(metadata.channels)
    ]
    return {
        "name": metadata.name,
        "channels": channels,
        "rdefs": {
            "model": "color" if len(channels) > 1 else "greyscale",
            "defaultT": 0,
            "defaultZ": smallest.shape[2] // 2,
        },
    }


def _channel(channel: ChannelInfo, index: int, count: int, limits: tuple[float, ...]) -> Json:
    hue = _HUES[0] if count == 1 else _HUES[1 + index % (len(_HUES) - 1)]
    low, high, start, end = limits
    wavelengths = {
        "emission_wavelength": channel.emission_nm,
        "excitation_wavelength": channel.excitation_nm,
    }
    return {
        "label": channel.name,
        "color": hue if channel.colour is None else channel.colour.lstrip("#"),
        "active": True,
        "coefficient": 1,
        "family": "linear",
        "inverted": False,
        "window": {"min": low, "max": high, "start": start, "end": end},
        **{key: value for key, value in wavelengths.items() if value is not None},
    }


def _limits(stack: NDArray[Any]) -> tuple[float, float, float, float]:
    """Give least, most, and the ends of a good contrast of one channel of the smallest level."""
    middle = stack[:, stack.shape[1] // 2]
    values = middle[np.isfinite(middle)]
    if not values.size:
        return 0.0, 1.0, 0.0, 1.0
    start, end = (float(value) for value in np.percentile(values, _SHOWN_PERCENTILES))
    if stack.dtype.kind in "ui":
        info = np.iinfo(stack.dtype)
        low, high = float(info.min), float(info.max)
    else:
        low, high = float(values.min()), float(values.max())
    return low, high, start, end if end > start else start + 1.0


def _own_facts(metadata: ImageMetadata) -> Json:
    """Give what the specification has no place for."""
    acquisition = metadata.acquisition
    lens = {
        "objective": acquisition.objective or None,
        "magnification": acquisition.magnification,
        "numerical_aperture": acquisition.numerical_aperture,
        "acquired_at": acquisition.acquired_at,
    }
    return {
        "description": metadata.description,
        **({"note": metadata.note} if metadata.note else {}),
        "pixel_size_origin": metadata.pixel_sizes.origin.value,
        "acquisition": {key: value for key, value in lens.items() if value is not None},
        "provenance": dict(metadata.provenance),
    }
