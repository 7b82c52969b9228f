"""One step back from noise to image, pixel by pixel, and the noise levels that a sample passes.

Numbers alone: no networks, no tiles. The same functions serve the exact toys of the tests.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

import torch
from torch import Tensor

from superlens.methods.cvdm.diffusion import Schedule
from superlens.methods.cvdm.schedule import Level, level_of_log_snr

CLEANEST_LOG_SNR, NOISIEST_LOG_SNR = 11.5, -9.2
LEAST_ALPHA, LARGEST_ALPHA = 1e-6, 0.99999
_LAST_TIME = 1 - 1e-6


class Variance(StrEnum):
    """How much noise a step adds."""

    POSTERIOR = "posterior"
    """That of q(z_s | z_t, y): exact if y hat were certain, so that spreads come out too small."""
    GEOMETRIC = "geometric"
    """The geometric mean of that and of q(z_t | z_s)'s: close for any posterior in 25 steps."""


@dataclass(frozen=True, slots=True)
class Reversal:
    """z_s = from_image * y_hat + from_state * z_t + deviation * noise."""

    from_image: Tensor
    from_state: Tensor
    deviation: Tensor

    def apply(self, image: Tensor, state: Tensor, noise: Tensor) -> Tensor:
        """Give the next state."""
        return self.from_image * image + self.from_state * state + self.deviation * noise


def reversal(
    noisier: Level, cleaner: Level, variance: Variance, doubt: Tensor | None = None
) -> Reversal:
    """Give the step from a level t to a cleaner level s, for all pixels or for each.

    With b = 1 - gamma_t / gamma_s:
    mean = sqrt(gamma_s) b / (1 - gamma_t) y_hat + sqrt(gamma_t / gamma_s) (1 - gamma_s) /
    (1 - gamma_t) z, variance k b with k = (1 - gamma_s) / (1 - gamma_t), or its geometric mean
    with b. Where the doubt w = Var(y | z_t) / (1 - gamma_t) is known, the variance is
    b (k + (1 - k) w): exact for any number of steps.

    Source: Ho, Jain, Abbeel, NeurIPS 2020, arXiv:2006.11239; Eqs. 6 and 7, for any two levels; Bao
    et al., ICML 2022, arXiv:2206.07309, for the variance with a doubt.
    """
    ratio = noisier.log_gamma - cleaner.log_gamma
    b = -torch.expm1(ratio)
    kept = cleaner.rest / noisier.rest
    if doubt is not None:
        share = kept + (1 - kept) * doubt
    else:
        share = kept if variance is Variance.POSTERIOR else kept.sqrt()
    return Reversal(
        (0.5 * cleaner.log_gamma).exp() * b / noisier.rest,
        (0.5 * ratio).exp() * kept,
        (share * b).sqrt(),
    )


LevelsOf = Callable[[Tensor], Level]
"""Gives the level of each pixel from its rate lambda (B, C, Y, X)."""


@dataclass(frozen=True, slots=True)
class Course:
    """The noise levels of a sample, the noisiest first; the network is asked once at each."""

    levels: tuple[LevelsOf, ...]
    variance: Variance
    needs_rate: bool
    """Whether the levels differ from pixel to pixel."""
    heeds_doubt: bool = False
    """Whether the network's doubt, where it says one, decides the variance."""

    @property
    def steps(self) -> int:
        """Evaluations of the network per sample."""
        return len(self.levels)


def calibrated_course(steps: int, variance: Variance = Variance.GEOMETRIC) -> Course:
    """Give levels evenly in log-SNR from -9.2 to +11.5, the same for all pixels.

    The end is so clean that the last answer keeps spreads down to 3 % of the target's.
    """
    log_snrs = torch.linspace(NOISIEST_LOG_SNR, CLEANEST_LOG_SNR, steps, dtype=torch.float64)
    levels = tuple(_constant(level_of_log_snr(one)) for one in log_snrs)
    return Course(levels, variance, needs_rate=False, heeds_doubt=True)


def ancestral_course(schedule: Schedule, steps: int) -> Course:
    """Give the levels of a schedule evenly in time, noisiest first, as published.

    In the published mode gamma_k is the product of alpha_j = 1 - beta(j / T, x) / T; else it is the
    schedule itself at k / T.
    """
    times = torch.arange(1, steps + 1, dtype=torch.float32) / steps
    numbers = range(steps, 0, -1)
    if schedule.tau is not None:
        with torch.no_grad():
            betas = schedule.tau(times.to(_device(schedule))).value / steps
        levels = tuple(_product(betas[:number]) for number in numbers)
    else:
        levels = tuple(_of_time(schedule, times[number - 1]) for number in numbers)
    return Course(levels, Variance.POSTERIOR, needs_rate=schedule.is_learnt)


def _constant(level: Level) -> LevelsOf:
    return lambda rate: Level(level.log_gamma.to(rate).reshape(1, 1, 1, 1))


def _product(betas: Tensor) -> LevelsOf:
    def level(rate: Tensor) -> Level:
        total = torch.zeros_like(rate)
        for beta in betas:
            total += torch.log((1 - rate * beta).clamp(LEAST_ALPHA, LARGEST_ALPHA))
        return Level(total).bounded()

    return level


def _of_time(schedule: Schedule, t: Tensor) -> LevelsOf:
    def level(rate: Tensor) -> Level:
        time = t.to(rate).clamp_max(_LAST_TIME)
        return Level(-rate * schedule.curve(time).value).bounded()

    return level


def _device(schedule: Schedule) -> torch.device:
    found = next(schedule.parameters(), None)
    return torch.device("cpu") if found is None else found.device
