"""Nikon ND2 files: what is read of real ones, pixels against the library, damaged copies."""

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
from superlens.core.units import PixelSizeOrigin
from superlens.io.images import open_image, probe
from superlens.io.images.nd2_file import Nd2Image

KNOWN = {
    "arcadia_multichannel.nd2": ((1, 4, 1, 256, 256), 0.3233903, None, 0.75),
    "arcadia_zstack.nd2": ((1, 1, 11, 128, 128), 0.3233903, 6.0, 0.75),
    "arcadia_cerevisiae.nd2": ((1, 2, 1, 256, 256), 0.1083333, None, 0.95),
    "arcadia_pbmc.nd2": ((1, 4, 1, 256, 256), 0.6467807, None, 0.75),
    "pims_cluster.nd2": ((3, 2, 10, 31, 38), 0.1678090, 0.5, 0.95),
}
"""Shape, lateral size, Z step and aperture; without a Z axis the files say z = 1.0."""


def sample(name: str) -> Path:
    return require_shared_data(f"formats/nd2/{name}")


@pytest.mark.parametrize("name", KNOWN)
def test_shape_and_sizes_of_real_files(name: str) -> None:
    shape, lateral, step, aperture = KNOWN[name]

    info = probe(sample(name))

    scene = info.scenes[0]
    assert (info.format, len(info.scenes), info.warnings) == ("Nikon ND2", 1, ())
    assert (scene.shape, scene.dtype) == (shape, "uint16")
    assert scene.pixel_sizes.x == pytest.approx(lateral, rel=1e-6)
    assert scene.pixel_sizes.y == pytest.approx(lateral, rel=1e-6)
    assert scene.pixel_sizes.z == step
    assert scene.pixel_sizes.origin is PixelSizeOrigin.REPORTED
    assert scene.numerical_aperture == aperture


def test_channels_have_names_and_wavelengths() -> None:
    channels = probe(sample("arcadia_multichannel.nd2")).scenes[0].channels

    assert [channel.name for channel in channels] == ["Mono", "DAPI", "FITC BP", "TRITC BP"]
    assert [channel.emission_nm for channel in channels] == [None, 450, 512, 595]
    assert [channel.excitation_nm for channel in channels] == [None, 405, 405, 405]


@pytest.mark.parametrize("name", KNOWN)
def test_planes_equal_what_the_library_reads_whole(name: str) -> None:
    nd2 = pytest.importorskip("nd2")
    path = sample(name)
    with nd2.ND2File(path) as file:
        axes, whole = "".join(file.sizes), file.asarray().copy()

    with open_image(path) as image:
        scene = image.info.scenes[0]
        order = [axes.index(axis) for axis in "TCZYX" if axis in axes]
        expected = whole.transpose(order).reshape(scene.shape)
        for t, c, z in np.ndindex(*scene.shape[:3]):
            np.testing.assert_array_equal(image.plane(0, t, c, z), expected[t, c, z])


@pytest.mark.parametrize("name", KNOWN)
def test_regions_are_cut_out_of_planes(name: str) -> None:
    require_regions_equal_planes(sample(name))


def test_pixels_stay_when_the_file_is_closed() -> None:
    with open_image(sample("pims_cluster.nd2")) as image:
        plane = image.plane(0, 2, 1, 9)
        before = plane.copy()

    np.testing.assert_array_equal(plane, before)
    assert plane.flags.owndata


def test_truncated_copies_are_refused(tmp_path: Path) -> None:
    source = sample("pims_cluster.nd2")

    require_refused_when_cut(source, tmp_path / "cut.nd2", (0.001, 0.1, 0.5, 0.95, 0.999))


def test_damaged_copies_give_pixels_or_a_sentence(tmp_path: Path) -> None:
    require_pixels_or_sentence(sample("pims_cluster.nd2"), tmp_path / "damaged.nd2")


def test_frame_that_was_never_written_is_not_read_as_black(tmp_path: Path) -> None:
    data = sample("arcadia_zstack.nd2").read_bytes()
    path = tmp_path / "aborted.nd2"
    # The table of parts ends the file; a part of another name there is a frame that is not there.
    at = data.rindex(b"ImageDataSeq|10!")
    path.write_bytes(data[:at] + b"ImageDataXxx|10!" + data[at + 16 :])

    with open_image(path) as image:
        assert image.info.warnings == ("1 of 11 frames were never written to this file",)
        assert image.plane(0, 0, 0, 9).any()
        with pytest.raises(UnreadableFile, match="10 of 11 planes"):
            image.plane(0, 0, 0, 10)


def test_colour_is_refused_with_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    nd2 = pytest.importorskip("nd2")
    path = sample("arcadia_cerevisiae.nd2")
    with nd2.ND2File(path) as file:
        colour = file.attributes._replace(componentCount=3, channelCount=1)
    monkeypatch.setattr(nd2.ND2File, "attributes", colour)

    with pytest.raises(UnsupportedImage, match="colour pictures"):
        open_image(path)


def test_a_file_is_closed_when_its_header_cannot_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    nd2 = pytest.importorskip("nd2")
    opened = []
    real = nd2.ND2File

    def remember(path: Path) -> object:
        opened.append(real(path))
        return opened[-1]

    def fail(*_: object) -> None:
        raise ValueError("odd")

    monkeypatch.setattr(nd2, "ND2File", remember)
    monkeypatch.setattr(Nd2Image, "_scenes", fail)

    with pytest.raises(UnreadableFile, match="is damaged"):
        open_image(sample("pims_cluster.nd2"))

    assert opened[0].closed
