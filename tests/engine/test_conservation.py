import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from superlens.engine.conservation import SIGMA_PX, block_mean, conserve_local_mean


def smooth_image(size=128):
    image = gaussian_filter(np.random.default_rng(0).random((size, size)), 5)
    return (1 + (image - image.min()) / np.ptp(image)).astype(np.float32)


def twice(low):
    return np.repeat(np.repeat(low, 2, 0), 2, 1)


def test_block_mean_of_a_known_block():
    high = np.float32([[1, 3, 0, 0], [5, 7, 0, 4]])

    assert block_mean(high, 2).tolist() == [[4.0, 1.0]]


def test_result_that_already_conserves_is_not_changed():
    low = smooth_image()
    high = twice(low) + np.float32(0.1) * (1 - 2 * (np.indices((256, 256)).sum(0) % 2))

    np.testing.assert_allclose(conserve_local_mean(low, high, 2), high, atol=1e-6)


@pytest.mark.parametrize("scale", [1, 2, 3, 4])
def test_wrong_brightness_is_mended_within_one_percent(scale):
    low = smooth_image()
    high = 0.9 * np.repeat(np.repeat(low, scale, 0), scale, 1)

    mended = conserve_local_mean(low, high.astype(np.float32), scale)

    before, after = (gaussian_filter(x, SIGMA_PX) for x in (low, block_mean(mended, scale)))
    np.testing.assert_allclose(after / before, 1, atol=0.01)


def test_noise_of_the_input_hardly_enters_the_result():
    rng = np.random.default_rng(1)
    low = np.ones((256, 256), np.float32)
    noisy = (low + rng.normal(0, 1, low.shape)).astype(np.float32)

    mended = conserve_local_mean(noisy, twice(low), 2)

    # White noise after a Gaussian of sigma s: 1 / (2 s sqrt(pi)) = 0.035 for s = 8.
    assert mended.std() == pytest.approx(1 / (2 * SIGMA_PX * np.sqrt(np.pi)), rel=0.3)


def test_image_of_one_pixel_gets_its_value():
    low, high = np.float32([[5]]), np.float32([[1, 2], [3, 4]])

    assert block_mean(conserve_local_mean(low, high, 2), 2).item() == pytest.approx(5)
