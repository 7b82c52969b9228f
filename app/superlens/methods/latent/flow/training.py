"""Training of a flow by maximum likelihood on style vectors that are fresh in every step."""

import math
from typing import Any

import torch
from torch import Tensor

from superlens.core.errors import Diverged
from superlens.core.method import Run, Weights
from superlens.methods.latent.flow.maf import FlowShape, MaskedAutoregressiveFlow
from superlens.methods.latent.flow.parameters import FlowTrainParams
from superlens.methods.latent.latent_generator import LatentGenerator
from superlens.methods.latent.prior.drawing import Phase, drawing
from superlens.methods.nets.learner import Learner
from superlens.methods.nets.plain_state import to_arrays, to_tensors
from superlens.methods.nets.schedule import CosineSchedule

PART = "flow"
LATEST = "latest"
REPORT_EVERY = 20
_DRAWN_AT_ONCE = 8192

State = dict[str, Any]


class FlowTraining:
    """One training, from the first step or from a checkpoint; the best flow on held-out vectors.

    Everything random is a function of the seed and the step, so that a resumed training gives the
    same bits.

    Source: Papamakarios, Pavlakou, Murray, NeurIPS 2017, arXiv:1705.07057; Gheisari, Genovesio,
    Biological Imaging, 2024; section 4.2.
    """

    def __init__(self, generator: LatentGenerator, params: FlowTrainParams, run: Run) -> None:
        """Begin: draw the held-out vectors, and measure mean and covariance."""
        self._generator = generator
        self._params = params
        self._run = run
        shape = FlowShape(generator.w_dim, params.blocks, params.hidden, params.hidden_layers)
        self.flow = MaskedAutoregressiveFlow(shape)
        self.flow.initialise(drawing(run.seed, 0, Phase.START))
        self.flow.whiten(self._drawn(params.whitening_count, Phase.SHEET))
        self.flow.to(run.device)
        self._held_out = self._drawn(params.held_out, Phase.VALIDATE)
        self._learner = Learner(self.flow, (0.9, 0.999), params.weight_decay)
        self._schedule = CosineSchedule(params.learning_rate, 0.0, params.steps)
        self._step = 0
        self._best_loss = math.inf
        self._best: dict[str, Tensor] = {}
        self._sum, self._summed = 0.0, 0

    def run(self) -> Weights:
        """Train to the end and give the flow that was best on held-out vectors.

        Raises:
            Diverged: the likelihood is not finite.
            JobCancelled: the user asked to stop.
        """
        saved = self._run.resume_state()
        if saved is not None:
            self._take(to_tensors(saved))
        while self._step < self._params.steps:
            self._run.check()
            self._report(self._advance())
            if self._step % self._params.validate_every == 0 or self._is_last:
                self._validate()
            if self._step % self._params.checkpoint_every == 0:
                self._run.checkpoint(LATEST, to_arrays(self._state()))
        self.flow.load_state_dict(self._best)
        tensors = {name: value.cpu().numpy() for name, value in self._best.items()}
        return Weights({PART: tensors}, self.flow.shape.plain())

    @property
    def _is_last(self) -> bool:
        return self._step == self._params.steps

    def _advance(self) -> float:
        params, draw = self._params, drawing(self._run.seed, self._step, Phase.PLEASE)
        white = self.flow.whitened(self._generator.sample_w(params.batch, draw))
        if params.jitter > 0:
            noise = torch.randn(white.shape, generator=draw).to(white.device)
            white = white + params.jitter * noise
        self._learner.forget_gradients()
        u, log_det = self.flow.from_white(white)
        loss = -(self.flow.base_log_prob(u) + log_det).mean()
        loss.backward()
        changed = self._learner.update(self._schedule.rate(self._step), params.clip_norm)
        value = float(loss.detach())
        if not changed or not math.isfinite(value):
            raise Diverged(
                f"The training of the flow reached numbers that are not finite at step "
                f"{self._step}",
                f"Lower the learning rate ({params.learning_rate:g})",
            )
        self._step += 1
        return value

    def _report(self, loss: float) -> None:
        self._sum, self._summed = self._sum + loss, self._summed + 1
        if self._step % REPORT_EVERY and not self._is_last:
            return
        self._run.metric("flow_train_nll", self._step, self._sum / self._summed)
        self._run.progress("Training the flow", self._step, self._params.steps)
        self._sum, self._summed = 0.0, 0

    @torch.no_grad()
    def _validate(self) -> None:
        loss = -float(self.flow.log_prob(self._held_out).mean())
        self._run.metric("flow_validation_nll", self._step, loss)
        if loss < self._best_loss:
            self._best_loss = loss
            self._best = {name: v.clone() for name, v in self.flow.state_dict().items()}

    @torch.no_grad()
    def _drawn(self, count: int, phase: Phase) -> Tensor:
        draw = drawing(self._run.seed, 0, phase)
        sizes = [min(_DRAWN_AT_ONCE, count - at) for at in range(0, count, _DRAWN_AT_ONCE)]
        return torch.cat([self._generator.sample_w(size, draw) for size in sizes])

    def _state(self) -> State:
        return {
            "step": self._step,
            "learner": self._learner.state(),
            "best_loss": self._best_loss,
            "best": {name: value.clone() for name, value in self._best.items()},
            "sum": self._sum,
            "summed": self._summed,
        }

    def _take(self, state: State) -> None:
        self._step = state["step"]
        self._learner.take(state["learner"])
        self._best_loss = state["best_loss"]
        self._best = {name: v.to(self._run.device) for name, v in state.get("best", {}).items()}
        self._sum, self._summed = state["sum"], state["summed"]
