"""DeltaVision DV files, by mrc: mapped, so that a region reads no more than its rows."""

from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from superlens.core.records import ChannelInfo, ImageInfo, SceneInfo
from superlens.core.units import PixelSizes
from superlens.io.images.foreign_source import ForeignImage, crop
from superlens.io.images.optics import Objective, objective, positive
from superlens.io.images.pixel_sizes import Length, reported_sizes
from superlens.io.images.source import PlaneRequest

_MOST_WAVES = 5
"""As many wavelengths as the header has room for."""


class DvImage(ForeignImage):
    """An open DV file."""

    def _opened(self, path: Path) -> Any:
        import mrc

        return mrc.DVFile(path)

    def _described(self, path: Path) -> ImageInfo:
        sizes: dict[str, int] = self._handle.sizes
        self._order = tuple(axis for axis in sizes if axis in "TCZ")
        lens = _lens(self._handle.hdr.lens_num)
        scene = SceneInfo(
            name="Scene 1",
            shape=tuple(sizes[axis] for axis in "TCZYX"),
            dtype=self._handle.dtype.name,
            pixel_sizes=_pixel_sizes(self._handle.voxel_size, has_z=sizes["Z"] > 1),
            channels=_channels(self._handle.hdr, sizes["C"]),
            numerical_aperture=lens.numerical_aperture,
            objective=lens.name,
            magnification=lens.magnification,
        )
        return ImageInfo(str(path), "DeltaVision DV", (scene,))

    def _pixels(self, wanted: PlaneRequest) -> NDArray[Any]:
        place = {"T": wanted.t, "C": wanted.c, "Z": wanted.z}
        return crop(self._handle.data[tuple(place[axis] for axis in self._order)], wanted.roi)


def _pixel_sizes(voxel: Any, *, has_z: bool) -> PixelSizes:
    x, y, z = (positive(size) for size in (voxel.x, voxel.y, voxel.z))
    return reported_sizes(Length(z if has_z else None, y, x), "DV header")


def _channels(header: Any, count: int) -> tuple[ChannelInfo, ...]:
    waves = [getattr(header, f"wave{index + 1}") for index in range(_MOST_WAVES)]
    return tuple(
        ChannelInfo(f"Channel {index + 1}", positive(waves[index]) if index < _MOST_WAVES else None)
        for index in range(count)
    )


def _lens(number: int) -> Objective:
    from mrc.lenses import D as LENSES

    found = LENSES.get(number, {})
    return objective(found.get("name"), found.get("magnification"), found.get("lensNA"))
