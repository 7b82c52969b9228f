"""Both phases of a training: what they give, keep, survive, and where they go on from."""

import dataclasses

import numpy as np
import pytest
import torch
from torch import nn

from fakes.training import BlobPairs, FakeRun
from superlens.core.errors import Diverged, InvalidInput, InvalidParameter
from superlens.core.method import Batch, Weights
from superlens.engine.checkpoints import load_checkpoint, save_checkpoint
from superlens.methods.resrgan import course, realism, texture
from superlens.methods.resrgan.parameters import (
    CPU_TOY,
    PRESETS,
    GanMode,
    PerceptualTerm,
    preset_title,
)
from superlens.methods.resrgan.perception import LAYER_WEIGHTS, VggLoss, balance
from superlens.methods.resrgan.training import Training
from superlens.quality.deep.microfeat import MicroFeat, MicroFeatShape
from superlens.quality.deep.vgg19 import BLOCKS, Vgg19

TINY = dataclasses.replace(
    CPU_TOY,
    blocks=1,
    features=8,
    growth=4,
    batch=2,
    patch=16,
    warmup=0,
    iterations=20,
    gan_iterations=20,
    gan_learning_rate=1e-3,
    discriminator_learning_rate=1e-3,
    discriminator_features=4,
    ema_decay=0.9,
    validate_every=5,
    checkpoint_every=10,
)
REALISM_ALONE = dataclasses.replace(TINY, iterations=0)


@pytest.fixture(autouse=True)
def _little_texture(monkeypatch):
    monkeypatch.setattr(texture, "FIT_PATCHES", 24)


class _Blobs(BlobPairs):
    """Enough validation pictures for a texture."""

    def validation(self) -> tuple[Batch, ...]:
        return tuple(self._made(np.random.default_rng((2, number)), 3) for number in range(2))


def _trained(params=TINY, run=None, data=None) -> Weights:
    return Training(data or _Blobs(2), params, run or FakeRun()).run()


def _equal(first: Weights, second: Weights) -> bool:
    return first.parts.keys() == second.parts.keys() and all(
        np.array_equal(tensor, second.parts[part][name])
        for part, tensors in first.parts.items()
        for name, tensor in tensors.items()
    )


@pytest.fixture(scope="module")
def whole():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(texture, "FIT_PATCHES", 24)
        run = FakeRun()
        return _trained(run=run), run


def test_both_ends_are_given_after_both_phases(whole):
    weights, _ = whole

    assert set(weights.parts) == {"generator", "fidelity"}
    assert not np.array_equal(
        weights.parts["generator"]["conv_last.weight"],
        weights.parts["fidelity"]["conv_last.weight"],
    )


def test_fidelity_end_is_what_the_first_phase_alone_would_give(whole):
    weights, _ = whole

    alone = _trained(dataclasses.replace(TINY, gan_iterations=0))

    assert set(alone.parts) == {"generator"}
    for name, tensor in alone.parts["generator"].items():
        assert np.array_equal(tensor, weights.parts["fidelity"][name])


def test_losses_and_scores_of_both_phases_are_reported_on_one_axis(whole):
    _, run = whole

    names = {
        name: [step for other, step, _ in run.metrics if other == name]
        for name, _, _ in run.metrics
    }

    assert names["train_l1"] == [20, 40]
    for name in ("train_adversarial", "train_perceptual", "train_discriminator"):
        assert names[name] == [40]
    assert names["validation_psnr_affine"] == [5, 10, 15, 20, 25, 30, 35, 40]
    assert names["validation_ssim_affine"] == names["validation_psnr_affine"]
    assert names["validation_niqe_fit"] == [25, 30, 35, 40]
    assert run.progresses[-1] == ("Training for realism", 40, 40)


def test_what_is_not_measured_and_what_replaces_vgg_is_said(whole):
    _, run = whole

    assert any("feature matching (own discriminator)" in note for note in run.notes)
    assert any("FD-µ is not measured" in note for note in run.notes)
    assert any("NIQE-fit(training patches, blocks of 32 px)" in note for note in run.notes)


