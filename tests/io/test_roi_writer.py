import zipfile
from pathlib import Path

import numpy as np
import pytest
import roifile
from PIL import Image, ImageDraw
from scipy import ndimage
from skimage.measure import grid_points_in_poly

from superlens.core.errors import InvalidInput, JobCancelled
from superlens.io.roi_writer import outlines, write_rois


def filled(corners: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """Give the pixels whose middle lies inside a polygon: what ImageJ selects."""
    middles = grid_points_in_poly(shape, corners[:, ::-1] - 0.5)
    return np.asarray(middles, bool)


def blobs(seed: int) -> np.ndarray:
    noise = ndimage.gaussian_filter(np.random.default_rng(seed).random((60, 80)), 1.5)
    return ndimage.label(noise > np.percentile(noise, 65))[0].astype(np.uint16)


def test_outline_of_one_pixel_is_its_four_corners() -> None:
    labels = np.zeros((4, 5), np.int32)
    labels[1, 2] = 9

    (outline,) = outlines(labels)

    assert outline.name == "9"
    assert outline.corners.tolist() == [[2, 1], [3, 1], [3, 2], [2, 2]]


@pytest.mark.parametrize("seed", range(4))
def test_polygon_selects_exactly_the_pixels_of_the_label(seed: int) -> None:
    labels = blobs(seed)

    for outline in outlines(labels):
        number, _, _ = outline.name.partition("-")
        # A hole is what no way leads out of, not even one across corners.
        solid = ndimage.binary_fill_holes(labels == int(number), np.ones((3, 3)))
        assert (filled(outline.corners, labels.shape) == solid).all()


def test_corners_are_where_the_edge_turns() -> None:
    labels = np.zeros((6, 6), np.uint8)
    labels[1:5, 1:3] = 1
    labels[3:5, 3:5] = 1

    (outline,) = outlines(labels)

    assert outline.corners.tolist() == [[1, 1], [3, 1], [3, 3], [5, 3], [5, 5], [1, 5]]


def test_parts_that_touch_at_a_corner_are_outlined_apart() -> None:
    labels = np.array([[3, 0], [0, 3]], np.uint8)

    found = {outline.name: outline.corners.tolist() for outline in outlines(labels)}

    assert found == {
        "3": [[0, 0], [1, 0], [1, 1], [0, 1]],
        "3-2": [[1, 1], [2, 1], [2, 2], [1, 2]],
    }


def test_labels_without_background_and_with_gaps_keep_their_numbers() -> None:
    labels = np.array([[2, 2, 700]], np.int32)

    assert [outline.name for outline in outlines(labels)] == ["2", "700"]


def test_written_rois_are_read_by_the_library_of_the_format(tmp_path: Path) -> None:
    picture = Image.new("I", (90, 70))
    draw = ImageDraw.Draw(picture)
    draw.ellipse((5, 5, 30, 40), fill=4)
    draw.rectangle((50, 20, 69, 59), fill=12)
    labels = np.asarray(picture, np.int32)
    path = tmp_path / "RoiSet.zip"

    count = write_rois(path, labels)

    rois = roifile.roiread(path)
    assert count == len(rois) == 2
    assert [roi.name for roi in rois] == ["4", "12"]
    assert {roi.roitype for roi in rois} == {roifile.ROI_TYPE.POLYGON}
    assert rois[1].coordinates().tolist() == [[50, 20], [70, 20], [70, 60], [50, 60]]
    assert (rois[1].left, rois[1].top, rois[1].right, rois[1].bottom) == (50, 20, 71, 61)
    assert zipfile.ZipFile(path).namelist() == ["4.roi", "12.roi"]


def test_image_without_objects_is_told(tmp_path: Path, names_in) -> None:
    with pytest.raises(InvalidInput, match="shows no object"):
        write_rois(tmp_path / "RoiSet.zip", np.zeros((4, 4), np.int32))

    assert names_in(tmp_path) == []


@pytest.mark.parametrize("labels", [np.ones((2, 2)), np.ones((1, 2, 2), int), np.full((2, 2), -1)])
def test_what_are_no_labels_is_our_mistake(tmp_path: Path, labels: np.ndarray) -> None:
    with pytest.raises(ValueError, match="Labels are"):
        write_rois(tmp_path / "RoiSet.zip", labels)


def test_write_that_is_stopped_leaves_nothing(tmp_path: Path, names_in) -> None:
    def stop() -> None:
        raise JobCancelled

    with pytest.raises(JobCancelled):
        write_rois(tmp_path / "RoiSet.zip", np.ones((4, 4), np.int32), stop)

    assert names_in(tmp_path) == []
