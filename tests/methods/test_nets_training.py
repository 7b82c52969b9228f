"""Parts of training that methods share: losses, spectral norm, sharpening, micro-batches, Adam."""

import math

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from superlens.methods.nets import adversarial
from superlens.methods.nets.accumulation import Accumulation
from superlens.methods.nets.learner import Learner
from superlens.methods.nets.sharpening import sharpened
from superlens.methods.nets.spectral import SpectralConv2d


def _spectral(seed: int = 0) -> SpectralConv2d:
    layer = SpectralConv2d(3, 6, 4, stride=2)
    layer.initialise(torch.Generator().manual_seed(seed))
    return layer


def test_undecided_discriminator_costs_ln_2_whoever_pays():
    logits = torch.zeros(2, 1, 4, 4)

    assert float(adversarial.vanilla_generator_loss(logits)) == pytest.approx(math.log(2))
    for real in (True, False):
        loss = adversarial.vanilla_discriminator_loss(logits, real=real)
        assert float(loss) == pytest.approx(math.log(2))
        halved = adversarial.relativistic_discriminator_loss(logits, logits, real=real)
        assert float(halved) == pytest.approx(math.log(2) / 2)
    assert float(adversarial.relativistic_generator_loss(logits, logits)) == pytest.approx(
        math.log(2)
    )


def test_generator_loss_is_the_softplus_of_minus_the_logit():
    fake = torch.tensor([[-1.5, 2.0]])

    expected = np.mean(np.log1p(np.exp([1.5, -2.0])))

    assert float(adversarial.vanilla_generator_loss(fake)) == pytest.approx(expected, rel=1e-6)


def test_relativistic_losses_mirror_each_other():
    real, fake = torch.randn(2, 1, 4, 4), torch.randn(2, 1, 4, 4)

    # What the generator wants of both kinds is what the discriminator wants with kinds exchanged.
    of_generator = adversarial.relativistic_generator_loss(real, fake)
    of_discriminator = adversarial.relativistic_discriminator_loss(
        fake, real, real=True
    ) + adversarial.relativistic_discriminator_loss(real, fake, real=False)

    assert torch.allclose(of_generator, of_discriminator)


def test_feature_matching_is_the_mean_over_maps_and_pulls_at_the_fakes_alone():
    fake = [torch.zeros(1, 2, 4, 4, requires_grad=True), torch.zeros(1, 1, 2, 2)]
    real = [torch.full((1, 2, 4, 4), 3.0, requires_grad=True), torch.full((1, 1, 2, 2), -1.0)]

    loss = adversarial.feature_matching_loss(fake, real)
    loss.backward()

    assert float(loss.detach()) == 2.0
    assert fake[0].grad is not None
    assert real[0].grad is None


def test_spectral_norm_of_the_effective_weights_becomes_one():
    layer = _spectral()
    for _ in range(300):
        layer.advance()

    largest = torch.linalg.matrix_norm(layer.weight().flatten(1), 2)

    assert float(largest.detach()) == pytest.approx(1.0, abs=1e-5)


def test_spectral_convolution_agrees_with_that_of_torch():
    layer = _spectral()
    other = nn.utils.spectral_norm(nn.Conv2d(3, 6, 4, stride=2, padding=1, bias=False))
    # Both keep the same three tensors by the same names.
    other.load_state_dict(layer.state_dict())
    image = torch.rand(2, 3, 8, 8)

    ours = layer(image)
    theirs = other.eval()(image)

    assert torch.allclose(ours, theirs, atol=1e-6)


def test_power_iteration_happens_on_request_alone():
    layer = _spectral()
    with torch.no_grad():
        layer.weight_orig.mul_(1.5).add_(0.1)
    before = layer.weight_u.clone()

    layer(torch.rand(1, 3, 8, 8))
    assert torch.equal(layer.weight_u, before)

    layer.advance()
    assert not torch.equal(layer.weight_u, before)


def test_sharpening_raises_an_edge_and_leaves_the_plain():
    step = torch.zeros(1, 1, 128, 128)
    step[..., 64:] = 0.6

    sharp = sharpened(step)

    assert float(sharp[0, 0, 64, 65]) > 0.7
    assert float(sharp[0, 0, 64, 62]) == 0.0
    # The blur's kernel is 25 pixels wide, twice: the picture further away does not change.
    assert torch.allclose(sharp[..., :10], step[..., :10])
    assert torch.allclose(sharp[..., -10:], step[..., -10:], atol=1e-6)


