"""How good the pictures of a prior are: sheets to look at, and distances from held-out crops."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch

from superlens.core.method import Array, Run
from superlens.methods.latent.crops import Crops
from superlens.methods.latent.prior.drawing import Phase, drawing
from superlens.methods.latent.prior.generator import Generator
from superlens.methods.latent.prior.memorisation import Memorisation, memorisation
from superlens.quality.frechet import frechet_distance, kernel_distance

Features = Callable[[Array], Array]
"""Gives (N, D) features of pictures (N, C, y, x) around -1..1."""

SHEET_SIDE = 4
"""Cells per row and column of a sample sheet."""
LARGEST_DRAW = 32
FEWEST = 4


@dataclass(frozen=True, slots=True)
class Realism:
    """Distances of generated pictures from held-out crops; only good to compare equal counts."""

    frechet: float
    kernel: float
    """Without bias; may be a little below 0."""
    samples: int
    held_out: int


class Validation:
    """Looks at a generator with the same random numbers every time, so that sheets compare."""

    def __init__(self, crops: Crops, features: Features | None, run: Run) -> None:
        """Begin; without `features`, or without held-out crops, there are sheets alone."""
        self._crops = crops
        self._features = features
        self._run = run
        held_out = crops.held_out()
        can_compare = features is not None and len(held_out) >= FEWEST
        self._held_out = features(held_out) if features is not None and can_compare else None

    def show(self, network: Generator) -> None:
        """Show a sheet of generated cells for every channel."""
        pictures = self._drawn(network, SHEET_SIDE**2, Phase.SHEET)
        for channel in range(pictures.shape[1]):
            self._run.preview(f"samples, channel {channel + 1}", sheet(pictures[:, channel]))

    def realism(self, network: Generator, count: int) -> Realism | None:
        """Give the distances of generated cells from held-out crops; None if nobody can tell."""
        if self._held_out is None or self._features is None:
            return None
        found = self._features(self._drawn(network, count, Phase.VALIDATE))
        return Realism(
            frechet=frechet_distance(found, self._held_out),
            kernel=kernel_distance(found, self._held_out, subsets=1).value,
            samples=count,
            held_out=len(self._held_out),
        )

    def memorisation(self, network: Generator, count: int) -> Memorisation | None:
        """Say whether generated cells are copies of training crops; None if nobody can tell."""
        if self._held_out is None or self._features is None:
            return None
        training = np.concatenate([self._features(part) for part in self._crops.parts()])
        found = self._features(self._drawn(network, count, Phase.VALIDATE))
        return memorisation(found, training, self._held_out)

    def _drawn(self, network: Generator, count: int, phase: Phase) -> Array:
        draw = drawing(self._run.seed, 0, phase)
        return drawn_pictures(network, count, draw, self._run)


@torch.inference_mode()
def drawn_pictures(network: Generator, count: int, draw: torch.Generator, run: Run) -> Array:
    """Draw pictures (count, C, y, x) with the frozen noise maps."""
    parts: list[Array] = []
    for begin in range(0, count, LARGEST_DRAW):
        run.check()
        w = network.sample_w(min(LARGEST_DRAW, count - begin), draw)
        parts.append(network.synthesize(network.repeated(w)).float().cpu().numpy())
    return np.concatenate(parts)


def sheet(pictures: Array) -> Array:
    """Lay pictures (N, y, x) out in rows of `SHEET_SIDE`: (Y, X)."""
    count, height, width = pictures.shape
    rows = count // SHEET_SIDE
    laid = pictures.reshape(rows, SHEET_SIDE, height, width).transpose(0, 2, 1, 3)
    return laid.reshape(rows * height, SHEET_SIDE * width)
