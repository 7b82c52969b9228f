"""Images that lie in several TIFFs: companions, missing neighbours, names that lead elsewhere."""

from pathlib import Path

import numpy as np
import pytest
import tifffile

from foreign_checks import require_one_sentence
from shared_data import require_shared_data
from superlens.core.errors import SuperlensError, UnreadableFile
from superlens.io.images import open_image, probe

COMPANION = "set.companion.ome"
REAL = "formats/ome_tiff/viv_multifile"


def noise(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 4000, shape, np.uint16)


def parts(names: list[str]) -> str:
    return "".join(
        f'<TiffData FirstZ="{z}" IFD="0" PlaneCount="1">'
        f'<UUID FileName="{name}">urn:uuid:{z}</UUID></TiffData>'
        for z, name in enumerate(names)
    )


def companion_text(names: list[str], count: int | None = None) -> str:
    count = len(names) if count is None else count
    return (
        '<?xml version="1.0"?><OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06">'
        '<Image ID="Image:0" Name="stack"><AcquisitionDate>2020-05-06T07:08:09</AcquisitionDate>'
        '<Pixels DimensionOrder="XYZCT" Type="uint16" SizeX="30" SizeY="20" SizeC="1" SizeT="1" '
        f'SizeZ="{count}" PhysicalSizeX="0.1" PhysicalSizeY="0.1" PhysicalSizeZ="0.3">'
        f'<Channel ID="Channel:0:0" Name="GFP" Color="16711935"/>{parts(names)}'
        "</Pixels></Image></OME>"
    )


def write_set(folder: Path, data: np.ndarray) -> list[Path]:
    """Write each plane of (Z, Y, X) as a file that points to a companion."""
    pointer = f'<OME UUID="urn:uuid:{{0}}"><BinaryOnly MetadataFile="{COMPANION}" UUID="u"/></OME>'
    paths = [folder / f"plane {z}.ome.tif" for z in range(len(data))]
    for z, path in enumerate(paths):
        tifffile.imwrite(path, data[z], description=pointer.format(z), metadata=None)
    (folder / COMPANION).write_text(companion_text([path.name for path in paths]))
    return paths


def refused(path: Path) -> SuperlensError:
    with pytest.raises(UnreadableFile) as caught:
        probe(path)
    require_one_sentence(caught.value)
    return caught.value


def test_each_file_of_a_set_and_its_companion_give_the_whole(tmp_path: Path) -> None:
    data = noise(3, 20, 30)
    paths = write_set(tmp_path, data)

    for path in (*paths, tmp_path / COMPANION):
        with open_image(path) as image:
            scene = image.info.scenes[0]
            assert (image.info.path, scene.name) == (str(path), "stack")
            assert scene.shape == (1, 1, 3, 20, 30)
            assert "all are read" in image.info.warnings[0]
            for z in range(3):
                np.testing.assert_array_equal(image.plane(0, 0, 0, z), data[z])


def test_companion_gives_sizes_channels_and_moment(tmp_path: Path) -> None:
    scene = probe(write_set(tmp_path, noise(2, 20, 30))[0]).scenes[0]

    assert (scene.pixel_sizes.x, scene.pixel_sizes.z) == (0.1, 0.3)
    assert (scene.channels[0].name, scene.channels[0].colour) == ("GFP", "#00FF00")
    assert scene.acquired_at == "2020-05-06T07:08:09"


def test_part_without_its_companion_is_read_alone_and_says_so(tmp_path: Path) -> None:
    paths = write_set(tmp_path, noise(3, 20, 30))
    (tmp_path / COMPANION).unlink()

    info = probe(paths[1])

    assert info.scenes[0].shape == (1, 1, 1, 20, 30)
    assert f"'{COMPANION}', which is missing" in info.warnings[0]


def test_part_that_its_companion_does_not_name_is_read_alone(tmp_path: Path) -> None:
    paths = write_set(tmp_path, noise(3, 20, 30))
    stray = paths[0].rename(tmp_path / "stray.ome.tif")

    info = probe(stray)

    assert info.scenes[0].shape == (1, 1, 1, 20, 30)
    assert "does not name it" in info.warnings[0]


