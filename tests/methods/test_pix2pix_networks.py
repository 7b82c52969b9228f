"""Generator and discriminator of Pix2Pix: published sizes, any picture, tiles that agree."""

import numpy as np
import pytest
import torch

from superlens.methods.nets.decay import LinearDecay
from superlens.methods.nets.enlargement import bicubic
from superlens.methods.nets.seeded_dropout import SeededDropout, draw_from
from superlens.methods.nets.settling_norm import SettlingNorm, settle
from superlens.methods.pix2pix.discriminator import PatchDiscriminator, layers_for
from superlens.methods.pix2pix.generator import FIRST_SPREAD, Architecture, Generator
from superlens.quality import baselines


def _generator(**shape) -> Generator:
    network = Generator(Architecture(**({"levels": 3, "features": 4} | shape)))
    network.initialise(torch.Generator().manual_seed(1))
    return network.eval()


def _lively(network: Generator) -> Generator:
    """Give weights and statistics that a trained network might have."""
    draw = torch.Generator().manual_seed(2)
    with torch.no_grad():
        for name, value in (*network.named_parameters(), *network.named_buffers()):
            spread = 0.3 * torch.randn(value.shape, generator=draw)
            is_scale = name.endswith(("variance", "norms.0.weight"))
            value.copy_(1 + spread.abs() if is_scale else spread)
    return network


def _count(network) -> int:
    return sum(value.numel() for value in network.parameters())


# Counts that the published program prints for three channels: 41.829, 54.414 and 2.769 million.
@pytest.mark.parametrize(("levels", "millions"), [(7, 41.829), (8, 54.414)])
def test_generator_has_the_published_number_of_parameters(levels, millions):
    with torch.device("meta"):
        network = Generator(Architecture(1, 3, levels))

    assert round(_count(network) / 1e6, 3) == millions


def test_discriminator_has_the_published_number_of_parameters():
    assert round(_count(PatchDiscriminator(3, 64)) / 1e6, 3) == 2.769


def test_layers_of_the_generator_have_the_published_shapes():
    with torch.device("meta"):
        network = Generator(Architecture(2, 1, levels=7))

    shapes = [tuple(conv.weight.shape) for conv in (*network.down_convs, *network.up_convs)]

    assert shapes == [
        (64, 1, 4, 4),
        (128, 64, 4, 4),
        (256, 128, 4, 4),
        *[(512, 256, 4, 4), (512, 512, 4, 4), (512, 512, 4, 4), (512, 512, 4, 4)],
        *[(512, 512, 4, 4), (1024, 512, 4, 4), (1024, 512, 4, 4)],
        (1024, 256, 4, 4),
        (512, 128, 4, 4),
        (256, 64, 4, 4),
    ]
    assert tuple(network.last_conv.weight.shape) == (128, 1, 4, 4)
    assert len(network.down_norms) == 5
    assert len(network.up_norms) == 6


@pytest.mark.parametrize(("levels", "count"), [(5, 0), (6, 1), (7, 2), (8, 3)])
def test_deep_decoders_drop_as_published(levels, count):
    network = Generator(Architecture(1, 1, levels, 2, has_dropout=True))

    dropped = [isinstance(part, SeededDropout) for part in network.dropouts]

    # Not the deepest one, but those above it that have its width.
    assert dropped == [False] + [True] * count + [False] * (levels - 2 - count)


@pytest.mark.parametrize(("side", "map_side"), [(128, 14), (256, 30)])
def test_map_of_the_discriminator_has_the_published_size(side, map_side):
    judge = PatchDiscriminator(1, 4)
    picture = torch.zeros(2, 1, side, side)

    assert judge(picture, picture).shape == (2, 1, map_side, map_side)


