"""Leica LOF files, and the sets of files that an XLEF names; all made by hand."""

import struct
from pathlib import Path

import numpy as np
import pytest
import tifffile

from foreign_checks import (
    require_one_sentence,
    require_pixels_or_sentence,
    require_refused_when_cut,
    require_regions_equal_planes,
)
from superlens.core.errors import UnreadableFile
from superlens.core.units import PixelSizeOrigin
from superlens.io.images import open_image, probe


def noise(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 4000, shape, np.uint16)


def description(data: np.ndarray) -> str:
    """Describe (Z, C, Y, X) as Leica does: each axis by its step in bytes and its length."""
    slices, channels, rows, columns = data.shape
    row, plane = columns * 2, rows * columns * 2
    dimensions = "".join(
        f'<DimensionDescription DimID="{number}" NumberOfElements="{count}" Origin="0" '
        f'Length="{(count - 1) * step}" Unit="m" BytesInc="{bytes_}" BitInc="0"/>'
        for number, count, step, bytes_ in (
            (1, columns, 1e-7, 2),
            (2, rows, 1e-7, row),
            (3, slices, -5e-7, plane * channels),
        )
    )
    dyes = "".join(
        f'<ChannelDescription DataType="0" ChannelTag="0" Resolution="16" '
        f'NameOfMeasuredQuantity="" Min="0" Max="65535" Unit="" LUTName="{name}" '
        f'IsLUTInverted="0" BytesInc="{index * plane}" BitInc="0"/>'
        for index, name in enumerate(("Green", "Magenta")[:channels])
    )
    lens = '<ATLConfocalSettingDefinition ObjectiveName="HC PL APO  63x/1.40 OIL" '
    lens += 'Magnification="63" NumericalAperture="1.4"/>'
    return (
        f"<Data><Image><ImageDescription><Channels>{dyes}</Channels>"
        f"<Dimensions>{dimensions}</Dimensions></ImageDescription>"
        f"<Attachment>{lens}</Attachment></Image></Data>"
    )


def header(element: str) -> str:
    kind = "LMSDataContainerHeader"
    return f'<?xml version="1.0"?><{kind} Version="2">{element}</{kind}>'


def write_lof(path: Path, data: np.ndarray) -> Path:
    name = "LMS_Object_File"
    memory = f'<Memory Size="{data.nbytes}" MemoryBlockID="MemBlock_1"/>'
    xml = header(f'<Element Name="cells">{description(data)}{memory}</Element>')
    path.write_bytes(
        struct.pack("<IIBI", 0x70, 2 * len(name) + 5, 0x2A, len(name))
        + name.encode("utf-16-le")
        + struct.pack("<BIBI", 0x2A, 1, 0x2A, 0)
        + struct.pack("<BQ", 0x2A, data.nbytes)
        + data.tobytes()
        + struct.pack("<IIBI", 0x70, 2 * len(xml) + 5, 0x2A, len(xml))
        + xml.encode("utf-16-le")
    )
    return path


def write_xlef(folder: Path, data: np.ndarray, pixels: str = "lof") -> Path:
    """Write an experiment, the text of its image in `Metadata`, and the pixels beside it."""
    (folder / "Metadata").mkdir(parents=True)
    frames = []
    if pixels == "lof":
        write_lof(folder / "cells.lof", data)
        frames.append(("..\\cells.lof", 0, data.nbytes))
    else:
        for z, c in np.ndindex(*data.shape[:2]):
            name = f"cells z{z}c{c}.tif"
            tifffile.imwrite(folder / name, data[z, c])
            offset = (z * data.shape[1] + c) * data[0, 0].nbytes
            frames.append((f"..\\{name}", offset, data[0, 0].nbytes))
    listed = "".join(
        f'<Frame File="{name}" Offset="{offset}" Size="{size}" UUID="u"/>'
        for name, offset, size in frames
    )
    memory = f'<Memory Size="{data.nbytes}" MemoryBlockID="MemBlock_1">{listed}</Memory>'
    (folder / "Metadata/cells.xlif").write_text(
        header(f'<Element Name="cells">{description(data)}{memory}</Element>')
    )
    return write_experiment(folder / "experiment.xlef", "Metadata\\cells.xlif")


def write_experiment(path: Path, *files: str) -> Path:
    listed = "".join(f'<Reference File="{file}" UUID="u"/>' for file in files)
    path.write_text(
        header(
            '<Element Name="experiment"><Data><Experiment/></Data>'
            f"<Children>{listed}</Children></Element>"
        )
    )
    return path


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
