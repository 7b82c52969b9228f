"""What every method keeps, whatever it is: the contract of `core.method`."""

import subprocess
import sys

import numpy as np
import pytest

from fakes.training import BlobPairs, FakeRun
from superlens.core.errors import InvalidParameter, JobCancelled
from superlens.core.method import Weights
from superlens.core.parameters import build, describe
from superlens.methods.catalogue import METHODS, load_method, method_spec

SMALLEST = {
    "resrgan": {"blocks": 1, "features": 8, "growth": 4, "batch": 2, "patch": 16, "warmup": 0},
    "pix2pix": {"levels": 2, "features": 2, "discriminator_features": 2, "batch": 2, "patch": 16},
    "cvdm": {"width": 4, "levels": 2, "rate_width": 2, "batch": 2, "patch": 16, "warmup": 0},
}
"""Train parameters that make the smallest network of each method."""

QUICKEST = {"cvdm": {"steps": 2}}
"""Restore parameters that take the least time."""

SCALES = [(spec, scale) for spec in METHODS for scale in spec.scales]


def _trained(spec, scale, run=None, **more) -> Weights:
    params = build(spec.train_params, {**SMALLEST[spec.id], "iterations": 2, **more})
    return load_method(spec.id).train(BlobPairs(scale), params, run or FakeRun())


def _tile(height=20, width=12, seed=3):
    return np.random.default_rng(seed).random((1, height, width), np.float32)


@pytest.fixture(params=SCALES, ids=lambda item: f"{item[0].id}-x{item[1]}", scope="module")
def loaded(request):
    spec, scale = request.param
    method = load_method(spec.id)
    return spec, scale, method, method.load(_trained(spec, scale), "cpu")


def test_answer_has_scale_times_the_pixels_and_is_finite(loaded):
    spec, scale, method, network = loaded

    answer = method.restore(
        network, _tile(), build(spec.restore_params, QUICKEST.get(spec.id, {})), FakeRun()
    )

    assert answer.mean.shape == (1, 20 * scale, 12 * scale)
    assert answer.mean.dtype == np.float32
    assert np.isfinite(answer.mean).all()


def test_samples_have_the_shape_of_the_answer_and_differ(loaded):
    spec, scale, method, network = loaded
    params = build(spec.restore_params, QUICKEST.get(spec.id, {}))

    samples = [method.sample(network, _tile(), index, params, FakeRun()) for index in range(3)]

    assert all(sample.shape == (1, 20 * scale, 12 * scale) for sample in samples)
    assert all(sample.dtype == np.float32 for sample in samples)
    assert not np.array_equal(samples[0], samples[1])
    assert not np.array_equal(samples[1], samples[2])


def test_sample_is_the_same_when_drawn_again(loaded):
    spec, _, method, network = loaded
    params = build(spec.restore_params, QUICKEST.get(spec.id, {}))

    first = method.sample(network, _tile(), 1, params, FakeRun(seed=5))
    method.sample(network, _tile(), 2, params, FakeRun(seed=5))
    again = method.sample(network, _tile(), 1, params, FakeRun(seed=5))

    assert np.array_equal(first, again)


def test_sample_beyond_the_limit_is_refused(loaded):
    spec, _, method, network = loaded
    if spec.sampling is None or spec.sampling.limit is None:
        pytest.skip("this method has samples without end")

    with pytest.raises(InvalidParameter):
        method.sample(
            network,
            _tile(),
            spec.sampling.limit,
            build(spec.restore_params, QUICKEST.get(spec.id, {})),
            FakeRun(),
        )


def test_input_is_left_as_it_was(loaded):
    spec, _, method, network = loaded
    tile = _tile()
    before = tile.copy()

    method.restore(network, tile, build(spec.restore_params, QUICKEST.get(spec.id, {})), FakeRun())
    method.sample(
        network, tile, 1, build(spec.restore_params, QUICKEST.get(spec.id, {})), FakeRun()
    )

    assert np.array_equal(tile, before)


def test_restoring_is_cancelled_before_it_computes(loaded):
    spec, _, method, network = loaded

    with pytest.raises(JobCancelled):
        method.restore(
            network,
            _tile(),
            build(spec.restore_params, QUICKEST.get(spec.id, {})),
            FakeRun(cancel_after=0),
        )


@pytest.mark.parametrize("spec", METHODS, ids=lambda spec: spec.id)
def test_same_seed_gives_the_same_weights(spec):
    first, second = (_trained(spec, spec.scales[-1], FakeRun(seed=11)) for _ in range(2))
    other = _trained(spec, spec.scales[-1], FakeRun(seed=12))

    assert _all_equal(first, second)
    assert not _all_equal(first, other)


@pytest.mark.parametrize("spec", METHODS, ids=lambda spec: spec.id)
@pytest.mark.parametrize("batch", [1, 3])
def test_any_batch_size_trains(spec, batch):
    weights = _trained(spec, spec.scales[0], batch=batch)

    tensors = [tensor for part in weights.parts.values() for tensor in part.values()]
    assert tensors
    assert all(np.isfinite(tensor).all() for tensor in tensors)


@pytest.mark.parametrize("spec", METHODS, ids=lambda spec: spec.id)
def test_training_is_cancelled_within_a_step(spec):
    data = BlobPairs(spec.scales[0])
    params = build(spec.train_params, {**SMALLEST[spec.id], "iterations": 50})

    with pytest.raises(JobCancelled):
        load_method(spec.id).train(data, params, FakeRun(cancel_after=2))

    assert max(data.steps) <= 2


@pytest.mark.parametrize("spec", METHODS, ids=lambda spec: spec.id)
def test_resumed_training_gives_the_same_bits(spec):
    steps = {"iterations": 6, "checkpoint_every": 3}
    whole = FakeRun()
    straight = _trained(spec, spec.scales[0], whole, **steps)

    resumed = _trained(spec, spec.scales[0], FakeRun(state=whole.checkpoints[0]), **steps)

    assert whole.checkpoints[0]["step"] == 3
    assert _all_equal(straight, resumed)


@pytest.mark.parametrize("spec", METHODS, ids=lambda spec: spec.id)
def test_every_parameter_describes_itself(spec):
    for info in (*describe(spec.train_params), *describe(spec.restore_params)):
        assert info.label
        assert info.help.endswith(".")


def test_unknown_method_names_the_nearest():
    with pytest.raises(InvalidParameter, match="resrgn") as caught:
        method_spec("resrgn")

    assert "resrgan" in caught.value.advice


def test_catalogue_is_read_without_torch():
    code = "import superlens.methods.catalogue, sys; sys.exit('torch' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=60).returncode == 0


def _all_equal(first: Weights, second: Weights) -> bool:
    return first.architecture == second.architecture and all(
        np.array_equal(tensor, second.parts[part][name])
        for part, tensors in first.parts.items()
        for name, tensor in tensors.items()
    )
