"""Training of the generator: phase A for fidelity, phase B for realism, each optional.

Everything random is a function of the seed and the step, so that a resumed training gives the same
bits as one that was never interrupted.
"""

from typing import Any

import torch

from superlens.core.errors import InvalidParameter
from superlens.core.method import Run, TrainingData, Weights
from superlens.methods.nets.plain_state import to_arrays, to_tensors
from superlens.methods.resrgan.beginning import first_network
from superlens.methods.resrgan.candidates import Candidates, generator_weights
from superlens.methods.resrgan.course import Course, Setting, State
from superlens.methods.resrgan.fidelity import FidelityPhase
from superlens.methods.resrgan.generator import Architecture, Generator
from superlens.methods.resrgan.parameters import ResrganTrainParams
from superlens.methods.resrgan.phases import PhaseName, Tables
from superlens.methods.resrgan.realism import RealismPhase
from superlens.methods.resrgan.validation import Validation

LATEST = "latest"
_FIDELITY = "fidelity"


class Training:
    """One training of a generator, from the first step or from a checkpoint, to finished weights.

    Source: Wang et al., Real-ESRGAN, ICCV workshops 2021, doi:10.1109/ICCVW54120.2021.00217:
    Adam with betas (0.9, 0.99), averaged weights, first L1 alone, then against a discriminator;
    the cosine schedule and early stopping as Cooper et al. fine-tune it.
    """

    def __init__(self, data: TrainingData, params: ResrganTrainParams, run: Run) -> None:
        if params.iterations + params.gan_iterations == 0:
            raise InvalidParameter(
                "Both phases of the training have 0 steps", "Set `iterations` or `gan_iterations`"
            )
        self._params = params
        self._run = run
        self._architecture = Architecture(
            data.scale, 1, params.blocks, params.features, params.growth
        )
        self._setting = Setting(data, params, run, Validation(data, self._architecture, run))

    def run(self) -> Weights:
        """Train to the end and give the chosen averaged weights.

        Returns:
            `generator`, and after both phases also `fidelity`: the end of phase A.

        Raises:
            InvalidInput: the model to start from, or the perceptual term, cannot be had.
            Diverged: a phase kept reaching numbers that are not finite, or collapsing.
            JobCancelled: the user asked to stop.
        """
        arrays = self._run.resume_state()
        saved = None if arrays is None else to_tensors(arrays)
        network, is_fresh = first_network(self._architecture, self._run)
        if saved is not None and saved["phase"] == PhaseName.REALISM:
            return self._learn_realism(network, saved.get(_FIDELITY), saved, is_fresh=is_fresh)
        if self._params.iterations == 0:
            return self._learn_realism(network, None, saved, is_fresh=is_fresh)
        course = self._learn_fidelity(network, saved, is_fresh=is_fresh)
        if self._params.gan_iterations == 0:
            return generator_weights(self._architecture, course.best)
        del network
        return self._learn_realism(
            Generator(self._architecture), course.best, None, is_fresh=is_fresh, done=course.step
        )

    def _learn_fidelity(self, network: Generator, saved: State | None, *, is_fresh: bool) -> Course:
        phase = FidelityPhase(network, self._params, self._run, is_fresh=is_fresh)
        candidates = Candidates(phase.name, self._architecture, self._run)
        course = Course(phase, candidates, self._setting, 0)
        if saved is not None:
            course.take(saved)
        course.run(lambda state: self._run.checkpoint(LATEST, to_arrays(state)))
        return course

    def _learn_realism(
        self,
        network: Generator,
        fidelity: Tables | None,
        saved: State | None,
        *,
        is_fresh: bool,
        done: int = 0,
    ) -> Weights:
        if fidelity is not None:
            _fill(network, fidelity)
        elif is_fresh:
            self._run.note(
                "Realism is learnt from random weights: without a phase of fidelity, or a model "
                "to start from, the result will be poor"
            )
        phase = RealismPhase(
            network, self._params, self._run, is_fresh=is_fresh and fidelity is None
        )
        candidates = Candidates(phase.name, self._architecture, self._run)
        if not self._setting.validation.is_empty:
            self._setting.validation.add_texture(self._params.batch)
        if saved is not None:
            done = saved["step"] - saved["phase_step"]
        course = Course(phase, candidates, self._setting, done)
        if saved is not None:
            course.take(saved)
        more: dict[str, Any] = {} if fidelity is None else {_FIDELITY: fidelity}
        course.run(lambda state: self._run.checkpoint(LATEST, to_arrays(state | more)))
        return generator_weights(self._architecture, course.best, fidelity)


@torch.no_grad()
def _fill(network: Generator, tables: Tables) -> None:
    for name, value in network.named_parameters():
        value.copy_(tables[name])
