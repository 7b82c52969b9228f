"""The microscope's area sampling, scanner and haze."""

import numpy as np
import pytest

from superlens.core.errors import InvalidParameter
from superlens.phantom.camera import Camera
from superlens.phantom.microscope import Microscope, expose, pixel_sums, scanned, with_haze
from superlens.phantom.optics import Optics, PsfModel
from superlens.phantom.specimen import Channel, Specimen, Truth

OPTICS = Optics(PsfModel.GAUSSIAN, 1.2, 520.0)


def specimen(size: int = 128) -> Specimen:
    density = np.random.default_rng(0).random((size, size)).astype(np.float32) ** 6
    return Specimen("test", 40.0, (Channel("a", density), Channel("b", density[::-1])), Truth())


def test_exposure_has_one_plane_per_channel_on_camera_pixels():
    microscope = Microscope(OPTICS, Camera(100.0, background_photons=5.0), 160.0)

    seen = expose(specimen(), microscope, np.random.default_rng(0))

    assert seen.raw.shape == seen.expected.shape == (2, 32, 32)
    assert seen.raw.dtype == np.uint16
    assert seen.channel_names == ("a", "b")
    assert np.quantile(seen.expected[0] - 5.0, 0.999) == pytest.approx(100.0, rel=1e-4)


def test_same_generator_gives_the_same_picture():
    microscope = Microscope(OPTICS, Camera(20.0), 80.0)

    first, second = (expose(specimen(), microscope, np.random.default_rng(7)).raw for _ in "ab")

    assert np.array_equal(first, second)


def test_camera_pixel_must_be_a_whole_multiple_of_the_fine_pixel():
    with pytest.raises(InvalidParameter, match="100 nm"):
        expose(specimen(), Microscope(OPTICS, Camera(20.0), 100.0), np.random.default_rng(0))


def test_pixel_sums_keep_all_light():
    light = np.arange(36, dtype=np.float32).reshape(6, 6)

    assert pixel_sums(light, 3).tolist() == [[63.0, 90.0], [225.0, 252.0]]
    assert pixel_sums(light, 2).sum() == light.sum()


@pytest.mark.parametrize("jitter", [0.5, -0.75, 1.0])
def test_scanner_shifts_odd_lines_only_and_by_what_it_says(jitter):
    light = np.zeros((8, 64), np.float32)
    light[:, 32] = 1.0

    shifted = scanned(light, jitter, factor=2)

    centre = (shifted * np.arange(64)).sum(axis=1)
    assert centre[[0, 1, 4, 5]] == pytest.approx(32.0)
    assert centre[[2, 3, 6, 7]] == pytest.approx(32.0 + 2 * jitter)


def test_haze_spreads_light_without_adding_any():
    light = np.zeros((96, 96), np.float32)
    light[48, 48] = 1.0

    hazy = with_haze(light, 0.3, 6.0)

    assert hazy.sum() == pytest.approx(1.0, rel=1e-3)
    assert hazy[48, 48] == pytest.approx(0.7, abs=0.01)
