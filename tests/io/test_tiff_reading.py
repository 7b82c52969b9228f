"""Pixels and axes of TIFF in all layouts that programs write, against what was written."""

import logging
import re
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from superlens.core.errors import InvalidInput, UnreadableFile, UnsupportedImage
from superlens.core.jobs import Roi
from superlens.io.images import open_image, probe, tiff_regions
from superlens.io.images import source as source_module

STORAGE: tuple[dict[str, Any], ...] = (
    {},
    {"rowsperstrip": 7},
    {"tile": (16, 32)},
    {"compression": "zlib", "predictor": True, "rowsperstrip": 5},
    {"compression": "lzw", "tile": (32, 16)},
    {"compression": "zstd", "tile": (16, 16), "predictor": True},
    {"byteorder": ">"},
    {"byteorder": ">", "compression": "zlib", "rowsperstrip": 11},
    {"bigtiff": True, "tile": (48, 48)},
)
FILE_OPTIONS = ("byteorder", "bigtiff")


def pixels(shape: tuple[int, ...], dtype: str = "uint16", seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    if np.dtype(dtype).kind == "f":
        return rng.normal(size=shape).astype(dtype)
    info = np.iinfo(dtype)
    return rng.integers(info.min, info.max, shape, dtype, endpoint=True)


def save(path: Path, data: np.ndarray, **options: Any) -> Path:
    """Write an array by tifffile, as other programs do."""
    outer = {key: options.pop(key) for key in FILE_OPTIONS if key in options}
    options.setdefault("photometric", "minisblack")
    with tifffile.TiffWriter(path, ome=options.pop("ome", False), **outer) as writer:
        writer.write(data, **options)
    return path


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "image.tif"


# ---- layouts ------------------------------------------------------------------------------------


@pytest.mark.parametrize("storage", STORAGE, ids=str)
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "int16", "float32"])
def test_plane_equals_what_was_written(path: Path, storage: dict[str, Any], dtype: str) -> None:
    options = dict(storage)
    if dtype == "float32" and "predictor" in options:
        options["predictor"] = 3
    data = pixels((61, 83), dtype)
    save(path, data, **options)

    with open_image(path) as image:
        plane = image.plane(0, 0, 0, 0)

    np.testing.assert_array_equal(plane, data)
    assert plane.dtype == np.dtype(dtype)
    assert plane.dtype.isnative


