"""The course of a training: step after step, reported, validated, kept, taken back where it fails.

Everything random is a function of the seed and the step, so that a resumed training gives the same
bits as one that was never interrupted.
"""

from typing import Any

from superlens.core.errors import Diverged
from superlens.core.method import Run, TrainingData, Weights
from superlens.methods.cvdm.beginning import first_network
from superlens.methods.cvdm.learning import Learning, Losses
from superlens.methods.cvdm.lesson import lessons_of
from superlens.methods.cvdm.parameters import CvdmTrainParams
from superlens.methods.cvdm.validation import Validation
from superlens.methods.nets.plain_state import to_arrays, to_tensors

LATEST = "latest"
MOST_ROLLBACKS = 3
REPORT_EVERY = 20
SNAPSHOT_EVERY = 100

State = dict[str, Any]


class Training:
    """One training, from the first step or from a checkpoint, to finished weights.

    Numbers that are not finite take the training back to its last snapshot, at half the learning
    rate; the fourth time it gives up.

    Source: della Maggiora et al., ICLR 2024, arXiv:2312.02246.
    """

    def __init__(self, data: TrainingData, params: CvdmTrainParams, run: Run) -> None:
        self._data = data
        self._params = params
        self._run = run
        self._learning = Learning(first_network(data, params, run), params, run)
        self._validation = Validation(data, params.patch, run)
        self._step = 0
        self._rollbacks = 0
        self._sums: Losses = {}
        self._summed = 0

    def run(self) -> Weights:
        """Train to the end and give the averaged networks.

        Raises:
            Diverged: it kept reaching numbers that are not finite.
            JobCancelled: the user asked to stop.
        """
        saved = self._run.resume_state()
        if saved is not None:
            self._take(to_tensors(saved))
        snapshot = self._state()
        while self._step < self._params.iterations:
            self._run.check()
            losses = self._advance()
            if losses is None:
                self._roll_back(snapshot)
                continue
            self._report(losses)
            if self._step % SNAPSHOT_EVERY == 0:
                snapshot = self._state()
            if self._step % self._params.checkpoint_every == 0:
                self._run.checkpoint(LATEST, to_arrays(self._state()))
        return self._learning.weights()

    def _advance(self) -> Losses | None:
        batch = self._data.batch(self._step, self._params.batch)
        lessons = lessons_of(
            batch,
            self._learning.network.shape,
            self._run.seed,
            self._step,
            augment=self._params.augment,
        )
        losses = self._learning.advance(lessons, self._step, 0.5**self._rollbacks)
        if losses is not None:
            self._step += 1
        return losses

    def _roll_back(self, snapshot: State) -> None:
        rollbacks, at = self._rollbacks + 1, self._step
        if rollbacks > MOST_ROLLBACKS:
            raise Diverged(
                f"Training reached numbers that are not finite at step {at}, {rollbacks} times",
                f"Lower the learning rate ({self._params.learning_rate:g}) or look at the pairs",
            )
        self._take(snapshot)
        self._rollbacks = rollbacks
        self._run.note(
            f"Step {at} reached numbers that are not finite: went back to step {self._step}, with "
            "half the learning rate"
        )

    def _report(self, losses: Losses) -> None:
        step, params = self._step, self._params
        self._sums = {name: self._sums.get(name, 0.0) + value for name, value in losses.items()}
        self._summed += 1
        is_last = step == params.iterations
        if step % REPORT_EVERY == 0 or is_last:
            for name, value in self._sums.items():
                self._run.metric(f"train_{name}", step, value / self._summed)
            self._run.progress("Training", step, params.iterations)
            self._sums, self._summed = {}, 0
        if step % params.validate_every == 0 or is_last:
            self._validate(with_samples=step % params.sample_every == 0 or is_last)

    def _validate(self, *, with_samples: bool) -> None:
        if self._validation.is_empty:
            return
        network = self._learning.averaged()
        error = self._validation.noise_error(network)
        self._run.metric("validation_noise_error", self._step, error)
        if with_samples:
            for name, value in self._validation.by_samples(network).items():
                self._run.metric(name, self._step, value)

    def _state(self) -> State:
        return {
            "step": self._step,
            "rollbacks": self._rollbacks,
            "networks": self._learning.state(),
            "sums": dict(self._sums),
            "summed": self._summed,
        }

    def _take(self, state: State) -> None:
        self._step, self._rollbacks = state["step"], state["rollbacks"]
        self._learning.take(state["networks"])
        self._sums, self._summed = dict(state.get("sums", {})), state["summed"]
