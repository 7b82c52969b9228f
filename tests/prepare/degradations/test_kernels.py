"""Blur kernels: published shapes, and the convolution with them."""

import numpy as np
import pytest
from scipy import ndimage

from superlens.core.errors import InvalidParameter
from superlens.prepare.degradations.kernels import KernelKind, KernelShape, filtered, kernel

# Values computed with the published implementation: ten digits or fewer are known.
ANCHOR = 2e-7


@pytest.mark.parametrize(
    ("shape", "middle"),
    [
        (KernelShape(KernelKind.ISOTROPIC, 21, 1.5), 0.0707355),
        (KernelShape(KernelKind.ANISOTROPIC, 21, 3.0, 0.5, np.pi / 4), 0.1060925),
        (KernelShape(KernelKind.GENERALISED_ISOTROPIC, 21, 2.0, beta=0.5), 0.0126092),
        (KernelShape(KernelKind.PLATEAU_ISOTROPIC, 21, 2.0, beta=2.0), 0.0516316),
        (KernelShape(KernelKind.SINC, 21, cutoff=np.pi / 3), 0.0877581),
        (KernelShape(KernelKind.SINC, 7, cutoff=np.pi), 0.8028695),
    ],
)
def test_middle_of_a_kernel_is_the_published_one(shape, middle):
    weights = kernel(shape)

    half = shape.size // 2
    assert weights.shape == (shape.size, shape.size)
    assert weights[half, half] == pytest.approx(middle, abs=ANCHOR)


def test_long_axis_of_an_ellipse_points_the_published_way():
    weights = kernel(KernelShape(KernelKind.ANISOTROPIC, 21, 3.0, 0.5, np.pi / 4))

    assert weights[12, 12] == pytest.approx(0.0680244, abs=ANCHOR)
    assert weights[12, 8] < 1e-3


def test_sinc_rings_below_zero_by_the_published_amount():
    weights = kernel(KernelShape(KernelKind.SINC, 21, cutoff=np.pi / 3))

    assert weights.min() == pytest.approx(-0.0115513, abs=ANCHOR)


@pytest.mark.parametrize("kind", list(KernelKind))
def test_kernel_sums_to_one_and_is_symmetric_about_its_middle(kind):
    weights = kernel(KernelShape(kind, 13, 1.7, 0.6, 0.4, 1.3, 2.0))

    assert weights.sum() == pytest.approx(1.0, abs=1e-5)
    np.testing.assert_allclose(weights, weights[::-1, ::-1], atol=1e-7)


def test_round_kernel_ignores_the_second_width_and_the_angle():
    plain = kernel(KernelShape(KernelKind.PLATEAU_ISOTROPIC, 9, 1.2, beta=1.5))
    turned = kernel(KernelShape(KernelKind.PLATEAU_ISOTROPIC, 9, 1.2, 0.3, 1.0, 1.5))

    np.testing.assert_array_equal(plain, turned)


def test_kernel_without_a_middle_is_refused():
    with pytest.raises(InvalidParameter, match="8 pixels"):
        KernelShape(KernelKind.ISOTROPIC, 8)


@pytest.mark.parametrize("size", [7, 13, 21])
@pytest.mark.parametrize("shape", [(37, 50), (64, 64), (15, 90)])
def test_filtering_is_the_sum_over_reflected_neighbours(size, shape):
    rng = np.random.default_rng(size)
    image = rng.random(shape, dtype=np.float32)
    weights = kernel(KernelShape(KernelKind.ANISOTROPIC, size, 2.5, 0.7, 0.3))

    result = filtered(image, weights)

    wanted = ndimage.correlate(image.astype(np.float64), weights, mode="mirror")
    assert result.dtype == np.float32
    np.testing.assert_allclose(result, wanted, atol=1e-6)


def test_picture_smaller_than_the_kernel_is_filtered_all_the_same():
    weights = kernel(KernelShape(KernelKind.ISOTROPIC, 21, 3.0))

    result = filtered(np.full((4, 7), 0.5, np.float32), weights)

    np.testing.assert_allclose(result, 0.5, atol=1e-6)
