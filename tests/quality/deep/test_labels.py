"""What a number may be called: every combination of extractor and hash."""

import pytest

from superlens.quality.deep.labels import (
    PUBLISHED,
    Extractor,
    FeatureLabels,
    FeatureNetworkId,
    label_of,
)

OTHER = "0123456789abcdef" * 4
EARNED = ("FID", "KID", "LPIPS", "VGG19")


def _published(network):
    return PUBLISHED[network] + "0" * 56


def _names(labels):
    shown = (labels.loss, labels.distance, labels.frechet, labels.kernel)
    return [name for name in shown if name is not None]


def test_no_extractor_gives_a_loss_of_the_own_discriminator_alone():
    assert label_of(None) == FeatureLabels(loss="Feature matching (D)")


def test_published_vgg19_names_a_loss_and_no_metric():
    labels = label_of(Extractor(FeatureNetworkId.VGG19, _published(FeatureNetworkId.VGG19)))

    assert _names(labels) == ["Perceptual (VGG19-ImageNet)"]


def test_published_inception_is_fid_and_kid():
    network = FeatureNetworkId.INCEPTION
    labels = label_of(Extractor(network, _published(network)))

    assert (labels.loss, labels.distance) == (None, None)
    assert (labels.frechet, labels.kernel) == ("FID", "KID")


def test_other_inception_says_that_it_is_not_fid():
    labels = label_of(Extractor(FeatureNetworkId.INCEPTION, OTHER))

    assert (labels.frechet, labels.kernel) == ("FD[inception-01234567]", "KD[inception-01234567]")
    assert labels.remark == "not FID"
    assert labels.loss is None


@pytest.mark.parametrize("backbone", [True, False])
@pytest.mark.parametrize("heads", [True, False])
@pytest.mark.parametrize("asked", [FeatureNetworkId.ALEXNET, FeatureNetworkId.LPIPS_HEADS])
def test_lpips_needs_both_published_files(asked, backbone, heads):
    labels = label_of(
        Extractor(
            asked,
            _published(FeatureNetworkId.ALEXNET) if backbone else OTHER,
            _published(FeatureNetworkId.LPIPS_HEADS) if heads else OTHER,
        )
    )

    assert _names(labels) == (["LPIPS v0.1 (alex)"] if backbone and heads else [])


def test_heads_that_are_absent_are_not_published():
    labels = label_of(Extractor(FeatureNetworkId.ALEXNET, _published(FeatureNetworkId.ALEXNET)))

    assert _names(labels) == []


def test_own_network_that_ships_has_short_names():
    labels = label_of(Extractor(FeatureNetworkId.MICROFEAT, OTHER, shipped=True))

    assert _names(labels) == ["Perceptual (MicroFeat-v1)", "PD-µ", "FD-µ", "KD-µ"]
    assert labels.remark == ""


def test_own_network_trained_anew_carries_its_hash_in_every_name():
    labels = label_of(Extractor(FeatureNetworkId.MICROFEAT, OTHER))

    assert labels.loss == "Perceptual (MicroFeat:01234567)"
    assert _names(labels)[1:] == ["PD-µ[01234567]", "FD-µ[01234567]", "KD-µ[01234567]"]
    assert "same feature network" in labels.remark


@pytest.mark.parametrize("network", list(FeatureNetworkId))
@pytest.mark.parametrize("shipped", [True, False])
@pytest.mark.parametrize("sha256", ["", OTHER, *(_published(one) for one in PUBLISHED)])
@pytest.mark.parametrize("heads", ["", OTHER, *(_published(one) for one in PUBLISHED)])
def test_earned_names_appear_with_the_right_hash_alone(network, shipped, sha256, heads):
    labels = label_of(Extractor(network, sha256, heads, shipped))

    is_earned = network in PUBLISHED and sha256.startswith(PUBLISHED[network])
    if network in (FeatureNetworkId.ALEXNET, FeatureNetworkId.LPIPS_HEADS):
        is_earned = sha256.startswith(PUBLISHED[FeatureNetworkId.ALEXNET])
        is_earned &= heads.startswith(PUBLISHED[FeatureNetworkId.LPIPS_HEADS])
    shown = " ".join(_names(labels))
    assert any(name in shown for name in EARNED) == is_earned
