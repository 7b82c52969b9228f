"""Degradation as matrices, against torch, Pillow and exact cases."""

import numpy as np
import pytest
import torch
from PIL import Image
from torch.nn import functional

from superlens.core.errors import InvalidInput
from superlens.methods.latent.search.degradation import (
    Degradation,
    gaussian_degradation,
    kernel_matrix,
    measured_degradation,
)
from superlens.methods.latent.search.settings import Kernel


def _picture(side: int, channels: int = 2, count: int = 3) -> torch.Tensor:
    draw = torch.Generator().manual_seed(0)
    return torch.randn(count, channels, side, side, generator=draw, dtype=torch.float64)


@pytest.mark.parametrize(("side", "low"), [(128, 8), (128, 4), (64, 16), (32, 32)])
def test_bicubic_is_the_antialiased_one_of_torch(side, low):
    x = _picture(side)

    expected = functional.interpolate(
        x, (low, low), mode="bicubic", antialias=True, align_corners=False
    )

    assert torch.allclose(Degradation(side, low)(x), expected, atol=1e-12)


def test_bicubic_is_that_of_pillow():
    x = np.random.default_rng(0).random((64, 64)).astype(np.float32)

    expected = np.asarray(Image.fromarray(x).resize((8, 8), Image.Resampling.BICUBIC))

    found = Degradation(64, 8)(torch.from_numpy(x)[None, None])[0, 0]
    assert np.allclose(found.numpy(), expected, atol=1e-5)


def test_plain_bicubic_is_that_of_torch_without_antialias():
    x = _picture(64)

    expected = functional.interpolate(x, (8, 8), mode="bicubic", align_corners=False)

    found = Degradation(64, 8, Kernel.PLAIN_BICUBIC)(x)
    assert torch.allclose(found, expected, atol=1e-12)


def test_box_is_the_mean_over_pixels():
    x = _picture(64)

    assert torch.allclose(Degradation(64, 8, Kernel.BOX)(x), functional.avg_pool2d(x, 8))


def test_mirrored_bicubic_is_the_bicubic_of_a_mirrored_picture():
    x = _picture(64)

    wide = functional.pad(x, (32, 32, 32, 32), "reflect")
    expected = Degradation(128, 16)(wide)[..., 4:-4, 4:-4]

    found = Degradation(64, 8, Kernel.MIRRORED_BICUBIC)(x)
    assert torch.allclose(found, expected, atol=1e-12)


@pytest.mark.parametrize("kernel", Kernel)
@pytest.mark.parametrize("offset", [0.0, 1.3, -2.0])
def test_rows_add_up_to_one(kernel, offset):
    matrix = kernel_matrix(kernel, 8, 64, torch.tensor([offset], dtype=torch.float64))

    assert matrix.shape == (1, 8, 64)
    assert torch.allclose(matrix.sum(-1), torch.ones(1, 8, dtype=torch.float64))


@pytest.mark.parametrize("kernel", Kernel)
def test_slopes_are_the_adjoint(kernel):
    degradation, x = Degradation(32, 4, kernel), _picture(32).requires_grad_(True)
    u = torch.randn(3, 2, 4, 4, generator=torch.Generator().manual_seed(1), dtype=torch.float64)

    low = degradation(x)
    (slope,) = torch.autograd.grad((low * u).sum(), x)

    rows, columns = (m[0, 0] for m in degradation.matrices(x))
    assert torch.allclose(slope, rows.T @ u @ columns, atol=1e-12)
    assert (low * u).sum().item() == pytest.approx((x * slope).sum().item(), rel=1e-12)


@pytest.mark.parametrize(("side", "low", "norm"), [(128, 8, 0.252), (128, 4, 0.178)])
def test_norms_are_the_published_ones(side, low, norm):
    matrix = kernel_matrix(Kernel.BICUBIC, low, side, torch.zeros(1, dtype=torch.float64))

    assert float(torch.linalg.matrix_norm(matrix[0], 2)) == pytest.approx(norm, abs=1e-3)


