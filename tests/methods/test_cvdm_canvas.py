"""Samples of whole images: no seams, no dependence on tile, batch, region or order."""

import numpy as np
import pytest
import torch

from fakes.training import FakeRun
from superlens.core.errors import JobCancelled
from superlens.core.method import ImageJob, SamplesImages
from superlens.methods.cvdm.architecture import Architecture
from superlens.methods.cvdm.diffusion import Diffusion
from superlens.methods.cvdm.layout import layout_of
from superlens.methods.cvdm.noise import BLOCK, FieldNoise
from superlens.methods.cvdm.parameters import CvdmRestoreParams, Mode, Prediction, Sampler
from superlens.methods.cvdm.pieces import ArrayReader
from superlens.methods.cvdm.runtime import Cvdm
from superlens.methods.cvdm.schedule import level_of_log_snr

SMALL = Architecture(width=8, levels=2, rate_width=4, target_std=0.2)
QUICK = CvdmRestoreParams(steps=3)


def _network(shape=SMALL, seed=0, size=0.5):
    """A network that is not trained, but whose last layers are not zero."""
    network = Diffusion(shape)
    generator = torch.Generator().manual_seed(seed)
    network.initialise(generator)
    with torch.no_grad():
        for one in (network.denoiser, network.schedule.rates, network.mean):
            if one is not None:
                one.last.weight.normal_(
                    0, size / one.last.weight[0].numel() ** 0.5, generator=generator
                )
    return network.eval().requires_grad_(False)


def _image(height=40, width=24, seed=5):
    return np.random.default_rng(seed).random((1, height, width), np.float32)


class Sink:
    """Keeps everything and counts how often each pixel is put."""

    def __init__(self, count, shape):
        self.images = np.zeros((count, *shape), np.float32)
        self.times = np.zeros((count, *shape), np.int64)
        self.order = []

    def scratch(self, name, shape):
        return np.zeros(shape, np.float32)

    def put(self, sample, top, left, values):
        _, height, width = values.shape
        place = (slice(None), slice(top, top + height), slice(left, left + width))
        self.images[sample][place] = values
        self.times[sample][place] += 1
        self.order.append(sample)


class Cut(ArrayReader):
    """A part of an image that knows where it was cut from, with the image around it."""

    def __init__(self, image, top, left, height, width):
        super().__init__(image)
        self.origin = (top, left)
        self._size = (height, width)

    @property
    def shape(self):
        return (1, *self._size)

    def read(self, top, left, height, width):
        return super().read(top + self.origin[0], left + self.origin[1], height, width)


def _sampled(network, reader, samples=range(1), tile=1000, params=QUICK, seed=7):
    channels, height, width = reader.shape
    scale = network.shape.scale
    sink = Sink(max(samples) + 1, (channels, height * scale, width * scale))
    method = Cvdm()
    assert isinstance(method, SamplesImages)
    method.sample_image(network, reader, sink, ImageJob(samples, tile, params), FakeRun(seed))
    return sink


SHAPES = {
    "usual": SMALL,
    "deeper": Architecture(width=4, levels=3, rate_width=4, target_std=0.2),
    "unfolded": Architecture(width=8, levels=2, fold=1, target_std=0.2),
    "x4": Architecture(scale=4, width=8, levels=2, target_std=0.2),
    "x1": Architecture(scale=1, width=8, levels=2, target_std=0.2),
    "direct": Architecture(width=8, levels=2, residual=False, target_offset=0.3, target_std=0.2),
    "doubt": Architecture(width=8, levels=2, rate_width=4, doubt=True, target_std=0.2),
    "zero_mean": Architecture(width=8, levels=2, zero_mean=True, target_std=0.2),
}


@pytest.mark.parametrize(
    ("name", "sampler"),
    [*((name, Sampler.CALIBRATED) for name in SHAPES), ("usual", Sampler.ANCESTRAL)],
)
def test_tiles_and_the_whole_agree(name, sampler):
    network = _network(SHAPES[name])
    params = CvdmRestoreParams(sampler, 3)
    reader = ArrayReader(_image())

    whole = _sampled(network, reader, params=params).images
    tiled = _sampled(network, reader, tile=20, params=params).images

    assert np.ptp(whole) > 0.1
    assert np.abs(whole - tiled).max() < 1e-4 * np.ptp(whole)


