"""One step of the prior's generator and discriminator against each other, and all that it changes.

A step pleases the discriminator, straightens the paths of styles (every few steps), lets the
discriminator discern, and calms it (every so many steps).
"""

import math
from typing import Any

import torch
from torch import Tensor

from superlens.core.method import Run, Weights
from superlens.methods.latent.prior import losses
from superlens.methods.latent.prior.augmentation import INTERVAL, Adaptation, augmented
from superlens.methods.latent.prior.discriminator import Discriminator
from superlens.methods.latent.prior.drawing import Phase, drawing
from superlens.methods.latent.prior.generator import Generator
from superlens.methods.latent.prior.parameters import PriorTrainParams
from superlens.methods.latent.prior.updates import LazyLearner
from superlens.methods.nets import adversarial
from superlens.methods.nets.accumulation import Accumulation
from superlens.methods.nets.ema import Ema
from superlens.methods.nets.placement import placed

PART, JUDGE_PART = "generator", "discriminator"

Losses = dict[str, float]


class Duel:
    """The two networks, their optimisers, the averaged generator and the augmentation.

    Source: Karras et al., NeurIPS 2020, arXiv:2006.06676, and CVPR 2020, arXiv:1912.04958,
    appendix B.
    """

    def __init__(
        self, network: Generator, judge: Discriminator, params: PriorTrainParams, run: Run
    ) -> None:
        """Begin with networks that have their first weights."""
        self.network = placed(network, run.device)
        self.judge = placed(judge, run.device)
        self.adaptation = Adaptation(params.ada_target, params.ada_kimg)
        self._params = params
        self._run = run
        self._learner = LazyLearner(network, params.learning_rate, params.path_every)
        self._opponent = LazyLearner(judge, params.learning_rate, params.r1_every)
        self._ema = Ema(network, 0.0)
        self._path_mean = torch.zeros((), device=run.device)
        self._parts = Accumulation(run.note)

    def advance(self, real: Tensor, step: int, slowdown: float) -> Losses | None:
        """Do a step, counted from 0.

        Args:
            real: (N, C, side, side), on the device of the run.
            step: decides all random numbers, and which regularisers have their turn.
            slowdown: factor of the learning rate.

        Returns:
            The losses, or None where numbers were not finite: the state is then to be thrown away.
        """
        params, found = self._params, {}
        found |= self._please(len(real), step, slowdown)
        if params.path_weight > 0 and step % params.path_every == 0:
            found |= self._straighten(len(real), step, slowdown)
        found |= self._discern(real, step, slowdown)
        if step % params.r1_every == 0:
            found |= self._calm(real, step, slowdown)
        self._ema.blend(self.network, params.ema_decay(step * len(real)))
        if params.adaptive and (step + 1) % INTERVAL == 0:
            self.adaptation.adapt()
            found |= {"augmentation_p": self.adaptation.p, "sureness": self.adaptation.sureness}
        return found if all(math.isfinite(value) for value in found.values()) else None

    @torch.no_grad()
    def averaged(self) -> Generator:
        """Give a generator with the averaged weights, ready to draw cells."""
        network = placed(Generator(self.network.architecture), self._run.device)
        self._ema.copy_to(network)
        known = dict(self.network.named_buffers())
        for name, value in network.named_buffers():
            value.copy_(known[name])
        return network.requires_grad_(False)

    def weights(self) -> Weights:
        """Give the averaged generator, and the discriminator for whoever trains on from here."""
        parts = {PART: self.averaged(), JUDGE_PART: self.judge}
        arrays = {
            part: {
                name: value.detach().cpu().contiguous().numpy().copy()
                for name, value in network.state_dict().items()
            }
            for part, network in parts.items()
        }
        return Weights(arrays, self.network.architecture.plain())

    def state(self) -> dict[str, Any]:
        """Give everything that changes, copied."""
        average = {name: value.clone() for name, value in self._ema.average.items()}
        return {
            "generator": {**self._learner.state(), "average": average},
            "discriminator": self._opponent.state(),
            "adaptation": self.adaptation.state(),
            "path_mean": float(self._path_mean),
            "parts": self._parts.parts,
        }

    def take(self, state: dict[str, Any]) -> None:
        """Go on from a state."""
        self._learner.take(state["generator"])
        self._ema.restore(state["generator"]["average"])
        self._opponent.take(state["discriminator"])
        self.adaptation.take(state["adaptation"])
        self._path_mean.fill_(state["path_mean"])
        self._parts.parts = state["parts"]

    def _please(self, size: int, step: int, slowdown: float) -> Losses:
        """Move the generator to where the discriminator takes its pictures for real."""
        self.judge.requires_grad_(False)

        def work(part: slice) -> tuple[Tensor, float]:
            draw = drawing(self._run.seed, step, Phase.PLEASE, part.start)
            share = (part.stop - part.start) / size
            w, picture = self._made(part.stop - part.start, draw)
            fooled = adversarial.vanilla_generator_loss(self._judged(picture, draw))
            (fooled * share).backward()
            return w.detach(), float(fooled.detach()) * share

        found = self._parts.over(size, self._learner.forget_gradients, work)
        is_finite = self._learner.update(slowdown)
        self.network.mapping.track(torch.cat([w[:, 0] for w, _ in found]))
        return {"generator": _total([value for _, value in found], is_finite)}

    def _straighten(self, size: int, step: int, slowdown: float) -> Losses:
        """Even out how far pictures move when their styles do, on half a batch."""
        params, size = self._params, max(1, size // 2)

        def work(part: slice) -> Tensor:
            draw = drawing(self._run.seed, step, Phase.STRAIGHTEN, part.start)
            w, picture = self._made(part.stop - part.start, draw)
            direction = torch.randn(picture.shape, generator=draw).to(picture.device)
            lengths = losses.path_lengths(picture, w, direction)
            penalty = losses.path_penalty(lengths, losses.followed_mean(self._path_mean, lengths))
            share = (part.stop - part.start) / size
            (penalty * (params.path_weight * params.path_every * share)).backward()
            return lengths.detach()

        found = self._parts.over(size, self._learner.forget_gradients, work)
        is_finite = self._learner.update(slowdown)
        lengths = torch.cat(found)
        self._path_mean = losses.followed_mean(self._path_mean, lengths)
        return {"path_length": _total([float(lengths.mean())], is_finite)}

    def _discern(self, real: Tensor, step: int, slowdown: float) -> Losses:
        """Teach the discriminator which pictures are real."""
        self.judge.requires_grad_(True)
        size = len(real)

        def work(part: slice) -> tuple[Tensor, float]:
            draw = drawing(self._run.seed, step, Phase.DISCERN, part.start)
            with torch.no_grad():
                _, picture = self._made(part.stop - part.start, draw)
            on_drawn = self._judged(picture, draw)
            on_real = self._judged(real[part], draw)
            loss = adversarial.vanilla_discriminator_loss(on_drawn, real=False)
            loss = loss + adversarial.vanilla_discriminator_loss(on_real, real=True)
            share = (part.stop - part.start) / size
            (loss * share).backward()
            return on_real.detach(), float(loss.detach()) * share

        found = self._parts.over(size, self._opponent.forget_gradients, work)
        is_finite = self._opponent.update(slowdown)
        if self._params.adaptive:
            self.adaptation.see(torch.cat([logits for logits, _ in found]))
        return {"discriminator": _total([value for _, value in found], is_finite)}

    def _calm(self, real: Tensor, step: int, slowdown: float) -> Losses:
        """Flatten the discriminator where the real pictures are."""
        params, size = self._params, len(real)
        weight = params.gamma(real.shape[-1]) * params.r1_every

        def work(part: slice) -> float:
            draw = drawing(self._run.seed, step, Phase.CALM, part.start)
            picture = real[part].detach().clone().requires_grad_(True)
            penalty = losses.r1_penalty(self._judged(picture, draw), picture)
            share = (part.stop - part.start) / size
            (penalty * (weight * share)).backward()
            return float(penalty.detach()) * share

        found = self._parts.over(size, self._opponent.forget_gradients, work)
        is_finite = self._opponent.update(slowdown)
        return {"r1": _total(found, is_finite)}

    def _made(self, count: int, draw: torch.Generator) -> tuple[Tensor, Tensor]:
        """Draw styles, some of them mixed, and their pictures with random noise."""
        network, layers = self.network, self.network.num_layers
        z = torch.randn(2 * count, network.w_dim, generator=draw)
        cut = losses.drawn_cuts(count, layers, self._params.mixing, draw)
        first, second = network.mapping(z.to(self._run.device)).chunk(2)
        w = losses.mixed_styles(first, second, layers, cut.to(self._run.device))
        return w, network.synthesize(w, network.synthesis.random_noise(count, draw))

    def _judged(self, picture: Tensor, draw: torch.Generator) -> Tensor:
        """Give the verdicts on pictures as the discriminator always sees them: augmented."""
        p = self.adaptation.p if self._params.adaptive else 0.0
        return self.judge(augmented(picture, p, draw, self._params.background))


def _total(values: list[float], is_finite: bool) -> float:
    return sum(values) if is_finite else math.nan
