"""Zeiss CZI files: what is read of real and of written ones, damaged copies."""

from pathlib import Path

import numpy as np
import pytest

from foreign_checks import (
    require_pixels_or_sentence,
    require_refused_when_cut,
    require_regions_equal_planes,
)
from shared_data import require_shared_data
from superlens.core.errors import UnreadableFile, UnsupportedImage
from superlens.core.jobs import Roi
from superlens.core.units import PixelSizeOrigin
from superlens.io.images import czi_file, open_image, probe
from superlens.io.images.czi_xml import parse_czi

ONE, TWO_SCENES, THREE_CHANNELS = (
    "bioio_s1_t1_c1_z1.czi",
    "neubias_xyz_multiple_images.czi",
    "pycziutils_tile1_c3.czi",
)
KNOWN = {
    ONE: (1, (1, 1, 1, 325, 475), 1.0833333, None, 0.8),
    TWO_SCENES: (2, (1, 1, 2, 251, 251), 0.1956444, 0.3, 1.4),
    THREE_CHANNELS: (1, (1, 3, 1, 350, 400), 3.632, None, 0.45),
}
"""Scenes, shape, lateral size, Z step and aperture."""


def sample(name: str) -> Path:
    return require_shared_data(f"formats/czi/{name}")


def write_czi(
    path: Path, planes: dict[tuple[int, int, int], np.ndarray], um: float | None = 0.25
) -> Path:
    """Write planes by (scene, t, z); scenes lie side by side on the stage."""
    from pylibCZIrw import czi

    with czi.create_czi(str(path)) as file:
        for (scene, t, z), pixels in planes.items():
            place = {"T": t, "Z": z, "C": 0}
            file.write(pixels, location=(1000 * scene - 300, -70), plane=place, scene=scene)
        sizes = {} if um is None else {"scale_x": um * 1e-6, "scale_y": um * 1e-6}
        file.write_metadata("test", channel_names={0: "GFP"}, **sizes)
    return path


def noise(seed: int, *shape: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 60_000, shape or (40, 50), np.uint16)


@pytest.mark.parametrize("name", KNOWN)
def test_shape_and_sizes_of_real_files(name: str) -> None:
    scenes, shape, lateral, step, aperture = KNOWN[name]

    info = probe(sample(name))

    assert (info.format, len(info.scenes), info.warnings) == ("Zeiss CZI", scenes, ())
    for scene in info.scenes:
        assert (scene.shape, scene.dtype) == (shape, "uint16")
        assert scene.pixel_sizes.x == pytest.approx(lateral, rel=1e-6)
        assert scene.pixel_sizes.y == pytest.approx(lateral, rel=1e-6)
        assert scene.pixel_sizes.z == (None if step is None else pytest.approx(step))
        assert scene.pixel_sizes.origin is PixelSizeOrigin.REPORTED
        assert scene.numerical_aperture == pytest.approx(aperture)


def test_channels_have_names_and_wavelengths() -> None:
    channels = probe(sample(THREE_CHANNELS)).scenes[0].channels
    confocal = probe(sample(TWO_SCENES)).scenes[1].channels[0]

    assert [channel.name for channel in channels] == ["Phase", "EGFP", "Cy3"]
    assert [channel.emission_nm for channel in channels] == [None, 509, 561]
    assert [channel.excitation_nm for channel in channels] == [None, 488, 548]
    assert confocal.excitation_nm == 561


@pytest.mark.parametrize("name", KNOWN)
def test_planes_equal_the_tiles_as_stored(name: str) -> None:
    tiles = list(stored_tiles(sample(name).read_bytes()))
    shape = KNOWN[name][1]

    with open_image(sample(name)) as image:
        planes = [
            image.plane(scene, t, c, z)
            for scene in range(len(image.info.scenes))
            for t, c, z in np.ndindex(*shape[:3])
        ]

    assert len(tiles) == len(planes)
    for plane in planes:
        assert plane.astype("<u2").tobytes() in tiles


@pytest.mark.parametrize("name", KNOWN)
def test_regions_are_cut_out_of_planes(name: str) -> None:
    require_regions_equal_planes(sample(name))


def test_scenes_differ_and_are_read_from_their_own_place(tmp_path: Path) -> None:
    planes = {(s, t, z): noise(9 * s + 3 * t + z) for s, t, z in np.ndindex(2, 2, 3)}
    path = write_czi(tmp_path / "a.czi", planes)

    with open_image(path) as image:
        assert [scene.shape for scene in image.info.scenes] == [(2, 1, 3, 40, 50)] * 2
        assert image.info.scenes[0].channels[0].name == "GFP"
        assert image.info.scenes[0].pixel_sizes.x == pytest.approx(0.25)
        for (scene, t, z), expected in planes.items():
            np.testing.assert_array_equal(image.plane(scene, t, 0, z), expected)
    require_regions_equal_planes(path)


