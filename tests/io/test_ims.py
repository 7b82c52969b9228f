"""Imaris files: what is read of the minimal one and of written ones, damaged copies."""

from pathlib import Path

import h5py
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
from superlens.io.images import ims_file, open_image, probe
from vendor_files.ims import FULL, put, write_ims


def sample() -> Path:
    return require_shared_data("formats/ims/imariswriter_minimal.ims")


def noise(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 60_000, shape, np.uint16)


def test_minimal_file_whose_attributes_carry_nul_bytes() -> None:
    info = probe(sample())

    scene = info.scenes[0]
    assert (info.format, len(info.scenes)) == ("Imaris IMS", 1)
    assert (scene.shape, scene.dtype) == ((1, 1, 1, 128, 128), "uint16")
    assert (scene.pixel_sizes.x, scene.pixel_sizes.y) == pytest.approx((7 / 128, 7 / 128))
    assert scene.pixel_sizes.z is None
    assert scene.pixel_sizes.origin is PixelSizeOrigin.REPORTED
    require_regions_equal_planes(sample())


def test_minimal_file_gives_the_stored_pixels() -> None:
    with h5py.File(sample()) as file:
        stored = file[f"{FULL}/TimePoint 0/Channel 0/Data"][0]

    with open_image(sample()) as image:
        np.testing.assert_array_equal(image.plane(0, 0, 0, 0), stored)


@pytest.mark.parametrize("pad", [0, 5])
def test_planes_are_read_at_full_resolution_without_padding(tmp_path: Path, pad: int) -> None:
    data = noise(3, 2, 4, 20, 30)
    path = write_ims(tmp_path / "a.ims", data, pad)

    with open_image(path) as image:
        assert image.info.scenes[0].shape == data.shape
        for t, c, z in np.ndindex(3, 2, 4):
            np.testing.assert_array_equal(image.plane(0, t, c, z), data[t, c, z])
    require_regions_equal_planes(path)


def test_facts_of_a_written_file(tmp_path: Path) -> None:
    scene = probe(write_ims(tmp_path / "a.ims", noise(3, 2, 4, 20, 30))).scenes[0]

    sizes = scene.pixel_sizes
    assert (sizes.z, sizes.y, sizes.x) == pytest.approx((1.0, 0.2, 0.2))
    assert sizes.origin is PixelSizeOrigin.REPORTED
    assert [channel.name for channel in scene.channels] == ["Dye 0", "Dye 1"]
    assert [channel.emission_nm for channel in scene.channels] == [500, 501]
    assert scene.numerical_aperture == 1.2
    assert scene.time_interval_s == pytest.approx(5.0)


def test_one_micrometre_per_pixel_is_the_default_of_imaris(tmp_path: Path) -> None:
    sizes = probe(write_ims(tmp_path / "a.ims", noise(1, 1, 1, 20, 30), extent=1.0)).scenes[0]

    assert sizes.pixel_sizes.origin is PixelSizeOrigin.DEFAULT


def test_file_without_facts_has_unknown_sizes(tmp_path: Path) -> None:
    path = write_ims(tmp_path / "a.ims", noise(1, 2, 1, 20, 30))
    with h5py.File(path, "a") as file:
        del file["DataSetInfo"]

    scene = probe(path).scenes[0]

    assert (scene.pixel_sizes.x, scene.pixel_sizes.origin) == (None, PixelSizeOrigin.UNKNOWN)
    assert [channel.name for channel in scene.channels] == ["Channel 1", "Channel 2"]


def test_hdf5_of_another_kind_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        file["images"] = noise(20, 30)

    with pytest.raises(UnsupportedImage, match="HDF5 file, but not one of Imaris"):
        probe(path)


def test_pixels_in_another_file_are_never_followed(tmp_path: Path) -> None:
    other = write_ims(tmp_path / "other.ims", noise(1, 1, 1, 20, 30))
    place = f"{FULL}/TimePoint 0/Channel 0"
    linked = tmp_path / "linked.ims"
    with h5py.File(linked, "w") as file:
        file.create_group(place)["Data"] = h5py.ExternalLink(str(other), f"{place}/Data")
    raw = tmp_path / "raw.ims"
    with h5py.File(raw, "w") as file:
        group = file.create_group(place)
        group.create_dataset("Data", (1, 20, 30), "u2", external=[(str(other), 0, 1200)])

    for path in (linked, raw):
        with pytest.raises(UnreadableFile, match="in another file"):
            probe(path)


