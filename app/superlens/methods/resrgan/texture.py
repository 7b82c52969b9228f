"""How real restored pictures look: texture against training patches, features against the truth.

Both measures are of whole sets of pictures, so that a few small patches still give a steady number.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from torch import nn

from superlens.core.errors import InvalidInput
from superlens.core.method import Run, TrainingData
from superlens.quality.frechet import frechet_distance
from superlens.quality.niqe import BLOCK, NiqeModel, fit_niqe, niqe

Pictures = Sequence[NDArray[np.float32]]

MICROFEAT = "microfeat"
DATASET = "training patches"
FIT_PATCHES = 512
"""Training patches that the texture is learnt from."""
_SMALLEST_BLOCK = 16


@dataclass(frozen=True, slots=True)
class Perception:
    """What is known of a set of restored pictures; None: not measured, or undefined."""

    niqe: float | None
    frechet: float | None


class TextureJudge:
    """Compares sets of pictures by texture (NIQE-fit) and by features (FD-µ), where it can."""

    def __init__(self, data: TrainingData, batch: int, truth: Pictures, run: Run) -> None:
        """Learn how real pictures look.

        Args:
            data: whose first high-resolution training patches set the texture.
            batch: patches per step of the training.
            truth: the high-resolution validation pictures, (y, x) each.
            run: gives the feature network where one is installed; hears what is not measured.
        """
        self._model = _texture_model(data, batch, run)
        if self._model is not None and self._niqe(truth) is None:
            run.note("The validation pictures are too few or too even for NIQE; it is not measured")
            self._model = None
        self._network = _feature_network(run)
        self._truth: NDArray[np.float64] | None = None
        if self._network is not None:
            self._truth = self._features(self._network, truth)
            if len(self._truth) < 2:
                run.note("The validation pictures are too small for FD-µ; it is not measured")
                self._network = None

    @property
    def niqe_name(self) -> str:
        """The only name under which the texture may be shown; empty where it is not measured."""
        return "" if self._model is None else self._model.name

    def judge(self, pictures: Pictures) -> Perception:
        """Measure restored validation pictures, in the order of the truth."""
        return Perception(self._niqe(pictures), self._frechet(pictures))

    def _niqe(self, pictures: Pictures) -> float | None:
        model = self._model
        return None if model is None else niqe(mosaic(pictures, model.block), model)

    def _frechet(self, pictures: Pictures) -> float | None:
        if self._network is None or self._truth is None:
            return None
        return frechet_distance(self._features(self._network, pictures), self._truth)

    def _features(self, network: nn.Module, pictures: Pictures) -> NDArray[np.float64]:
        from superlens.quality.deep.microfeat import features, patches_of

        return features(network, np.concatenate([patches_of(one) for one in pictures]))


def mosaic(pictures: Pictures, block: int) -> NDArray[np.float32]:
    """Lay whole blocks of pictures side by side, so that block statistics see all of them at once.

    Args:
        pictures: (y, x) each, at least one block large.
        block: side of a block; what is left over at the far edges is left out.
    """
    cut: list[NDArray[np.float32]] = []
    for one in pictures:
        rows, columns = one.shape[0] // block, one.shape[1] // block
        cells = one[: rows * block, : columns * block].reshape(rows, block, columns, block)
        cut += list(cells.swapaxes(1, 2).reshape(-1, block, block))
    side = int(np.ceil(np.sqrt(len(cut))))
    cut += [np.zeros((block, block), np.float32)] * (-len(cut) % side)
    return np.block([cut[start : start + side] for start in range(0, len(cut), side)])


def _texture_model(data: TrainingData, batch: int, run: Run) -> NiqeModel | None:
    first = data.batch(0, batch).high
    block = min(BLOCK, min(first.shape[-2:]) // 2 * 2)
    if block < _SMALLEST_BLOCK:
        run.note(f"Patches of {block} pixels are too small for NIQE; it is not measured")
        return None
    sheets = [mosaic(list(first[:, 0]), block)]
    for step in range(1, max(2, FIT_PATCHES // batch)):
        run.check()
        sheets.append(mosaic(list(data.batch(step, batch).high[:, 0]), block))
    try:
        return fit_niqe(sheets, DATASET, block)
    except InvalidInput as error:
        run.note(f"NIQE is not measured: {error.title}")
        return None


def _feature_network(run: Run) -> nn.Module | None:
    weights = run.feature_weights(MICROFEAT)
    if weights is None:
        run.note(
            "FD-µ is not measured, because the feature network is not installed: texture "
            "(NIQE-fit) alone decides between candidates"
        )
        return None
    from superlens.quality.deep.microfeat import load_microfeat

    return load_microfeat(weights).to(run.device)
