import re
import tracemalloc
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
import tifffile

from superlens import __version__
from superlens.core.errors import DiskFull, InvalidInput, JobCancelled
from superlens.core.records import ChannelInfo
from superlens.core.units import PixelSizeOrigin, PixelSizes, entered_pixel_size
from superlens.io import image_writer, pyramid
from superlens.io.image_metadata import Acquisition, ImageMetadata, acquisition_of
from superlens.io.image_writer import write_image
from superlens.io.images import open_image, probe

SIZES = PixelSizes(0.3, 0.05, 0.04, PixelSizeOrigin.REPORTED, "OME-XML PhysicalSizeX")
TEXT = "computationally super-resolved by fine-x2 & <co>, 2×\nσ in camera counts"
METADATA = ImageMetadata(
    SIZES, (ChannelInfo("DAPI", 461.0, 358.0), ChannelInfo("GFP µ<1>")), TEXT, "spread: 8 flips"
)
ONE_CHANNEL = ImageMetadata(SIZES, (ChannelInfo("DAPI"),), TEXT)
DEFLATE = {8, 32946}


def stack(shape: tuple[int, ...] = (2, 2, 2, 70, 90), dtype: str = "float32") -> np.ndarray:
    rng = np.random.default_rng(0)
    if np.dtype(dtype).kind == "f":
        return rng.normal(100, 30, shape).astype(dtype)
    info = np.iinfo(dtype)
    return rng.integers(info.min, info.max, shape, dtype, endpoint=True)


def ome_root(path: Path) -> ElementTree.Element:
    with tifffile.TiffFile(path) as tif:
        assert tif.ome_metadata is not None
        return ElementTree.fromstring(tif.ome_metadata)


def find(root: ElementTree.Element, name: str) -> ElementTree.Element:
    found = root.find(f".//{{http://www.openmicroscopy.org/Schemas/OME/2016-06}}{name}")
    assert found is not None
    return found


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "mean.ome.tif"


# ---- pixels -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "dtype", ["uint8", "int8", "uint16", "int16", "uint32", "int32", "float32", "float64"]
)
def test_every_type_comes_back_bit_for_bit(path: Path, dtype: str) -> None:
    data = stack(dtype=dtype)

    write_image(path, data, METADATA)

    with open_image(path) as image:
        assert image.info.scenes[0].dtype == dtype
        for t, c, z in product(range(2), repeat=3):
            np.testing.assert_array_equal(image.plane(0, t, c, z), data[t, c, z])


@pytest.mark.parametrize("shape", [(1, 1, 1, 1, 1), (1, 1, 1, 256, 256), (1, 1, 1, 257, 511)])
def test_sizes_around_the_tile_come_back(path: Path, shape: tuple[int, ...]) -> None:
    data = stack(shape, "uint16")

    write_image(path, data, ONE_CHANNEL)

    with open_image(path) as image:
        np.testing.assert_array_equal(image.plane(0, 0, 0, 0), data[0, 0, 0])


def test_numbers_that_are_not_finite_come_back(path: Path) -> None:
    data = stack((1, 1, 1, 600, 20))
    data[0, 0, 0, :3, 0] = np.nan, np.inf, -np.inf

    write_image(path, data, ONE_CHANNEL)

    with open_image(path) as image:
        np.testing.assert_array_equal(image.plane(0, 0, 0, 0), data[0, 0, 0])


def test_memory_map_and_view_are_written_as_they_look(path: Path, tmp_path: Path) -> None:
    mapped = np.memmap(tmp_path / "scratch", np.float32, "w+", shape=(1, 1, 2, 300, 400))
    mapped[:] = stack((1, 1, 2, 300, 400))
    view = mapped[..., ::-1, ::2]

    write_image(path, view, ONE_CHANNEL)

    with open_image(path) as image:
        np.testing.assert_array_equal(image.plane(0, 0, 0, 1), view[0, 0, 1])


@pytest.mark.parametrize(("dtype", "predictor"), [("uint16", 2), ("float32", 1)])
def test_tiles_are_packed_so_that_bio_formats_reads_them(
    path: Path, dtype: str, predictor: int
) -> None:
    """Bio-Formats decodes zlib for all types, predictor 2 for integers, never predictor 3."""
    write_image(path, stack(dtype=dtype), METADATA)

    with tifffile.TiffFile(path) as tif:
        for page in tif.pages:
            assert (page.tilewidth, page.tilelength) == (256, 256)
            assert int(page.compression) in DEFLATE
            assert page.predictor == predictor


# ---- pyramid ------------------------------------------------------------------------------------


