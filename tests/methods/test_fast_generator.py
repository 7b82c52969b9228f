"""The generator for inference against the one that is trained: the same numbers, rounding aside."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from superlens.core.errors import JobCancelled
from superlens.engine.interruption import interruptible
from superlens.io.model_library import find_model
from superlens.io.weights import load_weights
from superlens.methods.nets import banded_rrdb, fast_rrdb
from superlens.methods.nets.banded_rrdb import BandedTrunk
from superlens.methods.nets.closing import ClosingConv
from superlens.methods.nets.doubling import DoublingConv
from superlens.methods.nets.fast_rrdb import Bench, FastRRDB
from superlens.methods.nets.mosaic import Layout
from superlens.methods.nets.rrdb import RRDB
from superlens.methods.nets.winograd import INPUT, OUTPUT, Transforms
from superlens.methods.resrgan import fast_generator
from superlens.methods.resrgan.fast_generator import FastGenerator
from superlens.methods.resrgan.generator import Architecture, Generator

SAME = 1e-5
"""Of the largest value; float32 sums in another order differ by about 1e-6."""


def _generator(scale=2, blocks=1, features=8, growth=4, seed=0) -> Generator:
    network = Generator(Architecture(scale, 1, blocks, features, growth))
    network.initialise(torch.Generator().manual_seed(seed))
    with torch.no_grad():
        # Trained dense blocks are about six times as large as fresh ones.
        network.body.apply(lambda m: m.weight.mul_(6) if isinstance(m, nn.Conv2d) else None)
    return network.requires_grad_(False).eval()


def _image(height, width, count=1, seed=1) -> torch.Tensor:
    return torch.rand((count, 1, height, width), generator=torch.Generator().manual_seed(seed))


def _difference(first: torch.Tensor, second: torch.Tensor) -> float:
    return float((first - second).abs().max() / second.abs().max())


def _psnr(first: torch.Tensor, second: torch.Tensor) -> float:
    span = float(second.max() - second.min())
    return 10 * float(torch.log10(span**2 / (first - second).double().square().mean()))


@pytest.mark.parametrize("scale", [1, 2, 4])
@pytest.mark.parametrize("size", [(24, 20), (33, 21), (3, 5)], ids=str)
def test_small_network_gives_the_same_numbers(scale, size):
    plain, image = _generator(scale), _image(*size)

    answer = FastGenerator(plain, "cpu", torch.float32)(image)

    assert answer.shape == (1, 1, size[0] * scale, size[1] * scale)
    assert _difference(answer, plain(image)) < SAME


@pytest.mark.parametrize("scale", [1, 2, 4])
@pytest.mark.parametrize("size", [(48, 40), (21, 33), (3, 5)], ids=str)
def test_large_network_gives_the_same_numbers_in_bands(scale, size, monkeypatch):
    monkeypatch.setattr(fast_rrdb, "_CELLS_PER_THREAD", 3)
    plain, image = _generator(scale, features=64, growth=32), _image(*size)

    answer = FastGenerator(plain, "cpu", torch.float32)(image)

    assert _difference(answer, plain(image)) < SAME


@pytest.mark.parametrize("cells", [1, 8, 22, 40, 1000])
def test_bands_of_any_height_give_the_same_block(cells, monkeypatch):
    monkeypatch.setattr(fast_rrdb, "_CELLS_PER_THREAD", cells)
    torch.manual_seed(0)
    block = RRDB(8, 4).requires_grad_(False)
    layout, image = Layout(58, 26), torch.randn(1, 8, 58, 26)
    bench = Bench(layout, (8, 4), Transforms(torch.float32))
    fast = FastRRDB(block, torch.float32)

    answers = [layout.image(fast(layout.laid(image), bench)) for _ in range(2)]

    assert _difference(answers[0], block(image)) < SAME
    assert torch.equal(*answers)


@pytest.mark.parametrize("pixels", [1, 60, 200, 10_000])
def test_bands_of_pixels_give_the_same_block(pixels, monkeypatch):
    monkeypatch.setattr(banded_rrdb, "_PX_PER_THREAD", pixels)
    torch.manual_seed(0)
    block = RRDB(8, 4).requires_grad_(False)
    image = torch.randn(2, 8, 37, 20)

    answer = BandedTrunk([block, block], torch.float32)(image)

    assert _difference(answer, block(block(image))) < SAME


def test_shipped_model_in_bfloat16_stays_within_50_db():
    model = find_model("resrgan-phantom-x2")
    weights = load_weights(Path(model.folder), model.card)
    plain = Generator(Architecture(**model.card.architecture))
    plain.load_state_dict({k: torch.from_numpy(v) for k, v in weights.parts["generator"].items()})
    plain.requires_grad_(False)
    y, x = np.mgrid[:96, :96] / 96
    structure = np.exp(-(((y - 0.4) ** 2 + (x - 0.6) ** 2) / 0.02)) + 0.3 * np.sin(60 * x * y) ** 2
    image = torch.from_numpy(structure.astype(np.float32))[None, None] + 0.05 * _image(96, 96)

    answer = FastGenerator(plain, "cpu", torch.bfloat16)(image)

    assert _psnr(answer, plain(image)) > 50


def test_large_network_in_bfloat16_stays_within_50_db():
    plain, image = _generator(blocks=3, features=64, growth=32), _image(64, 64)

    answer = FastGenerator(plain, "cpu", torch.bfloat16)(image)

    assert _psnr(answer, plain(image)) > 50


def test_trunk_of_accelerators_gives_the_same_numbers():
    plain, image = _generator(), _image(24, 20)
    network = FastGenerator(plain, "cpu", torch.float32)
    network.trunk = fast_generator._LayerByLayer(plain.body, torch.float32)

    assert _difference(network(image), plain(image)) < SAME


def test_strips_leave_no_trace(monkeypatch):
    plain, image = _generator(), _image(61, 20)
    whole = FastGenerator(plain, "cpu", torch.float32)(image)
    monkeypatch.setitem(fast_generator._STRIP_PX, "cpu", 1)

    strips = FastGenerator(plain, "cpu", torch.float32)(image)

    assert _difference(strips, whole) < SAME


@pytest.mark.parametrize("channels", [(8, 4), (64, 32)], ids=str)
def test_images_of_a_batch_are_answered_as_alone(channels):
    network = FastGenerator(_generator(2, 1, *channels), "cpu", torch.float32)
    images = _image(16, 20, count=3)

    together = network(images)

    for image, answer in zip(images, together, strict=True):
        assert _difference(network(image[None])[0], answer) < SAME


@pytest.mark.parametrize("channels", [(8, 4), (64, 32)], ids=str)
def test_cancel_stops_it_between_two_layers(channels):
    network = FastGenerator(_generator(2, 1, *channels), "cpu", torch.float32)
    asked = []

    def check():
        asked.append(1)
        if len(asked) == 9:
            raise JobCancelled

    with pytest.raises(JobCancelled), interruptible(network, check), torch.inference_mode():
        network(_image(64, 64))

    assert len(asked) == 9


@pytest.mark.parametrize("matrix", [INPUT, OUTPUT], ids=["input", "output"])
def test_transforms_are_exact_in_bfloat16(matrix):
    both_axes = torch.kron(matrix, matrix)

    assert torch.equal(both_axes.bfloat16().double(), both_axes)


def test_convolution_of_a_doubled_image_needs_no_doubling():
    torch.manual_seed(0)
    conv = nn.Conv2d(3, 2, 3, padding=1)
    image = torch.randn(2, 3, 7, 5)

    answer = DoublingConv(conv)(image)

    expected = conv(nn.functional.interpolate(image, scale_factor=2, mode="nearest"))
    assert torch.allclose(answer, expected, atol=1e-6)


@pytest.mark.parametrize("outputs", [1, 3])
def test_convolution_to_few_channels_is_a_product_of_matrices(outputs):
    torch.manual_seed(0)
    conv = nn.Conv2d(8, outputs, 3, padding=1)
    image = torch.randn(2, 8, 7, 5)

    answer = ClosingConv(conv)(image)

    assert torch.allclose(answer, conv(image), atol=1e-6)


@pytest.mark.parametrize("size", [(8, 12), (7, 9), (1, 1)], ids=str)
def test_image_survives_being_cut_into_cells(size):
    image = torch.randn(1, 3, *size)
    layout = Layout(*size)

    mosaic = layout.laid(image)

    assert torch.equal(layout.image(mosaic), image)
    assert float(mosaic.abs().sum()) == pytest.approx(float(image.abs().sum()))
