"""RESRGAN as the engine calls it: train, load, restore, and one sample per flip or rotation."""

from typing import Any

import torch

from superlens.core.errors import CorruptModel, InvalidParameter
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
from superlens.methods.resrgan.fast_generator import FastGenerator
from superlens.methods.resrgan.generator import Architecture, Generator
from superlens.methods.resrgan.interpolation import InterpolatedGenerator
from superlens.methods.resrgan.parameters import ResrganRestoreParams, ResrganTrainParams
from superlens.methods.resrgan.spec import RESRGAN
from superlens.methods.resrgan.training import Training

PART = "generator"
FIDELITY_PART = "fidelity"

Loaded = FastGenerator | InterpolatedGenerator
"""What `load` gives."""
_DTYPES = {Precision.FP32: torch.float32, Precision.BF16: torch.bfloat16}


class Resrgan:
    """The method: stateless, so that one object serves all jobs."""

    def train(self, data: TrainingData, params: ResrganTrainParams, run: Run) -> Weights:
        """Train the generator for fidelity, realism or both; see `Training`."""
        return Training(data, params, run).run()

    def load(self, weights: Weights, device: str, precision: Precision = Precision.FP32) -> Loaded:
        """Build the generator that the weights fit, with both of its ends where there are two.

        Raises:
            CorruptModel: tensors are missing, too many, or of another shape than the card says.
        """
        dtype = _DTYPES[precision]
        network = FastGenerator(_filled(weights, PART), device, dtype).eval()
        if FIDELITY_PART not in weights.parts:
            return network
        faithful = FastGenerator(_filled(weights, FIDELITY_PART), device, dtype)
        return InterpolatedGenerator(network, faithful).eval()

    def tile_needs(self, network: Loaded) -> TileNeeds:
        """Give what the method needs, and the memory that this network takes."""
        one = network.generator if isinstance(network, InterpolatedGenerator) else network
        assert isinstance(one, FastGenerator)
        return TileNeeds(RESRGAN.multiple, RESRGAN.halo, one.bytes_per_px)

    def restore(
        self, network: Loaded, tile: Array, params: ResrganRestoreParams | None, run: Run
    ) -> Restoration:
        """Give the network's answer for one tile (C, y, x)."""
        return Restoration(self.sample(network, tile, 0, params, run))

    def sample(
        self,
        network: Loaded,
        tile: Array,
        index: int,
        params: ResrganRestoreParams | None,
        run: Run,
    ) -> Array:
        """Give the answer to the tile in one of eight poses, turned back; index 0 is as it is.

        Raises:
            InvalidParameter: an index outside 0..7, or a model without a choice of realism.
            JobCancelled: the user asked to stop; the engine asks again at every layer.
        """
        run.check()
        _set_realism(network, params)
        return posed_answer(network, tile, index)


def _filled(weights: Weights, part: str) -> Generator:
    network = Generator(_architecture(weights))
    tensors = {name: torch.from_numpy(value).float() for name, value in weights.parts[part].items()}
    try:
        network.load_state_dict(tensors)
    except RuntimeError as error:
        raise CorruptModel(
            "The weights of this model do not fit the network that its card describes",
            "Install the model again",
            str(error),
        ) from error
    network.requires_grad_(False)
    return network


def _set_realism(network: Loaded, params: ResrganRestoreParams | None) -> None:
    realism = 1.0 if params is None else params.realism
    if isinstance(network, InterpolatedGenerator):
        network.set_realism(realism)
    elif realism != 1.0:
        raise InvalidParameter(
            f"This model offers no choice between fidelity and realism; {realism:g} was asked for",
            "Leave `realism` at 1, or choose a model that was trained in both phases",
        )


def _architecture(weights: Weights) -> Architecture:
    known = weights.architecture
    try:
        return Architecture(
            scale=int(_number(known["scale"])),
            channels=int(_number(known["channels"])),
            blocks=int(_number(known["blocks"])),
            features=int(_number(known["features"])),
            growth=int(_number(known["growth"])),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise CorruptModel(
            "The card of this model does not describe its network",
            "Install the model again",
            f"architecture: {known!r}",
        ) from error


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"{value!r} is not a number")
    return value
