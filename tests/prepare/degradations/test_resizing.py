"""Resizing agrees with torch, which the published pipeline uses."""

import numpy as np
import pytest
import torch
from torch.nn.functional import interpolate

from superlens.prepare.degradations.resizing import ResizeMode, resized

# Both compute in float32 with weights rounded in different places.
TOLERANCE = 3e-5


def _image(height, width):
    return np.random.default_rng(height + width).random((height, width), dtype=np.float32)


def _by_torch(image, mode, **options):
    return interpolate(torch.from_numpy(image)[None, None], mode=mode.value, **options)[
        0, 0
    ].numpy()


@pytest.mark.parametrize("mode", list(ResizeMode))
@pytest.mark.parametrize("shape", [(20, 33), (50, 41), (40, 41), (97, 13), (7, 120), (1, 1)])
def test_new_size_gives_the_picture_torch_gives(mode, shape):
    image = _image(40, 41)

    result = resized(image, shape, mode)

    assert result.shape == shape
    assert result.dtype == np.float32
    np.testing.assert_allclose(result, _by_torch(image, mode, size=shape), atol=TOLERANCE)


@pytest.mark.parametrize("mode", list(ResizeMode))
@pytest.mark.parametrize("factor", [0.15, 0.333, 0.71, 0.98, 1.0, 1.07, 1.49])
def test_factor_gives_the_picture_torch_gives(mode, factor):
    image = _image(83, 64)

    result = resized(image, (int(83 * factor), int(64 * factor)), mode, factor)

    np.testing.assert_allclose(result, _by_torch(image, mode, scale_factor=factor), atol=TOLERANCE)


@pytest.mark.parametrize("mode", list(ResizeMode))
def test_flat_picture_stays_flat(mode):
    result = resized(np.full((30, 20), 0.25, np.float32), (13, 29), mode)

    np.testing.assert_allclose(result, 0.25, atol=1e-6)


def test_halving_by_area_is_the_block_mean():
    image = _image(12, 18)

    result = resized(image, (6, 9), ResizeMode.AREA)

    np.testing.assert_allclose(result, image.reshape(6, 2, 9, 2).mean((1, 3)), atol=1e-6)
