"""Feature networks on disk."""

import numpy as np
import pytest

from superlens.core.errors import CorruptModel
from superlens.io import feature_library
from superlens.io.feature_library import (
    FeatureCard,
    feature_cards,
    find_feature_network,
    installed_feature_cards,
    save_features,
)
from superlens.io.locations import user_features_dir


@pytest.fixture(autouse=True)
def _own_folders(tmp_path, monkeypatch):
    monkeypatch.setenv("SUPERLENS_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(feature_library, "resources_dir", lambda: tmp_path / "resources")


def _card(name):
    return FeatureCard(name, "A network", "", "ab" * 32, "file.pth", {"widths": "4,6"})


def test_what_was_saved_is_found_again():
    tensors = {"conv.weight": np.arange(6, dtype=np.float32).reshape(2, 3)}
    written = save_features(user_features_dir(), _card("vgg19"), tensors)

    found = find_feature_network("vgg19")
    cards = feature_cards("vgg19")

    assert found is not None
    assert np.array_equal(found.parts["network"]["conv.weight"], tensors["conv.weight"])
    assert found.architecture == {"widths": "4,6"}
    assert cards == {"network": written}
    assert len(written.sha256) == 64


def test_nothing_is_found_where_nothing_is():
    assert find_feature_network("inception") is None
    assert installed_feature_cards() == ()


def test_lpips_needs_backbone_and_heads():
    save_features(user_features_dir(), _card("alexnet"), {"a": np.ones(2, np.float32)})
    assert find_feature_network("lpips_alex") is None

    save_features(user_features_dir(), _card("lpips_heads"), {"b": np.ones(3, np.float32)})
    found = find_feature_network("lpips_alex")

    assert found is not None
    assert {part: list(tensors) for part, tensors in found.parts.items()} == {
        "backbone": ["a"],
        "heads": ["b"],
    }
    assert [card.id for card in installed_feature_cards()] == ["alexnet", "lpips_heads"]


def test_network_that_ships_counts_before_the_users_own(tmp_path):
    save_features(user_features_dir(), _card("microfeat-v1"), {"a": np.zeros(1, np.float32)})
    shipped = tmp_path / "resources" / "features"
    save_features(shipped, _card("microfeat-v1"), {"a": np.ones(1, np.float32)})

    cards, found = feature_cards("microfeat"), find_feature_network("microfeat")

    assert cards is not None
    assert cards["network"].shipped
    assert found is not None
    assert found.parts["network"]["a"][0] == 1.0


def test_changed_file_is_refused():
    save_features(user_features_dir(), _card("vgg19"), {"a": np.zeros(1, np.float32)})
    path = user_features_dir() / "vgg19.safetensors"
    path.write_bytes(path.read_bytes()[:-1] + b"\x01")

    with pytest.raises(CorruptModel, match="changed or damaged"):
        find_feature_network("vgg19")


def test_damaged_card_is_refused_and_left_out_of_the_list():
    save_features(user_features_dir(), _card("vgg19"), {"a": np.zeros(1, np.float32)})
    (user_features_dir() / "vgg19.json").write_text("{")

    with pytest.raises(CorruptModel, match="vgg19"):
        feature_cards("vgg19")
    assert installed_feature_cards() == ()


def test_network_without_a_source_is_its_own():
    written = save_features(
        user_features_dir(), FeatureCard("x", "X", "", ""), {"a": np.zeros(1, np.float32)}
    )

    assert written.source_sha256 == written.sha256
