"""Architectures of published networks: sizes, names of tensors, taps; random numbers inside."""

import numpy as np
import pytest
import torch
from torch import nn

from superlens.core.errors import CorruptModel, InvalidInput
from superlens.core.method import Weights
from superlens.quality.deep.alexnet import AlexLpips, load_lpips, lpips
from superlens.quality.deep.inception import FidInception, load_inception, resized
from superlens.quality.deep.vgg19 import TAPS, Vgg19, load_vgg19


def _random(network, seed=0):
    rng = np.random.default_rng(seed)
    state = network.state_dict()
    return {
        name: rng.normal(0.0, 0.2, tuple(value.shape)).astype(np.float32)
        if not name.endswith("running_var")
        else np.ones(tuple(value.shape), np.float32)
        for name, value in state.items()
        if not name.endswith("num_batches_tracked")
    }


def _count(network):
    return sum(parameter.numel() for parameter in network.parameters())


def test_vgg19_has_the_published_number_of_feature_parameters():
    with torch.device("meta"):
        network = Vgg19()

    assert _count(network) == 20_024_384
    assert network.state_dict()["features.34.weight"].shape == (512, 512, 3, 3)
    assert len(network.state_dict()) == 32


def test_alexnet_has_the_published_number_of_parameters():
    with torch.device("meta"):
        network = AlexLpips()

    # 2,469,696 in the convolutions, 1,152 in the five heads.
    assert _count(network) == 2_469_696 + 64 + 192 + 384 + 256 + 256


def test_inception_has_the_published_number_of_parameters():
    with torch.device("meta"):
        network = FidInception()

    # 21,768,352 trainable ones without scales of the batch norms, 17,216 such scales.
    assert _count(network) == 21_768_352 + 17_216


def _narrow_vgg():
    return _random(Vgg19(((4, 2), (4, 2), (8, 4), (8, 4), (8, 4))))


def test_vgg19_gives_five_taps_before_the_rectifier():
    network = load_vgg19(Weights({"network": _narrow_vgg()}))

    taps = network(torch.rand(2, 1, 32, 48))

    assert tuple(taps) == TAPS
    shapes = [tuple(tap.shape) for tap in taps.values()]
    assert shapes == [
        (2, 4, 32, 48),
        (2, 4, 16, 24),
        (2, 8, 8, 12),
        (2, 8, 4, 6),
        (2, 8, 2, 3),
    ]
    assert all(float(tap.min()) < 0 for tap in taps.values())


def test_vgg19_taps_are_those_of_the_plain_sequence():
    tensors = _narrow_vgg()
    network = load_vgg19(Weights({"network": tensors}))
    x = torch.rand(1, 1, 32, 32)

    # Built step by step as the published list of layers goes: index, then pooling at 4, 9, 18, 27.
    y = (
        x.repeat(1, 3, 1, 1) - torch.tensor([0.485, 0.456, 0.406]).view(1, 3, 1, 1)
    ) / torch.tensor([0.229, 0.224, 0.225]).view(1, 3, 1, 1)
    found = {}
    for index in range(35):
        if index in (4, 9, 18, 27):
            y = nn.functional.max_pool2d(y, 2)
        elif f"features.{index}.weight" in tensors:
            weight, bias = (
                torch.from_numpy(tensors[f"features.{index}.{k}"]) for k in ("weight", "bias")
            )
            y = nn.functional.conv2d(y, weight, bias, padding=1)
            found[index] = y
        else:
            y = torch.relu(y)

    taps = network(x)
    for tap, index in zip(TAPS, (2, 7, 16, 25, 34), strict=True):
        assert torch.allclose(taps[tap], found[index], rtol=1e-4, atol=1e-5)


def test_weights_that_lack_a_tensor_are_refused():
    tensors = _narrow_vgg()
    del tensors["features.7.bias"]

    with pytest.raises(CorruptModel, match="VGG19"):
        load_vgg19(Weights({"network": tensors}))


def _lpips_weights():
    state = _random(AlexLpips((4, 6, 8, 6, 6)))
    backbone = {name: value for name, value in state.items() if name.startswith("features")}
    heads = {f"lin{k}.model.1.weight": np.abs(state[f"lins.{k}"]) for k in range(5)}
    return Weights({"backbone": backbone, "heads": heads})


