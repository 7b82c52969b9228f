"""Watches the steps of a training for collapse: errors that rise and brightness that drifts.

Plain numbers in, verdicts out. Torch-free.
"""

import math
from dataclasses import astuple, dataclass
from typing import Any

SMOOTHING = 0.95
"""Of the running means: they remember about twenty steps."""
_SETTLED_STEPS = 20
_FORGETTING = 1.002
"""Per step, of the lowest error: what stays high for some hundred steps is the new normal."""
_LEAST_ERROR = 0.01
"""Of that of plain enlargement: what is less may grow without meaning anything."""
_SUSPECT_ERROR, _COLLAPSED_ERROR = 2.0, 3.0
_STEADY_DRIFT, _SUSPECT_DRIFT, _COLLAPSED_DRIFT = 0.15, 0.3, 0.5
COLLAPSED_PSNR_DB = 6.0


@dataclass(frozen=True, slots=True)
class Sight:
    """What one step shows of the state of a training."""

    error: float
    """Mean absolute error of the restored batch."""
    plain_error: float
    """That of plainly enlarged pictures: what the batch would be worth without a network."""
    level: float
    """Mean brightness of the restored batch."""
    expected: float
    """Mean brightness of the truth."""
    extent: float
    """Mean absolute brightness of the truth."""


class CollapseWatch:
    """Says whether a training is sound, suspect or collapsed, from all its steps so far.

    Errors count in relation to those of plain enlargement, as running means of both, so that
    neither full nor empty patches look like a change.
    """

    def __init__(self) -> None:
        self._steps = 0
        self._means = Sight(0.0, 0.0, 0.0, 0.0, 0.0)
        self._lowest = math.inf
        self._was_steady = False

    def see(self, sight: Sight) -> None:
        """Take in one step."""
        self._steps += 1
        pairs = zip(astuple(self._means), astuple(sight), strict=True)
        self._means = Sight(*(SMOOTHING * mean + (1 - SMOOTHING) * new for mean, new in pairs))
        if self._steps >= _SETTLED_STEPS:
            self._lowest = min(self._lowest * _FORGETTING, max(self._error, _LEAST_ERROR))
            self._was_steady = self._was_steady or self._drift <= _STEADY_DRIFT

    @property
    def is_suspect(self) -> bool:
        """Whether the state should not be gone back to."""
        return self._is_beyond(_SUSPECT_ERROR, _SUSPECT_DRIFT)

    @property
    def has_collapsed(self) -> bool:
        """Whether the error tripled, or the brightness left the truth's by half of it."""
        return self._is_beyond(_COLLAPSED_ERROR, _COLLAPSED_DRIFT)

    def state(self) -> dict[str, Any]:
        """Give everything it remembers as plain values."""
        return {
            "steps": self._steps,
            "means": list(astuple(self._means)),
            "lowest": self._lowest,
            "was_steady": self._was_steady,
        }

    def take(self, state: dict[str, Any]) -> None:
        """Remember a state instead."""
        self._steps = state["steps"]
        self._means = Sight(*state["means"])
        self._lowest = state["lowest"]
        self._was_steady = state["was_steady"]

    @property
    def _error(self) -> float:
        plain = self._means.plain_error
        return self._means.error / plain if plain > 0 else 0.0

    @property
    def _drift(self) -> float:
        extent = self._means.extent
        return abs(self._means.level - self._means.expected) / extent if extent > 0 else 0.0

    def _is_beyond(self, error: float, drift: float) -> bool:
        drifts = self._was_steady and self._drift > drift
        return drifts or self._error > error * self._lowest