@pytest.mark.parametrize("missing", ["Data", "Channel 1", "pixels"])
def test_planes_that_are_not_there_are_told(tmp_path: Path, missing: str) -> None:
    path = write_ims(tmp_path / "a.ims", noise(2, 2, 3, 20, 30))
    with h5py.File(path, "a") as file:
        group = file[f"{FULL}/TimePoint 1"]
        if missing == "Channel 1":
            del group["Channel 1"]
        else:
            del group["Channel 1/Data"]
        if missing == "pixels":
            group["Channel 1"].create_dataset("Data", (3, 20, 30), "u2", chunks=(1, 8, 8))

    with open_image(path) as image:
        assert image.plane(0, 1, 0, 2).any()
        with pytest.raises(UnreadableFile, match=r"is missing|0 of 3 planes"):
            image.plane(0, 1, 1, 2)


def test_size_beyond_what_is_stored_is_refused(tmp_path: Path) -> None:
    path = write_ims(tmp_path / "a.ims", noise(1, 1, 3, 20, 30))
    with h5py.File(path, "a") as file:
        put(file[f"{FULL}/TimePoint 0/Channel 0"], ImageSizeZ="9")

    with pytest.raises(UnreadableFile, match="3 of 9 planes"):
        probe(path)


def test_huge_array_on_nothing_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "bomb.ims"
    with h5py.File(path, "w") as file:
        group = file.create_group(f"{FULL}/TimePoint 0/Channel 0")
        shape = (1000, 100_000, 100_000)
        data = group.create_dataset("Data", shape, "u2", chunks=(1, 64, 64), compression="gzip")
        data[0, :64, :64] = 1

    with pytest.raises(UnreadableFile, match=r"declares 20\.0 TB"):
        probe(path)


def test_truncated_copies_are_refused(tmp_path: Path) -> None:
    source = write_ims(tmp_path / "a.ims", noise(2, 2, 3, 20, 30))

    require_refused_when_cut(source, tmp_path / "cut.ims", (0.001, 0.01, 0.5, 0.999))


@pytest.mark.parametrize("reach", [None, 3000])
def test_damaged_copies_give_pixels_or_a_sentence(tmp_path: Path, reach: int | None) -> None:
    source = write_ims(tmp_path / "a.ims", noise(2, 2, 3, 20, 30))

    require_pixels_or_sentence(source, tmp_path / "damaged.ims", rounds=100, reach=reach)


def test_a_file_is_closed_when_its_header_cannot_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_ims(tmp_path / "a.ims", noise(1, 1, 1, 20, 30))
    opened = []
    real = h5py.File

    def remember(*args: object, **options: object) -> object:
        opened.append(real(*args, **options))  # type: ignore[arg-type]
        return opened[-1]

    def fail(*_: object) -> None:
        raise ValueError("odd")

    monkeypatch.setattr(h5py, "File", remember)
    monkeypatch.setattr(ims_file, "_count", fail)

    with pytest.raises(UnreadableFile, match="is damaged"):
        open_image(path)

    assert not opened[0]


def test_colours_lens_and_moment_are_told(tmp_path: Path) -> None:
    path = write_ims(tmp_path / "a.ims", noise(1, 2, 3, 20, 30))
    with h5py.File(path, "a") as file:
        put(file["DataSetInfo/Image"], LensPower="63x", RecordingDate="2020-05-06 07:08:09.500")
        put(file["DataSetInfo/Channel 0"], Color="0.000 1.000 0.502")
        put(file["DataSetInfo/Channel 1"], Color="bright")

    scene = probe(path).scenes[0]

    assert (scene.magnification, scene.numerical_aperture) == (63, 1.2)
    assert scene.acquired_at == "2020-05-06T07:08:09.500000"
    assert [channel.colour for channel in scene.channels] == ["#00FF80", None]
