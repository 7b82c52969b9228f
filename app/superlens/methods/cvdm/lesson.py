"""What one step of a training looks at: patches, times, levels and noise, all drawn beforehand.

A pure function of the seed and the step, so that a resumed training sees the same.
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from superlens.core.method import Batch
from superlens.methods.cvdm.architecture import Architecture
from superlens.methods.cvdm.sampling import CLEANEST_LOG_SNR, NOISIEST_LOG_SNR
from superlens.methods.cvdm.units import enlarged_patch, picture_of, target_of
from superlens.methods.nets import dihedral

_DOMAIN = 0x6C657373


@dataclass(frozen=True, slots=True)
class Lesson:
    """Elements of a batch with what is drawn for them."""

    picture: Tensor
    """(N, C, Y, X): the enlarged image in -1..1."""
    target: Tensor
    """(N, C, Y, X), in units of its spread."""
    noise: Tensor
    """(N, C, Y, X)."""
    place: Tensor
    """(N, 1, 1, 1): time 0..1, or log-SNR."""

    def __len__(self) -> int:
        return len(self.picture)

    def __getitem__(self, part: slice) -> "Lesson":
        return Lesson(self.picture[part], self.target[part], self.noise[part], self.place[part])


@dataclass(frozen=True, slots=True)
class Lessons:
    """One step: the first half of the batch at times, the second at levels even in log-SNR.

    A batch of one serves for both.
    """

    timed: Lesson
    levelled: Lesson


def lessons_of(
    batch: Batch, shape: Architecture, seed: int, step: int, *, augment: bool
) -> Lessons:
    """Draw everything of a step; times and levels are stratified over the batch."""
    root = np.random.SeedSequence(seed, spawn_key=(_DOMAIN, step))
    rng = np.random.default_rng(root)
    low, high = torch.from_numpy(batch.low), torch.from_numpy(batch.high)
    if augment:
        low, high = _posed(low, high, rng)
    enlarged = enlarged_patch(low, shape.scale)
    target = target_of(enlarged, high, shape)
    picture = picture_of(enlarged)
    generator = torch.Generator().manual_seed(int(root.generate_state(1, np.uint64)[0] >> 1))
    half = max(1, len(low) // 2)
    rest = max(1, len(low) - half)
    times = _stratified(rest, rng)
    log_snrs = NOISIEST_LOG_SNR + (CLEANEST_LOG_SNR - NOISIEST_LOG_SNR) * _stratified(half, rng)
    return Lessons(
        _lesson(picture[:rest], target[:rest], times, generator),
        _lesson(picture[-half:], target[-half:], log_snrs, generator),
    )


def _lesson(picture: Tensor, target: Tensor, place: Tensor, generator: torch.Generator) -> Lesson:
    noise = torch.randn(target.shape, generator=generator)
    return Lesson(picture, target, noise, place)


def _stratified(count: int, rng: np.random.Generator) -> Tensor:
    """Give numbers 0..1, one from each of `count` equal parts, in random order."""
    values = (rng.permutation(count) + rng.random(count)) / count
    return torch.from_numpy(values.astype(np.float32)).reshape(-1, 1, 1, 1)


def _posed(low: Tensor, high: Tensor, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
    """Show each pair in a random one of the eight poses; patches are square."""
    members = [int(member) for member in rng.integers(dihedral.MEMBERS, size=len(low))]
    lows = [dihedral.transform(one, member) for one, member in zip(low, members, strict=True)]
    highs = [dihedral.transform(one, member) for one, member in zip(high, members, strict=True)]
    return torch.stack(lows), torch.stack(highs)
