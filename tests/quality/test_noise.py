"""The noise estimator on simulated pictures."""

import numpy as np
import pytest
from scipy import ndimage

from shared_data import require_shared_data
from superlens.core.errors import InvalidInput
from superlens.quality.noise import NoiseModel, estimate_noise


def scene(brightest: float, seed: int = 0) -> np.ndarray:
    """Give smooth blobs and lines as sharp as optics at Nyquist sampling leave them."""
    rng = np.random.default_rng(seed)
    image = np.zeros((256, 256))
    image[tuple(rng.integers(0, 256, (2, 300)))] = rng.lognormal(0, 1, 300)
    for row in rng.integers(0, 256, 12):
        image[row] += 0.3
    sharp = ndimage.gaussian_filter(image, 0.84)
    body = ndimage.gaussian_filter(image, 12)
    return brightest * (sharp / sharp.max() + 0.5 * body / body.max())


def picture(expected, gain, offset, read_noise, seed=1):
    rng = np.random.default_rng(seed)
    electrons = rng.poisson(expected) + read_noise * rng.standard_normal(expected.shape)
    return np.rint(gain * electrons + offset)


@pytest.mark.parametrize("photons", [30, 200, 2000])
@pytest.mark.parametrize("gain", [0.5, 3.0])
def test_gain_of_a_structured_picture_is_found_within_15_percent(photons, gain):
    expected = scene(photons)

    model = estimate_noise(picture(expected, gain, 100.0, 1.5))

    assert model.gain == pytest.approx(gain, rel=0.15)


def test_sigma_is_right_in_the_dark_and_in_the_light():
    expected = scene(300)
    gain, offset, read_noise = 2.0, 50.0, 3.0

    model = estimate_noise(picture(expected, gain, offset, read_noise))

    levels = np.quantile(expected, [0.1, 0.5, 0.95])
    true = np.sqrt(gain**2 * (levels + read_noise**2) + 1 / 12)
    assert model.sigma(gain * levels + offset) == pytest.approx(true, rel=0.08)


def test_eight_bit_copy_keeps_the_straight_line():
    expected = scene(60)
    stretched = picture(expected, 1.0, 0.0, 0.0)
    factor = 255 / stretched.max()

    model = estimate_noise(np.rint(stretched * factor).astype(np.uint8))

    assert model.gain == pytest.approx(factor, rel=0.15)


def test_clipped_pixels_do_not_pretend_to_be_quiet():
    expected = scene(200)
    raw = picture(expected, 1.0, 0.0, 0.0)

    model = estimate_noise(np.minimum(raw, np.quantile(raw, 0.97)))

    assert model.gain == pytest.approx(1.0, rel=0.2)


def test_flat_picture_gives_constant_noise():
    raw = picture(np.full((256, 256), 400.0), 1.0, 0.0, 0.0)

    model = estimate_noise(raw)

    assert model.sigma(400.0) == pytest.approx(20.0, rel=0.03)


def test_read_noise_alone_gives_constant_noise():
    expected = scene(300)
    raw = expected + np.random.default_rng(0).normal(0, 6.0, expected.shape)

    model = estimate_noise(raw)

    levels = np.quantile(expected, [0.1, 0.95])
    assert model.sigma(levels) == pytest.approx([6.0, 6.0], rel=0.1)


def test_picture_without_noise_is_no_division_by_zero():
    model = estimate_noise(np.full((64, 64), 7.0))

    assert (model.sigma(np.arange(5.0)) > 0).all()


def test_sigma_never_falls_below_the_read_noise():
    model = NoiseModel(gain=2.0, offset=10.0, read_variance=9.0)

    assert model.sigma([0.0, 10.0, 18.0]) == pytest.approx([3.0, 3.0, 5.0])


def test_tiny_picture_is_refused():
    with pytest.raises(InvalidInput, match="16"):
        estimate_noise(np.zeros((16, 16)))


def test_noise_of_a_real_exposure_is_what_a_second_longer_exposure_leaves():
    tifffile = pytest.importorskip("tifffile")
    folder = require_shared_data("paired/hagen_lowsnr_highsnr")
    window = (slice(512, 1536), slice(512, 1536))
    short, long = (
        tifffile.imread(folder / f"bpae_60x_fov1_mito_{name}.tif")[window].astype(float)
        for name in ("lowsnr", "highsnr")
    )

    model = estimate_noise(short)

    # Where the longer exposure has one value, the shorter one scatters by its noise, and a little
    # more because the longer one has noise too.
    for value in (8, 12, 20, 30):
        found = short[long == value]
        assert model.sigma(found.mean()) == pytest.approx(found.std(), rel=0.12)


def test_a_black_background_keeps_at_least_the_noise_of_rounding():
    image = np.zeros((128, 128))
    image[32:96, 32:96] = picture(np.full((64, 64), 200.0), 1.0, 0.0, 0.0)

    model = estimate_noise(image)

    # A count is known to half a count at best: variance 1/12.
    assert model.sigma(0.0) >= np.sqrt(1 / 12)
    assert model.sigma(-50.0) >= np.sqrt(1 / 12)


def test_even_parts_of_a_picture_of_real_numbers_are_not_without_noise():
    image = np.zeros((128, 128))
    image[32:96, 32:96] = np.random.default_rng(0).normal(5.5, 0.5, (64, 64))

    assert estimate_noise(image).sigma(0.0) > 1e-4