@pytest.mark.parametrize("opened", ["plane 0.ome.tif", COMPANION])
def test_missing_neighbour_is_named(tmp_path: Path, opened: str) -> None:
    write_set(tmp_path, noise(3, 20, 30))[2].unlink()

    title = refused(tmp_path / opened).title

    assert "needs 'plane 2.ome.tif' beside it" in title


def test_missing_neighbour_of_a_set_without_companion_is_named(tmp_path: Path) -> None:
    names = ["a.ome.tif", "b.ome.tif"]
    text = companion_text(names)
    for index, name in enumerate(names):
        own = text.replace("<OME ", f'<OME UUID="urn:uuid:{index}" ', 1)
        tifffile.imwrite(tmp_path / name, noise(20, 30), description=own, metadata=None)
    assert probe(tmp_path / "b.ome.tif").scenes[0].size("Z") == 2
    (tmp_path / "a.ome.tif").unlink()

    assert "needs 'a.ome.tif' beside it" in refused(tmp_path / "b.ome.tif").title


@pytest.mark.parametrize("name", ["../plane.tif", "\\\\server\\plane.tif", "C:plane.tif", ".."])
def test_names_with_a_path_are_refused_wherever_they_stand(tmp_path: Path, name: str) -> None:
    paths = write_set(tmp_path, noise(1, 20, 30))
    (tmp_path / COMPANION).write_text(companion_text([paths[0].name, name]))

    assert "outside its own folder" in refused(tmp_path / COMPANION).title
    assert "outside its own folder" in refused(paths[0]).title


def test_companion_with_a_path_in_its_name_is_not_opened(tmp_path: Path) -> None:
    inside = tmp_path / "inside"
    inside.mkdir()
    write_set(tmp_path, noise(1, 20, 30))
    pointer = f'<OME><BinaryOnly MetadataFile="../{COMPANION}" UUID="urn:uuid:1"/></OME>'
    path = inside / "plane 0.ome.tif"
    tifffile.imwrite(path, noise(20, 30), description=pointer, metadata=None)

    assert "outside its own folder" in refused(path).title


def test_companion_that_declares_more_planes_than_it_names_is_cut_off(tmp_path: Path) -> None:
    paths = write_set(tmp_path, noise(2, 20, 30))
    names = [path.name for path in paths]
    (tmp_path / COMPANION).write_text(companion_text(names, count=7))

    assert "2 of 7 planes" in refused(tmp_path / COMPANION).title


def test_companion_bomb_is_refused_before_its_planes_are_listed(tmp_path: Path) -> None:
    paths = write_set(tmp_path, noise(1, 20, 30))
    (tmp_path / COMPANION).write_text(companion_text([paths[0].name, "b"], count=10**9))
    tifffile.imwrite(tmp_path / "b", noise(20, 30))

    assert "planes" in refused(tmp_path / COMPANION).title


@pytest.mark.parametrize("text", ["<OME>", "<OME><Image></OME>", '<OME x="&boom;"/>'])
def test_companion_that_says_nothing_is_told(tmp_path: Path, text: str) -> None:
    (tmp_path / COMPANION).write_text(text)

    assert COMPANION in refused(tmp_path / COMPANION).title


@pytest.mark.parametrize("name", ["multifile-Z3.ome.tiff", "multifile.companion.ome"])
def test_real_set_is_read_from_all_its_files(name: str) -> None:
    folder = require_shared_data(REAL)
    stored = [
        tifffile.imread(folder / f"multifile-Z{z + 1}.ome.tiff", is_ome=False) for z in range(5)
    ]

    with open_image(folder / name) as image:
        assert image.info.scenes[0].shape == (1, 1, 5, 24, 18)
        for z in range(5):
            np.testing.assert_array_equal(image.plane(0, 0, 0, z), stored[z])


def test_overview_of_a_slide_is_not_taken_for_its_image(tmp_path: Path) -> None:
    path = tmp_path / "slide.vsi"
    tifffile.imwrite(path, noise(20, 30))
    (tmp_path / "_slide_").mkdir()

    assert "Only the overview" in probe(path).warnings[0]
