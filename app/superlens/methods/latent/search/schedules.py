"""Step sizes of a search as functions of the iteration alone."""

import math

from superlens.methods.latent.search.settings import Schedule

_RISING_SHARE = 0.9
_LEAST = 0.1
_LAST = 0.001


def step_size(schedule: Schedule, rate: float, iteration: int, iterations: int) -> float:
    """Give the step size of an iteration, counted from 0.

    `CYCLE_AND_DROP` is PULSE's: from a tenth up to the rate and back over nine tenths of the
    iterations, then down to a thousandth.
    """
    match schedule:
        case Schedule.CONSTANT:
            return rate
        case Schedule.COSINE:
            return rate * 0.5 * (1 + math.cos(math.pi * iteration / iterations))
        case Schedule.CYCLE_AND_DROP:
            turning = _RISING_SHARE * iterations
            if iteration < turning:
                height = 1 - abs(2 * iteration / turning - 1)
                return rate * (_LEAST + (1 - _LEAST) * height)
            share = (iteration - turning) / (iterations - turning)
            return rate * (_LEAST + (_LAST - _LEAST) * share)
