"""What bad files get: always one plain sentence, quickly, without a large allocation."""

import errno
import os
import re
import struct
import tracemalloc
import zipfile
import zlib
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
import tifffile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from superlens.core.errors import (
    InvalidInput,
    MissingFile,
    SuperlensError,
    UnreadableFile,
    UnsupportedImage,
)
from superlens.io.images import open_image, probe, tiff_file, tiff_opening
from superlens.io.images.reader_errors import reader_failures

OME = (
    '<?xml version="1.0" encoding="UTF-8"?>{prolog}'
    '<OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06"><Image ID="Image:0">'
    '<Pixels ID="Pixels:0" DimensionOrder="XYZCT" Type="uint8" SizeX="30" SizeY="20" '
    'SizeZ="{z}" SizeC="1" SizeT="{t}">{inside}</Pixels></Image>{after}</OME>'
)
NOISE = np.random.default_rng(0).integers(129, 255, 64, np.uint8).tobytes() + b"\xff\0"
ONE_PLANE = '<TiffData IFD="0" PlaneCount="1"/>'


def ome(z: int = 1, t: int = 1, inside: str = ONE_PLANE, prolog: str = "", after: str = "") -> str:
    return OME.format(z=z, t=t, inside=inside, prolog=prolog, after=after)


def save_ome(path: Path, xml: str, planes: int = 1) -> Path:
    data = np.zeros((planes, 20, 30), np.uint8)
    tifffile.imwrite(path, data, description=xml, metadata=None, photometric="minisblack")
    return path


def header(width: int, height: int, bits: int = 16, compression: int = 1) -> bytes:
    """Give a little-endian TIFF of one strip of 100 bytes that declares any size."""
    tags = (
        (256, 4, width),
        (257, 4, height),
        (258, 3, bits),
        (259, 3, compression),
        (262, 3, 1),
        (273, 4, 8),
        (277, 3, 1),
        (278, 4, height),
        (279, 4, 100),
    )
    entries = b"".join(struct.pack("<HHII", tag, kind, 1, value) for tag, kind, value in tags)
    ifd = struct.pack("<H", len(tags)) + entries + struct.pack("<I", 0)
    return b"II*\0" + struct.pack("<I", 108) + bytes(100) + ifd


def cut(path: Path, fraction: float) -> Path:
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * fraction)])
    return path


def refused(path: Path) -> SuperlensError:
    """Give the refusal of a file, by its probe or when its last plane is read."""
    with pytest.raises((UnreadableFile, UnsupportedImage)) as caught:
        read_last_plane(path)
    error = caught.value
    assert path.name in error.title
    assert len(error.sentence) < 300
    assert not re.search(r"Traceback|Error\b|Exception|0x", error.sentence)
    return error


def read_last_plane(path: Path) -> None:
    with open_image(path) as image:
        scene = image.info.scenes[-1]
        last = len(image.info.scenes) - 1
        image.plane(last, scene.size("T") - 1, scene.size("C") - 1, scene.size("Z") - 1)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "image.tif"


# ---- not an image at all ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b"hello, this is text\n", "is text, not an image"),
        ("größe µm 日本語 ".encode() * 1000, "is text"),
        (b"a" + "µ".encode() * 3000, "is text"),
        (b"latin-1 gr\xf6\xdfe", "not an image file"),
        (b"II*\0", "damaged"),
        (b"II*\0\x08\0\0\0", "holds no image"),
        (b"II*\0\xff\xff\xff\x7f", "holds no image"),
        (NOISE, "not an image file"),
        (b"%PDF-1.7\n" + b"\xff\0" * 50, "is a PDF document, not an image"),
        (
            b"%PDF-1.7\n/Encrypt 5 0 R\n" + b"\xff\0" * 50,
            "protected by a password",
        ),
        (b"PK\x03\x04\x14\0\0\0" + bytes(50), "is a ZIP archive, not an image"),
        (b"PK\x03\x04\x14\0\x01\0" + bytes(50), "ZIP archive that is protected by a password"),
        (b"Rar!\x1a\x07" + bytes(20), "RAR archive"),
        (b"\x1f\x8b\x08" + bytes(20), "packed by gzip"),
    ],
)
def test_content_that_is_no_image_is_named(path: Path, content: bytes, words: str) -> None:
    path.write_bytes(content)

    assert words in refused(path).title


