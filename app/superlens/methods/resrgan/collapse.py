"""Watches the steps of a training for collapse: errors that rise and brightness that drifts.

Plain numbers in, verdicts out. Torch-free.
"""

from dataclasses import dataclass
from typing import Any

SMOOTHING = 0.95
"""Of the running means: they remember about twenty steps."""
_SETTLED_STEPS = 20
_FORGETTING = 1.002
"""Per step, of the lowest error: what stays high for some hundred steps is the new normal."""
_SUSPECT_ERROR, _COLLAPSED_ERROR = 2.0, 3.0
_STEADY_DRIFT, _SUSPECT_DRIFT, _COLLAPSED_DRIFT = 0.15, 0.3, 0.5
COLLAPSED_PSNR_DB = 6.0


@dataclass(frozen=True, slots=True)
class Sight:
    """What one step shows of the state of a training."""

    error: float
    """Mean absolute error of the batch over that of plainly enlarged pictures."""
    level: float
    """Mean brightness of the restored batch."""
    expected: float
    """Mean brightness of the truth."""
    extent: float
    """Mean absolute brightness of the truth."""


class CollapseWatch:
    """Says whether a training is sound, suspect or collapsed, from all its steps so far."""

    def __init__(self) -> None:
        self._steps = 0
        self._error = self._drift = self._extent = 0.0
        self._lowest = float("inf")
        self._was_steady = False

    def see(self, sight: Sight) -> None:
        """Take in one step."""
        self._steps += 1
        self._error = _mixed(self._error, sight.error)
        self._drift = _mixed(self._drift, sight.level - sight.expected)
        self._extent = _mixed(self._extent, sight.extent)
        if self._steps >= _SETTLED_STEPS:
            self._lowest = min(self._lowest * _FORGETTING, self._mean_error)
            self._was_steady = self._was_steady or self._relative_drift <= _STEADY_DRIFT

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
            "error": self._error,
            "drift": self._drift,
            "extent": self._extent,
            "lowest": self._lowest,
            "was_steady": self._was_steady,
        }

    def take(self, state: dict[str, Any]) -> None:
        """Remember a state instead."""
        self._steps = state["steps"]
        self._error, self._drift = state["error"], state["drift"]
        self._extent, self._lowest = state["extent"], state["lowest"]
        self._was_steady = state["was_steady"]

    @property
    def _mean_error(self) -> float:
        """The running mean began at 0; this is without that."""
        return self._error / (1 - SMOOTHING**self._steps) if self._steps else 0.0

    @property
    def _relative_drift(self) -> float:
        return abs(self._drift) / self._extent if self._extent > 0 else 0.0

    def _is_beyond(self, error: float, drift: float) -> bool:
        drifts = self._was_steady and self._relative_drift > drift
        return drifts or self._mean_error > error * self._lowest


def _mixed(mean: float, value: float) -> float:
    return SMOOTHING * mean + (1 - SMOOTHING) * value