@pytest.mark.parametrize("planar", [None, 1, 2], ids=["grey", "RGB mixed", "RGB apart"])
@pytest.mark.parametrize("storage", STORAGE, ids=str)
@settings(
    max_examples=5,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(data=st.data())
def test_region_equals_the_same_part_of_the_plane(
    path: Path, data: st.DataObject, storage: dict[str, Any], planar: int | None
) -> None:
    height, width = 61, 83
    shapes = {None: (height, width), 1: (height, width, 3), 2: (3, height, width)}
    array = pixels(shapes[planar])
    if not path.exists():
        options = {"planarconfig": planar, "photometric": "rgb"} if planar else {}
        save(path, array, **options, **storage)
    x, y = data.draw(st.integers(0, width - 1)), data.draw(st.integers(0, height - 1))
    roi = Roi(x, y, data.draw(st.integers(1, width - x)), data.draw(st.integers(1, height - y)))

    with open_image(path) as image:
        region = image.region(0, 0, 0, 0, roi)
        plane = image.plane(0, 0, 0, 0)

    np.testing.assert_array_equal(region, plane[y : y + roi.height, x : x + roi.width])
    np.testing.assert_array_equal(plane, np.moveaxis(array, 0, 2) if planar == 2 else array)


@pytest.mark.parametrize("byteorder", ["<", ">"])
def test_imagej_hyperstack_of_either_byte_order(path: Path, byteorder: str) -> None:
    data = pixels((2, 3, 4, 20, 30))
    tifffile.imwrite(path, data, imagej=True, byteorder=byteorder, metadata={"axes": "TZCYX"})

    with open_image(path) as image:
        (scene,) = image.info.scenes
        assert (scene.axes, scene.shape) == ("TCZYX", (2, 4, 3, 20, 30))
        for t, c, z in product(range(2), range(4), range(3)):
            np.testing.assert_array_equal(image.plane(0, t, c, z), data[t, z, c])

    assert image.info.format == "ImageJ TIFF"


def test_imagej_stack_with_one_page_for_all_planes(path: Path) -> None:
    """Fiji writes stacks above 4 GB so: one page, the other planes behind it."""
    data = pixels((5, 20, 30))
    tifffile.imwrite(path, data, imagej=True, truncate=True, metadata={"axes": "ZYX"})
    with tifffile.TiffFile(path) as tif:
        assert len(tif.pages) == 1

    with open_image(path) as image:
        assert image.info.scenes[0].size("Z") == 5
        for z in range(5):
            np.testing.assert_array_equal(image.plane(0, 0, 0, z), data[z])


@pytest.mark.parametrize("order", ["TCZYX", "TZCYX", "CTZYX", "ZTCYX", "CZTYX", "ZCTYX"])
def test_ome_tiff_of_any_dimension_order(path: Path, order: str) -> None:
    sizes = {"T": 2, "C": 3, "Z": 4, "Y": 20, "X": 30}
    data = pixels(tuple(sizes[axis] for axis in order))
    save(path, data, ome=True, metadata={"axes": order}, compression="zlib")

    with open_image(path) as image:
        (scene,) = image.info.scenes
        planes = [image.plane(0, t, c, z) for t, c, z in product(range(2), range(3), range(4))]

    assert scene.shape == (2, 3, 4, 20, 30)
    expected = data.transpose([order.index(axis) for axis in "TCZYX"])
    np.testing.assert_array_equal(np.stack(planes), expected.reshape(24, 20, 30))


def test_ome_tiff_with_several_scenes(path: Path) -> None:
    first, second = pixels((3, 20, 30)), pixels((2, 40, 50), "uint8", 1)
    with tifffile.TiffWriter(path, ome=True) as writer:
        for data, name in ((first, "left"), (second, "right")):
            writer.write(data, photometric="minisblack", metadata={"axes": "CYX", "Name": name})

    with open_image(path) as image:
        assert [scene.name for scene in image.info.scenes] == ["left", "right"]
        assert [scene.size("C") for scene in image.info.scenes] == [3, 2]
        np.testing.assert_array_equal(image.plane(1, 0, 1, 0), second[1])
        np.testing.assert_array_equal(image.plane(0, 0, 2, 0), first[2])


def test_full_level_of_a_pyramid_is_read(path: Path) -> None:
    data = pixels((2, 64, 96))
    with tifffile.TiffWriter(path, ome=True) as writer:
        options = {"photometric": "minisblack", "tile": (16, 16)}
        writer.write(data, subifds=1, metadata={"axes": "CYX"}, **options)
        writer.write(data[:, ::2, ::2], subfiletype=1, **options)

    with open_image(path) as image:
        (scene,) = image.info.scenes
        np.testing.assert_array_equal(image.plane(0, 0, 1, 0), data[1])

    assert scene.shape == (1, 2, 1, 64, 96)


def test_planes_of_a_set_are_read_from_the_neighbour_files(tmp_path: Path) -> None:
    data = pixels((3, 20, 30))
    names = [f"z{index}.ome.tif" for index in range(3)]
    parts = "".join(
        f'<TiffData FirstZ="{z}" FirstC="0" FirstT="0" IFD="0" PlaneCount="1">'
        f'<UUID FileName="{name}">urn:uuid:{z}</UUID></TiffData>'
        for z, name in enumerate(names)
    )
    for z, name in enumerate(names):
        xml = (
            '<OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06" '
            f'UUID="urn:uuid:{z}"><Image ID="Image:0"><Pixels ID="Pixels:0" Type="uint16" '
            'DimensionOrder="XYZCT" SizeX="30" SizeY="20" SizeZ="3" SizeC="1" SizeT="1">'
            f"{parts}</Pixels></Image></OME>"
        )
        save(tmp_path / name, data[z], description=xml, metadata=None)

    with open_image(tmp_path / names[1]) as image:
        assert image.info.scenes[0].size("Z") == 3
        for z in range(3):
            np.testing.assert_array_equal(image.plane(0, 0, 0, z), data[z])

    (tmp_path / names[2]).unlink()
    with pytest.raises(UnreadableFile, match=r"needs 'z2\.ome\.tif' beside it"):
        probe(tmp_path / names[1])


@pytest.mark.parametrize("samples", [2, 5])
@pytest.mark.parametrize("planar", [1, 2])
def test_samples_that_are_no_colours_are_channels(path: Path, samples: int, planar: int) -> None:
    data = pixels((20, 30, samples) if planar == 1 else (samples, 20, 30))
    save(
        path, data, planarconfig=planar, extrasamples=["unspecified"] * (samples - 1), tile=(16, 16)
    )

    with open_image(path) as image:
        (scene,) = image.info.scenes
        plane = image.plane(0, 0, samples - 1, 0)

    assert scene.shape == (1, samples, 1, 20, 30)
    np.testing.assert_array_equal(plane, data[..., -1] if planar == 1 else data[-1])


def test_volume_inside_one_page_is_a_z_stack(path: Path) -> None:
    data = pixels((16, 32, 48))
    save(path, data, volumetric=True, tile=(16, 16, 16), compression="zlib")

    with open_image(path) as image:
        assert image.info.scenes[0].shape == (1, 1, 16, 32, 48)
        np.testing.assert_array_equal(image.plane(0, 0, 0, 5), data[5])


def test_alpha_is_left_out_of_rgb_with_a_word(path: Path) -> None:
    data = pixels((20, 30, 4), "uint8")
    save(path, data, photometric="rgb", extrasamples=["unassalpha"])

    with open_image(path) as image:
        np.testing.assert_array_equal(image.plane(0, 0, 0, 0), data[..., :3])

    assert image.info.scenes[0].axes == "TCZYXS"
    assert "alpha" in image.info.warnings[0]


def test_jpeg_tiles_are_decoded_with_their_tables(path: Path) -> None:
    smooth = np.indices((64, 96)).sum(0).astype(np.uint8)
    data = np.stack([smooth, smooth[::-1], smooth[:, ::-1]], axis=2)
    save(path, data, photometric="rgb", compression="jpeg", tile=(32, 32))

    with open_image(path) as image:
        region = image.region(0, 0, 0, 0, Roi(40, 10, 50, 40)).astype(int)

    np.testing.assert_array_equal(region, tifffile.imread(path)[10:50, 40:90])
    # JPEG is lossy: a smooth ramp stays within a few grey levels.
    assert np.abs(region - data[10:50, 40:90]).mean() < 6


def test_single_bits_become_bytes(path: Path) -> None:
    data = pixels((20, 30), "uint8") > 127
    save(path, data)

    with open_image(path) as image:
        plane = image.plane(0, 0, 0, 0)

    assert image.info.scenes[0].dtype == plane.dtype.name == "uint8"
    np.testing.assert_array_equal(plane, data)


def test_missing_tiles_of_a_sparse_file_are_zero(path: Path) -> None:
    first = pixels((16, 16))
    tiles = iter([first, None, None, first])
    save(path, tiles, shape=(32, 32), dtype="uint16", tile=(16, 16))

    with open_image(path) as image:
        plane = image.plane(0, 0, 0, 0)

    np.testing.assert_array_equal(plane[:16, :16], first)
    assert not plane[:16, 16:].any()


# ---- axes ---------------------------------------------------------------------------------------


def test_pages_without_a_meaning_are_read_as_slices_and_this_is_said(path: Path) -> None:
    data = pixels((4, 20, 30))
    save(path, data, metadata=None)

    with open_image(path) as image:
        assert image.info.scenes[0].shape == (1, 1, 4, 20, 30)
        np.testing.assert_array_equal(image.plane(0, 0, 0, 3), data[3])

    assert image.info.warnings == (
        "The file does not say what its 4 pages are; they are read as Z slices",
    )


def test_axes_that_are_stated_need_no_warning(path: Path) -> None:
    save(path, pixels((4, 20, 30)), metadata={"axes": "TYX"})

    info = probe(path)

    assert info.scenes[0].size("T") == 4
    assert info.warnings == ()


def test_second_axis_without_a_name_beside_z_is_time(path: Path) -> None:
    save(path, pixels((3, 4, 20, 30)), metadata={"axes": "QZYX"})

    info = probe(path)

    assert info.scenes[0].shape == (3, 1, 4, 20, 30)
    assert "time points" in info.warnings[0]


@pytest.mark.parametrize(
    ("shape", "axes", "read_as", "words"),
    [
        ((2, 3, 20, 30), "QQYX", (2, 1, 3, 20, 30), "2 × 3 pages are; .* time points and Z slices"),
        ((2, 3, 4, 20, 30), "QQQYX", (2, 3, 4, 20, 30), "time points and channels and Z slices"),
        ((2, 3, 4, 20, 30), "TZQYX", (2, 4, 3, 20, 30), "4 pages are; .* channels"),
    ],
)
def test_several_axes_without_names_are_guessed_in_the_order_of_ome(
    path: Path, shape: tuple[int, ...], axes: str, read_as: tuple[int, ...], words: str
) -> None:
    data = pixels(shape)
    save(path, data, metadata={"axes": axes})

    with open_image(path) as image:
        (warning,) = image.info.warnings
        last = [size - 1 for size in read_as[:3]]
        plane = image.plane(0, *last)

    assert image.info.scenes[0].shape == read_as
    assert re.search(words, warning)
    np.testing.assert_array_equal(plane, data[tuple(size - 1 for size in shape[:-2])])


@pytest.mark.parametrize(
    ("shape", "metadata", "words"),
    [
        ((2, 2, 2, 2, 20, 30), {}, r"more axes than Z, T and C \(2 × 2 × 2 × 2 planes"),
        ((2, 3, 4, 5, 20, 30), {"axes": "TZCQYX"}, r"more axes than Z, T and C \(5 planes"),
        ((2, 20, 30), {"axes": "AYX"}, "an axis of angles"),
        ((2, 3, 20, 30), {"axes": "ZZYX"}, "the axis Z twice"),
        ((2, 3, 20, 30), {"axes": "HPYX"}, "lifetimes and positions"),
    ],
)
def test_axes_beyond_time_channel_and_slice_are_refused_by_name(
    path: Path, shape: tuple[int, ...], metadata: dict[str, str], words: str
) -> None:
    save(path, pixels(shape), metadata=metadata)

    with pytest.raises(UnsupportedImage, match=words) as caught:
        probe(path)

    assert "OME-TIFF" in caught.value.advice


def test_channels_of_several_samples_are_refused(path: Path) -> None:
    data = pixels((3, 20, 30, 2))
    save(path, data, metadata={"axes": "CYXS"}, planarconfig=1, extrasamples=["unspecified"])

    with pytest.raises(UnsupportedImage, match="channels and 2 samples per pixel"):
        probe(path)


def test_stack_of_volumes_is_a_time_series(path: Path) -> None:
    data = pixels((3, 16, 32, 48))
    save(path, data, volumetric=True, tile=(16, 16, 16), metadata={"axes": "QZYX"})

    info = probe(path)

    assert info.scenes[0].shape == (3, 1, 16, 32, 48)
    assert "time points" in info.warnings[0]


def test_slices_of_volumes_are_refused(path: Path) -> None:
    data = pixels((3, 16, 32, 48))
    save(path, data, volumetric=True, tile=(16, 16, 16), metadata={"axes": "ZZYX"})

    with pytest.raises(UnsupportedImage, match="two Z axes"):
        probe(path)


def test_numbers_that_are_not_real_are_refused(path: Path) -> None:
    save(path, np.ones((20, 30), np.complex64))

    with pytest.raises(UnsupportedImage, match="complex64"):
        probe(path)


def test_pages_of_different_sizes_are_scenes(path: Path) -> None:
    with tifffile.TiffWriter(path) as writer:
        writer.write(pixels((20, 30)), metadata=None)
        writer.write(pixels((10, 12)), metadata=None)

    with open_image(path) as image:
        assert [scene.shape[3:] for scene in image.info.scenes] == [(20, 30), (10, 12)]
        assert image.plane(1, 0, 0, 0).shape == (10, 12)


# ---- laziness and bounds ------------------------------------------------------------------------


def test_only_touched_tiles_are_decoded(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = np.zeros((4096, 4096), np.uint8)
    save(path, data, tile=(256, 256), compression="zlib")
    decoded: list[int] = []
    real = tiff_regions._decoded
    monkeypatch.setattr(
        tiff_regions, "_decoded", lambda page, index: decoded.append(index) or real(page, index)
    )

    with open_image(path) as image:
        region = image.region(0, 0, 0, 0, Roi(1000, 500, 512, 512))

    assert region.shape == (512, 512)
    # Columns 1000..1511 touch tiles 3..5, rows 500..1011 touch tiles 1..3.
    assert sorted(decoded) == [row * 16 + column for row in (1, 2, 3) for column in (3, 4, 5)]


def test_only_the_rows_of_an_uncompressed_region_are_read(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save(path, pixels((3000, 1000)))
    read: list[int] = []
    real = tiff_regions.open_handle

    class Counted:
        def __init__(self, page: Any) -> None:
            self.stream = real(page)
            self.seek = self.stream.seek

        def read(self, count: int) -> bytes:
            read.append(count)
            return self.stream.read(count)

    monkeypatch.setattr(tiff_regions, "open_handle", Counted)

    with open_image(path) as image:
        image.region(0, 0, 0, 0, Roi(10, 100, 20, 50))

    assert sum(read) == 50 * 1000 * 2


def test_region_of_a_large_plane_is_read_where_the_plane_would_not_fit(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save(path, np.zeros((2048, 2048), np.uint16), tile=(256, 256), compression="zlib")
    memory = type("Memory", (), {"available": 1 << 20})()
    monkeypatch.setattr(source_module.psutil, "virtual_memory", lambda: memory)

    with open_image(path) as image:
        assert image.region(0, 0, 0, 0, Roi(0, 0, 256, 256)).shape == (256, 256)
        with pytest.raises(UnreadableFile, match=r"needs 8\.4 MB of memory"):
            image.plane(0, 0, 0, 0)


@pytest.mark.parametrize(
    "roi",
    [Roi(-1, 0, 5, 5), Roi(0, 0, 31, 5), Roi(0, 16, 5, 5), Roi(0, 0, 0, 5), Roi(29, 19, 2, 1)],
    ids=str,
)
def test_region_outside_the_image_is_refused(path: Path, roi: Roi) -> None:
    save(path, pixels((20, 30)))

    with open_image(path) as image, pytest.raises(InvalidInput, match="not inside"):
        image.region(0, 0, 0, 0, roi)


@pytest.mark.parametrize(
    ("place", "words"),
    [
        ((1, 0, 0, 0), "no scene 1"),
        ((-1, 0, 0, 0), "no scene -1"),
        ((0, 1, 0, 0), "T = 1"),
        ((0, 0, 5, 0), "C = 5"),
        ((0, 0, 0, -1), "Z = -1"),
    ],
)
def test_planes_that_do_not_exist_are_refused(path: Path, place, words: str) -> None:
    save(path, pixels((20, 30)))

    with open_image(path) as image, pytest.raises(InvalidInput, match=words):
        image.plane(*place)


def test_closed_file_can_be_removed_and_closed_again(path: Path) -> None:
    save(path, pixels((20, 30)))
    image = open_image(path)

    image.close()
    image.close()
    path.unlink()

    assert image.info.scenes[0].shape == (1, 1, 1, 20, 30)


def test_library_complaints_stay_out_of_the_log(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    save(path, pixels((2, 20, 30)), description="<OME>broken OME>", metadata=None)

    with caplog.at_level(logging.DEBUG):
        probe(path)

    assert all(record.levelno == logging.DEBUG for record in caplog.records)