def test_encrypted_office_document_is_named(path: Path) -> None:
    ole = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)
    path.write_bytes(ole + "EncryptedPackage".encode("utf-16-le") + bytes(100))

    assert "protected by a password" in refused(path).title


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (bytes(128) + b"DICM" + bytes(100), "a DICOM file"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "Zeiss ZVI"),
        (b"GIF89a" + bytes(100), "a GIF picture"),
        (b"BM\x46\0\0\0\0\0\0\0" + bytes(100), "a BMP picture"),
        (b"RIFF\x24\0\0\0WEBP" + bytes(100), "a WebP picture"),
    ],
)
def test_image_formats_without_a_reader_are_named_with_a_way_out(
    path: Path, content: bytes, name: str
) -> None:
    path.write_bytes(content)

    with pytest.raises(UnsupportedImage) as caught:
        probe(path)

    assert name in caught.value.title
    assert "which this version does not read yet" in caught.value.title
    assert "OME-TIFF" in caught.value.advice


def test_text_that_begins_like_a_bitmap_is_text(path: Path) -> None:
    path.write_bytes(b"BMP files are pictures\n")

    assert "is text" in refused(path).title


def test_missing_file_is_told(path: Path) -> None:
    with pytest.raises(MissingFile, match="There is no file"):
        probe(path)


def test_folder_is_told(tmp_path: Path) -> None:
    assert "is a folder" in refused(tmp_path).title


