"""Leica LOF files, and the sets of files that an XLEF names; all made by hand."""

from pathlib import Path

import numpy as np
import pytest

from foreign_checks import (
    require_one_sentence,
    require_pixels_or_sentence,
    require_refused_when_cut,
    require_regions_equal_planes,
)
from superlens.core.errors import UnreadableFile
from superlens.core.units import PixelSizeOrigin
from superlens.io.images import open_image, probe
from vendor_files.leica import write_experiment, write_lof, write_xlef


def noise(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 4000, shape, np.uint16)


def refused(path: Path) -> str:
    with pytest.raises(UnreadableFile) as caught:
        probe(path)
    require_one_sentence(caught.value)
    return caught.value.title


def require_planes(path: Path, data: np.ndarray, kind: str) -> None:
    with open_image(path) as image:
        scene = image.info.scenes[0]
        assert image.info.format == kind
        assert scene.shape == (1, data.shape[1], data.shape[0], *data.shape[2:])
        for z, c in np.ndindex(*data.shape[:2]):
            np.testing.assert_array_equal(image.plane(0, 0, c, z), data[z, c])
    require_regions_equal_planes(path)


def test_planes_of_a_lof(tmp_path: Path) -> None:
    data = noise(3, 2, 20, 30)

    require_planes(write_lof(tmp_path / "cells.lof", data), data, "Leica LOF")


@pytest.mark.parametrize("pixels", ["lof", "tif"])
def test_planes_of_a_set(tmp_path: Path, pixels: str) -> None:
    data = noise(3, 2, 20, 30)

    require_planes(write_xlef(tmp_path / "Versuch 1", data, pixels), data, "Leica XLEF")


def test_text_of_one_image_of_a_set_is_read_with_its_pixels(tmp_path: Path) -> None:
    data = noise(2, 2, 20, 30)
    write_xlef(tmp_path / "set", data)

    require_planes(tmp_path / "set/Metadata/cells.xlif", data, "Leica XLIF")


def test_sizes_colours_and_lens_are_told(tmp_path: Path) -> None:
    scene = probe(write_xlef(tmp_path / "set", noise(3, 2, 20, 30))).scenes[0]

    sizes = scene.pixel_sizes
    assert (sizes.z, sizes.y, sizes.x) == pytest.approx((0.5, 0.1, 0.1))
    assert sizes.origin is PixelSizeOrigin.REPORTED
    assert [channel.colour for channel in scene.channels] == ["#00FF00", "#FF00FF"]
    assert scene.objective == "HC PL APO 63x/1.40 OIL"
    assert (scene.magnification, scene.numerical_aperture) == (63, 1.4)


@pytest.mark.parametrize("missing", ["cells.lof", "Metadata/cells.xlif"])
def test_missing_file_of_a_set_is_named(tmp_path: Path, missing: str) -> None:
    path = write_xlef(tmp_path / "set", noise(1, 1, 20, 30))
    (tmp_path / "set" / missing).unlink()

    assert f"{Path(missing).name}' beside it, which is missing" in refused(path)


def test_names_of_another_case_are_found(tmp_path: Path) -> None:
    data = noise(1, 2, 20, 30)
    path = write_xlef(tmp_path / "set", data)
    (tmp_path / "set/cells.lof").rename(tmp_path / "set/Cells.LOF")

    require_planes(path, data, "Leica XLEF")


@pytest.mark.parametrize(
    "name", ["..\\other.xlif", "/etc/passwd", "\\\\server\\share\\a.xlif", "C:\\a.xlif"]
)
def test_names_that_lead_out_of_the_folder_are_never_opened(tmp_path: Path, name: str) -> None:
    (tmp_path / "set").mkdir()

    title = refused(write_experiment(tmp_path / "set/a.xlef", name))

    assert "outside its own folder" in title


def test_pixels_outside_the_folder_are_never_opened(tmp_path: Path) -> None:
    path = write_xlef(tmp_path / "set", noise(1, 1, 20, 30))
    text = tmp_path / "set/Metadata/cells.xlif"
    text.write_text(text.read_text().replace("..\\cells.lof", "..\\..\\cells.lof"))

    assert "outside its own folder" in refused(path)


def test_collections_that_hold_each_other_are_told(tmp_path: Path) -> None:
    path = write_experiment(tmp_path / "a.xlef", "b.xlef")
    write_experiment(tmp_path / "b.xlef", "a.xlef")

    assert "hold each other" in refused(path)


def test_experiment_without_an_image_is_told(tmp_path: Path) -> None:
    assert "holds no image" in refused(write_experiment(tmp_path / "a.xlef"))


def test_truncated_and_damaged_lof_files(tmp_path: Path) -> None:
    source = write_lof(tmp_path / "a.lof", noise(3, 2, 20, 30))

    require_refused_when_cut(source, tmp_path / "cut.lof", (0.001, 0.3, 0.9))
    require_pixels_or_sentence(source, tmp_path / "damaged.lof", rounds=60)


def test_damaged_texts_of_a_set_get_pixels_or_a_sentence(tmp_path: Path) -> None:
    path = write_xlef(tmp_path / "set", noise(2, 2, 20, 30))

    require_pixels_or_sentence(path, path, rounds=40)