def test_pareto_candidates_are_kept_with_their_scores(whole):
    _, run = whole

    points = {
        name: (scores["validation_psnr_affine"], scores["validation_niqe_fit"])
        for name, (_, scores) in run.kept.items()
    }
    assert points
    for name, (psnr, niqe) in points.items():
        for other, (its_psnr, its_niqe) in points.items():
            assert name == other or its_psnr < psnr or its_niqe > niqe
    measured = {
        value for name, step, value in run.metrics if name == "validation_psnr_affine" and step > 20
    }
    assert {psnr for psnr, _ in points.values()} <= measured
    assert max(measured) in {psnr for psnr, _ in points.values()}


@pytest.mark.parametrize("number", range(4))
def test_training_that_was_killed_goes_on_bit_for_bit(whole, tmp_path, number):
    weights, run = whole
    save_checkpoint(tmp_path / "latest", run.checkpoints[number], "owner")
    state = load_checkpoint(tmp_path / "latest", "owner")
    resumed = FakeRun(state=state)

    again = _trained(run=resumed)

    # Checkpoints after steps 10 and 20 of either phase: within both, and at the border.
    assert run.checkpoints[number]["step"] == 10 * (number + 1)
    assert _equal(again, weights)
    done = run.checkpoints[number]["step"]
    assert resumed.metrics == [metric for metric in run.metrics if metric[1] > done]
    for name, (kept, scores) in resumed.kept.items():
        assert _equal(kept, run.kept[name][0])
        assert scores == run.kept[name][1]


def test_same_seed_gives_the_same_bits_and_another_does_not():
    params = dataclasses.replace(TINY, iterations=4, gan_iterations=4)

    first, second, other = (_trained(params, FakeRun(seed=seed)) for seed in (7, 7, 8))

    assert _equal(first, second)
    assert not _equal(first, other)


@pytest.mark.parametrize(
    "change",
    [
        {"gan_mode": GanMode.RELATIVISTIC},
        {"perceptual": PerceptualTerm.OFF},
        {"sharpen_targets": True},
        {"recompute": True},
        {"mixed_precision": True},
        {"augment": False, "clip_norm": 1e6},
    ],
    ids=lambda change: next(iter(change)),
)
def test_every_variant_trains_to_finite_weights(change):
    weights = _trained(dataclasses.replace(TINY, iterations=2, gan_iterations=3, **change))

    for tensors in weights.parts.values():
        assert all(np.isfinite(tensor).all() for tensor in tensors.values())


def test_recomputing_blocks_changes_no_bit():
    params = dataclasses.replace(TINY, iterations=3, gan_iterations=3)

    saved = _trained(dataclasses.replace(params, recompute=True))

    assert _equal(saved, _trained(params))


def test_discriminator_learns_to_tell_fakes():
    run = FakeRun()
    params = dataclasses.replace(
        REALISM_ALONE,
        gan_iterations=40,
        gan_learning_rate=1e-7,
        discriminator_learning_rate=3e-3,
        validate_every=1000,
    )

    _trained(params, run)

    losses = [value for name, _, value in run.metrics if name == "train_discriminator"]
    # Undecided is 2 ln 2 = 1.386; the generator stands still.
    assert losses[0] < 1.38
    assert losses[-1] < 0.8 * losses[0]


def test_realism_from_random_weights_is_warned_of():
    run = FakeRun()

    weights = _trained(dataclasses.replace(REALISM_ALONE, gan_iterations=2), run)

    assert set(weights.parts) == {"generator"}
    assert any("random weights" in note for note in run.notes)


def test_training_without_any_step_is_refused():
    with pytest.raises(InvalidParameter, match="0 steps"):
        _trained(dataclasses.replace(TINY, iterations=0, gan_iterations=0))


def test_realism_starts_from_the_base_and_keeps_its_average_near_it():
    base = _trained(dataclasses.replace(TINY, iterations=2, gan_iterations=0))
    params = dataclasses.replace(
        REALISM_ALONE, gan_iterations=1, gan_learning_rate=1e-6, validate_every=100
    )

    weights = _trained(params, FakeRun(base=base))

    for name, tensor in base.parts["generator"].items():
        # One Adam step moves a weight by the rate at most, the average by a tenth of that.
        assert np.abs(weights.parts["generator"][name] - tensor).max() <= 1.5e-7