def test_published_mode_is_tiled_without_seams_too():
    shape = Architecture(
        width=8, levels=2, mode=Mode.PAPER, prediction=Prediction.NOISE, target_std=0.2
    )
    network, reader = _network(shape, size=0.1), ArrayReader(_image())
    params = CvdmRestoreParams(Sampler.ANCESTRAL, 3)

    whole = _sampled(network, reader, params=params).images
    tiled = _sampled(network, reader, tile=20, params=params).images

    assert np.abs(whole - tiled).max() < 1e-4 * np.ptp(whole)


def test_every_pixel_is_put_once_and_samples_come_in_order():
    sink = _sampled(_network(), ArrayReader(_image(13, 29)), range(5), tile=16)

    assert (sink.times == 1).all()
    assert sink.order == sorted(sink.order)
    assert set(sink.order) == set(range(5))


def test_sample_is_the_same_alone_and_among_others():
    network, reader = _network(), ArrayReader(_image())

    together = _sampled(network, reader, range(3)).images
    alone = _sampled(network, reader, range(2, 3)).images

    assert np.abs(together[2] - alone[2]).max() < 1e-5
    assert np.abs(together[1] - together[2]).max() > 0.05


def test_samples_hang_on_the_seed():
    network, reader = _network(), ArrayReader(_image())

    first, again, other = (_sampled(network, reader, seed=seed).images[0] for seed in (1, 1, 2))

    assert np.array_equal(first, again)
    assert np.abs(first - other).max() > 0.05


@pytest.mark.parametrize(("top", "left"), [(16, 24), (13, 27)])
def test_region_agrees_with_the_whole_image(top, left):
    """Away from its edge a region has the whole image's context for every step."""
    network, image = _network(), _image(80, 80)

    whole = _sampled(network, ArrayReader(image)).images[0]
    part = _sampled(network, Cut(image, top, left, 48, 40)).images[0]

    # Three steps reach three times as far as one, but from that far next to nothing comes.
    reach = network.shape.reach
    inner = (0, slice(reach, 96 - reach), slice(reach, 80 - reach))
    moved = whole[:, 2 * top : 2 * top + 96, 2 * left : 2 * left + 80]
    assert np.abs(moved[inner] - part[inner]).max() < 0.02 * np.ptp(whole)
    other = whole[:, 2 * top + 2 : 2 * top + 98, 2 * left : 2 * left + 80]
    assert np.abs(other[inner] - part[inner]).max() > 0.2 * np.ptp(whole)


