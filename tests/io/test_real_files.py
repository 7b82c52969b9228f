"""Real files of microscopes and programs: what is read of each, pixels against tifffile."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import tifffile

from shared_data import require_shared_data, shared_data
from superlens.core.errors import InvalidInput, UnreadableFile
from superlens.core.jobs import Roi
from superlens.core.units import PixelSizeOrigin
from superlens.io.images import open_image, probe

REPORTED, DEFAULT, UNKNOWN = (
    PixelSizeOrigin.REPORTED,
    PixelSizeOrigin.DEFAULT,
    PixelSizeOrigin.UNKNOWN,
)
KNOWN = {
    "ome_tiff/bioio_s1_t1_c1_z1.ome.tiff": ((1, 1, 1, 325, 475), 1.0833333, REPORTED),
    "ome_tiff/sktracker_CZT_peaks.ome.tif": ((4, 1, 4, 48, 56), 0.065, REPORTED),
    "ome_tiff/sktracker_TZ_nucleus.ome.tif": ((4, 1, 5, 51, 73), 0.4151329, REPORTED),
    "ome_tiff/sktracker_sample.ome.tif": ((20, 2, 8, 20, 50), 0.065, REPORTED),
    "ome_tiff/sktracker_TC_BF_cells.ome.tif": ((3, 1, 7, 193, 174), 0.065, REPORTED),
    "ome_tiff/viv_multi-channel.ome.tif": ((1, 3, 1, 167, 439), None, UNKNOWN),
    "ome_tiff/leica_matrix_16bit.ome.tif": ((1, 1, 1, 512, 512), 0.481471, REPORTED),
    "ome_tiff/slideio_4D-series.ome.tiff": ((7, 1, 5, 167, 439), None, UNKNOWN),
    "imagej/neubias_xyz_mitotic_plate_calibrated.tif": ((1, 1, 6, 263, 263), 0.0851964, REPORTED),
    "imagej/neubias_xy_12bit_saturated_plant.tif": ((1, 1, 1, 512, 512), 2.4859235, REPORTED),
    "imagej/stardist_img3d.tif": ((1, 1, 31, 61, 57), None, UNKNOWN),
    "tiff_vendor/cellprofiler_MetamorphImage.tif": ((1, 1, 1, 520, 696), 0.645, REPORTED),
    "tiff_vendor/cellprofiler_NikonTIF.tif": ((1, 1, 1, 731, 805, 3), None, UNKNOWN),
    "tiff_vendor/faim_metaxpress_s1_w1.tif": ((1, 1, 1, 512, 512), 1.3668, REPORTED),
    "tiff_vendor/svs_CMU-1-Small-Region.svs": ((1, 1, 1, 2967, 2220, 3), 0.499, REPORTED),
}
"""Sizes as Bio-Formats gives them; a size of 1.0 that nobody measured is a default."""


def files_under(relative: str) -> Iterator[Path]:
    folder = shared_data(relative)
    if folder is not None:
        yield from sorted(path for path in folder.rglob("*") if path.is_file())


@pytest.mark.parametrize("name", KNOWN)
def test_shape_and_pixel_size_of_real_files(name: str) -> None:
    shape, um, origin = KNOWN[name]

    scene = probe(require_shared_data(f"formats/{name}")).scenes[0]

    assert scene.shape == shape
    assert scene.pixel_sizes.x == (None if um is None else pytest.approx(um, rel=1e-6))
    assert scene.pixel_sizes.origin is origin


@pytest.mark.parametrize("name", KNOWN)
def test_planes_of_real_files_equal_what_tifffile_reads(name: str) -> None:
    path = require_shared_data(f"formats/{name}")
    with tifffile.TiffFile(path) as tif:
        series = tif.series[0]
        whole = series.asarray()
        axes = series.axes.replace("Q", "Z")

    with open_image(path) as image:
        scene = image.info.scenes[0]
        order = [axes.index(axis) for axis in "TCZYXS" if axis in axes]
        expected = whole.transpose(order).reshape(scene.shape)
        for t, c, z in np.ndindex(*scene.shape[:3]):
            np.testing.assert_array_equal(image.plane(0, t, c, z), expected[t, c, z])


@pytest.mark.parametrize("name", KNOWN)
def test_regions_of_real_files_equal_the_same_part_of_their_planes(name: str) -> None:
    with open_image(require_shared_data(f"formats/{name}")) as image:
        scene = image.info.scenes[0]
        height, width = scene.size("Y"), scene.size("X")
        roi = Roi(width // 3, height // 4, width // 2, height // 2)
        plane = image.plane(0, 0, 0, 0)

        region = image.region(0, 0, 0, 0, roi)

    expected = plane[roi.y : roi.y + roi.height, roi.x : roi.x + roi.width]
    np.testing.assert_array_equal(region, expected)


def test_optics_and_channels_of_real_files() -> None:
    zeiss = probe(require_shared_data("formats/ome_tiff/bioio_s1_t1_c1_z1.ome.tiff")).scenes[0]
    metaxpress = probe(require_shared_data("formats/tiff_vendor/faim_metaxpress_s1_w1.tif"))
    metamorph = probe(require_shared_data("formats/tiff_vendor/cellprofiler_MetamorphImage.tif"))

    assert (zeiss.channels[0].name, zeiss.numerical_aperture) == ("Bright", 0.8)
    assert metaxpress.format == "MetaSeries TIFF"
    assert metaxpress.scenes[0].channels[0].name == "FITC_05"
    assert metaxpress.scenes[0].channels[0].emission_nm == 536.0
    assert metaxpress.scenes[0].numerical_aperture == 0.75
    assert metamorph.format == "MetaMorph STK"
    assert metamorph.scenes[0].channels[0].name == "Cy5"
    assert metamorph.scenes[0].numerical_aperture == 0.45


@pytest.mark.parametrize(
    ("folder", "name"),
    [
        ("czi", "Zeiss CZI"),
        ("lif", "Leica LIF"),
        ("nd2", "Nikon ND2"),
        ("ims", "Imaris IMS"),
        ("dv", "DeltaVision DV"),
        ("mrc", "MRC"),
    ],
)
def test_foreign_formats_are_known_by_content_whatever_their_ending(
    tmp_path: Path, folder: str, name: str
) -> None:
    require_shared_data(f"formats/{folder}")
    copy = tmp_path / "Bild № 1 [a] #2%20.tif"

    for path in files_under(f"formats/{folder}"):
        copy.write_bytes(path.read_bytes())
        with open_image(copy) as image:
            assert image.info.format == name
            assert image.plane(0, 0, 0, 0).any()


def test_bad_files_get_a_sentence() -> None:
    require_shared_data("formats/bad")

    for path in files_under("formats/bad"):
        with pytest.raises(UnreadableFile) as caught:
            probe(path)
        assert path.name in caught.value.title


@pytest.mark.parametrize("folder", ["paired", "golgi_or_spots", "nuclei/neubias"])
def test_every_image_of_a_folder_is_read(folder: str) -> None:
    require_shared_data(folder)

    for path in files_under(folder):
        if path.suffix not in (".tif", ".tiff", ".png"):
            continue
        with open_image(path) as image:
            scene = image.info.scenes[0]
            last = [scene.size(axis) - 1 for axis in "TCZ"]
            plane = image.plane(0, *last)
        assert plane.shape[:2] == scene.shape[3:5]
        assert plane.max() > plane.min()


def test_real_plate_is_read() -> None:
    require_shared_data("translocation/bbbc013")
    paths = [path for path in files_under("translocation/bbbc013") if path.suffix == ".tif"]

    infos = [probe(path) for path in paths]

    assert len(infos) == 96
    assert {info.scenes[0].shape for info in infos} == {(1, 1, 1, 640, 640)}
    assert {info.scenes[0].pixel_sizes.origin for info in infos} == {UNKNOWN}


def test_text_files_beside_images_are_told() -> None:
    table = require_shared_data("translocation/bbbc013/plate_map.csv")

    with pytest.raises(InvalidInput, match="is text"):
        probe(table)