def test_pyramid_halves_until_512_pixels(path: Path) -> None:
    write_image(path, stack((1, 2, 1, 1301, 2100), "uint8"), METADATA)

    with tifffile.TiffFile(path) as tif:
        (series,) = tif.series
        sizes = [level.shape[-2:] for level in series.levels]
        assert all(page.subifds is not None and len(page.subifds) == 3 for page in tif.pages)

    assert sizes == [(1301, 2100), (651, 1050), (326, 525), (163, 263)]


def test_small_image_has_no_pyramid(path: Path) -> None:
    write_image(path, stack((1, 1, 1, 512, 512), "uint8"), ONE_CHANNEL)

    with tifffile.TiffFile(path) as tif:
        assert len(tif.series[0].levels) == 1


@pytest.mark.parametrize("dtype", ["float32", "uint16"])
def test_levels_hold_the_means_of_two_by_two_pixels(path: Path, dtype: str) -> None:
    data = stack((1, 1, 2, 600, 1030), dtype)

    write_image(path, data, ONE_CHANNEL)

    expected = data.astype(np.float64).reshape(1, 1, 2, 300, 2, 515, 2).mean((4, 6))
    if dtype == "uint16":
        expected = np.rint(expected)
    with tifffile.TiffFile(path) as tif:
        half = tif.series[0].levels[1].asarray()
    np.testing.assert_array_equal(half, expected.astype(dtype)[0, 0])


def test_odd_last_row_and_column_are_averaged_with_themselves(path: Path) -> None:
    data = stack((1, 1, 1, 601, 515), "float64")

    write_image(path, data, ONE_CHANNEL)

    with tifffile.TiffFile(path) as tif:
        half = tif.series[0].levels[1].asarray()
    assert half.shape == (301, 258)
    assert half[300, 257] == data[0, 0, 0, 600, 514]
    assert half[300, 0] == pytest.approx(data[0, 0, 0, 600, :2].mean())
    assert half[0, 257] == pytest.approx(data[0, 0, 0, :2, 514].mean())


def test_levels_in_scratch_files_equal_those_in_memory(
    path: Path, monkeypatch: pytest.MonkeyPatch, names_in
) -> None:
    data = stack((1, 1, 2, 1100, 1300), "uint16")
    write_image(path, data, ONE_CHANNEL)
    with tifffile.TiffFile(path) as tif:
        expected = [level.asarray() for level in tif.series[0].levels]
    monkeypatch.setattr(pyramid, "_IN_MEMORY_BYTES", 0)

    write_image(path, data, ONE_CHANNEL)

    with tifffile.TiffFile(path) as tif:
        for level, before in zip(tif.series[0].levels, expected, strict=True):
            np.testing.assert_array_equal(level.asarray(), before)
    assert names_in(path.parent) == ["mean.ome.tif"]


