import numpy as np
import pytest

from superlens.core.errors import InvalidInput, JobCancelled
from superlens.core.jobs import InputImage, Roi
from superlens.core.records import ChannelInfo, ImageInfo, SceneInfo
from superlens.core.units import PixelSizes
from superlens.engine.image_reading import PlaneIndex, choose_subject, open_plane, require_numbers


class HugeSource:
    """A float plane of a gigapixel, made up where it is looked at; holes where it is asked to."""

    def __init__(self, hole_row=None):
        scene = SceneInfo(
            "s", (1, 1, 1, 32_768, 32_768), "float32", PixelSizes(), (ChannelInfo("c"),)
        )
        self.info = ImageInfo("x", "made up", (scene,))
        self.hole_row = hole_row
        self.largest = 0

    def plane(self, scene, t, c, z):
        raise AssertionError("read a plane of a gigapixel")

    def region(self, scene, t, c, z, roi):
        self.largest = max(self.largest, roi.width * roi.height)
        pixels = np.zeros((roi.height, roi.width), np.float32)
        if self.hole_row is not None and roi.y <= self.hole_row < roi.y + roi.height:
            pixels[self.hole_row - roi.y, :3] = np.inf
        return pixels


def test_huge_plane_is_read_by_rectangles():
    source = HugeSource()

    read, shape = open_plane(source, PlaneIndex())

    assert shape == (32_768, 32_768)
    assert read(Roi(5, 6, 7, 8)).shape == (8, 7)
    assert source.largest == 56


def test_numbers_of_a_huge_plane_are_checked_in_bands(monkeypatch):
    monkeypatch.setattr("superlens.engine.image_reading._BAND_PIXELS", 1 << 22)
    source = HugeSource(hole_row=300)
    subject = choose_subject(source.info, InputImage("x"), None)
    checks = []

    def check():
        checks.append(1)
        if len(checks) == 5:
            raise JobCancelled

    with pytest.raises(JobCancelled):
        require_numbers(source, subject, check)

    assert source.largest == 1 << 22


def test_whole_numbers_need_no_reading():
    info = SceneInfo("s", (1, 1, 1, 9, 9), "uint16", PixelSizes(), (ChannelInfo("c"),))
    source = HugeSource()
    subject = choose_subject(ImageInfo("x", "f", (info,)), InputImage("x"), None)

    require_numbers(source, subject, lambda: None)

    assert source.largest == 0


def test_infinite_pixels_are_counted(monkeypatch):
    source = HugeSource(hole_row=2)
    scene = SceneInfo("s", (1, 1, 1, 10, 10), "float32", PixelSizes(), (ChannelInfo("c"),))
    source.info = ImageInfo("x", "f", (scene,))
    monkeypatch.setattr("superlens.engine.image_reading._MAX_WHOLE_PLANE", 10)

    with pytest.raises(InvalidInput, match="3 of 100 pixels"):
        require_numbers(source, choose_subject(source.info, InputImage("x"), None), lambda: None)
