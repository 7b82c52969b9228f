"""What every degradation is: settings, draws, and stages one after the other."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from superlens.core.errors import InvalidInput
from superlens.core.method import Array


@dataclass(frozen=True, slots=True)
class Stage:
    """A picture on its way down, and what was just done to it."""

    label: str
    picture: Array
    """(Y, X) float32, in the units of the high-resolution picture."""


class Physics(Protocol):
    """How one kind of degradation works; stateless but for its settings."""

    @property
    def settings(self) -> Any:
        """Give the settings, a parameters dataclass."""
        ...

    def crop_px(self, patch_px: int, scale: int) -> int:
        """Give the side of the piece to degrade when a patch of that side is wanted of it.

        Both in high-resolution pixels.
        """
        ...

    def recordable(self, high: Array) -> Array:
        """Give what a low-resolution picture can show of a high-resolution one."""
        ...

    def draws(self, generators: Sequence[np.random.Generator]) -> tuple[Any, ...]:
        """Draw how each picture of a batch is degraded, from a generator each."""
        ...

    def stages(
        self, high: Array, scale: int, draw: Any, rng: np.random.Generator
    ) -> Iterator[Stage]:
        """Degrade a picture step by step; the last stage is the low-resolution picture."""
        ...


@dataclass(frozen=True, slots=True)
class DegradationPipeline:
    """A named way from high-resolution pictures to low-resolution ones."""

    id: str
    physics: Physics

    def degrade(self, high: Array, scale: int, rng: np.random.Generator) -> Array:
        """Give low-resolution pictures of high-resolution ones.

        Args:
            high: (N, 1, Y, X) or (Y, X), background near 0 and bright structures near 1; sides
                divisible by `scale`.
            scale: high-resolution pixels per low-resolution pixel, along one side.
            rng: the source of all randomness; each picture gets its own generator from it.

        Returns:
            (N, 1, Y / scale, X / scale) or (Y / scale, X / scale) float32, in the units of `high`.

        Raises:
            InvalidInput: sides that the scale does not divide.
        """
        if high.ndim == 2:
            return self.degrade(high[np.newaxis, np.newaxis], scale, rng)[0, 0]
        generators = rng.spawn(len(high))
        draws = self.physics.draws(generators)
        return np.stack(
            [
                self.low(picture[0], scale, draw, generator)[np.newaxis]
                for picture, draw, generator in zip(high, draws, generators, strict=True)
            ]
        )

    def low(self, high: Array, scale: int, draw: Any, rng: np.random.Generator) -> Array:
        """Give the low-resolution picture of one (Y, X) picture for what has been drawn."""
        *_, last = self.stages(high, scale, draw, rng)
        return last.picture

    def stages(
        self, high: Array, scale: int, draw: Any, rng: np.random.Generator
    ) -> Iterator[Stage]:
        """Degrade one (Y, X) picture step by step; the last stage is the low picture."""
        if any(side % scale or side < scale for side in high.shape):
            raise InvalidInput(
                f"A picture of {high.shape[0]} x {high.shape[1]} pixels cannot be shrunk {scale} "
                "times",
                f"Crop it so that {scale} divides both sides",
            )
        return self.physics.stages(high, scale, draw, rng)
