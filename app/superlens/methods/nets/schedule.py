"""Learning rates as functions of the step alone, so that a resumed training follows the curve."""

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CosineSchedule:
    """A straight warm-up, then half a cosine from the peak to the floor."""

    peak: float
    floor: float
    steps: int
    """Steps of the whole training, warm-up included."""
    warmup: int = 0

    def rate(self, step: int) -> float:
        """Give the learning rate of a step, counted from 0."""
        if step < self.warmup:
            return self.peak * (step + 1) / (self.warmup + 1)
        share = min(1.0, (step - self.warmup) / max(1, self.steps - 1 - self.warmup))
        return self.floor + 0.5 * (self.peak - self.floor) * (1 + math.cos(math.pi * share))
