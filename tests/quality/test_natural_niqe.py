"""The published parameters of NIQE: where they are read from, and what earns the name."""

import io
import pickle

import numpy as np
import pytest
from scipy import io as scipy_io
from scipy import ndimage
from skimage import data

from shared_data import require_shared_data
from superlens.core.errors import InvalidInput, UnreadableFile
from superlens.quality import natural_niqe as published
from superlens.quality.natural_niqe import MOST_BYTES, natural_niqe, require_published
from superlens.quality.niqe import BLOCK, NATURAL, fit_niqe, niqe

BLURS = (0.0, 1.0, 2.0)


@pytest.fixture(scope="module")
def camera():
    return np.asarray(data.camera(), np.float64)


@pytest.fixture(scope="module")
def own(camera):
    return fit_niqe([camera, data.brick(), data.grass()], "own", span=(0.0, 255.0))


def archive(**arrays) -> bytes:
    stream = io.BytesIO()
    np.savez_compressed(stream, **arrays)
    return stream.getvalue()


def matlab(**arrays) -> bytes:
    stream = io.BytesIO()
    scipy_io.savemat(stream, arrays)
    return stream.getvalue()


def npz_of(model) -> bytes:
    return archive(mu_pris_param=model.mean[None], cov_pris_param=model.covariance)


def mat_of(model) -> bytes:
    return matlab(mu_prisparam=model.mean[None], cov_prisparam=model.covariance)


@pytest.mark.parametrize("file_of", [npz_of, mat_of])
def test_parameters_come_from_a_file_of_the_user(camera, own, file_of):
    model = natural_niqe(file_of(own))

    assert model.name == "NIQE"
    assert (model.dataset, model.block, model.span) == (NATURAL, BLOCK, (0.0, 255.0))
    assert niqe(camera, model) == pytest.approx(niqe(camera, own))


@pytest.mark.parametrize(
    ("name", "sigma", "expected"),
    [("camera", 0, 3.0962), ("camera", 1, 5.3702), ("camera", 2, 8.0489), ("cell", 0, 10.98)],
)
def test_published_parameters_give_the_published_figures(name, sigma, expected):
    """Runs where a user's own parameter file lies beside the checkout; it cannot be shipped."""
    path = require_shared_data("parameters/niqe_pris_params.npz")
    picture = np.asarray(getattr(data, name)(), np.float64)

    blurred = ndimage.gaussian_filter(picture, sigma) if sigma else picture

    assert niqe(blurred, natural_niqe(path.read_bytes())) == pytest.approx(expected, abs=0.01)


def test_published_file_is_taken_for_what_it_is(camera):
    """Runs as the one before."""
    path = require_shared_data("parameters/niqe_pris_params.npz")

    require_published(natural_niqe(path.read_bytes()), camera)


def test_parameters_of_other_photographs_may_not_be_called_niqe(camera, own):
    with pytest.raises(InvalidInput, match="not the published ones") as refused:
        require_published(natural_niqe(npz_of(own)), camera)

    assert "instead of 3.10" in refused.value.title


def test_known_values_of_the_known_photograph_earn_the_name(camera, own, monkeypatch):
    figures = [(b, niqe(ndimage.gaussian_filter(camera, b), own)) for b in BLURS]
    monkeypatch.setattr(published, "PUBLISHED_FIGURES", tuple(figures))

    require_published(natural_niqe(npz_of(own)), camera)

    # A tenth more in every mean moves the values by more than the tolerance.
    other = archive(mu_pris_param=1.1 * own.mean, cov_pris_param=own.covariance)
    with pytest.raises(InvalidInput, match="not the published ones"):
        require_published(natural_niqe(other), camera)


class Trap:
    def __reduce__(self):
        return (pytest.fail, ("something in the file was executed",))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"not an archive",
        b"MATLAB 5.0 MAT-file, cut off",
        b"MATLAB 5.0 MAT-file" + bytes(500),
        pickle.dumps(Trap()),
        archive(other=np.zeros(3)),
        matlab(other=np.zeros(3)),
        archive(mu_pris_param=np.zeros(36), cov_pris_param=np.zeros((18, 18))),
        archive(mu_pris_param=np.full(36, np.nan), cov_pris_param=np.zeros((36, 36))),
        archive(mu_pris_param=np.array([Trap()], object), cov_pris_param=np.zeros((36, 36))),
        archive(mu_pris_param=np.array(["a"] * 36), cov_pris_param=np.zeros((36, 36))),
        matlab(mu_prisparam={"a": 1}, cov_prisparam=np.zeros((36, 36))),
    ],
)
def test_files_that_hold_no_parameters_are_refused(content):
    with pytest.raises(UnreadableFile):
        natural_niqe(content)


def test_file_that_unpacks_to_much_more_is_refused_unpacked():
    bomb = archive(mu_pris_param=np.zeros(36), cov_pris_param=np.zeros((1000, 1000)))
    assert len(bomb) < MOST_BYTES

    with pytest.raises(UnreadableFile, match="too large"):
        natural_niqe(bomb)
