"""SQUIRREL: exact recovery of what was done to a picture, what it sees, and what it cannot see."""

import numpy as np
import pytest
from scipy import ndimage

from superlens.core.errors import InvalidInput
from superlens.quality.fidelity import psnr
from superlens.quality.squirrel import BLIND_SPOT, LARGEST_SIGMA, noise_ceiling, squirrel

SCALE = 5


def lines(size: int = 300, seed: int = 0):
    """Give a dozen thin lines in all directions, (size, size), 0 and 1."""
    rng = np.random.default_rng(seed)
    picture = np.zeros((size, size))
    for _ in range(12):
        angle, length = rng.uniform(0, np.pi), rng.uniform(0.2, 0.45) * size
        middle = rng.uniform(0.15, 0.85, 2) * size
        along = np.linspace(-length, length, 4 * size)
        row = np.rint(middle[0] + along * np.sin(angle)).astype(int)
        column = np.rint(middle[1] + along * np.cos(angle)).astype(int)
        inside = (row >= 0) & (row < size) & (column >= 0) & (column < size)
        picture[row[inside], column[inside]] = 1.0
    return picture


def imaged(picture, sigma: float, scale: int = SCALE):
    """Give the raw picture: blurred, and means over scale x scale pixels."""
    light = ndimage.gaussian_filter(picture, sigma, mode="reflect")
    rows, columns = (length // scale for length in picture.shape)
    return light.reshape(rows, scale, columns, scale).mean(axis=(1, 3))


def test_blur_and_brightness_are_recovered():
    found = squirrel(lines(), 100 + 37 * imaged(lines(), 4.0), SCALE)

    # The sampled and cut off kernel of the test is not quite a Gaussian: 1e-4.
    assert found.sigma_px == pytest.approx(4.0, abs=1e-3)
    assert found.slope == pytest.approx(37.0, rel=1e-4)
    assert found.offset == pytest.approx(100.0, abs=1e-3)
    assert 1 - found.rsp < 1e-8
    assert found.nrse < 1e-4
    assert not found.at_bound


@pytest.mark.parametrize("scale", [1, 2, 3])
def test_any_scale_and_shape_will_do(scale):
    picture = lines(360)[:300, :240]

    found = squirrel(picture, imaged(picture, 3.0, scale), scale)

    assert found.sigma_px == pytest.approx(3.0, abs=2e-3)
    assert found.signed_map.shape == (300, 240)
    assert found.rsp == pytest.approx(1.0, abs=1e-6)


def test_error_and_correlation_are_those_of_the_raw_grid():
    rng = np.random.default_rng(1)
    raw = imaged(lines(), 4.0)
    raw = raw + 0.1 * raw.std() * rng.standard_normal(raw.shape)

    found = squirrel(lines(), raw, SCALE)

    # Noise of a tenth of the contrast is all that is left.
    assert found.rsp == pytest.approx(1 / np.sqrt(1.01), abs=1e-3)
    assert found.rse == pytest.approx(raw.std() * np.sqrt(1 - found.rsp**2))
    assert found.nrse == pytest.approx(found.rse / np.ptp(raw))


def test_map_lights_up_where_structure_is_missing():
    raw = imaged(lines(), 5.0)
    lacking = lines()
    lacking[120:160, 120:160] = 0.0

    found = squirrel(lacking, raw, SCALE)

    assert found.rsp < 0.995
    inside = found.error_map[125:155, 125:155].mean()
    assert inside > 4 * found.error_map.mean()
    assert found.signed_map[125:155, 125:155].mean() == pytest.approx(inside, rel=0.05)


def test_map_lights_up_where_structure_is_invented():
    raw = imaged(lines(), 5.0)
    invented = lines()
    invented[:, 30:33] = 1.0

    found = squirrel(invented, raw, SCALE)

    assert found.rsp < 0.9
    assert found.error_map[:, 28:35].mean() > 4 * found.error_map[:, 60:].mean()
    assert found.signed_map[:, 28:35].mean() < 0


def test_blind_spot_lines_split_in_two_leave_the_map_dark():
    """RSP cannot see what is invented below the resolution of the raw picture."""
    truth = np.zeros((300, 300))
    truth[20:280:20, 30:270] = 1.0
    split = np.zeros_like(truth)
    split[18:278:20, 30:270] = split[22:282:20, 30:270] = 0.5
    raw = imaged(truth, 5.0)

    found = squirrel(split, raw, SCALE)

    assert psnr(split, truth) < 14
    assert found.rsp > 0.999
    assert found.nrse < 0.01
    # Enlarging the raw picture leaves an error in the map of the truth itself.
    assert found.error_map.mean() < 1.2 * squirrel(truth, raw, SCALE).error_map.mean()
    assert "split into two" in BLIND_SPOT


def test_blur_wider_than_any_tried_is_flagged():
    found = squirrel(lines(), imaged(lines(), 1.5 * LARGEST_SIGMA * SCALE), SCALE)

    assert found.at_bound
    assert found.sigma_px == pytest.approx(LARGEST_SIGMA * SCALE, rel=0.01)


def test_raw_picture_enlarged_needs_no_blur():
    raw = imaged(lines(), 4.0)

    found = squirrel(raw.repeat(SCALE, 0).repeat(SCALE, 1), raw, SCALE)

    assert found.sigma_px < 0.5
    assert found.rsp == pytest.approx(1.0, abs=1e-6)


def test_pictures_with_nothing_in_common_get_no_slope():
    raw = imaged(lines(), 5.0)

    empty, inverted = squirrel(np.ones((300, 300)), raw, SCALE), squirrel(1 - lines(), raw, SCALE)

    assert (empty.slope, empty.rsp) == (0.0, 0.0)
    assert empty.offset == pytest.approx(raw.mean())
    assert empty.rse == pytest.approx(raw.std())
    assert inverted.slope == 0.0
    assert inverted.rsp < 0


def test_noise_sets_a_ceiling_that_the_truth_just_reaches():
    rng = np.random.default_rng(0)
    clean = imaged(lines(), 4.0)
    frames = clean + 0.5 * clean.std() * rng.standard_normal((4, *clean.shape))

    ceiling = noise_ceiling(frames)

    # Noise power of the mean of four: a sixteenth of the signal's.
    assert ceiling == pytest.approx(1 / np.sqrt(1 + 1 / 16), abs=0.005)
    assert squirrel(lines(), frames.mean(axis=0), SCALE).rsp == pytest.approx(ceiling, abs=0.005)


def test_noise_without_signal_has_no_ceiling():
    frames = np.random.default_rng(0).standard_normal((2, 64, 64))

    assert noise_ceiling(frames) < 0.2
    assert noise_ceiling(np.ones((2, 8, 8))) == 0.0
    with pytest.raises(InvalidInput, match="do not tell"):
        noise_ceiling(frames[:1])


@pytest.mark.parametrize(("sr", "raw"), [(np.eye(30), np.eye(16)), (np.eye(32), np.ones((16, 16)))])
def test_pictures_that_cannot_be_compared_are_refused(sr, raw):
    with pytest.raises(InvalidInput):
        squirrel(sr, raw, 2)
