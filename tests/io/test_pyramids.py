"""Smaller levels that files hold: their sizes, their pixels, and how little of them is read."""

import struct
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import tifffile
from PIL import Image

from superlens.core.errors import InvalidInput
from superlens.core.jobs import Roi
from superlens.core.records import ImageInfo, SceneInfo
from superlens.core.units import PixelSizes
from superlens.io.codec import decode, encode
from superlens.io.images import open_image, probe, tiff_regions

SVS = "Aperio Image Library v11.2.1\n{0}x{1} (32x32) JPEG/RGB|AppMag = 20|MPP = 0.4990|"
SVS += "Date = 12/29/09|Time = 09:59:15"


def noise(*shape: int, dtype: str = "uint16") -> np.ndarray:
    return np.random.default_rng(0).integers(0, 200, shape).astype(dtype)


def halves(full: np.ndarray, count: int) -> list[np.ndarray]:
    """Give an image and `count - 1` smaller ones; each has pixels of its own."""
    return [full[..., :: 2**level, :: 2**level] + level for level in range(count)]


def write_ome(path: Path, levels: list[np.ndarray], **options: Any) -> Path:
    with tifffile.TiffWriter(path, ome=True) as tif:
        options = {"tile": (32, 32), "metadata": {"axes": "TCZYX"}, **options}
        tif.write(levels[0], subifds=len(levels) - 1, **options)
        options.pop("metadata")
        for level in levels[1:]:
            tif.write(level, subfiletype=1, **options)
    return path


def write_svs(path: Path, levels: list[np.ndarray]) -> Path:
    """Write the slide, its thumbnail as the second page, then the further levels."""
    with tifffile.TiffWriter(path) as tif:
        options: dict[str, Any] = {"photometric": "rgb", "metadata": None}
        for index, level in enumerate(levels):
            text = SVS.format(level.shape[1], level.shape[0])
            tif.write(level, tile=(32, 32), description=text, **options)
            if index == 0:
                tif.write(level[::8, ::8].copy(), description=text, rowsperstrip=8, **options)
    return path


def write_czi_pyramid(path: Path, full: np.ndarray, half: np.ndarray) -> Path:
    """Write two tiles, then declare the second to cover the area of the first."""
    from pylibCZIrw import czi

    with czi.create_czi(str(path)) as file:
        for number, pixels in enumerate((full, half)):
            place = {"T": 0, "Z": 0, "C": 0, "M": number}
            file.write(pixels[..., None], location=(0, 0), plane=place)
        file.write_metadata()
    data = bytearray(path.read_bytes())
    for axis, covered, stored in (
        (b"X", full.shape[1], half.shape[1]),
        (b"Y", full.shape[0], half.shape[0]),
    ):
        # An entry: letter, start, size, start on the stage, stored size.
        at = data.find(axis + bytes(3))
        while at >= 0:
            size, in_file = struct.unpack_from("<I4xI", data, at + 8)
            if size == stored and in_file in (0, stored):
                struct.pack_into("<I4xI", data, at + 8, covered, stored)
            at = data.find(axis + bytes(3), at + 1)
    path.write_bytes(data)
    return path


def write_ims(path: Path, levels: list[np.ndarray], padded: int = 4) -> Path:
    """Write (T, C, Z, Y, X) levels; each is padded to whole blocks."""
    with h5py.File(path, "w") as file:
        for number, data in enumerate(levels):
            for t, c in np.ndindex(*data.shape[:2]):
                place = f"DataSet/ResolutionLevel {number}/TimePoint {t}/Channel {c}"
                group = file.create_group(place)
                for axis, size in zip("ZYX", data.shape[2:], strict=True):
                    group.attrs[f"ImageSize{axis}"] = np.frombuffer(str(size).encode(), "S1")
                pixels = np.pad(data[t, c], ((0, 0), (0, padded), (0, padded)))
                group.create_dataset("Data", data=pixels, chunks=(1, 8, 8), compression="gzip")
    return path


def scene_of(path: Path) -> SceneInfo:
    return probe(path).scenes[0]


def test_levels_of_an_ome_tiff(tmp_path: Path) -> None:
    levels = halves(noise(2, 2, 3, 96, 128), 3)
    path = write_ome(tmp_path / "a.ome.tif", levels, compression="zlib")

    with open_image(path) as image:
        assert image.info.scenes[0].levels == ((96, 128), (48, 64), (24, 32))
        for number, data in enumerate(levels):
            np.testing.assert_array_equal(image.plane(0, 1, 0, 2, number), data[1, 0, 2])
        region = image.region(0, 0, 1, 1, Roi(20, 10, 30, 20), level=1)
        np.testing.assert_array_equal(region, levels[1][0, 1, 1, 10:30, 20:50])