def test_fine_tuning_for_fidelity_starts_from_the_base():
    base = _trained(dataclasses.replace(TINY, iterations=2, gan_iterations=0))
    params = dataclasses.replace(TINY, gan_iterations=0, iterations=1, learning_rate=1e-6)

    weights = _trained(params, FakeRun(base=base))

    moved = [
        np.abs(weights.parts["generator"][name] - tensor).max()
        for name, tensor in base.parts["generator"].items()
    ]
    assert 0 < max(moved) <= 1.5e-6


@pytest.mark.parametrize(
    ("change", "message"),
    [({"blocks": 2}, "blocks 1; the recipe asks for blocks 2"), ({"features": 16}, "features 8")],
)
def test_base_of_another_shape_is_refused(change, message):
    base = _trained(dataclasses.replace(TINY, iterations=1, gan_iterations=0))

    with pytest.raises(InvalidInput, match=message):
        _trained(dataclasses.replace(TINY, **change), FakeRun(base=base))


def test_base_of_another_scale_or_method_is_refused():
    base = _trained(dataclasses.replace(TINY, iterations=1, gan_iterations=0))

    with pytest.raises(InvalidInput, match="scale 2; the recipe asks for scale 4"):
        _trained(TINY, FakeRun(base=base), _Blobs(4))
    with pytest.raises(InvalidInput, match="not a RESRGAN model"):
        _trained(TINY, FakeRun(base=Weights({"flow": {}}, {"width": 3})))


def test_phase_ends_early_when_nothing_gets_better():
    run = FakeRun()
    params = dataclasses.replace(
        TINY,
        iterations=400,
        gan_iterations=0,
        learning_rate=1e-7,
        validate_every=5,
        patience_its=15,
        min_its=30,
    )

    class Worsening(_Blobs):
        """Its truth is noise, of which nothing can be learnt."""

        def _made(self, rng, size):
            made = super()._made(rng, size)
            return Batch(made.low, rng.random(made.high.shape, np.float32))

    _trained(params, run, Worsening(2))

    last = run.metrics[-1][1]
    assert 30 <= last < 400
    assert any("ended early" in note for note in run.notes)


def test_best_candidate_is_given_not_the_last(monkeypatch):
    run = FakeRun()
    params = dataclasses.replace(TINY, iterations=15, gan_iterations=0, ema_decay=0.0)
    scored = iter([20.0, 25.0, 22.0])
    honest = course.Validation.scores

    def scores(self, average, step):
        return dataclasses.replace(honest(self, average, step), psnr=next(scored))

    monkeypatch.setattr(course.Validation, "scores", scores)
    weights = _trained(params, run)

    at_ten = next(state for state in run.checkpoints if state["step"] == 10)
    for name, tensor in weights.parts["generator"].items():
        assert np.array_equal(tensor, at_ten["networks"]["generator"]["average"][name])
    assert any("step 10 of 15" in note for note in run.notes)


def test_loss_that_is_not_finite_takes_realism_back_too():
    data = _Blobs(2, spoiled_steps=frozenset({17}))
    run = FakeRun()
    params = dataclasses.replace(TINY, iterations=5, gan_iterations=20, checkpoint_every=10)

    weights = _trained(params, run, data)

    # Back from step 17 to the checkpoint of step 5 + 10, half as fast.
    assert run.checkpoints[-1]["rollbacks"] == 1
    assert any("goes on from step 15" in note and "0.0005" in note for note in run.notes)
    assert all(np.isfinite(tensor).all() for tensor in weights.parts["generator"].values())


def test_collapse_of_the_pictures_is_given_up_after_three_returns(monkeypatch):
    honest = course.Validation.scores

    def scores(self, average, step):
        found = honest(self, average, step)
        return dataclasses.replace(found, psnr=found.psnr - 20 * (step == 10))

    monkeypatch.setattr(course.Validation, "scores", scores)
    run = FakeRun()

    with pytest.raises(Diverged, match=r"collapsed.*step 10, 4 times"):
        _trained(dataclasses.replace(TINY, gan_iterations=0), run)

    assert len([note for note in run.notes if "collapsed" in note]) == 3