def test_plane_that_was_never_written_is_not_read_as_black(tmp_path: Path) -> None:
    planes = {(0, 0, 0): noise(0), (0, 0, 1): noise(1), (0, 1, 0): noise(2)}
    path = write_czi(tmp_path / "a.czi", planes)

    with open_image(path) as image:
        assert image.info.warnings == ("1 of 4 planes were never written to this file",)
        with pytest.raises(UnreadableFile, match="3 of 4 planes"):
            image.plane(0, 1, 0, 1)


def test_planes_of_a_part_are_counted_from_its_first(tmp_path: Path) -> None:
    planes = {(0, 4, 7): noise(0), (0, 4, 8): noise(1)}
    path = write_czi(tmp_path / "a.czi", planes)

    with open_image(path) as image:
        assert image.info.scenes[0].shape == (1, 1, 2, 40, 50)
        np.testing.assert_array_equal(image.plane(0, 0, 0, 1), planes[0, 4, 8])


def test_axis_of_millions_is_refused_at_once(tmp_path: Path) -> None:
    path = write_czi(tmp_path / "a.czi", {(0, 0, 0): noise(0), (0, 0, 2**24): noise(1)})

    with pytest.raises(UnreadableFile, match="2 of 16777217 planes"):
        probe(path)


def test_colours_come_as_red_green_blue(tmp_path: Path) -> None:
    stored = np.zeros((30, 40, 3), np.uint8)
    stored[:] = (10, 20, 200)  # blue first, as the format keeps them
    path = write_czi(tmp_path / "a.czi", {(0, 0, 0): stored})

    with open_image(path) as image:
        assert image.info.scenes[0].axes == "TCZYXS"
        assert tuple(image.region(0, 0, 0, 0, Roi(3, 4, 5, 6))[0, 0]) == (200, 20, 10)


def test_absent_scaling_is_unknown(tmp_path: Path) -> None:
    path = write_czi(tmp_path / "a.czi", {(0, 0, 0): noise(0)}, um=None)

    sizes = probe(path).scenes[0].pixel_sizes

    assert (sizes.x, sizes.origin) == (None, PixelSizeOrigin.UNKNOWN)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "<ImageDocument><Metadata>",
        "<ImageDocument/>",
        '<ImageDocument><Metadata><Scaling><Items><Distance Id="X"><Value>0</Value></Distance>'
        "</Items></Scaling></Metadata></ImageDocument>",
        '<!DOCTYPE a [<!ENTITY n "1">]><ImageDocument>&n;</ImageDocument>',
    ],
    ids=["empty", "cut", "bare", "zero", "entity"],
)
def test_xml_that_says_nothing_gives_nothing(text: str) -> None:
    facts = parse_czi(text)

    assert (facts.pixel_sizes.x, facts.pixel_sizes.origin) == (None, PixelSizeOrigin.UNKNOWN)
    assert [channel.name for channel in facts.channels_for(2)] == ["Channel 1", "Channel 2"]


def test_raw_airyscan_phases_are_refused_by_name() -> None:
    with pytest.raises(UnsupportedImage, match="32 phases"):
        czi_file._require_known_axes("a.czi", {"T": 1, "H": 32})


@pytest.mark.parametrize("name", [ONE, TWO_SCENES])
def test_truncated_copies_are_refused(tmp_path: Path, name: str) -> None:
    require_refused_when_cut(sample(name), tmp_path / "cut.czi", (0.0002, 0.01, 0.3, 0.6, 0.9))


@pytest.mark.parametrize("reach", [None, 2000])
def test_damaged_copies_give_pixels_or_a_sentence(tmp_path: Path, reach: int | None) -> None:
    require_pixels_or_sentence(sample(TWO_SCENES), tmp_path / "damaged.czi", reach=reach)


def test_a_file_is_closed_when_its_header_cannot_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pylibCZIrw import czi

    closed = []
    real = czi.CziReader.close
    monkeypatch.setattr(
        czi.CziReader, "close", lambda reader: (closed.append(reader), real(reader))
    )

    def fail(*_: object) -> None:
        raise ValueError("odd")

    monkeypatch.setattr(czi_file, "parse_czi", fail)

    with pytest.raises(UnreadableFile, match="is damaged"):
        open_image(write_czi(tmp_path / "a.czi", {(0, 0, 0): noise(0)}))

    assert len(closed) == 1


def stored_tiles(data: bytes) -> list[bytes]:
    """Give the pixels of all uncompressed tiles, found in the bytes without any library.

    A sub-block segment begins with its name padded to 16 bytes and two lengths; then come the
    lengths of its metadata, attachment and pixels, and its entry of 32 bytes and 20 for each
    dimension, padded to 256 bytes in all.
    """
    tiles: list[bytes] = []
    at = data.find(b"ZISRAWSUBBLOCK\0")
    while at >= 0:
        body = at + 32
        metadata = int.from_bytes(data[body : body + 4], "little")
        pixels = int.from_bytes(data[body + 8 : body + 16], "little")
        dimensions = int.from_bytes(data[body + 16 + 28 : body + 16 + 32], "little")
        start = body + max(256, 16 + 32 + 20 * dimensions) + metadata
        tiles.append(data[start : start + pixels])
        at = data.find(b"ZISRAWSUBBLOCK\0", at + 32)
    return tiles