@pytest.mark.parametrize(("layers", "reach"), [(3, 70), (2, 34), (1, 16)])
def test_one_value_of_the_map_judges_a_patch_of_the_stated_side(layers, reach):
    judge = PatchDiscriminator(1, 2, layers).double()
    judge.initialise(torch.Generator().manual_seed(0))
    # Normalisation sees the whole map; the patch is that of the convolutions.
    for index, part in enumerate(judge.layers):
        if isinstance(part, torch.nn.InstanceNorm2d):
            judge.layers[index] = torch.nn.Identity()
    picture = torch.rand(1, 1, 160, 160, dtype=torch.float64, requires_grad=True)

    verdict = judge(torch.zeros_like(picture), picture)
    middle = verdict.shape[-1] // 2
    verdict[0, 0, middle, middle].backward()

    assert picture.grad is not None
    seen = picture.grad[0, 0].abs().sum(0).nonzero().flatten()
    assert int(seen[-1] - seen[0]) + 1 == reach


@pytest.mark.parametrize(
    ("side", "layers"), [(8, 1), (33, 1), (34, 2), (69, 2), (70, 3), (128, 3), (256, 3)]
)
def test_small_pictures_are_judged_by_smaller_patches(side, layers):
    assert layers_for(side) == layers
    picture = torch.zeros(1, 1, side, side)
    assert PatchDiscriminator(1, 2, layers)(picture, picture).numel() > 0


@pytest.mark.parametrize("scale", [1, 2, 4, 8, 16])
@pytest.mark.parametrize("size", [(5, 7), (16, 16), (1, 1)])
def test_any_picture_gets_scale_times_the_pixels(scale, size):
    answer = _generator(scale=scale)(torch.rand(2, 1, *size))

    assert answer.shape == (2, 1, size[0] * scale, size[1] * scale)


@pytest.mark.parametrize("channels", [1, 2, 5])
def test_any_number_of_channels_is_taken(channels):
    network = _generator(channels=channels)
    judge = PatchDiscriminator(channels, 4)
    low = torch.rand(1, channels, 20, 20)

    answer = network(low)

    assert answer.shape == (1, channels, 40, 40)
    assert judge(network.enlarged(low), answer).shape[1] == 1


def test_tanh_bounds_the_output_and_linear_does_not():
    wild = 50 * torch.randn(1, 1, 16, 16, generator=torch.Generator().manual_seed(4))
    bounded, free = (
        _lively(_generator(scale=1, is_bounded=end, black=-0.5, white=2.0)) for end in (True, False)
    )

    with torch.no_grad():
        units, values = bounded.redraw(wild), bounded(wild)
        beyond = free.redraw(wild)

    assert units.min() >= -1
    assert units.max() <= 1
    assert values.min() >= -0.5 - 1e-6
    assert values.max() <= 2.0 + 1e-6
    assert beyond.abs().max() > 1


def test_units_are_an_invertible_line_without_clipping():
    network = _generator(black=-0.25, white=1.75)
    values = torch.tensor([-3.0, -0.25, 0.75, 1.75, 9.0])

    units = network.to_units(values)

    assert torch.allclose(units[1:4], torch.tensor([-1.0, 0.0, 1.0]))
    assert torch.allclose(network.from_units(units), values, atol=1e-6)


def test_first_weights_have_the_published_spread():
    network = Generator(Architecture(levels=5, features=32))
    network.initialise(torch.Generator().manual_seed(0))

    weights = torch.cat([conv.weight.detach().flatten() for conv in network.up_convs])
    assert float(weights.mean()) == pytest.approx(0, abs=1e-4)
    assert float(weights.std()) == pytest.approx(FIRST_SPREAD, rel=0.01)
    assert network.up_norms[0].weight.mean().item() == pytest.approx(1, abs=0.01)


