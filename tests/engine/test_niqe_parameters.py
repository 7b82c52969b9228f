"""Taking the published parameters of NIQE from a file, and judging with them."""

import hashlib

import numpy as np
import pytest
from scipy import ndimage
from skimage import data

from shared_data import require_shared_data
from superlens.core.errors import CorruptModel, InvalidInput, MissingFile, UnreadableFile
from superlens.engine.evaluation_catalogue import measures_for
from superlens.engine.evaluation_measures import Judged, judge
from superlens.engine.feature_import import import_features
from superlens.engine.niqe_parameters import natural_niqe_model
from superlens.io.locations import user_features_dir
from superlens.quality import natural_niqe as published
from superlens.quality.niqe import fit_niqe, niqe


@pytest.fixture(autouse=True)
def _own_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("SUPERLENS_HOME", str(tmp_path / "home"))


@pytest.fixture
def own(monkeypatch):
    """Parameters of our own making, and a photograph that they give the expected values."""
    camera = np.asarray(data.camera(), np.float64)
    model = fit_niqe([camera, data.brick(), data.grass()], "own", span=(0.0, 255.0))
    figures = [(blur, niqe(ndimage.gaussian_filter(camera, blur), model)) for blur in (0.0, 1.0)]
    monkeypatch.setattr(published, "PUBLISHED_FIGURES", tuple(figures))
    return model


def _write(path, model):
    np.savez(path, mu_pris_param=model.mean[None], cov_pris_param=model.covariance)
    return path


def test_parameters_are_kept_among_the_features_with_the_hash_of_their_file(tmp_path, own):
    path = _write(tmp_path / "niqe_pris_params.npz", own)

    card = import_features(path)

    assert (card.id, card.source_name) == ("niqe", "niqe_pris_params.npz")
    assert card.source_sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    found = natural_niqe_model()
    assert found is not None
    assert found.name == "NIQE"
    assert np.array_equal(found.mean, own.mean)
    assert np.array_equal(found.covariance, own.covariance)


def test_published_file_is_taken():
    path = require_shared_data("parameters/niqe_pris_params.npz")

    import_features(path)

    assert natural_niqe_model().name == "NIQE"


def test_other_parameters_are_refused_and_nothing_is_kept(tmp_path, own):
    other = fit_niqe([data.gravel()], "other", span=(0.0, 255.0))

    with pytest.raises(InvalidInput, match="not the published ones"):
        import_features(_write(tmp_path / "niqe_pris_params.npz", other))
    assert not user_features_dir().exists()


def test_missing_and_oversized_files_are_named(tmp_path):
    with pytest.raises(MissingFile, match="gone"):
        import_features(tmp_path / "gone.npz")
    (tmp_path / "big.mat").write_bytes(bytes(published.MOST_BYTES + 1))
    with pytest.raises(UnreadableFile, match="too large"):
        import_features(tmp_path / "big.mat")


def test_without_a_file_of_the_user_there_is_no_niqe():
    assert natural_niqe_model() is None
    assert "NIQE" not in [one.title for one in measures_for(512, None)]


def test_damaged_parameters_are_told(tmp_path, own):
    import_features(_write(tmp_path / "niqe_pris_params.npz", own))
    (user_features_dir() / "niqe.safetensors").write_bytes(b"damaged")

    with pytest.raises(CorruptModel):
        natural_niqe_model()


def test_niqe_stands_beside_the_fitted_kind_and_does_not_depend_on_units(own):
    truth = data.camera().astype(np.float32)
    fitted = fit_niqe([truth], "truths")
    low = truth.reshape(256, 2, 256, 2).mean((1, 3))
    # The published parameters are those of `own` here: only the name differs.
    natural = published.natural_niqe(_content(own))

    plain = judge(Judged(truth, low, truth, 2), fitted, natural)
    counts = judge(Judged(16 * truth + 100, 16 * low + 100, truth, 2), fitted, natural)

    titles = {one.id: one.title for one in measures_for(512, fitted, natural)}
    assert (titles["niqe"], titles["niqe_natural"]) == ("NIQE-fit(truths)", "NIQE")
    # 8-bit rounding after a fit in floating point may move a few pixels by one step.
    assert counts["niqe_natural"] == pytest.approx(plain["niqe_natural"], rel=0.02)
    blurred = ndimage.gaussian_filter(truth, 1.5)
    assert (
        judge(Judged(blurred, low, truth, 2), None, natural)["niqe_natural"]
        > (plain["niqe_natural"])
    )


def _content(model):
    import io

    stream = io.BytesIO()
    np.savez(stream, mu_pris_param=model.mean, cov_pris_param=model.covariance)
    return stream.getvalue()