def test_levels_of_a_slide_with_the_scale_of_the_full_size(tmp_path: Path) -> None:
    full = noise(128, 96, 3, dtype="uint8")
    levels = [full, full[::2, ::2] + 1, full[::4, ::4] + 2]
    path = write_svs(tmp_path / "a.svs", levels)

    with open_image(path) as image:
        scene = image.info.scenes[0]
        assert image.info.format == "Aperio SVS"
        assert scene.levels == ((128, 96), (64, 48), (32, 24))
        assert (scene.pixel_sizes.x, scene.magnification) == (0.499, 20)
        assert scene.acquired_at == "2009-12-29T09:59:15"
        for number, data in enumerate(levels):
            np.testing.assert_array_equal(image.plane(0, 0, 0, 0, number), data)


def test_levels_of_a_czi(tmp_path: Path) -> None:
    full, half = noise(128, 192), noise(64, 96) + 300
    path = write_czi_pyramid(tmp_path / "a.czi", full, half)

    with open_image(path) as image:
        assert image.info.scenes[0].levels == ((128, 192), (64, 96))
        np.testing.assert_array_equal(image.plane(0, 0, 0, 0), full)
        np.testing.assert_array_equal(image.plane(0, 0, 0, 0, 1), half)
        region = image.region(0, 0, 0, 0, Roi(32, 16, 20, 30), level=1)
        np.testing.assert_array_equal(region, half[16:46, 32:52])


def test_levels_of_an_imaris_file_lose_their_padding(tmp_path: Path) -> None:
    full = noise(2, 2, 4, 40, 60)
    levels = [full, full[:, :, ::2, ::2, ::2] + 1]
    path = write_ims(tmp_path / "a.ims", levels)

    with open_image(path) as image:
        assert image.info.scenes[0].levels == ((40, 60), (20, 30))
        for z in range(4):
            # The second level has half as many slices: each covers two.
            found = image.plane(0, 1, 1, z, level=1)
            np.testing.assert_array_equal(found, levels[1][1, 1, z // 2])


@pytest.mark.parametrize("ending", ["tif", "png"])
def test_images_without_a_pyramid_have_one_level(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"a.{ending}"
    Image.fromarray(noise(20, 30, dtype="uint8")).save(path)

    with open_image(path) as image:
        assert image.info.scenes[0].levels == ((20, 30),)
        with pytest.raises(InvalidInput, match="no level 1"):
            image.plane(0, 0, 0, 0, 1)


def test_region_beyond_a_smaller_level_is_refused(tmp_path: Path) -> None:
    path = write_ome(tmp_path / "a.ome.tif", halves(noise(1, 1, 1, 96, 128), 2))

    with open_image(path) as image:
        assert image.region(0, 0, 0, 0, Roi(64, 48, 64, 48)).shape == (48, 64)
        with pytest.raises(InvalidInput, match="64 × 48 pixels"):
            image.region(0, 0, 0, 0, Roi(64, 48, 64, 48), level=1)


def test_region_of_a_level_decodes_its_tiles_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    levels = halves(noise(1, 1, 1, 512, 512), 3)
    path = write_ome(tmp_path / "a.ome.tif", levels, compression="zlib")
    decoded: list[tuple[int, int]] = []
    real = tiff_regions._decoded

    def remember(page: Any, index: int) -> Any:
        decoded.append((page.keyframe.imagewidth, index))
        return real(page, index)

    monkeypatch.setattr(tiff_regions, "_decoded", remember)
    with open_image(path) as image:
        image.region(0, 0, 0, 0, Roi(40, 40, 20, 20), level=1)
        image.region(0, 0, 0, 0, Roi(30, 0, 10, 10))

    # One tile of 32 × 32 of the level of 256; two of the full size.
    assert decoded == [(256, 9), (512, 0), (512, 1)]


def test_smaller_pictures_with_other_planes_are_no_levels(tmp_path: Path) -> None:
    full = noise(2, 96, 128)
    path = tmp_path / "a.tif"
    with tifffile.TiffWriter(path) as tif:
        tif.write(full[0], subifds=1, tile=(32, 32))
        tif.write(full[0, ::2, ::2].astype("uint8"), subfiletype=1, tile=(32, 32))

    assert scene_of(path).levels == ((96, 128),)


def test_levels_survive_the_journey_through_json() -> None:
    scene = SceneInfo(
        "a", (1, 1, 1, 96, 128), "uint8", PixelSizes(), (), smaller_levels=((48, 64),)
    )
    info = ImageInfo("a.tif", "TIFF", (scene,))

    assert decode(ImageInfo, encode(info)) == info
    assert scene.levels == ((96, 128), (48, 64))
