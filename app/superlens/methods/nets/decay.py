"""A learning rate that stays, then falls straight to nothing; a function of the step alone."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LinearDecay:
    """The peak for the first part of the training, then a straight line to 0 at its end."""

    peak: float
    steps: int
    """Steps of the whole training."""
    falling_share: float
    """Share of the steps over which the rate falls."""

    @property
    def first_falling_step(self) -> int:
        """Step, counted from 0, from which on the rate falls."""
        return self.steps - round(self.steps * self.falling_share)

    def rate(self, step: int) -> float:
        """Give the learning rate of a step, counted from 0; never 0 before the end."""
        falling = self.steps - self.first_falling_step
        left = self.steps - max(step, self.first_falling_step)
        return self.peak * left / falling if falling else self.peak
