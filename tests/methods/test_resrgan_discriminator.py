"""The discriminator against the published network: sizes, names, shapes."""

import pytest
import torch

from superlens.methods.resrgan.discriminator import Discriminator


def _network(features: int = 4, channels: int = 1, seed: int = 0) -> Discriminator:
    network = Discriminator(channels, features)
    network.initialise(torch.Generator().manual_seed(seed))
    return network


@pytest.mark.parametrize(("channels", "expected"), [(3, 4_376_897), (1, 4_375_745)])
def test_network_has_the_published_number_of_parameters(channels, expected):
    with torch.device("meta"):
        network = Discriminator(channels)

    assert sum(value.numel() for value in network.parameters()) == expected


def test_layers_are_named_as_in_published_checkpoints():
    with torch.device("meta"):
        names = set(Discriminator().state_dict())

    expected = {f"conv{end}.{kind}" for end in (0, 9) for kind in ("weight", "bias")}
    expected |= {
        f"conv{inner}.weight_{kind}" for inner in range(1, 9) for kind in ("orig", "u", "v")
    }
    assert names == expected
    assert len(names) == 28


@pytest.mark.parametrize(("height", "width"), [(32, 48), (8, 8), (33, 26)])
def test_every_pixel_is_judged(height, width):
    assert _network()(torch.rand(2, 1, height, width)).shape == (2, 1, height, width)


def test_six_maps_are_compared_from_fine_to_coarse_and_back():
    _, maps = _network(features=4).judge(torch.rand(1, 1, 32, 32))

    assert [tuple(one.shape[1:]) for one in maps] == [
        (8, 16, 16),
        (16, 8, 8),
        (32, 4, 4),
        (16, 8, 8),
        (8, 16, 16),
        (4, 32, 32),
    ]


def test_ups_follow_the_published_bilinear_doubling():
    network = _network()
    image = torch.rand(1, 1, 16, 16)

    eighth = network.judge(image)[1][2]
    doubled = torch.nn.functional.interpolate(
        eighth, scale_factor=2, mode="bilinear", align_corners=False
    )
    expected = torch.nn.functional.leaky_relu(network.conv4(doubled), 0.2)

    assert torch.allclose(network.judge(image)[1][3], expected, atol=1e-6)


def test_first_weights_follow_the_seed():
    first, second, other = _network(seed=3), _network(seed=3), _network(seed=4)

    for name, value in first.state_dict().items():
        assert torch.equal(value, second.state_dict()[name])
    assert not torch.equal(first.conv0.weight, other.conv0.weight)
    assert not torch.equal(first.conv4.weight_orig, other.conv4.weight_orig)
    assert not torch.equal(first.conv4.weight_u, other.conv4.weight_u)


def test_advance_lets_every_norm_follow_its_weights():
    network = _network()
    with torch.no_grad():
        for value in network.parameters():
            value.mul_(3)
    before = {name: value.clone() for name, value in network.named_buffers()}

    for _ in range(30):
        network.advance()

    assert any(not torch.equal(value, before[name]) for name, value in network.named_buffers())
    # Larger weights judge alike: their norm is divided out of all but the first and last layer.
    assert float(torch.linalg.matrix_norm(network.conv3.weight().flatten(1), 2)) == pytest.approx(
        1.0, abs=0.05
    )
