"""The generator of the latent prior: sizes, the mathematics of its layers, its noise."""

import math

import pytest
import torch
from torch.nn import functional

from superlens.core.errors import InvalidParameter
from superlens.methods.latent.prior.discriminator import Discriminator, with_variety
from superlens.methods.latent.prior.generator import Architecture, Generator, Mapping, NoiseMode
from superlens.methods.latent.prior.modulation import StyledConv, ToPicture
from superlens.methods.latent.prior.resampling import down2, smoothed, up2

CI = Architecture(32, 1, 2048, 64, 64, 2)

# side, channels, base, widest = w_dim, mapping layers; then parameters of synthesis, G and D.
COUNTS = [
    ((128, 3, 16384, 512, 2), (22_423_965, 22_949_277, 23_882_369)),
    ((128, 3, 16384, 512, 8), (22_423_965, 24_525_213, 23_882_369)),
    ((128, 1, 16384, 512, 2), (22_419_089, 22_944_401, 23_882_113)),
    ((128, 3, 32768, 512, 8), (27_227_421, 29_328_669, 28_389_121)),
    ((128, 2, 8192, 256, 2), (5_611_543, 5_743_127, 5_973_249)),
    ((128, 1, 4096, 128, 2), (1_405_361, 1_438_385, 1_494_625)),
    ((64, 3, 16384, 512, 2), (21_718_296, 22_243_608, 23_407_361)),
    ((64, 1, 4096, 128, 2), (1_361_102, 1_394_126, 1_464_897)),
    ((32, 1, 2048, 64, 2), (305_547, 313_867, 337_153)),
]


def _generator(architecture: Architecture = CI, seed: int = 0) -> Generator:
    network = Generator(architecture)
    network.initialise(torch.Generator().manual_seed(seed))
    return network


def _strengthened(network: Generator) -> Generator:
    network.synthesis.convs[3].noise_strength.data.fill_(0.5)
    return network


def _draw(*shape: int, seed: int = 1, dtype: torch.dtype = torch.float32) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=dtype)


@pytest.mark.parametrize(("shape", "counts"), COUNTS)
def test_parameter_counts_are_those_of_the_published_networks(shape, counts):
    side, channels, base, widest, layers = shape
    architecture = Architecture(side, channels, base, widest, widest, layers)

    with torch.device("meta"):
        generator, discriminator = Generator(architecture), Discriminator(architecture)

    parts = (generator.synthesis, generator, discriminator)
    assert tuple(sum(p.numel() for p in part.parameters()) for part in parts) == counts


@pytest.mark.parametrize(("side", "layers"), [(32, 8), (64, 10), (128, 12), (256, 14), (1024, 18)])
def test_layers_grow_with_the_side(side, layers):
    assert Architecture(side=side).num_layers == layers