def test_memory_that_ends_makes_smaller_parts_with_the_same_result(monkeypatch):
    params = dataclasses.replace(TINY, iterations=0, gan_iterations=3, batch=4, validate_every=100)
    expected = _trained(params)
    honest = realism.GeneratorSide.restored

    def restored(self, low):
        if len(low) > 2:
            raise RuntimeError("CUDA out of memory. Tried to allocate 2.00 GiB")
        return honest(self, low)

    monkeypatch.setattr(realism.GeneratorSide, "restored", restored)
    run = FakeRun()
    weights = _trained(params, run)

    assert any("2 parts" in note for note in run.notes)
    for name, tensor in expected.parts["generator"].items():
        # Sums in another order, and Adam divides small gradients by small numbers.
        assert np.allclose(tensor, weights.parts["generator"][name], atol=1e-3)


def test_vgg_that_is_asked_for_by_name_and_missing_is_refused():
    params = dataclasses.replace(REALISM_ALONE, perceptual=PerceptualTerm.VGG19)

    with pytest.raises(InvalidInput, match="VGG19") as caught:
        _trained(params)

    assert "feature_matching" in caught.value.advice


def _vgg_weights() -> Weights:
    torch.manual_seed(0)
    network = Vgg19(tuple((2, count) for _, count in BLOCKS))
    state = {name: value.numpy().copy() for name, value in network.state_dict().items()}
    return Weights({"network": state})


@pytest.mark.parametrize("term", [PerceptualTerm.AUTO, PerceptualTerm.VGG19])
def test_vgg_is_used_where_it_is_installed(term):
    run = FakeRun()
    run.features["vgg19"] = _vgg_weights()

    _trained(dataclasses.replace(REALISM_ALONE, gan_iterations=3, perceptual=term), run)

    assert any("VGG19" in note for note in run.notes)
    assert not any("feature matching" in note for note in run.notes)
    perceptual = [value for name, _, value in run.metrics if name == "train_perceptual"]
    assert perceptual[0] > 0


def test_vgg_layers_count_as_published():
    class Two(nn.Module):
        def forward(self, x):
            return dict.fromkeys(LAYER_WEIGHTS, x * 2)

    loss = VggLoss(Two())(torch.zeros(1, 1, 4, 4), torch.ones(1, 1, 4, 4))

    # Every layer is 2 apart; the weights are 0.1, 0.1, 1, 1, 1.
    assert float(loss) == pytest.approx(2 * 3.2)


def test_balance_makes_both_losses_pull_alike():
    picture = torch.rand(1, 1, 8, 8, requires_grad=True)
    pixel, term = picture.abs().mean(), 7 * (picture**2).sum()

    factor = balance(picture, pixel, term)

    (first,) = torch.autograd.grad(pixel, picture, retain_graph=True)
    (second,) = torch.autograd.grad(factor * term, picture)
    assert float(second.norm()) == pytest.approx(float(first.norm()), rel=1e-5)


def test_term_that_does_not_pull_is_left_as_it_is():
    picture = torch.rand(1, 1, 8, 8, requires_grad=True)

    assert balance(picture, picture.mean(), (0 * picture).sum()) == 1.0


def _microfeat_weights() -> Weights:
    torch.manual_seed(0)
    network = MicroFeat(MicroFeatShape((2, 3, 3, 4), 5))
    state = {name: value.numpy().copy() for name, value in network.state_dict().items()}
    return Weights({"network": state}, {"widths": "2,3,3,4", "dimensions": 5})


def test_features_decide_too_where_their_network_is_installed():
    run = FakeRun()
    run.features["microfeat"] = _microfeat_weights()
    params = dataclasses.replace(
        REALISM_ALONE, patch=32, gan_iterations=4, validate_every=2, checkpoint_every=100
    )

    _trained(params, run, _Blobs(2, patch=32))

    distances = [value for name, _, value in run.metrics if name == "validation_fd_mu"]
    assert len(distances) == 2
    assert all(value > 0 for value in distances)