def test_lpips_is_zero_for_equal_pictures_and_grows_with_noise():
    network = load_lpips(_lpips_weights())
    rng = np.random.default_rng(0)
    picture = rng.random((64, 96))
    noise = rng.standard_normal(picture.shape)

    distances = [lpips(network, picture, picture + a * noise) for a in (0.0, 0.01, 0.1)]

    assert distances[0] == 0.0
    assert 0.0 < distances[1] < distances[2]


def test_lpips_follows_its_formula():
    weights = _lpips_weights()
    network = load_lpips(weights)
    rng = np.random.default_rng(1)
    first, second = rng.random((2, 64, 64)).astype(np.float32)

    def taps(picture):
        x = torch.from_numpy(picture)[None, None].repeat(1, 3, 1, 1) * 2 - 1
        x = (x - torch.tensor([-0.030, -0.088, -0.188]).view(1, 3, 1, 1)) / torch.tensor(
            [0.458, 0.448, 0.450]
        ).view(1, 3, 1, 1)
        b = {k: torch.from_numpy(v) for k, v in weights.parts["backbone"].items()}
        steps = ((0, 4, 2), (3, 1, 2), (6, 1, 1), (8, 1, 1), (10, 1, 1))
        found = []
        for key, stride, padding in steps:
            if key in (3, 6):
                x = nn.functional.max_pool2d(x, 3, 2)
            x = nn.functional.conv2d(
                x, b[f"features.{key}.weight"], b[f"features.{key}.bias"], stride, padding
            ).relu()
            found.append(x)
        return found

    expected = 0.0
    for k, (a, b) in enumerate(zip(taps(first), taps(second), strict=True)):
        unit = [t / (t.norm(dim=1, keepdim=True) + 1e-10) for t in (a, b)]
        head = torch.from_numpy(weights.parts["heads"][f"lin{k}.model.1.weight"])
        expected += float(nn.functional.conv2d((unit[0] - unit[1]) ** 2, head).mean())
    assert lpips(network, first, second) == pytest.approx(expected, rel=1e-4)


def test_lpips_refuses_small_pictures():
    network = load_lpips(_lpips_weights())

    with pytest.raises(InvalidInput, match="63 pixels"):
        lpips(network, np.zeros((40, 80)), np.zeros((40, 80)))


def test_inception_gives_one_vector_per_picture():
    network = load_inception(Weights({"network": _random(FidInception(16))}))

    found = network(torch.rand(2, 1, 64, 80) * 255)

    assert found.shape == (2, 2048 // 16)
    assert bool(torch.isfinite(found).all())


def test_inception_pools_as_the_ported_network_does():
    network = FidInception(16).eval()
    even = torch.ones(1, 12, 9, 9)
    seen = {}

    def watch(name):
        return lambda module, given, out: seen.__setitem__(name, given[0])

    network.Mixed_5b.branch_pool.register_forward_hook(watch("a"))
    network.Mixed_6b.branch_pool.register_forward_hook(watch("c"))
    network.Mixed_7b.branch_pool.register_forward_hook(watch("e1"))
    network.Mixed_7c.branch_pool.register_forward_hook(watch("e2"))
    network.Mixed_5b(even)
    network.Mixed_6b(torch.ones(1, 48, 9, 9))
    bump = torch.zeros(1, 80, 8, 8)
    bump[:, :, 4, 4] = 9.0
    network.Mixed_7b(bump)
    network.Mixed_7c(torch.cat([bump, bump[:, :48]], 1))

    # The padding is left out of the mean, so an even picture stays even up to its border.
    assert torch.equal(seen["a"], even)
    assert torch.equal(seen["c"], torch.ones(1, 48, 9, 9))
    assert float(seen["e1"].max()) == pytest.approx(1.0)
    assert float(seen["e2"].max()) == 9.0


def test_resize_keeps_the_first_corner_and_steps_evenly():
    ramp = torch.arange(4.0).view(1, 1, 1, 4).expand(1, 1, 4, 4)

    found = resized(ramp, 8)[0, 0, 0]

    # Pixel k lies at k / 2; beyond the last pixel there is nothing to blend with.
    assert found.tolist() == [0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 3.0]
