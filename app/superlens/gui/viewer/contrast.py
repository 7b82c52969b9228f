"""Contrast limits and colour maps: what the user wants, resolved against what is shown. No Qt."""

from dataclasses import dataclass, replace

from superlens.gui.viewer.levels import PlaneLevels

AUTO_LOW, AUTO_HIGH = 0.1, 99.9
"""Percentiles of automatic limits: 0.1 % of the pixels saturated at each end."""

SPREAD_HIGH = 99.9
RESIDUAL_LIMIT = 5.0
"""Symmetric limit of the residual in noise sigmas."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Intensities shown as black and as white."""

    low: float
    high: float


@dataclass(frozen=True, slots=True)
class ContrastWish:
    """What the user wants; None is automatic."""

    low: Limits | None = None
    """Limits of the low-res pane, and of both while they are locked."""
    sr: Limits | None = None
    """Limits of the super-res pane when it is not locked."""
    is_locked: bool = True
    lut_name: str = "Grey"

    def automatic(self) -> "ContrastWish":
        """Give the same wish with automatic limits."""
        return replace(self, low=None, sr=None)


@dataclass(frozen=True, slots=True)
class ResolvedContrast:
    """The limits that are really shown."""

    low: Limits
    sr: Limits


def resolve(
    wish: ContrastWish, low: PlaneLevels | None, sr: PlaneLevels | None
) -> ResolvedContrast:
    """Give the limits for two planes: shared while locked, else each its own."""
    own_low = wish.low or automatic_limits(low if low is not None else sr)
    if wish.is_locked:
        return ResolvedContrast(own_low, own_low)
    return ResolvedContrast(own_low, wish.sr or automatic_limits(sr if sr is not None else low))


def automatic_limits(plane: PlaneLevels | None) -> Limits:
    """Give the 0.1 and 99.9 percentiles of a plane; 0 to 1 without one."""
    if plane is None or not len(plane.sample):
        return Limits(0.0, 1.0)
    low, high = plane.percentile(AUTO_LOW), plane.percentile(AUTO_HIGH)
    return Limits(low, high if high > low else low + 1.0)


def spread_limits(plane: PlaneLevels) -> Limits:
    """Give the limits of a spread: zero is black."""
    high = plane.percentile(SPREAD_HIGH)
    return Limits(0.0, high if high > 0 else 1.0)
