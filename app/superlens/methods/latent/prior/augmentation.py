"""Adaptive augmentation: what the discriminator sees is moved and dimmed, as often as it needs.

No colours are mixed: every channel is a stain, and mixed ones would teach the generator stains
that do not exist.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from superlens.methods.latent.prior.geometric_draws import Draws, inverse_movements
from superlens.methods.latent.prior.movement import moved

TARGET = 0.6
"""Mean sign of the verdicts on real pictures above which the discriminator has learnt by heart."""
INTERVAL = 4
"""Steps over which that mean is taken."""
FULL_AFTER_KIMG = 500.0
LARGEST_P = 0.85
"""Beyond it transforms are so usual that the generator would begin to draw them."""
LOG2_GAIN = 0.2
OFFSET = 0.05
"""Spread of the offset, in units of half the range -1..1."""
BACKGROUND = -1.0


def augmented(
    x: Tensor, p: float, generator: torch.Generator, background: float = BACKGROUND
) -> Tensor:
    """Apply each transform to each picture with probability p.

    Args:
        x: (N, C, side, side), around -1..1.
        p: 0 gives `x` itself.
        generator: of the CPU, so that every device draws the same.
        background: value of empty places, which a gain leaves as they are.

    Returns:
        Like `x`; pictures that no movement was drawn for are not resampled.

    Source: Karras et al., NeurIPS 2020, arXiv:2006.06676; appendix B, with intensities of stains
    in place of colours.
    """
    if p <= 0:
        return x
    draws = Draws(len(x), p, generator)
    inverse, moves = inverse_movements(draws, x.shape[-1])
    if bool(moves.any()):
        index = moves.nonzero()[:, 0]
        there = index.to(x.device)
        x = torch.index_copy(x, 0, there, moved(x[there], inverse[index]))
    gain, offset = _intensities(draws, x.shape[1])
    return x * gain.to(x) + (background * (1 - gain) + offset).to(x)


def _intensities(draws: Draws, channels: int) -> tuple[Tensor, Tensor]:
    """Draw (N, channels, 1, 1) factors and summands; those of most pictures are 1 and 0."""
    gain = torch.stack([torch.exp2(LOG2_GAIN * draws.normal()) for _ in range(channels)], 1)
    offset = torch.stack([2 * OFFSET * draws.normal() for _ in range(channels)], 1)
    gain = torch.where(draws.is_on()[:, None], gain, 1.0)
    offset = torch.where(draws.is_on()[:, None], offset, 0.0)
    return gain[:, :, None, None], offset[:, :, None, None]


@dataclass(slots=True)
class Adaptation:
    """The probability of augmentation, led by how sure the discriminator is of real pictures.

    Source: Karras et al., NeurIPS 2020, arXiv:2006.06676; section 3.1, r_t.
    """

    target: float = TARGET
    full_after_kimg: float = FULL_AFTER_KIMG
    """Thousands of pictures in which p can go from 0 to 1."""
    p: float = 0.0
    sureness: float = math.nan
    """The last r_t."""
    sign_sum: float = 0.0
    seen: int = 0

    @property
    def is_at_limit(self) -> bool:
        """Whether p is held back; more pictures or fewer parameters would help more."""
        return self.p >= LARGEST_P

    def see(self, logits: Tensor) -> None:
        """Take in the verdicts on real pictures of a step."""
        self.sign_sum += float(logits.detach().sign().sum())
        self.seen += len(logits)

    def adapt(self) -> None:
        """Move p by what was seen since the last call, as fast as pictures were seen."""
        self.sureness = self.sign_sum / self.seen
        step = math.copysign(self.seen / (1000 * self.full_after_kimg), self.sureness - self.target)
        self.p = min(max(self.p + step, 0.0), LARGEST_P)
        self.sign_sum, self.seen = 0.0, 0

    def state(self) -> dict[str, float]:
        """Give everything that changes."""
        return {
            "p": self.p,
            "sureness": self.sureness,
            "sign_sum": self.sign_sum,
            "seen": self.seen,
        }

    def take(self, state: dict[str, float]) -> None:
        """Go on from a state."""
        self.p, self.sureness = state["p"], state["sureness"]
        self.sign_sum, self.seen = state["sign_sum"], int(state["seen"])
