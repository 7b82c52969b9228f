"""A run and training data for methods under test: in memory, deterministic, tiny."""

from typing import Any

import numpy as np

from superlens.core.errors import JobCancelled
from superlens.core.method import Array, Batch, Weights


class FakeRun:
    """Remembers everything; cancels after a number of checks, or resumes from a state."""

    def __init__(
        self,
        seed: int = 7,
        cancel_after: int | None = None,
        state: dict[str, Any] | None = None,
        base: Weights | None = None,
    ) -> None:
        self.device = "cpu"
        self.seed = seed
        self.checks = 0
        self.metrics: list[tuple[str, int, float]] = []
        self.previews: list[tuple[str, Array]] = []
        self.checkpoints: list[dict[str, Any]] = []
        self.progresses: list[tuple[str, int, int]] = []
        self._cancel_after = cancel_after
        self.notes: list[str] = []
        self.kept: dict[str, tuple[Weights, dict[str, float]]] = {}
        self.features: dict[str, Weights] = {}
        self._state = state
        self._base = base

    def check(self) -> None:
        self.checks += 1
        if self._cancel_after is not None and self.checks > self._cancel_after:
            raise JobCancelled

    def progress(self, phase: str, done: int, total: int) -> None:
        self.progresses.append((phase, done, total))

    def metric(self, name: str, step: int, value: float) -> None:
        self.metrics.append((name, step, value))

    def preview(self, name: str, image: Array) -> None:
        self.previews.append((name, image))

    def checkpoint(self, name: str, state: dict[str, Any]) -> None:
        self.checkpoints.append(state)

    def resume_state(self) -> dict[str, Any] | None:
        return self._state

    def note(self, text: str) -> None:
        self.notes.append(text)

    def base(self) -> Weights | None:
        return self._base

    def feature_weights(self, network: str) -> Weights | None:
        return self.features.get(network)

    def keep(self, name: str, weights: Weights, scores: dict[str, float]) -> None:
        if weights.parts:
            self.kept[name] = weights, scores
        else:
            self.kept.pop(name, None)


class BlobPairs:
    """Soft random blobs: high is the truth, low its block mean with a little noise."""

    def __init__(self, scale: int, patch: int = 16, spoiled_steps: frozenset[int] = frozenset()):
        self.scale = scale
        self._patch = patch
        self._spoiled = spoiled_steps
        self.steps: list[int] = []

    def batch(self, step: int, size: int) -> Batch:
        self.steps.append(step)
        made = self._made(np.random.default_rng((1, step)), size)
        if step in self._spoiled and self.steps.count(step) == 1:
            made.low[0, 0, 0, 0] = np.nan
        return made

    def validation(self) -> tuple[Batch, ...]:
        return (self._made(np.random.default_rng(2), 2),)

    def _made(self, rng: np.random.Generator, size: int) -> Batch:
        side = self._patch * self.scale
        y, x = np.mgrid[:side, :side] / side
        high = np.zeros((size, 1, side, side), np.float32)
        for image in high:
            for _ in range(4):
                cy, cx, width = rng.random(), rng.random(), rng.uniform(0.05, 0.2)
                image[0] += np.exp(-((y - cy) ** 2 + (x - cx) ** 2) / width**2)
        blocks = high.reshape(size, 1, self._patch, self.scale, self._patch, self.scale)
        low = blocks.mean(axis=(3, 5)) + 0.02 * rng.standard_normal(
            (size, 1, self._patch, self._patch)
        )
        return Batch(low.astype(np.float32), high)
