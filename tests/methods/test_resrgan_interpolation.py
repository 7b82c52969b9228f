"""A model between fidelity and realism."""

import dataclasses

import numpy as np
import pytest
import torch

from fakes.training import FakeRun
from superlens.core.errors import CorruptModel, InvalidParameter
from superlens.core.method import Weights
from superlens.engine.interruption import interruptible
from superlens.methods.resrgan.generator import Architecture, Generator
from superlens.methods.resrgan.parameters import ResrganRestoreParams
from superlens.methods.resrgan.runtime import Resrgan

SHAPE = Architecture(2, 1, 1, 8, 4)
TILE = np.random.default_rng(0).random((1, 12, 10), np.float32)


def _tensors(seed: int) -> dict[str, np.ndarray]:
    network = Generator(SHAPE)
    network.initialise(torch.Generator().manual_seed(seed))
    return {name: value.detach().numpy().copy() for name, value in network.named_parameters()}


GAN, FIDELITY = _tensors(1), _tensors(2)


def _weights(**parts) -> Weights:
    return Weights(parts, dataclasses.asdict(SHAPE))


@pytest.fixture
def network():
    return Resrgan().load(_weights(generator=GAN, fidelity=FIDELITY), "cpu")


def _answer(network, realism: float) -> np.ndarray:
    return Resrgan().restore(network, TILE, ResrganRestoreParams(realism), FakeRun()).mean


@pytest.mark.parametrize(("realism", "end"), [(0.0, FIDELITY), (1.0, GAN)])
def test_ends_are_reproduced_bit_for_bit(network, realism, end):
    alone = Resrgan().load(_weights(generator=end), "cpu")
    _answer(network, 0.37)

    answer = _answer(network, realism)

    assert np.array_equal(answer, _answer(alone, 1.0))
    for name, value in network.generator.named_parameters():
        assert torch.equal(value, alone.get_parameter(name))


def test_weights_between_are_the_mixture(network):
    mixed = {name: 0.75 * FIDELITY[name] + 0.25 * GAN[name] for name in GAN}
    alone = Resrgan().load(_weights(generator=mixed), "cpu")

    assert np.allclose(_answer(network, 0.25), _answer(alone, 1.0), atol=1e-6)


def test_mixture_stays_until_another_is_asked_for(network):
    _answer(network, 0.5)
    name, value = next(iter(network.generator.named_parameters()))
    with torch.no_grad():
        value.zero_()

    _answer(network, 0.5)
    assert not value.any()

    _answer(network, 1.0)
    assert np.array_equal(value.contiguous().numpy(), GAN[name])


def test_samples_are_of_the_same_mixture(network):
    params = ResrganRestoreParams(0.3)

    first = Resrgan().sample(network, TILE, 0, params, FakeRun())

    assert np.array_equal(first, _answer(network, 0.3))


def test_model_without_a_fidelity_end_offers_no_choice():
    alone = Resrgan().load(_weights(generator=GAN), "cpu")

    with pytest.raises(InvalidParameter, match=r"0\.5"):
        _answer(alone, 0.5)


def test_fidelity_end_that_does_not_fit_is_refused():
    broken = {name: value for name, value in FIDELITY.items() if name != "conv_last.bias"}

    with pytest.raises(CorruptModel):
        Resrgan().load(_weights(generator=GAN, fidelity=broken), "cpu")


def test_every_layer_can_be_interrupted_at_any_mixture(network):
    asked = []
    with interruptible(network, lambda: asked.append(1)):
        _answer(network, 1.0)
        first = len(asked)
        _answer(network, 0.4)

    assert first >= 20
    assert len(asked) == 2 * first
