"""One step of the networks together: losses, gradients, averages, and everything that changes."""

import math
from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor, nn

from superlens.core.method import Run, Weights
from superlens.methods.cvdm import losses
from superlens.methods.cvdm.beginning import PART
from superlens.methods.cvdm.diffusion import REMAINDER_UNIT, Diffusion, noisy
from superlens.methods.cvdm.lesson import Lesson, Lessons
from superlens.methods.cvdm.parameters import CvdmTrainParams, Prediction
from superlens.methods.cvdm.schedule import level_of_log_snr
from superlens.methods.nets.accumulation import Accumulation
from superlens.methods.nets.ema import Ema
from superlens.methods.nets.learner import Learner
from superlens.methods.nets.placement import placed
from superlens.methods.nets.schedule import CosineSchedule

ADAM_BETAS = (0.9, 0.999)
_FLOOR_RATE = 1e-7
MEAN_WEIGHT = 2.0
"""Of the mean network's error with the zero-mean option (as published)."""

DOUBT_WEIGHT = 0.1
"""So small that limiting the gradients hardly regards it; Adam does not mind."""

Losses = dict[str, float]


class Learning:
    """Networks, optimisers and averages. Gradients of the schedule are limited by themselves.

    Source: della Maggiora et al., ICLR 2024, arXiv:2312.02246; L = L_eps + 2 L_beta + 2 L_prior +
    2 alpha L_gamma, and beside it the error at levels drawn evenly in log-SNR.
    """

    def __init__(self, network: Diffusion, params: CvdmTrainParams, run: Run) -> None:
        self.network = placed(network, run.device)
        self._params = params
        self._run = run
        self._rate = CosineSchedule(
            params.learning_rate, _FLOOR_RATE, params.iterations, params.warmup
        )
        parts: list[tuple[str, nn.Module | None]] = [
            ("denoiser", network.denoiser),
            ("schedule", network.schedule if network.schedule.is_learnt else None),
            ("mean", network.mean),
        ]
        self._learners = {
            name: Learner(part, ADAM_BETAS) for name, part in parts if part is not None
        }
        self._ema = Ema(network, params.ema_decay, ramp=run.base() is None)
        self._parts = Accumulation(run.note)

    def advance(self, lessons: Lessons, step: int, slowdown: float) -> Losses | None:
        """Do a step, counted from 0.

        Returns:
            The losses, or None where numbers were not finite: the state is then to be thrown away.
        """
        self.network.train()
        timed = self._moved(lessons.timed)
        levelled = self._moved(lessons.levelled)
        found = self._parts.over(
            len(timed), self._forget_gradients, lambda part: self._learn(timed, levelled, part)
        )
        values = _added(found)
        if not all(math.isfinite(value) for value in values.values()):
            return None
        rate = self._rate.rate(step) * slowdown
        for learner in self._learners.values():
            if not learner.update(rate, self._params.clip_norm):
                return None
        self._ema.update(self.network, self._learners["denoiser"].updates - 1)
        return values

    @torch.no_grad()
    def averaged(self) -> Diffusion:
        """Give networks with the averaged weights, ready to sample."""
        network = placed(
            Diffusion(self.network.shape, is_mixed=self._params.mixed_precision), self._run.device
        )
        self._ema.copy_to(network)
        return network.eval()

    def weights(self) -> Weights:
        """Give the averaged weights as they stand."""
        arrays = {
            name: value.detach().cpu().contiguous().numpy().copy()
            for name, value in self._ema.average.items()
        }
        return Weights({PART: arrays}, self.network.shape.plain())

    def state(self) -> dict[str, Any]:
        """Give everything that changes, copied."""
        learnt = {name: learner.state() for name, learner in self._learners.items()}
        average = {name: value.clone() for name, value in self._ema.average.items()}
        return {**learnt, "average": average, "parts": self._parts.parts}

    def take(self, state: dict[str, Any]) -> None:
        """Go on from a state."""
        for name, learner in self._learners.items():
            # A table that was empty is lost in a file.
            learner.take({"buffers": {}, **state[name]})
        self._ema.restore(state["average"])
        self._parts.parts = state["parts"]

    def _forget_gradients(self) -> None:
        for learner in self._learners.values():
            learner.forget_gradients()

    def _moved(self, lesson: Lesson) -> Lesson:
        device, innermost = self._run.device, torch.channels_last
        return Lesson(
            lesson.picture.to(device, memory_format=innermost),
            lesson.target.to(device, memory_format=innermost),
            lesson.noise.to(device, memory_format=innermost),
            lesson.place.to(device),
        )

    def _learn(self, timed: Lesson, levelled: Lesson, part: slice) -> Losses:
        """Add the gradients of one part of a batch."""
        first = timed[part]
        share = len(first) / len(timed)
        terms = self._timed_terms(first)
        total = sum((weight * value.mean() for weight, value in terms.values()), torch.zeros(()))
        (total * share).backward()
        values = {name: float(value.mean().detach()) * share for name, (_, value) in terms.items()}
        second = levelled[part]
        wants_levels = self._params.aux_weight > 0 or self.network.shape.doubt
        if wants_levels and len(second):
            share = len(second) / len(levelled)
            error, doubt = (value.mean() for value in self._levelled_errors(second))
            (share * (self._params.aux_weight * error + DOUBT_WEIGHT * doubt)).backward()
            values["all_levels"] = float(error.detach()) * share
            if self.network.shape.doubt:
                values["doubt"] = float(doubt.detach()) * share
        return values

    def _timed_terms(self, lesson: Lesson) -> dict[str, tuple[float, Tensor]]:
        """Give each term's weight and values (B,), at the times of the schedule."""
        schedule, params = self.network.schedule, self._params
        terms: dict[str, tuple[float, Tensor]] = {}
        target, condition = self._diffused(lesson, terms)
        rate = schedule.rate(lesson.picture)
        now = schedule.at(rate, lesson.place, params.snr_terms)
        level = now.level.bounded()
        estimate = self.network.estimate(noisy(target, lesson.noise, level), condition, level)
        terms["noise"] = (1.0, losses.noise_error(estimate, lesson.noise))
        if not schedule.is_learnt:
            return terms
        first = lesson.place.new_full((1, 1, 1, 1), 1 / params.time_steps)
        last = schedule.at(rate, 1 - first).level
        weight = losses.SCHEDULE_WEIGHT
        terms["ends"] = (weight, losses.ends_error(schedule.at(rate, first).level, last))
        terms["prior"] = (weight, losses.prior_divergence(last, target))
        terms["curvature"] = (weight * params.alpha, losses.curvature(now))
        if schedule.tau is not None:
            curves = schedule.curve(lesson.place), schedule.tau(lesson.place)
            terms["rate"] = (weight, losses.rate_error(rate, *curves))
        return terms

    def _levelled_errors(self, lesson: Lesson) -> tuple[Tensor, Tensor]:
        target, condition = self._diffused(lesson, {})
        level = level_of_log_snr(lesson.place)
        estimate = self.network.estimate(noisy(target, lesson.noise, level), condition, level)
        doubt = losses.doubt_error(estimate, lesson.noise, target)
        if self.network.shape.prediction is Prediction.NOISE:
            return losses.noise_error(estimate, lesson.noise), doubt
        return losses.velocity_error(estimate, lesson.noise, target), doubt

    def _diffused(
        self, lesson: Lesson, terms: dict[str, tuple[float, Tensor]]
    ) -> tuple[Tensor, Tensor]:
        """Give what is diffused and what the noise network is shown beside it."""
        if self.network.mean is None:
            return lesson.target, lesson.picture
        mean = self.network.mean_of(lesson.picture)
        terms["mean"] = (MEAN_WEIGHT, ((mean - lesson.target) ** 2).flatten(1).mean(1))
        known = mean.detach()
        return (lesson.target - known) / REMAINDER_UNIT, torch.cat([lesson.picture, known], 1)


def _added(found: Iterable[Losses]) -> Losses:
    total: Losses = {}
    for values in found:
        for name, value in values.items():
            total[name] = total.get(name, 0.0) + value
    return total
