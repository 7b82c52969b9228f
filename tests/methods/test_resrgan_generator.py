"""The generator against the published network: sizes, names, first weights."""

import pytest
import torch

from superlens.methods.resrgan.generator import Architecture, Generator


def _parameters(architecture: Architecture) -> int:
    with torch.device("meta"):
        return sum(value.numel() for value in Generator(architecture).parameters())


@pytest.mark.parametrize(
    ("architecture", "expected"),
    [
        (Architecture(4, 3, 23), 16_697_987),
        (Architecture(4, 1, 23), 16_695_681),
        (Architecture(2, 3, 23), 16_703_171),
        (Architecture(2, 1, 23), 16_697_409),
        (Architecture(1, 3, 23), 16_723_907),
        (Architecture(1, 1, 23), 16_704_321),
        (Architecture(4, 3, 6), 4_467_779),
        (Architecture(2, 1, 6), 4_467_201),
        (Architecture(4, 1, 16), 11_659_713),
        (Architecture(2, 1, 2, 16, 8), 100_161),
    ],
)
def test_network_has_the_published_number_of_parameters(architecture, expected):
    assert _parameters(architecture) == expected


@pytest.mark.parametrize(("blocks", "tensors"), [(23, 702), (6, 192), (16, 492)])
def test_network_has_the_published_number_of_tensors(blocks, tensors):
    with torch.device("meta"):
        assert len(Generator(Architecture(2, 1, blocks)).state_dict()) == tensors


def test_layers_are_named_as_in_published_checkpoints():
    with torch.device("meta"):
        names = set(Generator(Architecture(2, 1, 2)).state_dict())

    outer = ("conv_first", "conv_body", "conv_up1", "conv_up2", "conv_hr", "conv_last")
    expected = {f"{layer}.{kind}" for layer in outer for kind in ("weight", "bias")}
    expected |= {
        f"body.{block}.rdb{dense}.conv{conv}.{kind}"
        for block in range(2)
        for dense in (1, 2, 3)
        for conv in range(1, 6)
        for kind in ("weight", "bias")
    }
    assert names == expected


@pytest.mark.parametrize("scale", [1, 2, 4])
@pytest.mark.parametrize(("height", "width"), [(33, 32), (16, 18), (1, 3), (2, 5)])
def test_any_size_becomes_scale_times_as_large(scale, height, width):
    network = Generator(Architecture(scale, 1, 1, 8, 4))

    assert network(torch.rand(1, 1, height, width)).shape == (
        1,
        1,
        height * scale,
        width * scale,
    )


def test_padding_does_not_reach_far_into_the_image():
    # One block sees 19 trunk pixels (38 low-resolution ones) far; the padded column is at 80.
    network = Generator(Architecture(2, 1, 1, 8, 4)).double()
    image = torch.rand(1, 1, 20, 81, dtype=torch.float64)

    whole, part = network(image), network(image[..., :80])

    assert torch.allclose(whole[..., : 2 * 38], part[..., : 2 * 38], atol=1e-12, rtol=0)


def test_first_weights_follow_the_seed_and_not_the_global_one():
    def drawn(seed: int) -> Generator:
        network = Generator(Architecture(2, 1, 1, 8, 4))
        network.initialise(torch.Generator().manual_seed(seed))
        return network

    torch.manual_seed(0)
    first = drawn(3)
    torch.manual_seed(1)
    second, other = drawn(3), drawn(4)

    assert torch.equal(first.conv_last.weight, second.conv_last.weight)
    assert torch.equal(first.body[0].rdb2.conv3.weight, second.body[0].rdb2.conv3.weight)
    assert not torch.equal(first.conv_last.weight, other.conv_last.weight)


def test_dense_blocks_begin_a_tenth_as_large_as_kaiming():
    network = Generator(Architecture(2, 1, 2))
    network.initialise(torch.Generator().manual_seed(0))

    # Kaiming normal with the default gain sqrt(2): sd = sqrt(2 / fan-in), here times 0.1.
    for conv, fan_in in (("conv1", 64 * 9), ("conv5", 192 * 9)):
        layer = getattr(network.body[1].rdb3, conv)
        expected = 0.1 * (2 / fan_in) ** 0.5
        # 18,432 weights or more: the sd scatters by 0.5 %.
        assert float(layer.weight.detach().std()) == pytest.approx(expected, rel=0.03)
        assert not layer.bias.detach().any()
