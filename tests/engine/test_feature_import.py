"""Importing a feature network from a user's file."""

import hashlib

import numpy as np
import pytest
from safetensors.numpy import save_file

from superlens.core.errors import InvalidInput, MissingFile
from superlens.engine import feature_import
from superlens.engine.feature_import import import_features
from superlens.engine.foreign_tensors import tensors_of
from superlens.engine.foreign_weights import ForeignFile
from superlens.io.feature_library import find_feature_network
from superlens.io.locations import user_features_dir
from superlens.quality.deep import labels
from superlens.quality.deep.labels import FeatureNetworkId


@pytest.fixture(autouse=True)
def _own_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("SUPERLENS_HOME", str(tmp_path / "home"))


@pytest.fixture
def _read_here(monkeypatch):
    """Read foreign files in this process: a child takes seconds to start."""

    def read(path, check):
        data = path.read_bytes()
        return ForeignFile(tensors_of(data, path.name), hashlib.sha256(data).hexdigest())

    monkeypatch.setattr(feature_import, "read_foreign_file", read)


def _heads():
    widths = (64, 192, 384, 256, 256)
    return {
        f"lin{k}.model.1.weight": np.full((1, w, 1, 1), 0.5, np.float32)
        for k, w in enumerate(widths)
    }


def _published(monkeypatch, network, path):
    """Let the hash of a file count as the published one."""
    prefix = hashlib.sha256(path.read_bytes()).hexdigest()[:8]
    known = {**labels.PUBLISHED, network: prefix}
    monkeypatch.setattr(labels, "PUBLISHED", known)
    monkeypatch.setattr(feature_import, "PUBLISHED", known)


def test_published_file_is_kept_as_tensors_with_its_hash(tmp_path, monkeypatch):
    path = tmp_path / "alex.safetensors"
    save_file(_heads(), path)
    _published(monkeypatch, FeatureNetworkId.LPIPS_HEADS, path)

    card = import_features(path)

    assert card.id == "lpips_heads"
    assert card.source_sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert card.source_name == "alex.safetensors"
    assert (user_features_dir() / "lpips_heads.safetensors").is_file()


@pytest.mark.usefixtures("_read_here")
def test_right_layers_with_other_numbers_are_refused(tmp_path):
    path = tmp_path / "alex.safetensors"
    save_file(_heads(), path)

    with pytest.raises(InvalidInput, match="not the published numbers"):
        import_features(path)
    assert not user_features_dir().exists()


@pytest.mark.usefixtures("_read_here")
def test_pth_file_with_classifier_keeps_its_convolutions_alone(tmp_path, monkeypatch):
    torch = pytest.importorskip("torch")
    path = tmp_path / "alexnet-owt-7be5be79.pth"
    state = {
        "features.0.weight": torch.zeros(64, 3, 11, 11),
        "features.0.bias": torch.zeros(64),
        "classifier.6.weight": torch.zeros(10, 4),
    }
    torch.save(state, path)
    _published(monkeypatch, FeatureNetworkId.ALEXNET, path)

    import_features(path)
    heads = tmp_path / "heads.safetensors"
    save_file(_heads(), heads)
    _published(monkeypatch, FeatureNetworkId.LPIPS_HEADS, heads)
    import_features(heads)

    found = find_feature_network("lpips_alex")
    assert found is not None
    assert sorted(found.parts["backbone"]) == ["features.0.bias", "features.0.weight"]
    assert sorted(found.parts["heads"]) == sorted(_heads())


@pytest.mark.usefixtures("_read_here")
def test_inception_of_another_origin_is_taken_under_its_own_name(tmp_path):
    path = tmp_path / "inception.safetensors"
    tensors = {
        "Mixed_7c.branch3x3dbl_3b.conv.weight": np.zeros((384, 384, 3, 1), np.float32),
        "fc.weight": np.zeros((10, 4), np.float32),
    }
    save_file(tensors, path)

    card = import_features(path)

    assert card.id == "inception"
    assert "another origin" in card.title
    found = find_feature_network("inception")
    assert found is not None
    assert list(found.parts["network"]) == ["Mixed_7c.branch3x3dbl_3b.conv.weight"]


@pytest.mark.usefixtures("_read_here")
def test_any_other_file_is_refused_with_what_can_be_imported(tmp_path):
    path = tmp_path / "other.safetensors"
    save_file({"a": np.zeros(3, np.float32)}, path)

    with pytest.raises(InvalidInput, match="none of the feature networks") as refused:
        import_features(path)
    assert "vgg19-dcbb9e9d.pth" in refused.value.advice


def test_missing_file_is_named(tmp_path):
    with pytest.raises(MissingFile):
        import_features(tmp_path / "nothing.pth")
