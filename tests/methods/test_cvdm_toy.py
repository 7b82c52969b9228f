"""CVDM trained on pixels whose posterior is known in closed form (toy TB-1)."""

import dataclasses
from itertools import pairwise

import numpy as np
import pytest
import torch
from torch import nn

from fakes.training import FakeRun
from superlens.methods.cvdm.architecture import Architecture
from superlens.methods.cvdm.diffusion import Diffusion
from superlens.methods.cvdm.learning import Learning
from superlens.methods.cvdm.lesson import Lesson, Lessons
from superlens.methods.cvdm.parameters import CI
from superlens.methods.cvdm.sampling import (
    CLEANEST_LOG_SNR,
    NOISIEST_LOG_SNR,
    calibrated_course,
    reversal,
)

SPREAD = 0.5
"""Of the truth, in its own units; what is diffused has the spread 1."""
NOISES = (0.05, 0.2, 0.6, 2.0)
STEPS, PIXELS, SAMPLES = 2500, 256, 64


class Told(nn.Module):
    """Three layers on each pixel by itself, in the place of the U-Net."""

    def __init__(self, inputs, width, seed, is_told):
        super().__init__()
        sizes = (inputs + (3 if is_told else 0), width, width, width, 1)
        layers = [nn.Linear(a, b) for a, b in pairwise(sizes)]
        generator = torch.Generator().manual_seed(seed)
        with torch.no_grad():
            for layer in layers:
                bound = layer.in_features**-0.5
                layer.weight.uniform_(-bound, bound, generator=generator)
                layer.bias.uniform_(-bound, bound, generator=generator)
            layers[-1].weight.zero_()
            layers[-1].bias.zero_()
        self.layers = nn.ModuleList(layers)

    def forward(self, x, level=None):
        if level is not None:
            maps = (level.log_snr / 6, level.rest.sqrt(), level.gamma)
            x = torch.cat([x, *(one.expand(len(x), 1, 1, 1) for one in maps)], 1)
        x = x.flatten(1)
        for layer in self.layers[:-1]:
            x = torch.nn.functional.silu(layer(x))
        return self.layers[-1](x)[..., None, None]


class Doubting(nn.Module):
    """An answer, and beside it the logarithm of the doubt."""

    def __init__(self):
        super().__init__()
        self.answer = Told(3, 96, 1, is_told=True)
        self.doubt = Told(3, 48, 3, is_told=True)

    def forward(self, x, level):
        return torch.cat([self.answer(x, level), self.doubt(x, level)], 1)


def _pixels(count, generator, noise=None):
    """Give (picture, target): observation and log of its noise; the truth over its spread."""
    s = torch.tensor(NOISES)[torch.randint(4, (count,), generator=generator)]
    s = s if noise is None else torch.full((count,), noise)
    y = SPREAD * torch.randn(count, generator=generator)
    seen = y + s * torch.randn(count, generator=generator)
    picture = torch.stack([seen, s.log()], 1)[..., None, None]
    return picture, (y / SPREAD)[:, None, None, None]


def _lesson(place, generator):
    picture, target = _pixels(PIXELS, generator)
    noise = torch.randn(target.shape, generator=generator)
    return Lesson(picture, target, noise, place)


@pytest.fixture(scope="module")
def trained():
    network = Diffusion(Architecture(scale=1, levels=1, width=4, fold=1, rate_width=4, doubt=True))
    network.denoiser = Doubting()
    network.schedule.rates = Told(2, 32, 2, is_told=False)
    params = dataclasses.replace(
        CI, iterations=STEPS, learning_rate=3e-3, warmup=50, ema_decay=0.995
    )
    learning = Learning(network, params, FakeRun())
    generator = torch.Generator().manual_seed(0)
    span = CLEANEST_LOG_SNR - NOISIEST_LOG_SNR
    for step in range(STEPS):
        even = (torch.randperm(PIXELS, generator=generator) + 0.5) / PIXELS
        even = even[:, None, None, None]
        lessons = Lessons(
            _lesson(even, generator), _lesson(NOISIEST_LOG_SNR + span * even, generator)
        )
        assert learning.advance(lessons, step, 1.0) is not None
    average = learning.weights().parts["diffusion"]
    network.load_state_dict({name: torch.from_numpy(value) for name, value in average.items()})
    return network.eval().requires_grad_(False)


def _samples(network, picture, steps, generator):
    """Give (SAMPLES, pixels)."""
    many = picture.repeat(SAMPLES, 1, 1, 1)
    course = calibrated_course(steps)
    levels = [level(torch.ones(1, 1, 1, 1)) for level in course.levels]
    state = torch.randn((len(many), 1, 1, 1), generator=generator)
    for number, level in enumerate(levels[:-1]):
        estimate = network.estimate(state, many, level)
        noise = torch.randn(state.shape, generator=generator)
        back = reversal(level, levels[number + 1], course.variance, estimate.doubt)
        state = back.apply(estimate.image, state, noise)
    return network.estimate(state, many, levels[-1]).image.reshape(SAMPLES, -1)


@pytest.mark.slow
def test_spread_of_trained_samples_is_that_of_the_posterior(trained):
    generator = torch.Generator().manual_seed(9)
    ratios, inside, errors, rates = [], [], [], []
    for noise in NOISES:
        picture, target = _pixels(256, generator, noise)
        v = 1 / (1 / SPREAD**2 + 1 / noise**2) / SPREAD**2
        m = (v * picture[:, 0] * SPREAD / noise**2).flatten()

        drawn = _samples(trained, picture, 30, generator)

        ratios.append(float(drawn.var(0).mean() / v) ** 0.5)
        errors.append(float(((drawn.mean(0) - m) ** 2).mean() / v) ** 0.5)
        z = (target.flatten() - drawn.mean(0)) / drawn.std(0)
        inside.append([float((z.abs() < edge).float().mean()) for edge in (1.0, 1.96)])
        rates.append(float(trained.schedule.rate(picture).mean()))

    # The accepted range of a calibrated model; small spreads are the hardest.
    assert all(0.88 < ratio < 1.14 for ratio in ratios), ratios
    assert all(0.9 < ratio < 1.08 for ratio in ratios[1:]), ratios
    # 64 samples alone make 0.125.
    assert all(error < 0.3 for error in errors), errors
    covered = np.mean(inside, axis=0)
    assert covered[0] == pytest.approx(0.683, abs=0.04)
    assert covered[1] == pytest.approx(0.95, abs=0.025)
    # More uncertain pixels are drowned earlier.
    assert rates == sorted(rates), rates


@pytest.mark.slow
def test_more_steps_change_the_spread_little(trained):
    generator = torch.Generator().manual_seed(3)
    picture, _ = _pixels(128, generator, 0.6)

    few, many = (_samples(trained, picture, steps, generator).std(0).mean() for steps in (25, 100))

    assert float(few) == pytest.approx(float(many), rel=0.08)
