"""Regularisation of the latent prior, mixing of styles, and adaptive augmentation."""

import math

import numpy as np
import pytest
import torch

from superlens.methods.latent.prior import losses
from superlens.methods.latent.prior.augmentation import LARGEST_P, Adaptation, augmented
from superlens.methods.latent.prior.discriminator import Discriminator
from superlens.methods.latent.prior.generator import Architecture
from superlens.methods.latent.prior.geometric_draws import Draws, inverse_movements
from superlens.methods.latent.prior.movement import SYM6, moved


def _seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def _soft(count: int = 2, side: int = 32) -> torch.Tensor:
    """Pictures without detail near the pixel, so that interpolation loses little."""
    y, x = torch.meshgrid(torch.arange(side), torch.arange(side), indexing="ij")
    waves = [
        torch.sin(2 * math.pi * (x * (i + 1) + 2 * y) / side) * 0.5 + y / side for i in range(count)
    ]
    return torch.stack(waves)[:, None].repeat(1, 2, 1, 1)


def test_r1_of_a_linear_verdict_is_half_its_squared_slope():
    slope = torch.randn(2, 5, 5, generator=_seeded())
    picture = torch.randn(3, 2, 5, 5, generator=_seeded(1), requires_grad=True)

    penalty = losses.r1_penalty((picture * slope).sum((1, 2, 3)), picture)

    assert penalty.item() == pytest.approx(0.5 * float(slope.square().sum()), rel=1e-6)


def test_path_length_of_a_linear_generator_is_its_frobenius_norm():
    matrix = torch.randn(2 * 6 * 6, 4, generator=_seeded())
    w = torch.zeros(4000, 1, 4, requires_grad=True)
    picture = (w[:, 0] @ matrix.T).reshape(-1, 2, 6, 6)

    lengths = losses.path_lengths(picture, w, torch.randn(picture.shape, generator=_seeded(1)))

    # The mean of 4000 squares scatters by about 1.5 %.
    expected = float(matrix.square().sum()) / 36
    assert lengths.square().mean().item() == pytest.approx(expected, rel=0.05)
    assert float(losses.path_penalty(lengths, lengths.mean())) > 0


def test_path_penalty_is_0_only_if_all_lengths_are_alike():
    lengths = torch.full((5,), 3.0)

    assert float(losses.path_penalty(lengths, torch.tensor(3.0))) == 0
    assert float(losses.path_penalty(lengths, torch.tensor(2.0))) == 1
    assert float(losses.followed_mean(torch.tensor(2.0), lengths)) == pytest.approx(2.01)


def test_mixing_gives_layers_from_the_cut_on_the_second_style():
    first, second = torch.zeros(3, 2), torch.ones(3, 2)

    mixed = losses.mixed_styles(first, second, 4, torch.tensor([1, 3, 4]))

    assert mixed[:, :, 0].tolist() == [[0, 1, 1, 1], [0, 0, 0, 1], [0, 0, 0, 0]]


def test_cuts_mix_the_asked_share():
    cuts = losses.drawn_cuts(4000, 8, 0.9, _seeded())

    assert float((cuts < 8).float().mean()) == pytest.approx(0.9, abs=0.02)
    assert set(cuts.tolist()) == set(range(1, 9))
    assert set(losses.drawn_cuts(50, 8, 0.0, _seeded()).tolist()) == {8}


def test_symlet_is_orthonormal():
    taps = np.array(SYM6)

    overlaps = [float(taps[2 * k :] @ taps[: len(taps) - 2 * k]) for k in range(6)]

    assert taps.sum() == pytest.approx(math.sqrt(2), abs=1e-9)
    assert np.allclose(overlaps, [1, 0, 0, 0, 0, 0], atol=1e-9)


def test_no_movement_gives_the_picture_back():
    x = torch.randn(2, 3, 16, 16, generator=_seeded())

    assert torch.allclose(moved(x, torch.eye(3).repeat(2, 1, 1)), x, atol=1e-5)


def test_shift_by_whole_pixels_moves_by_them():
    x = torch.randn(1, 1, 16, 16, generator=_seeded())
    inverse = torch.eye(3)[None].clone()
    inverse[0, 0, 2], inverse[0, 1, 2] = -3.0, 2.0  # comes from 3 left, 2 below

    shifted = moved(x, inverse)

    assert torch.allclose(shifted[..., :-2, 3:], x[..., 2:, :-3], atol=1e-5)


def test_four_quarter_turns_give_the_picture_back():
    x = _soft()
    quarter = torch.tensor([[0.0, 1, 0], [-1, 0, 0], [0, 0, 1]]).repeat(2, 1, 1)

    turned = moved(x, quarter)
    back = moved(moved(moved(turned, quarter), quarter), quarter)

    # The symlet is symmetric about its mean to some percent of the finest detail only.
    assert torch.allclose(turned[..., 4:-4, 4:-4], x.rot90(-1, (2, 3))[..., 4:-4, 4:-4], atol=0.02)
    assert torch.allclose(back[..., 4:-4, 4:-4], x[..., 4:-4, 4:-4], atol=0.05)


