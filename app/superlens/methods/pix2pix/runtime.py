"""Pix2Pix as the engine calls it: train, load, restore, and one sample per flip or rotation."""

from typing import Any

import torch

from superlens.core.errors import CorruptModel
from superlens.core.method import (
    Array,
    Precision,
    Restoration,
    Run,
    TileNeeds,
    TrainingData,
    Weights,
)
from superlens.methods.nets.flip_ensemble import posed_answer
from superlens.methods.nets.placement import placed
from superlens.methods.pix2pix.beginning import PART
from superlens.methods.pix2pix.generator import Architecture, Generator
from superlens.methods.pix2pix.parameters import Pix2PixRestoreParams, Pix2PixTrainParams
from superlens.methods.pix2pix.training import Training


class Pix2Pix:
    """The method: stateless, so that one object serves all jobs."""

    def train(self, data: TrainingData, params: Pix2PixTrainParams, run: Run) -> Weights:
        """Train generator and discriminator against each other; see `Training`."""
        return Training(data, params, run).run()

    def load(
        self, weights: Weights, device: str, precision: Precision = Precision.FP32
    ) -> Generator:
        """Build the generator that the weights fit; it computes in float32 in any case.

        Raises:
            CorruptModel: tensors are missing, too many, or of another shape than the card says.
        """
        architecture = _architecture(weights)
        tensors = {
            name: torch.from_numpy(value).float()
            for name, value in weights.parts.get(PART, {}).items()
        }
        try:
            network = Generator(architecture)
            network.load_state_dict(tensors)
        except (RuntimeError, ValueError) as error:
            raise CorruptModel(
                "The weights of this model do not fit the network that its card describes",
                "Install the model again",
                str(error),
            ) from error
        network.requires_grad_(False)
        return placed(network, device).eval()

    def tile_needs(self, network: Generator) -> TileNeeds:
        """Give what keeps tiles equal to the whole image: the grid and reach of this network."""
        shape = network.architecture
        return TileNeeds(shape.multiple, shape.halo)

    def restore(
        self, network: Generator, tile: Array, params: Pix2PixRestoreParams, run: Run
    ) -> Restoration:
        """Give the network's answer for one tile (C, y, x)."""
        return Restoration(self.sample(network, tile, 0, params, run))

    def sample(
        self, network: Generator, tile: Array, index: int, params: Pix2PixRestoreParams, run: Run
    ) -> Array:
        """Give the answer to the tile in one of eight poses, turned back; index 0 is as it is.

        Raises:
            InvalidParameter: an index outside 0..7.
            JobCancelled: the user asked to stop; the engine asks again at every layer.
        """
        run.check()
        return posed_answer(network, tile, index)


def _architecture(weights: Weights) -> Architecture:
    known = weights.architecture
    try:
        values = {
            name: _as(type(usual), known[name]) for name, usual in Architecture().plain().items()
        }
    except (KeyError, TypeError, ValueError) as error:
        raise CorruptModel(
            "The card of this model does not describe its network",
            "Install the model again",
            f"architecture: {known!r}",
        ) from error
    return Architecture(**values)


def _as(kind: type, value: Any) -> Any:
    """Give a value of a kind; a number is never taken for a truth, nor a truth for a number."""
    if (kind is bool) != isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"{value!r} is not of type {kind.__name__}")
    return kind(value)
