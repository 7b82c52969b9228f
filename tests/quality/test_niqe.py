"""NIQE: known distributions, the published steps, and how the fitted kind reacts to faults."""

import numpy as np
import pytest
from scipy import ndimage
from skimage import data

from superlens.core.errors import InvalidInput
from superlens.quality.niqe import (
    FEATURES,
    _asymmetric_gaussian,
    _features,
    _halved,
    fit_niqe,
    niqe,
    niqe_of_set,
)


@pytest.fixture(scope="module")
def model():
    """Give the texture of four photographs of the installed scikit-image."""
    names = ("camera", "brick", "grass", "gravel")
    pictures = [np.asarray(getattr(data, name)(), np.float64) for name in names]
    return fit_niqe(pictures, "photographs", span=(0.0, 255.0))


@pytest.fixture(scope="module")
def camera():
    return np.asarray(data.camera(), np.float64)


def test_gaussian_and_laplacian_values_have_shapes_two_and_one():
    rng = np.random.default_rng(0)
    blocks = np.stack([rng.normal(0, 2.0, (256, 256)), rng.laplace(0, 2.0, (256, 256))])

    shape, left, right = _asymmetric_gaussian(blocks)

    # The statistical error of the shape over 65,536 values is about 1 %.
    assert shape == pytest.approx([2.0, 1.0], rel=0.03)
    # Scale: sqrt(2) sigma for a Gaussian, the decay length for a Laplacian.
    assert left == pytest.approx([2.0 * np.sqrt(2), 2.0], rel=0.03)
    assert right == pytest.approx([2.0 * np.sqrt(2), 2.0], rel=0.03)


def test_sides_of_different_width_are_told_apart():
    rng = np.random.default_rng(0)
    size = np.abs(rng.normal(0, 1.0, (1, 400, 400)))
    # Of an asymmetric Gaussian each side holds a share in proportion to its width.
    is_right = rng.random(size.shape) < 0.75
    values = np.where(is_right, 3.0 * size, -1.0 * size)

    shape, left, right = _asymmetric_gaussian(values)

    assert shape[0] == pytest.approx(2.0, rel=0.03)
    assert right[0] / left[0] == pytest.approx(3.0, rel=0.02)


def test_features_of_white_noise_know_no_direction():
    noise = np.random.default_rng(1).normal(0, 1.0, (1, 512, 512))

    found = _features(noise)[0]

    assert found[0] == pytest.approx(2.0, rel=0.02)
    for first in (6, 10, 14):
        assert found[first : first + 4] == pytest.approx(found[2:6], abs=0.02)


def test_halving_is_the_antialiased_cubic_of_matlab():
    impulse = np.zeros((16, 16))
    impulse[:, 7] = 1.0

    # imresize with factor 1/2 weighs the pixels at distances 0.5, 1.5, 2.5, 3.5 with these.
    weights = [0.43359375, 0.11328125, -0.03515625, -0.01171875]
    assert _halved(impulse)[4] == pytest.approx(
        [0, 0, weights[2], weights[0], weights[1], weights[3], 0, 0]
    )
    ramp = _halved(np.arange(32.0)[:, None] * np.ones(32))
    assert ramp[4:12, 0] == pytest.approx(2 * np.arange(4, 12) + 0.5)


def test_blur_and_noise_move_a_picture_away_step_by_step(model, camera):
    rng = np.random.default_rng(0)
    grain = rng.standard_normal(camera.shape)

    blurred = [niqe(ndimage.gaussian_filter(camera, sigma), model) for sigma in (0.7, 1, 1.5, 2)]
    noisy = [niqe(camera + sigma * grain, model) for sigma in (5, 10, 20, 40)]

    assert np.all(np.diff([niqe(camera, model), *blurred]) > 0)
    assert np.all(np.diff([niqe(camera, model), *noisy]) > 0)


def test_fitted_kind_does_not_depend_on_the_units(camera):
    other = ndimage.gaussian_filter(camera, 1.0)

    plain = niqe(other, fit_niqe([camera], "a"))
    counts = niqe(100 + 16 * other, fit_niqe([100 + 16 * camera], "a"))

    assert counts == pytest.approx(plain, rel=1e-6)


def test_order_of_the_pictures_does_not_matter(camera):
    brick = np.asarray(data.brick(), np.float64)

    forth, back = fit_niqe([camera, brick], "a"), fit_niqe([brick, camera], "a")

    assert back.mean == pytest.approx(forth.mean)
    assert back.covariance == pytest.approx(forth.covariance)


def test_a_picture_is_nearest_to_the_statistics_of_its_own(camera):
    own, foreign = fit_niqe([camera], "own"), fit_niqe([data.brick()], "foreign")

    assert niqe(camera, own) < niqe(camera, foreign)
    assert niqe(camera, own) < niqe(ndimage.gaussian_filter(camera, 0.5), own)


def test_empty_and_small_pictures_are_undefined(model, camera):
    assert niqe(np.full((400, 400), 7.0), model) is None
    assert niqe(camera[:190, :190], model) is None
    assert niqe(np.full((400, 400), np.nan), model) is None


def test_one_empty_corner_does_not_spoil_the_rest(model, camera):
    patched = camera.copy()
    patched[:100, :100] = 0.0

    assert niqe(patched, model) is not None


def test_small_pictures_get_small_blocks_and_say_so(camera):
    model = fit_niqe([camera], "lamina", block=32)

    assert niqe(camera[:128, :128], model) is not None
    assert model.name == "NIQE-fit(lamina, blocks of 32 px)"
    assert fit_niqe([camera], "lamina").name == "NIQE-fit(lamina)"


def test_patches_count_together_without_seams(camera):
    model = fit_niqe([camera], "camera", block=32)
    grass = np.asarray(data.grass(), np.float64)
    patches = [
        grass[row : row + 128, column : column + 128]
        for row in range(0, 512, 128)
        for column in range(0, 512, 128)
    ]

    together = niqe_of_set(patches, model)

    # Only the pixels at the edges of the patches differ from those of the whole.
    assert together == pytest.approx(niqe(grass, model), rel=0.05)
    assert niqe_of_set([camera], model) == niqe(camera, model)
    assert niqe_of_set([], model) is None
    assert niqe_of_set([patches[0][:20]], model) is None


def test_nothing_to_learn_from_is_refused(camera):
    with pytest.raises(InvalidInput, match="constant"):
        fit_niqe([np.zeros((200, 200))], "dark")
    with pytest.raises(InvalidInput, match="hold 0 sharp blocks"):
        fit_niqe([camera[:50, :50]], "tiny")
    with pytest.raises(InvalidInput, match="33"):
        fit_niqe([camera], "odd", block=33)


def test_number_of_features_is_the_published_one(model):
    assert model.mean.shape == (FEATURES,)
    assert model.covariance.shape == (FEATURES, FEATURES)