def test_scale_enlarges_about_the_centre():
    x = torch.zeros(1, 1, 32, 32)
    x[..., 12:20, 12:20] = 1.0
    inverse = torch.diag(torch.tensor([0.5, 0.5, 1.0]))[None]

    larger = moved(x, inverse)

    assert float(larger[..., 10:22, 10:22].min()) > 0.9
    assert float(larger[..., :6, :].abs().max()) < 0.1
    assert float(larger.sum()) == pytest.approx(4 * float(x.sum()), rel=0.03)


def test_p_0_changes_no_bit():
    x = torch.randn(4, 2, 16, 16, generator=_seeded())

    assert augmented(x, 0.0, _seeded()) is x


def test_untouched_pictures_keep_every_bit():
    x = torch.randn(64, 1, 16, 16, generator=_seeded())

    out = augmented(x, 0.05, _seeded(1))

    kept = sum(torch.equal(a, b) for a, b in zip(out, x, strict=True))
    # Of eight transforms and two rotations of half the chance, nothing is drawn for
    # 0.95^8 * 0.95 = 0.63 of 64 pictures.
    assert 25 <= kept <= 50


def test_transforms_come_with_probability_p():
    _, moves = inverse_movements(Draws(4000, 0.1, _seeded()), 32)

    assert float(moves.float().mean()) == pytest.approx(1 - 0.9**7, abs=0.03)


def test_movements_have_the_published_sizes():
    matrices, _ = inverse_movements(Draws(4000, 1.0, _seeded()), 64)

    # Isotropic scale alone changes the area: log2 of the determinant is 2 N(0, 0.2^2).
    area = torch.log2(torch.linalg.det(matrices).abs())
    assert float(area.std()) == pytest.approx(0.4, rel=0.05)
    assert float((torch.linalg.det(matrices) < 0).float().mean()) == pytest.approx(0.5, abs=0.03)


def test_gain_is_about_the_background():
    flat = torch.full((256, 2, 8, 8), -1.0)

    out = augmented(flat, 0.6, _seeded(), background=-1.0)
    levels = out.mean((2, 3))

    # Empty places see the offset alone: 0.05 of the range, which is 2.
    shifted = levels[(levels + 1).abs() > 1e-4] + 1
    assert float(shifted.std()) == pytest.approx(0.1, rel=0.15)
    assert float(out.std((2, 3)).max()) < 1e-4


def test_same_draws_same_augmentation():
    x = _soft(6)

    assert torch.equal(augmented(x, 0.7, _seeded(3)), augmented(x, 0.7, _seeded(3)))
    assert not torch.equal(augmented(x, 0.7, _seeded(3)), augmented(x, 0.7, _seeded(4)))


def test_r1_through_the_augmentation_has_finite_second_derivatives():
    judge = Discriminator(Architecture(16, 2, 128, 8, 8, 2))
    judge.initialise(_seeded())
    x = _soft(4, 16).requires_grad_(True)

    losses.r1_penalty(judge(augmented(x, 0.8, _seeded(1))), x).backward()

    gradients = [p.grad for p in judge.parameters() if p.grad is not None]
    assert len(gradients) > 10
    assert all(torch.isfinite(g).all() for g in gradients)
    assert sum(float(g.abs().sum()) for g in gradients) > 0


def test_p_rises_to_its_limit_while_the_discriminator_is_sure():
    ada = Adaptation()
    for _ in range(100):  # 100 kimg
        ada.see(torch.ones(1000))
        ada.adapt()
    assert ada.p == pytest.approx(0.2)
    for _ in range(400):
        ada.see(torch.ones(1000))
        ada.adapt()

    assert ada.p == LARGEST_P
    assert ada.is_at_limit


def test_p_falls_where_the_discriminator_is_unsure_but_never_below_0():
    ada = Adaptation(p=0.003)
    values = []
    for _ in range(3):
        ada.see(torch.tensor([1.0] * 700 + [-1.0] * 300))  # r_t = 0.4
        ada.adapt()
        values.append(ada.p)

    assert values == pytest.approx([0.001, 0.0, 0.0])
    assert ada.sureness == pytest.approx(0.4)


def test_adaptation_goes_on_from_its_state():
    ada = Adaptation(p=0.2)
    ada.see(torch.tensor([1.0, -1.0, 1.0]))
    other = Adaptation()

    other.take(ada.state())

    for one in (ada, other):
        one.adapt()
    assert (ada.p, ada.sureness) == (other.p, other.sureness)