@pytest.mark.parametrize("channels", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("side", [8, 16, 64])
def test_any_channels_and_power_of_two(channels, side):
    architecture = Architecture(side, channels, 256, 8, 8, 2)
    picture = _generator(architecture)(_draw(2, 8))
    judge = Discriminator(architecture)
    judge.initialise(torch.Generator().manual_seed(0))

    assert picture.shape == (2, channels, side, side)
    assert judge(picture).shape == (2,)
    assert torch.isfinite(judge(picture)).all()


def test_side_that_is_no_power_of_two_is_refused_with_the_nearest():
    with pytest.raises(InvalidParameter) as caught:
        Architecture(side=100)

    assert "128" in caught.value.advice
    with pytest.raises(InvalidParameter, match="6 channels"):
        Architecture(channels=6)


@pytest.mark.parametrize(("doubles", "expected"), [(False, 1.0), (True, 10 / 16)])
def test_demodulation_keeps_unit_variance_whatever_the_style(doubles, expected):
    # White noise behind the filter [1, 3, 3, 1]: its power is 10 / 16 per axis, of 4 pixels one
    # is not zero, gain 4.
    layer = StyledConv(64, 64, 8, doubles=doubles)
    layer.draw(torch.Generator().manual_seed(0))
    style = 1 + 0.8 * _draw(6, 64)

    out = layer.convolved(_draw(6, 64, 64, 64, seed=2), style)[..., 4:-4, 4:-4].detach()

    assert float(out.std()) == pytest.approx(expected, abs=0.02)
    if not doubles:
        spread = out.std((0, 2, 3))
        assert 0.97 < float(spread.min()) < float(spread.max()) < 1.03


def test_cheap_form_equals_one_set_of_weights_per_picture():
    layer = StyledConv(6, 5, 8)
    layer.draw(torch.Generator().manual_seed(0))
    x, style = _draw(3, 6, 9, 9), 1 + _draw(3, 6, seed=2)

    weight = layer.weight[None] * style[:, None, :, None, None]
    weight = weight * torch.rsqrt(weight.square().sum((2, 3, 4), keepdim=True) + 1e-8)
    expected = functional.conv2d(x.reshape(1, 18, 9, 9), weight.flatten(0, 1), padding=1, groups=3)

    assert torch.allclose(layer.convolved(x, style).flatten(0, 1)[None], expected, atol=1e-5)


def test_doubled_style_changes_nothing_where_the_variance_is_kept():
    layer = StyledConv(6, 5, 8)
    layer.draw(torch.Generator().manual_seed(0))
    x, style = _draw(3, 6, 9, 9), 1 + _draw(3, 6, seed=2)

    assert torch.allclose(layer.convolved(x, style), layer.convolved(x, 2 * style), atol=1e-5)


def test_picture_layer_scales_with_its_style():
    layer = ToPicture(6, 2, 8)
    layer.draw(torch.Generator().manual_seed(0))
    x, w = _draw(3, 6, 9, 9), _draw(3, 8, seed=2)

    scaled = x * layer.style(w)[:, :, None, None] / math.sqrt(6)

    assert torch.allclose(layer(x, w), functional.conv2d(scaled, layer.weight), atol=1e-5)


def test_doubling_layer_equals_enlarging_first_inside():
    layer = StyledConv(4, 3, 8, doubles=True)
    layer.draw(torch.Generator().manual_seed(0))
    x = _draw(1, 4, 10, 10)

    out = layer.convolved(x, torch.ones(1, 4))

    weight = layer.weight * torch.rsqrt(layer.weight.square().sum((1, 2, 3), keepdim=True) + 1e-8)
    first = functional.conv2d(up2(x), weight.flip(2, 3), padding=1)
    assert out.shape == (1, 3, 20, 20)
    assert torch.allclose(out[..., 3:-3, 3:-3], first[..., 3:-3, 3:-3], atol=1e-5)


def test_resampling_keeps_a_constant_inside_and_darkens_the_corner():
    flat = torch.ones(1, 2, 8, 8)

    assert torch.allclose(up2(flat)[..., 1:-1, 1:-1], torch.ones(()))
    assert torch.allclose(down2(flat)[..., 1:-1, 1:-1], torch.ones(()))
    assert float(up2(flat)[0, 0, 0, 0]) == pytest.approx(0.5625)


def test_resampling_filters_as_written():
    x = _draw(1, 1, 6, 6)
    kernel = (
        torch.outer(torch.tensor([1.0, 3, 3, 1]), torch.tensor([1.0, 3, 3, 1]))[None, None] / 64
    )
    zeros_between = torch.zeros(1, 1, 12, 12)
    zeros_between[..., ::2, ::2] = x

    up = functional.conv2d(functional.pad(zeros_between, (2, 1, 2, 1)), 4 * kernel)
    down = functional.conv2d(functional.pad(x, (1, 1, 1, 1)), kernel)[..., ::2, ::2]

    assert torch.allclose(up2(x), up, atol=1e-6)
    assert torch.allclose(down2(x), down, atol=1e-6)
    assert smoothed(x, 2, gain=1.0).shape == (1, 1, 7, 7)


def test_mapping_sees_the_direction_alone():
    mapping = _generator().mapping
    z = _draw(5, 64)

    assert torch.allclose(mapping(z), mapping(3 * z), atol=1e-5)


@pytest.mark.parametrize("layers", [2, 8])
def test_mapping_keeps_the_power(layers):
    mapping = Mapping(512, layers)
    draw = torch.Generator().manual_seed(0)
    for layer in mapping.layers:
        layer.draw(draw)

    # Measured for three draws of the weights: 1.08 to 1.17 with 2 layers, 1.3 to 1.6 with 8.
    assert 0.7 < float(mapping(_draw(200, 512)).square().mean().detach()) < 2.0


def test_mean_style_follows_with_a_decay():
    mapping = Mapping(4, 2)
    mapping.track(torch.full((8, 4), 2.0))

    assert torch.allclose(mapping.w_mean, torch.full((4,), 0.005 * 2.0))


def test_repeated_style_equals_styles_set_one_by_one():
    network = _generator()
    w = network.mapping(_draw(3, 64))
    written = torch.empty(3, network.num_layers, 64)
    for layer in range(network.num_layers):
        written[:, layer] = w

    assert torch.equal(network.synthesize(network.repeated(w)), network.synthesize(written))


def test_every_style_matters():
    network = _generator()
    w = network.repeated(network.mapping(_draw(1, 64))).clone()
    before = network.synthesize(w)

    for layer in range(network.num_layers):
        changed = w.clone()
        changed[:, layer] += 1.0
        assert float((network.synthesize(changed) - before).abs().max()) > 1e-4


def test_noise_of_no_strength_is_no_noise():
    network = _generator()
    w = network.repeated(network.mapping(_draw(2, 64)))
    draw = torch.Generator().manual_seed(3)

    pictures = [network.synthesize(w, network.noise(mode, 2, draw)) for mode in NoiseMode]

    assert torch.equal(pictures[0], pictures[1])
    assert torch.equal(pictures[0], pictures[2])


def test_noise_of_some_strength_is_random_frozen_or_absent():
    network = _generator()
    for conv in network.synthesis.convs:
        conv.noise_strength.data.fill_(0.3)
    w = network.repeated(network.mapping(_draw(2, 64)))

    def made(mode: NoiseMode, seed: int) -> torch.Tensor:
        noise = network.noise(mode, 2, torch.Generator().manual_seed(seed))
        return network.synthesize(w, noise)

    assert torch.equal(made(NoiseMode.RANDOM, 1), made(NoiseMode.RANDOM, 1))
    assert not torch.equal(made(NoiseMode.RANDOM, 1), made(NoiseMode.RANDOM, 2))
    assert torch.equal(made(NoiseMode.CONST, 1), made(NoiseMode.CONST, 2))
    assert not torch.equal(made(NoiseMode.CONST, 1), made(NoiseMode.NONE, 1))


def test_same_seed_same_network_and_frozen_noise_travels_in_the_state():
    one, other = _generator(seed=5), Generator(CI)
    other.load_state_dict(one.state_dict())
    z = _draw(2, 64)
    _strengthened(one)
    _strengthened(other)

    assert torch.equal(one(z), other(z))
    assert torch.equal(one(z), _strengthened(_generator(seed=5))(z))
    assert not torch.equal(one(z), _strengthened(_generator(seed=6))(z))


def test_variety_of_identical_pictures_is_the_root_of_epsilon():
    x = _draw(1, 3, 4, 4).expand(8, -1, -1, -1)

    appended = with_variety(x, 4)[:, -1]

    assert torch.allclose(appended, torch.full((8, 4, 4), 1e-4), atol=1e-6)


def test_variety_groups_are_strided():
    x = torch.zeros(8, 1, 1, 1)
    x[[0, 4]] = torch.tensor([1.0, -1.0])[:, None, None, None]  # of groups {0, 4}, {1, 5}, ...

    appended = with_variety(x, 2)[:, -1, 0, 0]

    assert torch.allclose(appended[[0, 4]], torch.ones(2), atol=1e-4)
    assert float(appended[[1, 2, 3, 5, 6, 7]].max()) < 1e-3


def test_variety_of_an_odd_batch_takes_smaller_groups():
    assert with_variety(_draw(5, 2, 4, 4), 4).shape == (5, 3, 4, 4)