def test_sharpening_follows_the_formula():
    from scipy import ndimage

    image = np.random.default_rng(0).random((80, 80))
    weights = np.exp(-0.5 * (np.arange(-25, 26) / 8.0) ** 2)
    weights /= weights.sum()

    def blurred(values):
        for axis in (0, 1):
            values = ndimage.correlate1d(values, weights, axis=axis, mode="mirror")
        return values

    detail = image - blurred(image)
    mask = blurred((np.abs(detail) > 10 / 255).astype(float))
    expected = mask * np.clip(image + 0.5 * detail, 0, 1) + (1 - mask) * image

    ours = sharpened(torch.from_numpy(image)[None, None])[0, 0].numpy()
    assert np.allclose(ours, expected, atol=1e-12)


def test_small_patches_are_sharpened_too():
    assert sharpened(torch.rand(2, 1, 20, 24)).shape == (2, 1, 20, 24)


class _Device:
    """Holds up to so many pictures."""

    def __init__(self, fits: int, message: str = "CUDA out of memory. Tried to allocate") -> None:
        self.calls: list[slice] = []
        self.begun = 0
        self._fits, self._message = fits, message

    def begin(self) -> None:
        self.begun += 1
        self.calls.clear()

    def work(self, part: slice) -> int:
        if part.stop - part.start > self._fits:
            raise RuntimeError(self._message)
        self.calls.append(part)
        return part.stop - part.start


def test_batch_is_cut_until_its_parts_fit_and_stays_cut():
    notes: list[str] = []
    device = _Device(fits=3)
    accumulation = Accumulation(notes.append)

    assert sum(accumulation.over(8, device.begin, device.work)) == 8
    assert [part.stop for part in device.calls] == [2, 4, 6, 8]
    assert len(notes) == 2
    assert "4 parts" in notes[-1]
    begun = device.begun

    accumulation.over(8, device.begin, device.work)
    assert device.begun == begun + 1


def test_device_that_holds_not_even_one_picture_ends_it():
    device = _Device(fits=0, message="DefaultCPUAllocator: can't allocate memory")

    with pytest.raises(RuntimeError, match="allocate"):
        Accumulation(lambda text: None).over(3, device.begin, device.work)


def test_error_that_is_not_about_memory_is_passed_on_at_once():
    device = _Device(fits=0, message="shapes do not match")

    with pytest.raises(RuntimeError, match="shapes"):
        Accumulation(lambda text: None).over(4, device.begin, device.work)

    assert device.begun == 1


def test_batch_that_parts_do_not_divide_is_covered_once():
    device = _Device(fits=4)
    accumulation = Accumulation(lambda text: None, parts=4)

    accumulation.over(7, device.begin, device.work)

    covered = [index for part in device.calls for index in range(part.start, part.stop)]
    assert covered == list(range(7))


def _taught(learner: Learner, steps: range) -> None:
    for step in steps:
        learner.forget_gradients()
        image = torch.rand(1, 3, 8, 8, generator=torch.Generator().manual_seed(step))
        functional.mse_loss(learner.network(image), torch.zeros(1, 6, 4, 4)).backward()
        assert learner.update(1e-2, 1.0)


def test_learner_goes_on_from_its_state_bit_for_bit():
    straight, resumed = Learner(_spectral()), Learner(_spectral(seed=1))
    _taught(straight, range(3))
    straight.network.advance()

    resumed.take(straight.state())
    for learner in (straight, resumed):
        _taught(learner, range(3, 6))

    assert resumed.updates == 6
    for name, value in straight.network.state_dict().items():
        assert torch.equal(value, resumed.network.state_dict()[name])


def test_gradients_that_are_not_finite_change_nothing():
    learner = Learner(_spectral())
    before = learner.network.weight_orig.detach().clone()
    learner.network.weight_orig.grad = torch.full_like(before, math.inf)

    assert not learner.update(1e-2, 1.0)

    assert torch.equal(learner.network.weight_orig, before)
    assert learner.updates == 0
