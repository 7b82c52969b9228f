"""Published checkpoints: every naming is understood, colours fold exactly, the rest is refused."""

import re

import numpy as np
import pytest
import torch

from fakes.training import FakeRun
from superlens.core.errors import InvalidInput
from superlens.core.jobs import Fold
from superlens.methods.resrgan.beginning import first_network
from superlens.methods.resrgan.generator import Architecture, Generator
from superlens.methods.resrgan.official import read_official
from superlens.methods.resrgan.runtime import Resrgan


def _network(scale=4, channels=3, blocks=2, features=8, growth=4) -> Generator:
    network = Generator(Architecture(scale, channels, blocks, features, growth))
    draw = torch.Generator().manual_seed(5)
    with torch.no_grad():
        for value in network.parameters():
            value.copy_(0.2 * torch.randn(value.shape, generator=draw))
    return network.eval()


def _tensors(network) -> dict[str, np.ndarray]:
    return {name: value.numpy() for name, value in network.state_dict().items()}


def _mid(tensors):
    """BSRGAN and RealSR."""
    plain = {"conv_body": "trunk_conv", "conv_up": "upconv", "conv_hr": "HRconv"}
    return {_swapped(_dense(key, r"RRDB_trunk.\1.RDB\2.conv\3"), plain): a for key, a in tensors}


def _old(tensors, blocks=2):
    """ESRGAN."""
    plain = {
        "conv_first": "model.0",
        "conv_body": f"model.1.sub.{blocks}",
        "conv_up1": "model.3",
        "conv_up2": "model.6",
        "conv_hr": "model.8",
        "conv_last": "model.10",
    }
    return {_swapped(_dense(key, r"model.1.sub.\1.RDB\2.conv\3.0"), plain): a for key, a in tensors}


def _dense(key, to):
    return re.sub(r"body\.(\d+)\.rdb(\d)\.conv(\d)", to, key)


def _swapped(key, plain):
    for ours, theirs in plain.items():
        key = key.replace(ours, theirs)
    return key


NAMINGS = {"new": dict, "mid": _mid, "old": _old}


@pytest.mark.parametrize("naming", NAMINGS)
def test_every_naming_gives_the_same_network(naming):
    ours = _tensors(_network(channels=1))
    theirs = NAMINGS[naming](ours.items())

    found = read_official(theirs, "a.pth", Fold.LUMA).weights

    assert found.parts["generator"].keys() == ours.keys()
    for name, array in ours.items():
        assert np.array_equal(found.parts["generator"][name], array)
    assert found.architecture == {
        "scale": 4,
        "channels": 1,
        "blocks": 2,
        "features": 8,
        "growth": 4,
    }


@pytest.mark.parametrize("scale", [1, 2, 4])
@pytest.mark.parametrize("blocks", [1, 2])
def test_size_and_scale_are_read_from_the_shapes(scale, blocks):
    tensors = _tensors(_network(scale, 3, blocks, features=16, growth=8))

    found = read_official(tensors, "a.pth", Fold.MEAN)

    assert found.channels == 3
    assert found.weights.architecture == {
        "scale": scale,
        "channels": 1,
        "blocks": blocks,
        "features": 16,
        "growth": 8,
    }


@pytest.mark.parametrize("scale", [1, 2, 4])
@pytest.mark.parametrize(
    ("fold", "shares"), [(Fold.MEAN, (1 / 3, 1 / 3, 1 / 3)), (Fold.LUMA, (0.299, 0.587, 0.114))]
)
def test_folded_network_answers_grey_as_the_colour_network_its_triple(scale, fold, shares):
    colour = _network(scale)
    grey = torch.rand(1, 1, 12, 8, generator=torch.Generator().manual_seed(2))

    weights = read_official(_tensors(colour), "a.pth", fold).weights

    folded = Resrgan().load(weights, "cpu")
    with torch.no_grad():
        expected = torch.tensordot(
            torch.tensor(shares), colour(grey.expand(1, 3, -1, -1))[0], dims=1
        )
        answer = folded(grey)[0, 0]
    assert answer.shape == expected.shape == (12 * scale, 8 * scale)
    # The order of float32 sums differs; 1e-6 of the range of the answer.
    assert float((answer - expected).abs().max()) < 1e-6 * float(expected.abs().max())


def test_training_can_start_from_an_imported_network():
    weights = read_official(_tensors(_network(2)), "a.pth", Fold.LUMA).weights

    network, is_fresh = first_network(Architecture(2, 1, 2, 8, 4), FakeRun(base=weights))

    assert not is_fresh
    first = weights.parts["generator"]["conv_first.weight"]
    assert np.array_equal(network.conv_first.weight.detach().numpy(), first)