@pytest.mark.parametrize(
    "shape",
    [
        SMALL,
        Architecture(width=4, levels=3, blocks=2, rate_width=4),
        Architecture(width=8, levels=1, fold=1, rate_width=4, doubt=True),
        Architecture(width=4, levels=4, fold=1, rate_width=4),
    ],
    ids=["usual", "deep", "flat", "four"],
)
def test_network_reaches_no_further_than_it_says(shape):
    network = _network(shape, size=5.0)
    side = -(-(4 * shape.reach) // shape.lattice) * shape.lattice
    state = torch.zeros(1, 1, side, side, requires_grad=True)
    level = level_of_log_snr(torch.zeros(1, 1, 1, 1))
    middle = side // 2 // shape.lattice * shape.lattice
    for place in (middle, middle + shape.lattice - 1):
        answer = network.denoiser(torch.cat([state, torch.zeros_like(state)], 1), level)
        (found,) = torch.autograd.grad(answer[0, 0, place, place], state)
        rows = found[0, 0].abs().sum(1).nonzero().flatten()

        assert place - shape.reach <= int(rows.min())
        assert int(rows.max()) <= place + shape.reach
        assert int(rows.max()) - int(rows.min()) > shape.reach // 2


def test_noise_is_that_of_its_place():
    noise = FieldNoise(3, 1, 2)

    whole = noise.window(4, (-70, -10), (200, 150))
    part = noise.window(4, (-3, 60), (90, 40))

    assert np.array_equal(whole[:, 67:157, 70:110], part)


def test_noise_is_gaussian_and_never_twice_the_same():
    noise = FieldNoise(3, 0, 1)
    first = noise.window(0, (0, 0), (4 * BLOCK, 4 * BLOCK))
    others = [
        noise.window(1, (0, 0), (4 * BLOCK, 4 * BLOCK)),
        FieldNoise(3, 1, 1).window(0, (0, 0), (4 * BLOCK, 4 * BLOCK)),
        FieldNoise(4, 0, 1).window(0, (0, 0), (4 * BLOCK, 4 * BLOCK)),
        noise.window(0, (BLOCK, 0), (4 * BLOCK, 4 * BLOCK)),
        noise.window(0, (0, -BLOCK), (4 * BLOCK, 4 * BLOCK)),
    ]

    # 65,536 values: mean to 0.004, spread to 0.003, correlation to 0.004; four times that.
    assert abs(first.mean()) < 0.016
    assert abs(first.std() - 1) < 0.012
    for other in others:
        assert abs(np.corrcoef(first.ravel(), other.ravel())[0, 1]) < 0.016


def test_layout_covers_the_canvas_once_on_the_lattice():
    shape = Architecture(scale=2, levels=3)
    layout = layout_of((50, 33), (7, 100), shape, 16)

    for axis, origin, size in ((layout.y, 7, 50), (layout.x, 100, 33)):
        assert axis.place % shape.lattice == 0
        assert axis.place + axis.image.start == 2 * origin
        assert axis.image.stop - axis.image.start == 2 * size
        assert axis.image.start >= 16
        assert axis.size - axis.image.stop >= 16
        starts = [span.start for span in axis.spans]
        assert starts == [0, *(span.stop for span in axis.spans[:-1])]
        assert axis.spans[-1].stop == axis.size
        for span in axis.spans:
            assert span.first % shape.lattice == span.last % shape.lattice == 0
            assert span.first == 0 or span.start - span.first >= shape.reach
            assert span.last == axis.size or span.last - span.stop >= shape.reach


@pytest.mark.parametrize("size", [(1, 1), (3, 50), (17, 2)])
def test_images_smaller_than_a_lattice_square_are_sampled(size):
    sink = _sampled(_network(), ArrayReader(_image(*size)))

    assert np.isfinite(sink.images).all()
    assert (sink.times == 1).all()


def test_constant_image_gives_finite_samples():
    sink = _sampled(_network(), ArrayReader(np.zeros((1, 20, 20), np.float32)))

    assert np.isfinite(sink.images).all()


@pytest.mark.parametrize("after", [0, 3, 12])
def test_cancel_is_obeyed_within_a_tile(after):
    run = FakeRun(cancel_after=after)
    job = ImageJob(range(4), 20, QUICK)
    sink = Sink(4, (1, 80, 48))

    with pytest.raises(JobCancelled):
        Cvdm().sample_image(_network(), ArrayReader(_image()), sink, job, run)

    assert run.checks == after + 1


def test_network_in_bfloat16_stays_close():
    exact, mixed = _network(), _network()
    mixed.is_mixed = True
    reader = ArrayReader(_image())

    first, second = (_sampled(one, reader).images for one in (exact, mixed))

    assert 0 < np.abs(first - second).max() < 0.02 * np.ptp(first)


def test_hint_is_the_rate_of_the_schedule():
    method, image = Cvdm(), _image(21, 18)
    learnt = method.hint(_network(), image, QUICK, FakeRun())
    fixed = method.hint(
        _network(Architecture(width=8, levels=2, mode=Mode.FIXED_COSINE)), image, QUICK, FakeRun()
    )

    assert learnt.shape == fixed.shape == (1, 42, 36)
    assert (learnt > 0).all()
    assert np.ptp(learnt) > 0
    assert (fixed == 1).all()


def test_needs_are_those_of_the_network():
    method = Cvdm()
    needs = method.tile_needs(_network(Architecture(scale=2, levels=3, fold=2)))

    assert needs.multiple == 4
    assert needs.halo == 31
    assert needs.bytes_per_px > 0
