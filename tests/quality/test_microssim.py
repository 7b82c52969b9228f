"""MicroSSIM against the figure of two other programs, and its invariances."""

import numpy as np
import pytest

from superlens.core.errors import InvalidInput
from superlens.quality.microssim import fit_microssim, microssim


def reference_pair():
    """Give a smooth picture in counts and a noisy copy in other units, (256, 256)."""
    i, j = np.mgrid[0:256, 0:256].astype(np.float64)
    wave = 0.25 * np.sin(0.13 * i + 0.0002 * i * j) + 0.2 * np.cos(0.21 * j + 0.05 * i)
    clean = np.clip(0.5 + wave, 0, 1)
    hashed = 43758.5453 * np.sin(12.9898 * i + 78.233 * j)
    noisy = np.clip(clean + 0.1 * (hashed - np.floor(hashed) - 0.5), 0, 1)
    return 20 + 1000 * noisy, 100 + 4000 * clean


def test_reference_pair_has_the_figure_of_other_programs():
    """microssim 0.0.5 and cubic 0.8.0 (`MicroSSIM().fit(g, p).score(g, p)`) give 0.8826957."""
    prediction, truth = reference_pair()

    fit = fit_microssim([prediction], [truth])

    assert fit.factor == pytest.approx(3.824555, abs=2e-5)
    assert fit.truth_offset == pytest.approx(472.4911574)
    assert fit.prediction_offset == pytest.approx(112.8517608)
    assert fit.extent == pytest.approx(3427.3939369)
    assert microssim(prediction, truth, fit) == pytest.approx(0.8826957, abs=1e-7)


def test_gain_and_offset_of_the_camera_do_not_matter():
    prediction, truth = reference_pair()
    other = 7 + 0.03 * prediction

    plain = microssim(prediction, truth, fit_microssim([prediction], [truth]))
    scaled = microssim(other, truth, fit_microssim([other], [truth]))

    assert scaled == pytest.approx(plain, abs=1e-9)


def test_identical_pictures_are_wholly_alike():
    _, truth = reference_pair()

    fit = fit_microssim([truth], [truth])

    assert fit.factor == pytest.approx(1.0, abs=1e-5)
    assert microssim(truth, truth, fit) == pytest.approx(1.0)


def test_one_factor_for_the_whole_set_does_not_forgive_a_dim_picture():
    prediction, truth = reference_pair()
    background = np.percentile(prediction, 3)
    dim = background + 0.4 * (prediction - background)

    fit = fit_microssim([prediction, prediction, dim], [truth, truth, truth])

    assert microssim(dim, truth, fit) < 0.9 * microssim(prediction, truth, fit)
    alone = fit_microssim([dim], [truth])
    assert microssim(dim, truth, alone) == pytest.approx(0.8826957, abs=1e-4)


@pytest.mark.parametrize(
    ("predictions", "truths"),
    [
        ([], []),
        ([np.eye(20)], []),
        ([np.eye(20)], [np.eye(21)]),
        ([np.eye(8)], [np.eye(8)]),
        ([np.eye(20)], [np.ones((20, 20))]),
    ],
)
def test_sets_that_cannot_be_compared_are_refused(predictions, truths):
    with pytest.raises(InvalidInput):
        fit_microssim(predictions, truths)
