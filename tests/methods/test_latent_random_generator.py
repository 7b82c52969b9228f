"""The whole search on a random network with pictures in its range: what the method claims, small.

A network of random weights, 32 pixels, 32 numbers per style, 16 maps; the flow is trained on its
styles. Low-resolution pictures are made from styles that were drawn like those of the prior, so
that the truth is known and can be reached. Slow: half a minute of one core.
"""

import functools
from dataclasses import replace

import pytest
import torch

from fakes.latent import BoundedGenerator, seeded
from fakes.training import FakeRun
from superlens.methods.latent.flow.parameters import CI
from superlens.methods.latent.flow.training import FlowTraining
from superlens.methods.latent.prior.generator import Architecture
from superlens.methods.latent.search.degradation import Degradation
from superlens.methods.latent.search.finding import Found, search_all
from superlens.methods.latent.search.objective import Objective, SearchedModel
from superlens.methods.latent.search.settings import (
    PULSE,
    RLS,
    UNREGULARISED,
    CrossTerm,
    Norm,
    SearchSettings,
    StylePrior,
)
from superlens.methods.latent.styles import measure_styles

pytestmark = pytest.mark.slow

COUNT = 8
NOISE = 0.05
CALIBRATED = replace(RLS, prior_weight=5e-3)
"""The weight that brings styles of 32 numbers back to where the prior has them."""


@functools.cache
def _model() -> SearchedModel:
    generator = BoundedGenerator(Architecture(32, 1, 512, 16, 32, 2))
    generator.initialise(seeded(2))
    generator.requires_grad_(False)
    generator.fit_scale()
    training = FlowTraining(generator, replace(CI, steps=500, hidden=64), FakeRun())
    training.run()
    flow = training.flow.frozen()
    return SearchedModel(generator, measure_styles(generator, flow, seeded(5), 20_000), flow)


@functools.cache
def _truth() -> torch.Tensor:
    generator = _model().generator
    return generator.synthesize(generator.repeated(generator.sample_w(COUNT, seeded(11))))


@functools.cache
def _searched(
    settings: SearchSettings, low_side: int = 4, noise: float = 0.0, spoiled: int = 0
) -> Found:
    degradation = Degradation(32, low_side)
    low = degradation(_truth())
    low = low + noise * torch.randn(low.shape, generator=seeded(2))
    for place, value in list(zip((5, 22, 41, 60), (1.0, -1.0, 1.0, -1.0), strict=True))[:spoiled]:
        low.view(COUNT, -1)[:, place] = value
    return search_all(Objective(_model(), degradation, settings), low, FakeRun(), COUNT)


def _psnr(found: Found) -> float:
    error = ((found.picture.clamp(-1, 1) - _truth()) / 2).square().mean((1, 2, 3))
    return float(-10 * error.log10().mean())


def test_objective_falls_to_a_quarter_for_every_picture():
    found = _searched(RLS)

    assert (found.total < 0.25 * found.first_total).all()


def test_answer_agrees_with_what_was_seen():
    assert float(_searched(RLS).residual.mean()) < 0.01


def test_truth_is_found_also_through_noise():
    assert _psnr(_searched(CALIBRATED)) > 30
    assert _psnr(_searched(CALIBRATED, noise=NOISE)) > 27.5


def test_regularisation_helps_where_there_is_noise():
    with_it = _psnr(_searched(CALIBRATED, noise=NOISE))
    without = _psnr(_searched(UNREGULARISED, noise=NOISE))

    assert with_it - without > 0.8


def test_flow_keeps_styles_likely():
    densities = [
        float(_searched(settings).log_prob.mean())
        for settings in (RLS, replace(RLS, prior=StylePrior.NONE), UNREGULARISED)
    ]

    assert densities[0] > densities[1] > densities[2]


def test_calibrated_weight_makes_styles_typical():
    low, _, high = _model().styles.log_prob_band

    assert low < float(_searched(CALIBRATED).log_prob.mean()) < high
    assert float(_searched(RLS).log_prob.mean()) < low


def test_cross_term_keeps_styles_together():
    assert float(_searched(RLS).cross.mean()) < 50
    assert float(_searched(replace(RLS, cross=CrossTerm.NONE)).cross.mean()) > 1000


def test_spoiled_pixels_harm_the_squared_distance_more():
    absolute = _psnr(_searched(RLS, low_side=8, spoiled=2))
    squared = _psnr(_searched(replace(RLS, norm=Norm.L2), low_side=8, spoiled=2))

    assert absolute - squared > 5


def test_regularised_search_is_nearer_to_the_truth_than_pulse():
    assert _psnr(_searched(RLS)) > _psnr(_searched(PULSE)) + 2
