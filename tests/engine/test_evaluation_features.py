"""Distances between sets of pictures, by networks with known features."""

import hashlib

import numpy as np
import pytest

from superlens.core.evaluation import Better
from superlens.engine.evaluation_features import (
    TRUTH,
    FeatureStore,
    FeatureTool,
    feature_set,
    load_tools,
    matched,
    remember,
    set_estimates,
    set_measures,
)
from superlens.io import feature_library
from superlens.io.feature_library import FeatureCard, save_features
from superlens.io.locations import user_features_dir
from superlens.quality.deep import labels
from superlens.quality.deep.labels import Extractor, FeatureNetworkId, label_of


@pytest.fixture(autouse=True)
def _own_folders(tmp_path, monkeypatch):
    monkeypatch.setenv("SUPERLENS_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(feature_library, "resources_dir", lambda: tmp_path / "resources")


def _tool(shipped=True):
    extractor = Extractor(FeatureNetworkId.MICROFEAT, "ab" * 32, shipped=shipped)

    def embed(picture):
        """Give mean and standard deviation of each 8 x 8 block."""
        blocks = picture.reshape(-1, 8, picture.shape[1] // 8, 8).swapaxes(1, 2).reshape(-1, 64)
        return np.stack([blocks.mean(1), blocks.std(1)], 1).astype(np.float64)

    return FeatureTool(extractor, label_of(extractor), embed, 8, "none", 1, "micro")


def _filled(tool, noise=0.5, fields=4):
    store = FeatureStore()
    apart = {}
    for number in range(fields):
        rng = np.random.default_rng(number)
        truth = rng.random((32, 32))
        pictures = {"exact": truth, "noisy": truth + noise * rng.random((32, 32)), TRUTH: truth}
        apart = remember(store, tool, pictures, f"field {number // 2}")
    return store, apart


def test_exact_pictures_are_at_distance_zero_and_noisy_ones_are_not():
    tool = _tool()
    store, apart = _filled(tool)

    found = set_estimates(tool, store, 0)

    assert apart["exact"] == 0.0
    assert apart["noisy"] > 0.1
    assert found["exact"]["micro_fd"].value == pytest.approx(0.0, abs=1e-9)
    assert found["noisy"]["micro_fd"].value > 0.01
    assert found["noisy"]["micro_kd"].value > found["exact"]["micro_kd"].value
    assert found["noisy"]["micro_fd"].n == 4 * 16
    assert found["noisy"]["micro_fd"].fields == 2
    assert found["noisy"]["micro_kd"].subsets is not None


def test_interval_needs_three_fields_and_holds_the_value():
    tool = _tool()
    store, _ = _filled(tool, fields=8)

    found = set_estimates(tool, store, 0)["noisy"]["micro_fd"]

    assert found.fields == 4
    assert found.lo < found.value < found.hi
    assert found.sem > 0
    few, _ = _filled(tool)
    assert set_estimates(tool, few, 0)["noisy"]["micro_fd"].lo is None


def test_what_stands_behind_a_distance_is_said():
    tool = _tool()
    store, _ = _filled(tool)

    said = feature_set(tool, store, 0)

    assert said.labels == ("FD-µ", "KD-µ")
    assert (said.images, said.patches, said.fields, said.dimensions) == (4, 64, 2, 2)
    assert said.floor > 0
    assert said.sha256 == "ab" * 32
    assert said.remark == ""


def test_too_few_patches_are_warned_of():
    tool = _tool()
    store, _ = _filled(tool, fields=1)

    assert "few" in feature_set(tool, store, 0).remark


def test_names_come_from_the_rule_alone():
    titles = [one.title for one in set_measures(_tool())]
    others = [one.title for one in set_measures(_tool(shipped=False))]

    assert titles == ["PD-µ", "FD-µ", "KD-µ × 10³"]
    assert others == ["PD-µ[abababab]", "FD-µ[abababab]", "KD-µ[abababab] × 10³"]
    assert all(one.better is Better.LOWER for one in set_measures(_tool()))


def test_picture_smaller_than_a_patch_leaves_no_trace():
    store = FeatureStore()

    apart = remember(store, _tool(), {"a": np.zeros((0, 32)), TRUTH: np.zeros((0, 32))}, "f")

    assert apart == {}
    assert store.fields == []


def test_pictures_are_matched_to_the_percentiles_of_the_truth():
    rng = np.random.default_rng(0)
    truth = rng.random((64, 64)).astype(np.float32) * 500 + 70

    ours, theirs = matched(truth * 3 + 1, truth)

    assert np.percentile(theirs, (0.1, 99.9)) == pytest.approx((0.0, 1.0), abs=1e-5)
    assert np.allclose(ours, theirs, atol=1e-4)


def test_no_network_gives_no_tool():
    assert load_tools("cpu") == ((), ())


def _install_microfeat():
    from superlens.quality.deep.microfeat import MicroFeat, MicroFeatShape

    network = MicroFeat(MicroFeatShape((4, 6), 8))
    tensors = {name: value.numpy() for name, value in network.state_dict().items()}
    card = FeatureCard("microfeat-v1", "M", "", "", architecture={"widths": "4,6", "dimensions": 8})
    return save_features(user_features_dir(), card, tensors)


def test_own_network_of_the_user_is_used_under_its_hash():
    card = _install_microfeat()

    (tool,), pairs = load_tools("cpu")

    assert pairs == ()
    assert tool.labels.frechet == f"FD-µ[{card.sha256[:8]}]"
    assert tool.embed(np.random.default_rng(0).random((128, 64)).astype(np.float32)).shape == (2, 8)
    assert tool.embed(np.zeros((40, 40), np.float32)).shape[0] == 0


def test_narrow_inception_is_not_called_fid():
    from superlens.quality.deep.inception import FidInception

    state = FidInception(16).state_dict()
    tensors = {k: v.numpy() for k, v in state.items() if not k.endswith("num_batches_tracked")}
    save_features(user_features_dir(), FeatureCard("inception", "I", "", "cd" * 32), tensors)

    (tool,), _ = load_tools("cpu")

    assert (tool.labels.frechet, tool.labels.remark) == ("FD[inception-cdcdcdcd]", "not FID")
    assert tool.embed(np.random.default_rng(0).random((128, 256))).shape == (2, 128)
    assert tool.channels == 3


def test_lpips_is_taken_with_both_published_files_alone(monkeypatch):
    from superlens.quality.deep.alexnet import AlexLpips

    state = {k: v.numpy() for k, v in AlexLpips((4, 6, 8, 6, 6)).state_dict().items()}
    backbone = {k: v for k, v in state.items() if k.startswith("features")}
    heads = {f"lin{k}.model.1.weight": state[f"lins.{k}"] for k in range(5)}
    save_features(user_features_dir(), FeatureCard("alexnet", "A", "", "aa" * 32), backbone)
    save_features(user_features_dir(), FeatureCard("lpips_heads", "H", "", "bb" * 32), heads)
    assert load_tools("cpu")[1] == ()

    monkeypatch.setattr(
        labels,
        "PUBLISHED",
        {FeatureNetworkId.ALEXNET: "aaaaaaaa", FeatureNetworkId.LPIPS_HEADS: "bbbbbbbb"},
    )
    (tool,) = load_tools("cpu")[1]

    picture = np.random.default_rng(0).random((64, 64)).astype(np.float32)
    assert tool.measure.title == "LPIPS v0.1 (alex)"
    assert tool.compare(picture, picture) == 0.0
    assert tool.compare(picture, 1 - picture) > 0.0
    assert tool.compare(picture[:40, :40], picture[:40, :40]) is None


def test_hash_of_a_stored_network_is_that_of_its_file():
    card = _install_microfeat()

    path = user_features_dir() / "microfeat-v1.safetensors"
    assert card.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
