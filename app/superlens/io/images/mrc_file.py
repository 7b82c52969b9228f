"""MRC volumes and stacks, by mrcfile: mapped; sizes are in ångströms; volumes are scenes."""

from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from superlens.core.errors import UnreadableFile
from superlens.core.records import ImageInfo, SceneInfo
from superlens.core.units import PixelSizeOrigin, PixelSizes
from superlens.io.images.foreign_source import ForeignImage, crop, plain_channels
from superlens.io.images.optics import positive
from superlens.io.images.pixel_sizes import Length, reported_sizes, to_micrometres
from superlens.io.images.source import GUESSED, PlaneRequest

_HEADER_BYTES = 1024
_BIG_ENDIAN = b"\x11"
_SMALLEST_UM = 1e-6
"""Maps of molecules have voxels below an ångström."""
_SOURCE = "MRC cell dimensions"


class MrcImage(ForeignImage):
    """An open MRC file."""

    def _opened(self, path: Path) -> Any:
        import mrcfile  # pyright: ignore[reportMissingTypeStubs]

        _require_extended_header(path)
        return mrcfile.mmap(path, mode="r")  # pyright: ignore[reportUnknownMemberType]

    def _described(self, path: Path) -> ImageInfo:
        data: NDArray[Any] = self._handle.data
        volumes = _volumes(data)
        self._axes = (0, *_order(self._handle.header))
        count, z, y, x = (volumes.shape[axis] for axis in self._axes)
        sizes = _pixel_sizes(self._handle.voxel_size, has_z=z > 1)
        scenes = tuple(
            SceneInfo(
                name=f"Scene {index + 1}",
                shape=(1, 1, z, y, x),
                dtype=data.dtype.name,
                pixel_sizes=sizes,
                channels=plain_channels(1),
            )
            for index in range(count)
        )
        told = f"{GUESSED}{z} images are; they are read as Z slices"
        is_stack = z > 1 and self._handle.is_image_stack()
        return ImageInfo(str(path), "MRC", scenes, (told,) if is_stack else ())

    def _pixels(self, wanted: PlaneRequest) -> NDArray[Any]:
        data: NDArray[Any] = self._handle.data
        volumes = _volumes(data).transpose(self._axes)
        return crop(volumes[wanted.scene, wanted.z], wanted.roi)


def _require_extended_header(path: Path) -> None:
    """Make sure that the extended header is in the file, as the library makes room for it first."""
    with path.open("rb") as stream:
        head = stream.read(_HEADER_BYTES)
    declared = int.from_bytes(head[92:96], "big" if head[212:213] == _BIG_ENDIAN else "little")
    if declared > path.stat().st_size:
        raise UnreadableFile(
            f"{path.name} is cut off or damaged: its second header is not there",
            "Copy it again from where it came from",
        )


def _volumes(data: NDArray[Any]) -> NDArray[Any]:
    """Give the data as volumes; they may be stored as a stack of them, as one, or as one image."""
    return data.reshape((-1, *data.shape[-3:]) if data.ndim > 2 else (1, 1, *data.shape))


def _order(header: Any) -> tuple[int, int, int]:
    """Give where Z, Y and X lie among sections, rows and columns; axes count from 1 there."""
    letters = [int(header.maps), int(header.mapr), int(header.mapc)]
    if sorted(letters) != [1, 2, 3]:
        return 1, 2, 3
    z, y, x = (letters.index(axis) + 1 for axis in (3, 2, 1))
    return z, y, x


def _pixel_sizes(voxel: Any, *, has_z: bool) -> PixelSizes:
    x, y, z = (to_micrometres(positive(voxel[axis]), "Å") for axis in "xyz")
    length = Length(z if has_z else None, y, x)
    sizes = reported_sizes(length, _SOURCE, smallest_um=_SMALLEST_UM)
    if float(voxel["x"]) == float(voxel["y"]) == 1.0:
        # Programs that do not know the size write 1 Å.
        return PixelSizes(sizes.z, sizes.y, sizes.x, PixelSizeOrigin.DEFAULT, _SOURCE)
    return sizes
