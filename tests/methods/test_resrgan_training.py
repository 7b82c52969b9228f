"""The L1 phase: it learns, it recovers, it says how it is doing."""

import dataclasses
import json

import numpy as np
import pytest
import torch

from fakes.training import BlobPairs, FakeRun
from superlens.core.errors import CorruptModel, Diverged
from superlens.methods.nets import dihedral
from superlens.methods.resrgan.parameters import CPU_TOY, PRESETS, ResrganRestoreParams
from superlens.methods.resrgan.runtime import Resrgan
from superlens.methods.resrgan.training import Training

TINY = dataclasses.replace(
    CPU_TOY, blocks=1, features=8, growth=4, batch=2, patch=16, warmup=0, learning_rate=2e-3
)


def test_loss_falls():
    run = FakeRun()
    params = dataclasses.replace(TINY, iterations=120, validate_every=60)

    Training(BlobPairs(2), params, run).run()

    losses = [value for name, _, value in run.metrics if name == "train_l1"]
    validated = [value for name, _, value in run.metrics if name == "validation_psnr_affine"]
    assert losses[-1] < 0.5 * losses[0]
    assert len(validated) == 2
    assert validated[1] > validated[0]


def test_progress_pictures_and_checkpoints_are_given():
    run = FakeRun()
    params = dataclasses.replace(TINY, iterations=40, validate_every=20, checkpoint_every=20)

    Training(BlobPairs(2), params, run).run()

    assert run.progresses[-1] == ("Training", 40, 40)
    assert [state["step"] for state in run.checkpoints] == [20, 40]
    name, picture = run.previews[-1]
    assert name == "restored | truth"
    assert picture.shape == (32, 64)


def test_loss_that_is_not_finite_takes_training_back_and_goes_on():
    data = BlobPairs(2, spoiled_steps=frozenset({130}))
    run = FakeRun()

    weights = Training(data, dataclasses.replace(TINY, iterations=140), run).run()

    # Back from step 130 to the snapshot of step 100.
    assert data.steps.count(100) == data.steps.count(130) == 2
    assert all(np.isfinite(value).all() for value in weights.parts["generator"].values())


def test_training_gives_up_when_it_keeps_diverging():
    class Broken(BlobPairs):
        def batch(self, step, size):
            batch = super().batch(step, size)
            batch.high[:] = np.inf
            return batch

    with pytest.raises(Diverged, match="step 0, 4 times") as caught:
        Training(Broken(2), dataclasses.replace(TINY, iterations=5), FakeRun()).run()

    assert "0.002" in caught.value.advice


def test_rollback_halves_the_rate_also_after_resuming():
    data = BlobPairs(2, spoiled_steps=frozenset({3}))
    run = FakeRun()
    params = dataclasses.replace(TINY, iterations=8, checkpoint_every=6)
    straight = Training(data, params, run).run()

    resumed = Training(BlobPairs(2), params, FakeRun(state=run.checkpoints[0])).run()

    assert run.checkpoints[0]["rollbacks"] == 1
    for name, value in straight.parts["generator"].items():
        assert np.array_equal(value, resumed.parts["generator"][name])


def test_checkpoint_holds_arrays_and_plain_values_only():
    run = FakeRun()
    Training(BlobPairs(2), dataclasses.replace(TINY, iterations=2, checkpoint_every=2), run).run()

    assert _is_storable(run.checkpoints[0])
    assert json.dumps(run.checkpoints[0]["candidates"]["history"])


def _is_storable(value) -> bool:
    if isinstance(value, dict):
        return all(isinstance(k, str) and "/" not in k for k in value) and all(
            _is_storable(item) for item in value.values()
        )
    return isinstance(value, int | float | str | None | list | np.ndarray)


def test_samples_are_the_poses_of_the_network():
    method, params = Resrgan(), ResrganRestoreParams()
    weights = Training(BlobPairs(2), dataclasses.replace(TINY, iterations=2), FakeRun()).run()
    network = method.load(weights, "cpu")
    tile = np.random.default_rng(0).random((1, 10, 14), np.float32)

    for member in range(8):
        posed = dihedral.transform(torch.from_numpy(tile), member)
        expected = dihedral.inverse(network(posed[None])[0], member).numpy()
        # Odd batches of threads may order sums differently; the last bits may differ.
        assert np.allclose(
            method.sample(network, tile, member, params, FakeRun()), expected, atol=1e-6
        )


def test_first_sample_is_the_single_answer():
    method, params = Resrgan(), ResrganRestoreParams()
    weights = Training(BlobPairs(2), dataclasses.replace(TINY, iterations=2), FakeRun()).run()
    network = method.load(weights, "cpu")
    tile = np.random.default_rng(0).random((1, 10, 14), np.float32)

    single = method.restore(network, tile, params, FakeRun()).mean

    assert np.array_equal(single, method.sample(network, tile, 0, params, FakeRun()))


@pytest.mark.parametrize(
    ("key", "value"), [("blocks", 2), ("features", 16), ("growth", "wide"), ("scale", None)]
)
def test_card_that_does_not_fit_its_weights_is_refused(key, value):
    weights = Training(BlobPairs(2), dataclasses.replace(TINY, iterations=1), FakeRun()).run()
    wrong = dataclasses.replace(weights, architecture={**weights.architecture, key: value})

    with pytest.raises(CorruptModel):
        Resrgan().load(wrong, "cpu")


def test_presets_name_networks_of_growing_size():
    sizes = [PRESETS[name].features for name in ("cpu_toy", "cpu", "psnr_only")]

    assert sizes == sorted(set(sizes))
