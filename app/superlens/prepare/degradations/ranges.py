"""Checks and draws that the settings of every pipeline share."""

from dataclasses import dataclass

import numpy as np

from superlens.core.errors import InvalidParameter


@dataclass(frozen=True, slots=True)
class Range:
    """The lowest and the highest value of a draw."""

    low: float
    high: float

    def drawn(self, rng: np.random.Generator) -> float:
        """Give a value from anywhere between the two, all equally likely."""
        return float(rng.uniform(self.low, self.high))

    def drawn_evenly_in_logarithm(self, rng: np.random.Generator) -> float:
        """Give a value whose logarithm is uniform; both ends are above 0."""
        return float(np.exp(rng.uniform(np.log(self.low), np.log(self.high))))


def checked_range(name: str, low: float, high: float) -> Range:
    """Give the range that two settings `<name>_low` and `<name>_high` span.

    Raises:
        InvalidParameter: it ends below its beginning.
    """
    if low > high:
        raise InvalidParameter(
            f"{name}_low is {low:g}, above {name}_high, which is {high:g}", "Swap the two"
        )
    return Range(low, high)