def test_averaged_weights_are_preferred_and_their_place_is_told():
    live, averaged = _tensors(_network(channels=1)), _tensors(_network(channels=1))
    averaged = {name: array * 2 for name, array in averaged.items()}
    file = {f"params/{k}": a for k, a in live.items()}
    file |= {f"params_ema/{k}": a for k, a in averaged.items()}

    found = read_official(file, "a.pth", Fold.LUMA)

    assert found.table == "params_ema"
    first = found.weights.parts["generator"]["conv_first.weight"]
    assert np.array_equal(first, averaged["conv_first.weight"])


@pytest.mark.parametrize(
    "prefix", ["module.", "netG.", "netG.module.", "state_dict/", "model/module.", "params/netG."]
)
def test_prefixes_and_tables_are_stripped(prefix):
    tensors = _tensors(_network(channels=1))

    found = read_official({prefix + k: a for k, a in tensors.items()}, "a.pth", Fold.LUMA)

    assert found.weights.parts["generator"].keys() == tensors.keys()


def test_state_of_an_optimiser_beside_the_weights_is_left_out():
    tensors = _tensors(_network(channels=1))
    file = {f"state_dict/{k}": a for k, a in tensors.items()}
    file["optimizer/state/0/exp_avg"] = np.zeros(3, np.float32)

    found = read_official(file, "a.pth", Fold.LUMA)

    assert found.weights.parts["generator"].keys() == tensors.keys()


def _discriminator(kind):
    names = [f"conv{n}.{kind if 0 < n < 9 else 'weight'}" for n in range(10)]
    return {name: np.zeros((8, 8, 3, 3), np.float32) for name in names}


def _compact():
    tensors = {f"body.{2 * n}.weight": np.zeros((8, 8, 3, 3), np.float32) for n in range(4)}
    return tensors | {f"body.{2 * n + 1}.weight": np.zeros(8, np.float32) for n in range(4)}


def _plus():
    extra = {"body.0.rdb1.conv1x1.weight": np.zeros((4, 8, 1, 1), np.float32)}
    return _tensors(_network()) | extra


@pytest.mark.parametrize(
    ("tensors", "words"),
    [
        (_discriminator("weight_orig"), "discriminator"),
        (_discriminator("weight"), "discriminator"),
        (_compact(), "SRVGG"),
        (_plus(), r"ESRGAN\+"),
        ({"features.0.weight": np.zeros((64, 3, 3, 3), np.float32)}, "VGG"),
        ({"layers.0.attn.qkv.weight": np.zeros((8, 8), np.float32)}, r"layers\.0\.attn"),
        ({"conv_first.weight": np.zeros(3, np.float32)}, "not an RRDB"),
    ],
    ids=["netD", "netD plain", "SRVGG", "ESRGAN+", "VGG", "other", "flat"],
)
def test_other_networks_are_refused_by_name(tensors, words):
    with pytest.raises(InvalidInput, match=words) as caught:
        read_official({f"params/{k}": a for k, a in tensors.items()}, "other.pth", Fold.LUMA)

    assert caught.value.title.startswith("other.pth")
    assert "Real-ESRGAN" in caught.value.advice


def _without(name):
    return {key: a for key, a in _tensors(_network()).items() if key != name}


@pytest.mark.parametrize(
    ("tensors", "words"),
    [
        (_without("body.1.rdb2.conv3.bias"), r"lacks the tensor body\.1\.rdb2\.conv3\.bias"),
        (_without("conv_up2.weight"), "other than four times"),
        (_tensors(_network()) | {"extra.weight": np.zeros(1)}, "such as extra"),
        (_tensors(_network()) | {"conv_hr.bias": np.zeros(3)}, r"shape \(3,\)"),
        (_tensors(_network(channels=2)), "takes 2 channels and gives 2"),
        (
            _tensors(_network()) | {"conv_first.weight": np.zeros((8, 4, 3, 3))},
            "takes 4 channels and gives 3",
        ),
        (
            _tensors(_network()) | {"body.900000.rdb1.conv1.weight": np.zeros((4, 8, 3, 3))},
            "lacks",
        ),
        (
            _tensors(_network()) | {"trunk_conv.weight": np.zeros((8, 8, 3, 3))},
            "twice",
        ),
    ],
)
def test_network_that_does_not_fit_together_is_refused(tensors, words):
    with pytest.raises(InvalidInput, match=words):
        read_official(tensors, "a.pth", Fold.LUMA)