@pytest.mark.parametrize(("scale", "levels"), [(1, 2), (1, 4), (2, 3), (4, 3), (8, 3)])
def test_pixel_reaches_no_further_than_the_halo(scale, levels):
    network = _lively(_generator(scale=scale, levels=levels, features=2)).double()
    shape = network.architecture
    side = 2 * shape.halo + 4 * shape.multiple
    low = torch.rand(1, 1, side, side, dtype=torch.float64)
    before = network(low).detach()
    reached = 0
    for place in range(side // 2, side // 2 + shape.multiple):
        changed = low.clone()
        changed[..., place, side // 2] += 1

        rows = (network(changed) - before).detach().abs()[0, 0].amax(1).nonzero().flatten() // scale

        reached = max(reached, place - int(rows[0]), int(rows[-1]) - place)

    assert 0.6 * shape.halo < reached <= shape.halo


def test_answer_is_the_same_in_any_tile_on_the_grid():
    network = _lively(_generator(scale=2, levels=3))
    shape = network.architecture
    low = torch.rand(1, 1, 160, 160, generator=torch.Generator().manual_seed(3))
    first = 8 * shape.multiple
    tile = slice(first - _rounded(shape.halo, shape.multiple), 160)

    with torch.no_grad():
        whole, part = network(low), network(low[..., tile, tile])

    inner = part[..., 2 * (first - tile.start) :, 2 * (first - tile.start) :]
    expected = whole[..., 2 * first :, 2 * first :]
    # Sums in another order; 1e-5 of the range is a tenth of what a seam may be.
    assert (inner - expected).abs().max() < 1e-5 * (expected.max() - expected.min())


def _rounded(value, multiple):
    return -(-value // multiple) * multiple


@pytest.mark.parametrize("scale", [1, 2, 3, 4, 16])
def test_enlargement_is_the_bicubic_rival(scale):
    image = np.random.default_rng(0).random((9, 11), np.float32)

    enlarged = bicubic(torch.from_numpy(image)[None, None], scale)[0, 0].numpy()

    np.testing.assert_allclose(enlarged, baselines.bicubic(image, scale), atol=1e-6)


def test_norm_gathers_averages_until_it_settles():
    norm = SettlingNorm(1)
    batch = 3 + 2 * torch.randn(8, 1, 32, 32, generator=torch.Generator().manual_seed(0))

    for _ in range(100):
        gathering = norm(batch)
    settle(norm, True)
    gathered = norm.mean.clone()
    settled = norm(batch + 5).detach()

    gathering = gathering.detach()
    assert float(gathering.mean()) == pytest.approx(0, abs=1e-5)
    assert float(gathering.std()) == pytest.approx(1, abs=1e-3)
    # After 100 batches of momentum 0.1 less than 3e-5 of the first values is left.
    assert float(gathered) == pytest.approx(float(batch.mean()), abs=1e-3)
    assert torch.equal(norm.mean, gathered)
    assert float(settled.mean()) == pytest.approx(5 / float(batch.std()), rel=1e-3)


def test_settled_norm_learns_as_it_restores():
    norm = SettlingNorm(2)
    settle(norm, True)
    batch = torch.randn(4, 2, 8, 8)

    assert torch.equal(norm.train()(batch), norm.eval()(batch))


def test_dropout_is_drawn_from_its_generator_and_off_when_restoring():
    layer = SeededDropout(0.5)
    ones = torch.ones(1, 1, 100, 100)

    draw_from(layer, torch.Generator().manual_seed(5))
    first = layer.train()(ones)
    draw_from(layer, torch.Generator().manual_seed(5))
    again = layer(ones)

    assert torch.equal(first, again)
    assert set(first.unique().tolist()) == {0.0, 2.0}
    assert float(first.mean()) == pytest.approx(1, abs=0.05)
    assert torch.equal(layer.eval()(ones), ones)


def test_rate_stays_and_then_falls_straight_to_nothing():
    decay = LinearDecay(2e-4, steps=200, falling_share=0.5)

    rates = [decay.rate(step) for step in range(200)]

    assert decay.first_falling_step == 100
    assert set(rates[:101]) == {2e-4}
    assert np.allclose(np.diff(rates[100:]), -2e-6)
    assert rates[-1] == pytest.approx(2e-6)
