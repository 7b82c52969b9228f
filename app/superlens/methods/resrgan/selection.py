"""Which of the candidates of a training is the model: pure rules on their validation scores.

Fidelity guards, perception decides: among candidates whose PSNR and SSIM are near the best, the one
with the smallest sum of ranks over the perceptual measures. Torch-free.
"""

from collections.abc import Sequence
from dataclasses import dataclass

PSNR_GUARD_DB = 1.0
SSIM_GUARD = 0.02


@dataclass(frozen=True, slots=True)
class Scores:
    """What one evaluation on the validation pairs said."""

    step: int
    """Step of its phase after which the candidate was taken."""
    psnr: float
    """Mean PSNR after the best linear fit, in decibels; higher is better."""
    ssim: float | None = None
    """Mean SSIM after the best linear fit; higher is better."""
    niqe: float | None = None
    """Distance of texture from the training's high-resolution patches; lower is better."""
    frechet: float | None = None
    """Distance of features from those of the validation truth; lower is better."""

    @property
    def perception(self) -> tuple[float | None, ...]:
        """The perceptual measures; lower is better."""
        return self.niqe, self.frechet


def is_guarded(scores: Scores, history: Sequence[Scores]) -> bool:
    """Whether a candidate is within 1 dB and 0.02 of the best PSNR and SSIM of all so far."""
    ssims = [other.ssim for other in history if other.ssim is not None]
    if scores.psnr < max(other.psnr for other in history) - PSNR_GUARD_DB:
        return False
    return scores.ssim is None or not ssims or scores.ssim >= max(ssims) - SSIM_GUARD


def rank_sums(history: Sequence[Scores]) -> tuple[float, ...]:
    """Give each candidate's sum of ranks over the perceptual measures; 0 is best in all.

    Equal values share the mean of their ranks. A value that is undefined ranks behind all others; a
    measure that no candidate has counts for nothing.
    """
    sums = [0.0] * len(history)
    for values in zip(*(scores.perception for scores in history), strict=True):
        keys = [float("inf") if value is None else value for value in values]
        for index, key in enumerate(keys):
            ahead = sum(other < key for other in keys)
            equal = sum(other == key for other in keys)
            sums[index] += ahead + (equal - 1) / 2
    return tuple(sums)


def is_more_faithful(new: Scores, chosen: Scores) -> bool:
    """Whether a new candidate of a training for fidelity takes the place of the chosen one."""
    return new.psnr > chosen.psnr


def is_preferred(new: Scores, chosen: Scores, history: Sequence[Scores]) -> bool:
    """Whether a new candidate of an adversarial training takes the place of the chosen one.

    Args:
        new: the newest scores.
        chosen: those of the candidate that has the place.
        history: all scores so far, both of these among them.
    """
    if not any(value is not None for scores in history for value in scores.perception):
        # Nothing measures what this phase is for; what it learned longest, within the guards.
        return is_guarded(new, history) or new.psnr > chosen.psnr
    new_holds, chosen_holds = is_guarded(new, history), is_guarded(chosen, history)
    if new_holds and chosen_holds:
        sums = dict(zip(history, rank_sums(history), strict=True))
        return sums[new] < sums[chosen]
    if not new_holds and not chosen_holds:
        return new.psnr > chosen.psnr
    return new_holds


def pareto(history: Sequence[Scores]) -> tuple[Scores, ...]:
    """Give the candidates that no other one beats in both PSNR and texture, in order.

    Texture is NIQE, or the feature distance where no candidate has a NIQE. Of candidates with the
    same scores the first remains.
    """
    has_niqe = any(scores.niqe is not None for scores in history)
    points = [(scores.psnr, _texture(scores, has_niqe)) for scores in history]
    return tuple(
        scores
        for index, scores in enumerate(history)
        if not any(_dominates(points, other, index) for other in range(len(points)))
    )


def _texture(scores: Scores, has_niqe: bool) -> float:
    value = scores.niqe if has_niqe else scores.frechet
    return float("inf") if value is None else value


def _dominates(points: Sequence[tuple[float, float]], one: int, other: int) -> bool:
    (psnr, texture), (its_psnr, its_texture) = points[one], points[other]
    if (psnr, texture) == (its_psnr, its_texture):
        return one < other
    return psnr >= its_psnr and texture <= its_texture
