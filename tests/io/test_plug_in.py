"""A library of the user for further formats: tried last, imported late, silenced, not believed."""

import logging
import subprocess
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest
import tifffile

from foreign_checks import require_regions_equal_planes
from superlens.core.errors import UnreadableFile, UnsupportedImage
from superlens.core.units import PixelSizeOrigin
from superlens.io.images import open_image, probe
from superlens.io.images.plug_in_file import plug_in

FOREIGN = b"OLYMPUSRAWFORMAT" + bytes(600)


class Lazy:
    """An array that is computed when asked, as dask does."""

    def __init__(self, data: np.ndarray) -> None:
        self._data = data

    def __getitem__(self, place: Any) -> "Lazy":
        return Lazy(self._data[place])

    def compute(self) -> np.ndarray:
        return self._data


class FakeImage:
    """What bioio and aicsimageio have alike; two scenes."""

    scenes = ("field 1", "field 2")
    channel_names = ("DAPI", "GFP")
    physical_pixel_sizes = (None, 1.0, 1.0)
    dims = SimpleNamespace(order="TCZYX")
    data = np.random.default_rng(0).integers(0, 4000, (2, 2, 2, 3, 20, 30), np.uint16)

    def __init__(self, path: str) -> None:
        logging.getLogger("bioio.plugins").error("a whole traceback on %s", path)
        if b"OLYMPUS" not in Path(path).read_bytes():
            raise ValueError("unsupported")
        self._scene = 0

    @property
    def shape(self) -> tuple[int, ...]:
        return self.data.shape[1:]

    @property
    def dtype(self) -> np.dtype:
        return self.data.dtype

    def set_scene(self, number: int) -> None:
        self._scene = number

    def get_image_dask_data(self, axes: str, **place: int) -> Lazy:
        assert axes == "YX"
        return Lazy(self.data[self._scene, place["T"], place["C"], place["Z"]])


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "scan.oir"
    path.write_bytes(FOREIGN)
    return path


@pytest.fixture(params=[("bioio", "BioImage"), ("aicsimageio", "AICSImage")])
def library(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    name, class_name = request.param
    module = ModuleType(name)
    setattr(module, class_name, FakeImage)
    for other in ("bioio", "aicsimageio"):
        monkeypatch.delitem(sys.modules, other, raising=False)
    monkeypatch.setitem(sys.modules, name, module)
    return name


def test_file_of_a_foreign_format_is_read_by_the_library(path: Path, library: str) -> None:
    with open_image(path) as image:
        assert image.info.format == f"read by {library}"
        assert [scene.name for scene in image.info.scenes] == ["field 1", "field 2"]
        assert image.info.scenes[1].shape == (2, 2, 3, 20, 30)
        found = image.plane(1, 1, 0, 2)
    np.testing.assert_array_equal(found, FakeImage.data[1, 1, 0, 2])
    require_regions_equal_planes(path)


def test_its_pixel_sizes_are_not_believed(path: Path, library: str) -> None:
    info = probe(path)

    sizes = info.scenes[0].pixel_sizes
    assert (sizes.x, sizes.origin) == (1.0, PixelSizeOrigin.DEFAULT)
    assert sizes.lateral_um is None
    assert library in info.warnings[0]


def test_its_complaints_stay_out_of_the_log(
    path: Path, library: str, caplog: pytest.LogCaptureFixture
) -> None:
    logging.getLogger("bioio.plugins").setLevel(logging.NOTSET)

    probe(path)

    if library == "bioio":
        assert not caplog.records


def test_file_that_it_cannot_read_gets_our_own_sentence(tmp_path: Path, library: str) -> None:
    path = tmp_path / "scan.bin"
    path.write_bytes(b"\x01\x02\x03\xff" * 300)

    with pytest.raises(UnreadableFile, match="not an image file that Superlens knows"):
        probe(path)


def test_without_a_library_the_format_is_named(path: Path, monkeypatch: Any) -> None:
    for name in ("bioio", "aicsimageio"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    if plug_in() is not None:
        pytest.skip("such a library is installed here")

    with pytest.raises(UnsupportedImage, match="Olympus OIR"):
        probe(path)


def test_text_and_archives_are_never_given_to_it(tmp_path: Path, library: str) -> None:
    for name, content in (("a.txt", b"hello there"), ("a.zip", b"PK\x03\x04" + bytes(100))):
        (tmp_path / name).write_bytes(content)

        with pytest.raises(UnreadableFile, match=r"text|ZIP"):
            probe(tmp_path / name)


def test_formats_with_a_reader_of_ours_never_ask_for_it(
    tmp_path: Path, library: str, monkeypatch: Any
) -> None:
    monkeypatch.setattr(FakeImage, "__init__", None)
    tifffile.imwrite(tmp_path / "a.tif", np.zeros((20, 30), np.uint8))

    assert probe(tmp_path / "a.tif").format == "TIFF"


def test_no_library_of_files_is_imported_at_start(child_environment: dict[str, str]) -> None:
    names = "tifffile nd2 liffile pylibCZIrw mrc mrcfile h5py oiffile zarr bioio aicsimageio dask"
    code = (
        "import sys, superlens.io.images\n"
        f"print([name for name in {names.split()!r} if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], env=child_environment, capture_output=True, text=True
    )

    assert done.stdout.strip() == "[]", done.stderr