def test_zarr_folder_without_an_image_is_told(tmp_path: Path) -> None:
    (tmp_path / "zarr.json").write_text("{}")

    with pytest.raises(UnsupportedImage, match="says nothing of an image"):
        probe(tmp_path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_pipe_is_told_without_waiting_for_it(path: Path) -> None:
    os.mkfifo(path)

    assert "is a device" in refused(path).title


def test_file_that_may_not_be_read_is_told(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path.write_bytes(b"II*\0")

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)

    with pytest.raises(UnreadableFile, match="may not be read"):
        probe(path)


def test_file_in_a_folder_that_may_not_be_entered_is_told(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(Path, "stat", refuse)

    with pytest.raises(UnreadableFile, match="may not be read"):
        probe(path)


def test_name_that_no_disk_holds_is_told(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFile, match="cannot be read"):
        probe(tmp_path / ("x" * 5000))


@pytest.mark.parametrize("name", ["a.png", "b.czi", "c", "d e #%20[1] 漢🔬.txt", "e.tif "])
def test_image_is_read_by_content_whatever_its_name(tmp_path: Path, name: str) -> None:
    data = np.arange(600, dtype=np.uint16).reshape(20, 30)
    tifffile.imwrite(tmp_path / "x.tif", data)
    (tmp_path / "x.tif").rename(tmp_path / name)

    with open_image(tmp_path / name) as image:
        np.testing.assert_array_equal(image.plane(0, 0, 0, 0), data)


# ---- cut off ------------------------------------------------------------------------------------


@pytest.mark.parametrize("compression", [None, "zlib"])
@pytest.mark.parametrize("dialect", ["plain", "ome", "imagej", "shaped"])
def test_truncated_stack_says_how_many_planes_are_there(
    path: Path, dialect: str, compression: str | None
) -> None:
    data = np.random.default_rng(0).integers(0, 255, (8, 60, 50), np.uint8)
    options = {
        "plain": {"metadata": None},
        "ome": {"ome": True, "metadata": {"axes": "ZYX"}},
        "imagej": {"imagej": True, "metadata": {"axes": "ZYX"}},
        "shaped": {"metadata": {"axes": "ZYX"}},
    }[dialect]
    photometric = "minisblack"
    tifffile.imwrite(path, data, compression=compression, photometric=photometric, **options)
    cut(path, 0.6)

    title = refused(path).title

    assert "is cut off" in title
    # tifffile writes OME-XML at the end, where it is lost with the planes.
    if dialect in ("imagej", "shaped"):
        found, declared = map(int, re.findall(r"(\d+) of (\d+) planes", title)[0])
        assert declared == 8
        assert 0 <= found < 8


@pytest.mark.parametrize("fraction", [0.2, 0.5, 0.95, 0.999])
@pytest.mark.parametrize("tile", [None, (16, 16)])
def test_truncated_plane_is_never_read_as_whole(
    path: Path, fraction: float, tile: tuple[int, int] | None
) -> None:
    data = np.random.default_rng(0).integers(0, 255, (100, 80), np.uint8)
    tifffile.imwrite(path, data, tile=tile, compression="zlib")

    refused(cut(path, fraction))


def test_stack_in_one_page_is_measured_by_the_bytes_behind_it(path: Path) -> None:
    data = np.zeros((10, 60, 50), np.uint8)
    tifffile.imwrite(path, data, imagej=True, truncate=True, metadata={"axes": "ZYX"})
    size = path.stat().st_size
    with path.open("rb+") as stream:
        stream.truncate(size - 4 * 60 * 50)

    assert re.search(r"[56] of 10 planes", refused(path).title)


def test_lost_last_page_of_a_plain_stack_is_noticed(path: Path) -> None:
    tifffile.imwrite(path, np.zeros((5, 20, 30), np.uint8), metadata=None, compression="zlib")
    with tifffile.TiffFile(path) as tif:
        last = tif.pages[4].offset
    with path.open("rb+") as stream:
        stream.truncate(last)

    assert "cut off" in refused(path).title


# ---- headers that declare too much --------------------------------------------------------------


@pytest.mark.parametrize("compression", [1, 8])
@pytest.mark.parametrize("side", [65_500, 1_000_000])
def test_huge_header_is_refused_without_allocating(path: Path, side: int, compression: int) -> None:
    path.write_bytes(header(side, side, compression=compression))

    tracemalloc.start()
    refused(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert peak < 50 << 20


def test_huge_compressed_header_says_what_it_declares(path: Path) -> None:
    path.write_bytes(header(1_000_000, 1_000_000, compression=8))

    title = refused(path).title

    assert "1000000 × 1000000 pixels (2.0 TB)" in title
    assert "only 222 bytes long" in title


@pytest.mark.parametrize("size", [(0, 20), (30, 0), (0, 0)])
def test_page_without_pixels_is_told_at_once(path: Path, size: tuple[int, int]) -> None:
    data = np.zeros((20, 30), np.uint8)
    tifffile.imwrite(path, data, metadata=None)
    with tifffile.TiffFile(path, mode="r+") as tif:
        for name, value in zip(("ImageWidth", "ImageLength"), size, strict=True):
            tif.pages.first.tags[name].overwrite(value)

    with pytest.raises(UnreadableFile, match="has no pixels"):
        probe(path)


@pytest.mark.parametrize(("z", "t"), [(10**7, 1), (10**4, 10**5), (10**9, 10**9)])
def test_ome_bomb_is_refused_before_its_planes_are_listed(path: Path, z: int, t: int) -> None:
    save_ome(path, ome(z, t))

    tracemalloc.start()
    title = refused(path).title
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert f"1 of {z * t} planes" in title
    assert peak < 50 << 20


@pytest.mark.parametrize(
    "xml",
    [
        ome(inside='<TiffData IFD="0" PlaneCount="2000000000"/>'),
        ome(inside='<TiffData IFD="0" NumPlanes="2000000000"/>'),
        ome(
            z=10**9,
            inside='<TiffData><UUID FileName="other.ome.tif">urn:uuid:1</UUID></TiffData>',
        ),
        ome(
            after='<StructuredAnnotations><XMLAnnotation ID="A:0" '
            'Namespace="openmicroscopy.org/omero/dimension/modulo"><Value><Modulo>'
            '<ModuloAlongT Type="phase" Start="0" End="1e12" Step="1"/>'
            "</Modulo></Value></XMLAnnotation></StructuredAnnotations>"
        ),
    ],
    ids=["PlaneCount", "NumPlanes", "in another file", "modulo"],
)
def test_other_ways_to_declare_too_many_planes_are_refused(path: Path, xml: str) -> None:
    save_ome(path, xml)

    tracemalloc.start()
    title = refused(path).title
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert "cut off" in title
    assert peak < 50 << 20


def test_imagej_bomb_is_refused(path: Path) -> None:
    text = "ImageJ=1.53f\nimages=2000000000\nslices=2000000000\n"
    tifffile.imwrite(path, np.zeros((20, 30), np.uint8), description=text, metadata=None)

    assert "1 of 2000000000 planes" in refused(path).title


@pytest.mark.parametrize(
    "name",
    ["../x.tif", "..\\x.tif", "/etc/passwd", "\\\\server\\share\\x.tif", "C:\\x.tif", "a/b.tif"],
)
def test_ome_names_outside_the_folder_are_never_followed(tmp_path: Path, name: str) -> None:
    inner = tmp_path / "inner"
    inner.mkdir()
    save_ome(tmp_path / "x.tif", ome())
    part = f'<TiffData IFD="0"><UUID FileName="{name}">urn:uuid:1</UUID></TiffData>'
    path = save_ome(inner / "image.ome.tif", ome(inside=part))

    assert "outside its own folder" in refused(path).title


def test_pixels_are_read_where_the_ome_xml_is_damaged(path: Path) -> None:
    data = np.arange(1200, dtype=np.uint16).reshape(2, 20, 30)
    text = "<OME><Image><Pixels></Image></OME>"
    tifffile.imwrite(path, data, description=text, metadata=None, photometric="minisblack")

    with open_image(path) as image:
        np.testing.assert_array_equal(image.plane(0, 0, 0, 1), data[1])

    assert "OME-XML of this file is damaged" in image.info.warnings[0]


def test_entities_in_ome_xml_are_not_expanded(path: Path) -> None:
    lol = "".join(
        f'<!ENTITY l{level} "{"&l" + str(level - 1) + ";" if level else "ha"}'
        f'{("&l" + str(level - 1) + ";") * 9 if level else ""}">'
        for level in range(12)
    )
    save_ome(path, ome(prolog=f"<!DOCTYPE OME [{lol}]>", inside=ONE_PLANE + "&l11;"))

    info = probe(path)

    assert "damaged" in info.warnings[0]


def test_sizes_hidden_in_entities_do_not_pass_the_guard(path: Path) -> None:
    xml = ome(prolog='<!DOCTYPE OME [<!ENTITY n "1000000000">]>').replace(
        'SizeZ="1"', 'SizeZ="&n;"'
    )
    save_ome(path, xml)

    info = probe(path)

    assert info.scenes[0].size("Z") == 1
    assert "damaged" in info.warnings[0]


def test_entities_that_name_another_file_are_never_read(path: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("secret")
    xml = ome(prolog=f'<!DOCTYPE OME [<!ENTITY x SYSTEM "{secret.as_uri()}">]>', inside=ONE_PLANE)
    save_ome(path, xml.replace("</Image>", "<Description>&x;</Description></Image>", 1))

    info = probe(path)

    assert "secret" not in str(info).replace(str(tmp_path), "")
    assert "damaged" in info.warnings[0]


def test_page_with_too_few_strips_is_incomplete(path: Path) -> None:
    data = np.random.default_rng(0).integers(0, 255, (60, 50), np.uint8)
    tifffile.imwrite(path, data, compression="zlib", rowsperstrip=10, metadata=None)
    with tifffile.TiffFile(path, mode="r+") as tif:
        tag = tif.pages.first.tags["RowsPerStrip"]
        tag.overwrite(1)

    assert "0 of 1 planes" in refused(path).title


def test_shape_that_is_no_list_is_ignored(path: Path) -> None:
    text = '{"shape": "wide", "axes": 3}'
    data = np.zeros((20, 30), np.uint8)
    tifffile.imwrite(path, data, description=text, metadata=None)

    with suppress(InvalidInput):
        read_last_plane(path)


def test_circle_of_pages_is_noticed(path: Path) -> None:
    data = np.zeros((3, 20, 30), np.uint8)
    tifffile.imwrite(path, data, metadata=None, photometric="minisblack")
    with tifffile.TiffFile(path) as tif:
        first, last = tif.pages[0].offset, tif.pages[2].offset
        tags = len(tif.pages[2].tags)
    with path.open("rb+") as stream:
        stream.seek(last + 2 + tags * 12)
        stream.write(struct.pack("<I", first))

    assert "1 plane is there, and what follows is not readable" in refused(path).title


def test_memory_error_of_a_reader_becomes_a_sentence() -> None:
    with pytest.raises(UnreadableFile, match="more memory than there is"), reader_failures("a.tif"):
        raise MemoryError


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (EOFError(), "ends too early"),
        (struct.error("unpack requires 4 bytes"), "ends too early"),
        (OSError(errno.EIO, "Input/output error"), "the system says input/output error"),
        (ImportError("no codec"), "not supported"),
        (ValueError("odd"), "cannot be decoded"),
    ],
)
def test_failures_of_readers_become_sentences(error: Exception, words: str) -> None:
    with pytest.raises(UnreadableFile, match=words) as caught, reader_failures("a.tif"):
        raise error

    assert type(error).__name__ in caught.value.detail


def test_failed_opening_closes_the_file(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tifffile.imwrite(path, np.zeros((20, 30), np.uint8))
    opened = []
    real = tiff_opening._tiff_file

    def remember(*args: object, **kwargs: object) -> object:
        opened.append(real(*args, **kwargs))  # type: ignore[arg-type]
        return opened[-1]

    def fail(*_: object) -> None:
        raise ValueError("odd")

    monkeypatch.setattr(tiff_opening, "_tiff_file", remember)
    monkeypatch.setattr(tiff_file, "_scenes", fail)

    with pytest.raises(UnreadableFile):
        open_image(path)

    assert opened[0].filehandle.closed


@settings(
    max_examples=150,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    dialect=st.sampled_from(["ome", "imagej", "tiled"]),
    changes=st.lists(st.tuples(st.floats(0, 1), st.integers(0, 255)), min_size=1, max_size=12),
    head_only=st.booleans(),
)
def test_random_damage_gives_pixels_or_a_sentence(
    tmp_path: Path, dialect: str, changes: list[tuple[float, int]], head_only: bool
) -> None:
    source = tmp_path / f"{dialect}.tif"
    if not source.exists():
        data = np.arange(3 * 40 * 50, dtype=np.uint16).reshape(3, 40, 50)
        options = {
            "ome": {"ome": True, "metadata": {"axes": "ZYX"}, "compression": "zlib"},
            "imagej": {"imagej": True, "metadata": {"axes": "ZYX"}},
            "tiled": {"tile": (16, 16), "compression": "lzw", "predictor": True},
        }[dialect]
        tifffile.imwrite(source, data, photometric="minisblack", **options)
    damaged = bytearray(source.read_bytes())
    reach = min(len(damaged), 700) if head_only else len(damaged)
    for place, value in changes:
        damaged[min(int(place * reach), reach - 1)] = value
    path = tmp_path / "damaged.tif"
    path.write_bytes(damaged)

    # Anything else than pixels or our own errors fails the test by itself.
    with suppress(InvalidInput):
        read_last_plane(path)


# ---- pictures -----------------------------------------------------------------------------------


@pytest.mark.parametrize("format_name", ["PNG", "JPEG"])
@pytest.mark.parametrize("fraction", [0.3, 0.9])
def test_truncated_picture_is_cut_off(tmp_path: Path, format_name: str, fraction: float) -> None:
    path = tmp_path / "a.png"
    data = np.random.default_rng(0).integers(0, 255, (100, 100), np.uint8)
    Image.fromarray(data).save(path, format_name)

    assert "cut off" in refused(cut(path, fraction)).title


def test_damaged_picture_is_told(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (99, 99), np.uint8)).save(path)
    data = bytearray(path.read_bytes())
    data[60:200] = bytes(140)
    path.write_bytes(data)

    assert "damaged" in refused(path).title


def test_picture_bomb_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    Image.new("L", (10, 10)).save(path)
    data = bytearray(path.read_bytes())
    data[16:24] = struct.pack(">II", 200_000, 200_000)
    data[29:33] = struct.pack(">I", zlib.crc32(data[12:29]))
    path.write_bytes(data)

    refused(path)


def test_zip_named_tif_is_told(tmp_path: Path) -> None:
    path = tmp_path / "stack.tif"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.txt", "text")

    assert "is a ZIP archive, not an image" in refused(path).title
