"""The linear map between camera counts and what a network sees: measured once per image.

Qt-free, torch-free. Nothing is clipped, so that the map can be undone exactly.
"""

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from superlens.core.cards import NormalisationKind, NormalisationRule
from superlens.core.errors import InvalidInput
from superlens.core.jobs import Roi
from superlens.core.records import ImageInfo

_MAX_PLANES = 32
_MAX_PIXELS = 1 << 22
"""Of all planes together: percentiles of so many values are steady to a few parts in 10,000."""
_MAX_WHOLE_PLANE = 1 << 26
"""Planes of more pixels than this are sampled through small windows."""
_WINDOW = 256


class PlaneSource(Protocol):
    """What is needed of an opened image."""

    @property
    def info(self) -> ImageInfo: ...

    def plane(self, scene: int, t: int, c: int, z: int) -> NDArray[Any]: ...

    def region(self, scene: int, t: int, c: int, z: int, roi: Roi) -> NDArray[Any]: ...


@dataclass(frozen=True, slots=True)
class Normalisation:
    """The value that becomes 0 and the value that becomes 1."""

    low: float
    high: float
    output: tuple[float, float] | None = None
    """What 0 and 1 of an answer stand for; None: the two values of the input."""

    @property
    def ends(self) -> tuple[float, float]:
        """What 0 and 1 of an answer stand for."""
        return (self.low, self.high) if self.output is None else self.output

    def apply(self, array: NDArray[Any]) -> NDArray[np.float32]:
        """Give normalised values of camera counts of any type."""
        return _scaled(array, self.low, self.high)

    def apply_to_truth(self, array: NDArray[Any]) -> NDArray[np.float32]:
        """Give what the network should answer, for a true picture in the units of the answers."""
        return _scaled(array, *self.ends)

    def invert(self, array: NDArray[np.float32]) -> NDArray[np.float32]:
        """Give camera counts of normalised answers."""
        low, high = self.ends
        return array * np.float32(high - low) + np.float32(low)

    def invert_spread(self, array: NDArray[np.float32]) -> NDArray[np.float32]:
        """Give standard deviations in camera counts of normalised ones: the offset drops out."""
        low, high = self.ends
        return array * np.float32(high - low)


def measure_normalisation(rule: NormalisationRule, samples: NDArray[Any]) -> Normalisation:
    """Give the map that a model card's rule makes of an image.

    Args:
        rule: percentiles, or fixed values.
        samples: pixel values that stand for the whole stack, any shape.

    Returns:
        The map. Where the two percentiles coincide, as in an image that is nearly all background,
        the extremes take their place.

    Raises:
        InvalidInput: the values are all the same, all missing, or some are not finite.
    """
    _require_finite(samples)
    if rule.kind is NormalisationKind.FIXED:
        return Normalisation(rule.low, rule.high, rule.output)
    lowest, highest = float(samples.min()), float(samples.max())
    if lowest == highest:
        raise InvalidInput(
            f"Every pixel of the image has the same value, {lowest:g}",
            "Check that the right file and channel were chosen",
        )
    low, high = (float(value) for value in np.percentile(samples, [rule.low, rule.high]))
    return Normalisation(low, high) if high > low else Normalisation(lowest, highest)


def sample_stack(source: PlaneSource, scene: int, channel: int) -> NDArray[Any]:
    """Give pixel values that stand for all planes of one channel of a scene.

    Args:
        source: the opened image.
        scene: index of the scene.
        channel: index of the channel.

    Returns:
        (N,) in the stored type: at most about four million values, from at most 32 planes spread
        evenly over T and Z; the same image always gives the same values.
    """
    info = source.info.scenes[scene]
    depth = info.size("Z")
    count = info.size("T") * depth
    chosen = np.unique(np.linspace(0, count - 1, min(count, _MAX_PLANES)).round().astype(int))
    budget = _MAX_PIXELS // len(chosen)
    planes = [
        _sample_plane(source, (scene, int(index) // depth, channel, int(index) % depth), budget)
        for index in chosen
    ]
    return np.concatenate(planes)


def _scaled(array: NDArray[Any], low: float, high: float) -> NDArray[np.float32]:
    return ((array - np.float64(low)) / (high - low)).astype(np.float32)


def _sample_plane(
    source: PlaneSource, where: tuple[int, int, int, int], budget: int
) -> NDArray[Any]:
    info = source.info.scenes[where[0]]
    height, width = info.size("Y"), info.size("X")
    if height * width <= _MAX_WHOLE_PLANE:
        step = max(1, int(np.ceil(np.sqrt(height * width / budget))))
        return source.plane(*where)[::step, ::step].ravel()
    per_side = max(1, int(np.sqrt(budget)) // _WINDOW)
    tops = np.linspace(0, max(0, height - _WINDOW), per_side).astype(int)
    lefts = np.linspace(0, max(0, width - _WINDOW), per_side).astype(int)
    windows = [
        source.region(
            *where, Roi(int(x), int(y), min(_WINDOW, width), min(_WINDOW, height))
        ).ravel()
        for y in tops
        for x in lefts
    ]
    return np.concatenate(windows)


def _require_finite(samples: NDArray[Any]) -> None:
    if samples.dtype.kind not in "fc":
        return
    missing = samples.size - int(np.isfinite(samples).sum())
    if missing == samples.size:
        raise InvalidInput(
            "The image holds no numbers: every pixel is NaN or infinite",
            "Export it again from the program that made it",
        )
    if missing:
        raise InvalidInput(
            f"{missing} of {samples.size} pixels are NaN or infinite",
            "Replace them, for instance by the median of their neighbours, and try again",
        )
