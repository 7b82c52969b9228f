"""Random movements of pictures, each as one matrix; no picture is touched here.

A matrix maps places of the augmented picture to places of the given one, in pixels from the centre,
as homogeneous (x, y, 1).
"""

import math

import torch
from torch import Tensor

SHIFT = 0.125
"""Of whole pixels: at most this share of the side; of parts of pixels: its spread."""
LOG2_SCALE = 0.2


class Draws:
    """Random numbers of one call, and whether each of them is used."""

    def __init__(self, count: int, p: float, generator: torch.Generator) -> None:
        self.count = count
        self.p = p
        self._generator = generator

    def uniform(self) -> Tensor:
        """Draw (count,) from 0..1."""
        return torch.rand(self.count, generator=self._generator)

    def normal(self) -> Tensor:
        """Draw (count,) from N(0, 1)."""
        return torch.randn(self.count, generator=self._generator)

    def is_on(self, p: float | None = None) -> Tensor:
        """Draw which pictures a transform is applied to."""
        return self.uniform() < (self.p if p is None else p)


def inverse_movements(draws: Draws, side: int) -> tuple[Tensor, Tensor]:
    """Draw flips, turns, shifts, scales and rotations, each switched on with probability p.

    Returns:
        (N, 3, 3) float32 on the CPU, and (N,) whether anything moves.

    Source: Karras et al., NeurIPS 2020, arXiv:2006.06676; appendix B, pixel blitting and general
    geometric transformations.
    """
    steps = (*_blits(draws, side), *_geometry(draws, side))
    moves = torch.zeros(draws.count, dtype=torch.bool)
    matrix = torch.eye(3).repeat(draws.count, 1, 1)
    for is_on, inverse in steps:
        matrix = torch.where(is_on[:, None, None], matrix @ inverse, matrix)
        moves |= is_on
    return matrix, moves


def _blits(draws: Draws, side: int) -> tuple[tuple[Tensor, Tensor], ...]:
    ones = torch.ones(draws.count)
    flip = torch.where(draws.uniform() < 0.5, -1.0, 1.0)
    turn = (draws.uniform() * 4).floor() * (math.pi / 2)
    across, down = (((2 * draws.uniform() - 1) * SHIFT * side).round() for _ in range(2))
    return (
        (draws.is_on(), _scaling(flip, ones)),
        (draws.is_on(), _rotation(turn)),
        (draws.is_on(), _shift(across, down)),
    )


def _geometry(draws: Draws, side: int) -> tuple[tuple[Tensor, Tensor], ...]:
    # Twice: before and after stretching; either with such a chance that none stays as often as 1-p.
    p_rotation = 1 - math.sqrt(1 - min(draws.p, 1.0))
    scale = torch.exp2(LOG2_SCALE * draws.normal())
    stretch = torch.exp2(LOG2_SCALE * draws.normal())
    before, after = ((2 * draws.uniform() - 1) * math.pi for _ in range(2))
    across, down = (SHIFT * side * draws.normal() for _ in range(2))
    return (
        (draws.is_on(), _scaling(1 / scale, 1 / scale)),
        (draws.is_on(p_rotation), _rotation(before)),
        (draws.is_on(), _scaling(1 / stretch, stretch)),
        (draws.is_on(p_rotation), _rotation(after)),
        (draws.is_on(), _shift(across, down)),
    )


def _scaling(x: Tensor, y: Tensor) -> Tensor:
    return torch.diag_embed(torch.stack([x, y, torch.ones_like(x)], 1))


def _rotation(angle: Tensor) -> Tensor:
    matrix = torch.eye(3).repeat(len(angle), 1, 1)
    matrix[:, 0, 0] = matrix[:, 1, 1] = angle.cos()
    matrix[:, 0, 1], matrix[:, 1, 0] = angle.sin(), -angle.sin()
    return matrix


def _shift(x: Tensor, y: Tensor) -> Tensor:
    matrix = torch.eye(3).repeat(len(x), 1, 1)
    matrix[:, 0, 2], matrix[:, 1, 2] = -x, -y
    return matrix
