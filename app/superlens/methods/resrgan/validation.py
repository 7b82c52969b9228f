"""Judges averaged weights on the fixed validation pairs."""

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from superlens.core.method import Batch, Run, TrainingData
from superlens.methods.nets.placement import placed
from superlens.methods.resrgan.generator import Architecture, Generator
from superlens.methods.resrgan.selection import Scores
from superlens.methods.resrgan.texture import Perception, TextureJudge
from superlens.quality.fidelity import SSIM_WINDOW, psnr_affine, ssim_affine

Picture = NDArray[np.float32]


class Validation:
    """The validation pairs, and everything that is measured on them."""

    def __init__(self, data: TrainingData, architecture: Architecture, run: Run) -> None:
        self._data = data
        self._batches: tuple[Batch, ...] = data.validation()
        self._architecture = architecture
        self._run = run
        self._texture: TextureJudge | None = None

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to judge by."""
        return not any(_shows_something(truth) for truth in self._truths())

    def add_texture(self, batch: int) -> None:
        """Measure perception, too, from now on; `batch` is the training's."""
        self._texture = TextureJudge(self._data, batch, self._truths(), self._run)
        if self._texture.niqe_name:
            self._run.note(f"Candidates are compared by {self._texture.niqe_name}")

    def scores(self, average: Mapping[str, Tensor], step: int) -> Scores:
        """Judge averaged weights after a step of their phase, and show a picture of them."""
        restored = self._restored(average)
        pairs = [
            (one, truth)
            for one, truth in zip(restored, self._truths(), strict=True)
            if _shows_something(truth)
        ]
        ssims = [ssim_affine(*pair) for pair in pairs if min(pair[1].shape) >= SSIM_WINDOW]
        seen = Perception(None, None) if self._texture is None else self._texture.judge(restored)
        return Scores(
            step,
            float(np.mean([psnr_affine(*pair) for pair in pairs])),
            float(np.mean(ssims)) if ssims else None,
            seen.niqe,
            seen.frechet,
        )

    @torch.inference_mode()
    def _restored(self, average: Mapping[str, Tensor]) -> Sequence[Picture]:
        network = placed(Generator(self._architecture), self._run.device).eval()
        for name, value in network.named_parameters():
            value.copy_(average[name])
        found: list[Picture] = []
        for index, batch in enumerate(self._batches):
            self._run.check()
            low = torch.from_numpy(batch.low).to(self._run.device)
            answers = network(low).float().cpu().numpy()
            found += list(answers[:, 0])
            if index == 0:
                pair = np.concatenate([answers[0, 0], batch.high[0, 0]], axis=1)
                self._run.preview("restored | truth", pair)
        return found

    def _truths(self) -> list[Picture]:
        return [truth for batch in self._batches for truth in batch.high[:, 0]]


def _shows_something(truth: Picture) -> bool:
    return bool(np.ptp(truth) > 0)