def test_memory_stays_bounded_for_a_mapped_stack(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shape = (1, 1, 4, 2048, 2048)  # 64 MiB
    mapped = np.memmap(tmp_path / "scratch", np.float32, "w+", shape=shape)
    monkeypatch.setattr(pyramid, "_IN_MEMORY_BYTES", 0)

    tracemalloc.start()
    write_image(path, mapped, ONE_CHANNEL)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    # Two tile rows as float64 and a few tiles in the compressor; a plane alone has 16 MiB.
    assert peak < 40 << 20


# ---- metadata -----------------------------------------------------------------------------------


def test_every_item_of_the_metadata_comes_back(path: Path) -> None:
    write_image(path, stack(), METADATA)

    info = probe(path)

    (scene,) = info.scenes
    assert info.format == "OME-TIFF"
    assert info.warnings == ()
    assert (scene.axes, scene.shape) == ("TCZYX", (2, 2, 2, 70, 90))
    assert scene.channels == METADATA.channels
    assert scene.pixel_sizes == SIZES


def test_super_resolved_pixel_is_the_raw_pixel_divided_by_the_scale(path: Path) -> None:
    raw = entered_pixel_size(0.1, PixelSizes(z=0.5))

    write_image(path, stack(), replace(METADATA, pixel_sizes=raw.divided(2)))

    sizes = probe(path).scenes[0].pixel_sizes
    assert (sizes.z, sizes.y, sizes.x) == (0.5, 0.05, 0.05)


def test_sizes_are_written_in_micrometres_and_in_the_plain_tiff_fields(path: Path) -> None:
    write_image(path, stack(), METADATA)

    pixels = find(ome_root(path), "Pixels").attrib
    assert {key: pixels[key] for key in pixels if key.startswith("Physical")} == {
        "PhysicalSizeX": "0.04",
        "PhysicalSizeXUnit": "µm",
        "PhysicalSizeY": "0.05",
        "PhysicalSizeYUnit": "µm",
        "PhysicalSizeZ": "0.3",
        "PhysicalSizeZUnit": "µm",
    }
    with tifffile.TiffFile(path) as tif:
        page = tif.pages.first
        assert page.resolutionunit == 3
        # 0.04 µm are 250,000 pixels per centimetre.
        assert page.resolution == pytest.approx((250_000, 200_000))


@pytest.mark.parametrize(
    "sizes", [PixelSizes(), PixelSizes(None, 1.0, 1.0, PixelSizeOrigin.DEFAULT, "OME-XML")]
)
def test_unknown_and_default_sizes_are_not_written_as_facts(path: Path, sizes: PixelSizes) -> None:
    write_image(path, stack(), replace(METADATA, pixel_sizes=sizes))

    assert probe(path).scenes[0].pixel_sizes.origin is PixelSizeOrigin.UNKNOWN
    assert "PhysicalSizeX" not in find(ome_root(path), "Pixels").attrib


def test_words_stand_in_the_ome_description_and_in_the_tiff_field(path: Path) -> None:
    write_image(path, stack(), METADATA)

    assert find(ome_root(path), "Description").text == TEXT
    assert find(ome_root(path), "CommentAnnotation")[0].text == "spread: 8 flips"
    with tifffile.TiffFile(path) as tif:
        # What Fiji shows as image information, also where it does not parse the XML.
        assert "computationally super-resolved by fine-x2" in tif.pages.first.description
        assert tif.pages.first.software == f"Superlens {__version__}"


def test_note_is_left_out_when_there_is_none(path: Path) -> None:
    write_image(path, stack(), replace(METADATA, note=""))

    with tifffile.TiffFile(path) as tif:
        assert "Annotation" not in (tif.ome_metadata or "")


def test_characters_that_xml_cannot_hold_are_left_out(path: Path) -> None:
    channels = (ChannelInfo("a\x00b\x1f"), ChannelInfo("c\ufffe"))

    write_image(path, stack(), replace(METADATA, channels=channels, description="x\x0by\tz"))

    assert [channel.name for channel in probe(path).scenes[0].channels] == ["ab", "c"]
    assert find(ome_root(path), "Description").text == "xy\tz"


def test_xml_follows_the_order_and_names_of_the_schema(path: Path) -> None:
    """OME 2016-06: the order of children and the identifiers are fixed by ome.xsd."""
    write_image(path, stack(), METADATA)

    root = ome_root(path)
    local = [re.sub("{.*}", "", element.tag) for element in root.iter()]
    assert local == [
        *("OME", "Image", "Description", "Pixels", "Channel", "Channel", "TiffData"),
        *("AnnotationRef", "StructuredAnnotations", "CommentAnnotation", "Value"),
    ]
    assert find(root, "AnnotationRef").attrib["ID"] == find(root, "CommentAnnotation").attrib["ID"]
    for element in root.iter():
        if "ID" in element.attrib:
            name = re.sub("{.*}|Ref$|Comment", "", element.tag)
            assert re.fullmatch(rf"{name}:\S+", element.attrib["ID"])
    assert re.fullmatch(r"urn:uuid:[0-9a-f-]{36}", root.attrib["UUID"])
    pixels = find(root, "Pixels").attrib
    assert (pixels["DimensionOrder"], pixels["Type"]) == ("XYZCT", "float")


# ---- failure ------------------------------------------------------------------------------------


def test_broken_write_leaves_nothing_and_keeps_the_old_file(
    path: Path, monkeypatch: pytest.MonkeyPatch, names_in
) -> None:
    path.write_bytes(b"old")
    real = image_writer._tiles

    def broken(level: Any, check: Any) -> Any:
        yield next(real(level, check))
        raise RuntimeError("the source broke")

    monkeypatch.setattr(image_writer, "_tiles", broken)

    with pytest.raises(RuntimeError, match="the source broke"):
        write_image(path, stack((1, 2, 1, 700, 700)), METADATA)

    assert path.read_bytes() == b"old"
    assert names_in(path.parent) == ["mean.ome.tif"]


def test_write_that_is_stopped_leaves_nothing(path: Path, names_in) -> None:
    calls: list[int] = []

    def stop() -> None:
        calls.append(1)
        if len(calls) == 7:
            raise JobCancelled

    with pytest.raises(JobCancelled):
        write_image(path, stack((1, 2, 1, 1200, 1200)), METADATA, stop)

    assert names_in(path.parent) == []


def test_full_disk_leaves_nothing(path: Path, monkeypatch: pytest.MonkeyPatch, names_in) -> None:
    def full(level: Any, check: Any) -> Any:
        raise OSError(28, "No space left on device")
        yield

    monkeypatch.setattr(image_writer, "_tiles", full)

    with pytest.raises(DiskFull, match=r"mean\.ome\.tif"):
        write_image(path, stack(), METADATA)

    assert names_in(path.parent) == []


def test_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")

    with pytest.raises(InvalidInput, match="cannot be written"):
        write_image(tmp_path / "file" / "a.ome.tif", stack(), METADATA)


@pytest.mark.parametrize(
    ("data", "metadata", "words"),
    [
        (np.zeros((4, 4), np.uint8), METADATA, "five axes"),
        (np.zeros((1, 2, 0, 4, 4), np.uint8), METADATA, "five axes"),
        (np.zeros((1, 2, 1, 4, 4), np.int64), METADATA, "int64"),
        (np.zeros((1, 2, 1, 4, 4), np.float16), METADATA, "float16"),
        (np.zeros((1, 3, 1, 4, 4), np.uint8), METADATA, "2 channels are named for 3"),
    ],
)
def test_stacks_that_do_not_fit_are_our_mistake(path: Path, data, metadata, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        write_image(path, data, metadata)

    assert not path.exists()


def test_large_files_are_big_tiff(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(image_writer, "_BIGTIFF_BYTES", 1000)

    write_image(path, stack(), METADATA)

    with tifffile.TiffFile(path) as tif:
        assert tif.is_bigtiff
    assert probe(path).scenes[0].channels == METADATA.channels


# ---- what the microscope said, and what made the pixels ------------------------------------------

LENS = Acquisition("Plan-Apochromat 63x/1.4 Oil", 63.0, 1.4, 2.5, "2026-03-01T10:20:30+01:00")
RICH = replace(
    METADATA,
    channels=(ChannelInfo("DAPI", 461.0, 358.0, "#0000FF"), ChannelInfo("GFP", colour="#FF8000")),
    acquisition=LENS,
    provenance=(("Statement", "computationally super-resolved"), ("Model SHA-256", "ab" * 32)),
    name="Well A01 µ",
)


def test_all_that_a_microscope_said_comes_back(path: Path) -> None:
    write_image(path, stack(), RICH)

    (scene,) = probe(path).scenes

    assert scene.channels == RICH.channels
    assert scene.name == "Well A01 µ"
    assert acquisition_of(scene) == LENS


def test_provenance_stands_in_a_map_annotation(path: Path) -> None:
    write_image(path, stack(), RICH)

    root = ome_root(path)
    facts = {item.attrib["K"]: item.text for item in find(find(root, "MapAnnotation"), "Value")}
    assert facts == dict(RICH.provenance)
    assert find(root, "MapAnnotation").attrib["Namespace"] == "superlens.provenance"
    references = [item.attrib["ID"] for item in root.iter() if item.tag.endswith("AnnotationRef")]
    assert references == ["Annotation:0", "Annotation:1"]


def test_full_xml_follows_the_order_of_the_schema(path: Path) -> None:
    write_image(path, stack(), RICH)

    root = ome_root(path)
    image = [re.sub("{.*}", "", child.tag) for child in find(root, "Image")]
    assert [re.sub("{.*}", "", child.tag) for child in root] == [
        *("Instrument", "Image", "StructuredAnnotations")
    ]
    assert image == [
        *("AcquisitionDate", "Description", "InstrumentRef", "ObjectiveSettings", "Pixels"),
        *("AnnotationRef", "AnnotationRef"),
    ]
    assert find(root, "Channel").attrib["Color"] == str(0x0000FFFF)
    # Orange opaque as a signed number of 32 bits: 0xFF8000FF - 2**32.
    assert list(find(root, "Pixels"))[1].attrib["Color"] == str(0xFF8000FF - 2**32)


def test_full_xml_is_taken_by_a_strict_reader(path: Path) -> None:
    ome_types = pytest.importorskip("ome_types")
    write_image(path, stack(), RICH)

    with tifffile.TiffFile(path) as tif:
        ome = ome_types.from_xml(tif.ome_metadata)

    (image,) = ome.images
    assert ome.instruments[0].objectives[0].lens_na == 1.4
    assert ome.instruments[0].objectives[0].nominal_magnification == 63
    assert image.objective_settings.id == ome.instruments[0].objectives[0].id
    assert image.acquisition_date.isoformat() == LENS.acquired_at
    assert image.pixels.time_increment == 2.5
    assert image.pixels.channels[0].emission_wavelength == 461
    assert image.pixels.channels[0].color.as_hex() in ("#0000ff", "#00f")


@pytest.mark.parametrize("said", [None, "", "yesterday"])
def test_moment_that_cannot_be_read_is_left_out(path: Path, said: str | None) -> None:
    acquisition = Acquisition(acquired_at=said)

    write_image(path, stack(), replace(METADATA, acquisition=acquisition))

    assert "AcquisitionDate" not in ElementTree.tostring(ome_root(path), "unicode")