@pytest.mark.parametrize("kernel", [Kernel.BOX, Kernel.BICUBIC])
def test_whole_offset_is_a_shifted_picture(kernel):
    x = _picture(64, count=1)
    offset = torch.tensor([[3.0, -2.0]], dtype=torch.float64)

    shifted = Degradation(64, 8, kernel)(x, offset)
    expected = Degradation(64, 8, kernel)(x.roll((-3, 2), (2, 3)))

    assert torch.allclose(shifted[..., 2:-2, 2:-2], expected[..., 2:-2, 2:-2], atol=1e-12)


@pytest.mark.parametrize("kernel", [Kernel.BOX, Kernel.BICUBIC])
def test_slope_of_the_offset_is_right(kernel):
    x = _picture(16, count=2)
    offset = torch.tensor([[0.3, -0.7], [1.2, 0.4]], dtype=torch.float64, requires_grad=True)

    assert torch.autograd.gradcheck(lambda o: Degradation(16, 4, kernel)(x, o), offset)


def test_offsets_are_those_of_each_picture():
    x = _picture(32, count=2)
    offset = torch.tensor([[0.5, 0.0], [-1.5, 2.0]], dtype=torch.float64)

    together = Degradation(32, 4)(x, offset)

    for row in range(2):
        alone = Degradation(32, 4)(x[row : row + 1], offset[row : row + 1])
        assert torch.allclose(together[row : row + 1], alone)


def test_gaussian_blur_comes_before_the_pixels():
    x = torch.zeros(1, 1, 65 * 3, 65 * 3, dtype=torch.float64)
    x[..., 97, 97] = 1.0

    low = gaussian_degradation(195, 65, 6.0)(x)[0, 0]

    at = (torch.arange(65, dtype=torch.float64) - 32) * 3
    variance = float((low.sum(1) * at**2).sum() / low.sum())
    assert float(low.sum()) * 9 == pytest.approx(1.0, abs=1e-6)
    # A Gaussian of 6 pixels sampled on boxes of 3 pixels: 36 + (3^2 - 1) / 12.
    assert variance == pytest.approx(36 + 8 / 12, rel=1e-3)


def test_measured_spread_of_a_gaussian_is_the_gaussian():
    at = torch.arange(-15, 16, dtype=torch.float64)
    line = torch.exp(-0.5 * (at / 2.5) ** 2)
    x = _picture(64)

    found = measured_degradation(64, 8, torch.outer(line, line))(x)

    expected = gaussian_degradation(64, 8, 2.5)(x)
    assert torch.allclose(found, expected, atol=1e-6)


def test_measured_spread_that_is_not_separable_is_a_convolution():
    psf = torch.rand(5, 7, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    psf /= psf.sum()
    x = _picture(32, channels=1)

    found = measured_degradation(32, 8, psf)(x)

    wide = functional.conv2d(x, psf.flip(0, 1)[None, None], padding=(2, 3))
    expected = functional.avg_pool2d(wide, 4)
    assert torch.allclose(found[..., 1:-1, 1:-1], expected[..., 1:-1, 1:-1], atol=1e-5)


def test_constant_stays_a_constant_whatever_the_blur():
    psf = torch.rand(9, 9, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    flat = torch.full((1, 1, 32, 32), 0.7, dtype=torch.float64)

    for degradation in (measured_degradation(32, 4, psf), gaussian_degradation(32, 4, 5.0)):
        assert torch.allclose(degradation(flat), torch.tensor(0.7, dtype=torch.float64))


def test_equal_sides_change_nothing():
    x = _picture(16)

    assert torch.allclose(Degradation(16, 16)(x), x)


def test_factor_that_is_no_whole_number_is_refused():
    with pytest.raises(InvalidInput, match="64 pixels cannot become one of 5"):
        Degradation(64, 5)


def test_unusable_spread_is_refused():
    with pytest.raises(InvalidInput, match="4 x 4"):
        measured_degradation(32, 4, torch.ones(4, 4))


def test_matrix_first_asked_for_without_slopes_has_slopes_later():
    with torch.inference_mode():
        Degradation(24, 3)(torch.ones(1, 1, 24, 24))
    x = torch.ones(1, 1, 24, 24, requires_grad=True)

    Degradation(24, 3)(x).sum().backward()

    assert float(x.grad.sum()) == pytest.approx(9)