def test_truth_is_nearer_to_itself_than_its_blur():
    from scipy import ndimage

    run = FakeRun()
    run.features["microfeat"] = _microfeat_weights()
    data = _Blobs(2, patch=32)
    truth = [one for batch in data.validation() for one in batch.high[:, 0]]
    truth = [one + 0.05 * np.random.default_rng(0).standard_normal(one.shape) for one in truth]
    truth = [one.astype(np.float32) for one in truth]
    judge = texture.TextureJudge(data, 2, truth, run)

    same = judge.judge(truth)
    blurred = judge.judge([np.float32(ndimage.gaussian_filter(one, 2)) for one in truth])

    assert same.frechet == pytest.approx(0.0, abs=1e-6)
    assert blurred.frechet > 1e-3


def test_mosaic_holds_every_whole_block_once():
    pictures = [np.full((5, 9), value, np.float32) for value in (1, 2, 3)]

    sheet = texture.mosaic(pictures, 4)

    assert sheet.shape == (8, 12)
    assert [int((sheet == value).sum()) for value in (1, 2, 3)] == [32, 32, 32]


def test_mosaic_is_filled_up_with_empty_blocks():
    assert texture.mosaic([np.ones((4, 8), np.float32), np.ones((4, 4), np.float32)], 4).tolist()[
        4
    ] == [1, 1, 1, 1, 0, 0, 0, 0]


def test_blank_validation_pictures_are_left_out():
    class Blank(_Blobs):
        def validation(self):
            first, second = super().validation()
            return Batch(first.low, np.zeros_like(first.high)), second

    run = FakeRun()
    _trained(dataclasses.replace(TINY, iterations=5, gan_iterations=5), run, Blank(2))

    assert all(np.isfinite(value) for _, _, value in run.metrics)


def test_training_without_validation_gives_the_last_average():
    class Unseen(_Blobs):
        def validation(self):
            return ()

    run = FakeRun()
    params = dataclasses.replace(
        TINY, iterations=5, gan_iterations=10, checkpoint_every=5, patience_its=5
    )
    weights = _trained(params, run, Unseen(2))

    last = run.checkpoints[-1]["networks"]["generator"]["average"]
    for name, tensor in weights.parts["generator"].items():
        assert np.array_equal(tensor, last[name])
    assert run.kept == {}


def test_presets_are_as_the_paper_and_its_base_state():
    paper, safe = PRESETS["paper_B"], PRESETS["safe_B"]

    assert (paper.blocks, paper.features, paper.growth, paper.patch, paper.batch) == (
        23,
        64,
        32,
        64,
        16,
    )
    assert (paper.iterations, paper.gan_iterations) == (0, 10_000)
    assert paper.gan_learning_rate == paper.discriminator_learning_rate == 5e-4
    assert (paper.pixel_weight, paper.perceptual_weight, paper.gan_weight) == (1.0, 1.0, 0.1)
    assert paper.gan_mode is GanMode.VANILLA
    assert not paper.augment
    assert not paper.sharpen_targets
    assert (paper.warmup, paper.ema_decay, paper.validate_every) == (0, 0.999, 100)
    assert (paper.patience_its, paper.min_its) == (500, 1000)
    assert PRESETS["paper_S"] == paper
    assert safe.gan_learning_rate == safe.discriminator_learning_rate == 1e-4
    assert (safe.warmup, safe.clip_norm, safe.augment) == (500, 1.0, True)
    assert PRESETS["psnr_only"].gan_iterations == 0
    toy = PRESETS["cpu_toy"]
    assert (toy.blocks, toy.features, toy.growth, toy.batch, toy.iterations) == (2, 16, 8, 4, 200)


def test_names_say_when_the_perceptual_term_is_another():
    assert preset_title("paper_B", has_vgg=True) == "paper_B"
    assert preset_title("paper_B", has_vgg=False) == "paper_B-noVGG"
    assert preset_title("psnr_only", has_vgg=False) == "psnr_only"
