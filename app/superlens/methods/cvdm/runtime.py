"""CVDM as the engine calls it: train, load, and samples of whole images."""

from typing import Any

import numpy as np
import torch

from superlens.core.errors import CorruptModel
from superlens.core.method import (
    Array,
    ImageJob,
    Precision,
    RegionReader,
    RegionSink,
    Restoration,
    Run,
    TileNeeds,
    TrainingData,
    Weights,
)
from superlens.methods.cvdm.architecture import read_architecture
from superlens.methods.cvdm.beginning import PART
from superlens.methods.cvdm.canvas import sample_image
from superlens.methods.cvdm.diffusion import Diffusion
from superlens.methods.cvdm.parameters import CvdmRestoreParams, CvdmTrainParams
from superlens.methods.cvdm.pieces import ArrayReader, ArraySink
from superlens.methods.cvdm.training import Training
from superlens.methods.cvdm.units import enlarged_window, picture_of
from superlens.methods.nets.placement import placed

_BYTES = 4
_TENSORS_AT_ONCE = 10
"""Of the finest level that are in memory at a time."""


class Cvdm:
    """The method: stateless, so that one object serves all jobs. It samples whole images."""

    hint_label = "Where the schedule expects difficulty (qualitative)"

    def train(self, data: TrainingData, params: CvdmTrainParams, run: Run) -> Weights:
        """Train noise network and schedule together; see `Training`."""
        return Training(data, params, run).run()

    def load(
        self, weights: Weights, device: str, precision: Precision = Precision.FP32
    ) -> Diffusion:
        """Build the networks that the weights fit.

        Raises:
            CorruptModel: tensors are missing, too many, or of another shape than the card says.
        """
        shape = read_architecture(weights.architecture)
        tensors = {
            name: torch.from_numpy(np.asarray(value)).float()
            for name, value in weights.parts.get(PART, {}).items()
        }
        try:
            network = Diffusion(shape, is_mixed=precision is Precision.BF16)
            network.load_state_dict(tensors)
        except (RuntimeError, ValueError) as error:
            raise CorruptModel(
                "The weights of this model do not fit the network that its card describes",
                "Install the model again",
                str(error),
            ) from error
        network.requires_grad_(False)
        return placed(network, device).eval()

    def tile_needs(self, network: Diffusion) -> TileNeeds:
        """Give what keeps tiles equal to the whole image, and the memory that a pixel takes."""
        shape = network.shape
        folded = (shape.scale / shape.fold) ** 2
        return TileNeeds(
            multiple=-(-shape.lattice // shape.scale),
            halo=-(-shape.reach // shape.scale),
            bytes_per_px=_TENSORS_AT_ONCE * _BYTES * shape.width * folded,
        )

    def restore(
        self, network: Diffusion, tile: Array, params: CvdmRestoreParams, run: Run
    ) -> Restoration:
        """Give the first sample of one tile (C, y, x); means are made of `sample_image`."""
        return Restoration(self.sample(network, tile, 0, params, run))

    def sample(
        self, network: Diffusion, tile: Array, index: int, params: CvdmRestoreParams, run: Run
    ) -> Array:
        """Give sample `index` of one tile, taken as a whole image.

        Raises:
            JobCancelled: the user asked to stop; asked at every step, and by the engine at every
                layer.
        """
        channels, height, width = tile.shape
        scale = network.shape.scale
        samples = range(index, index + 1)
        sink = ArraySink(samples, (channels, height * scale, width * scale))
        job = ImageJob(samples, 2 * max(height, width), params)
        sample_image(network, ArrayReader(tile), sink, job, run)
        return sink.images[0]

    def sample_image(
        self, network: Any, reader: RegionReader, sink: RegionSink, job: ImageJob, run: Run
    ) -> None:
        """Put the wanted samples of one image into the sink."""
        sample_image(network, reader, sink, job, run)

    @torch.inference_mode()
    def hint(self, network: Any, tile: Array, params: CvdmRestoreParams, run: Run) -> Array:
        """Give the schedule's rate lambda(x) of a tile: larger where more is uncertain.

        Monotone in the posterior variance for what it was trained on, never calibrated: the spread
        of the samples is the uncertainty. 1 everywhere where the schedule is fixed.

        Returns:
            (C, y * scale, x * scale).
        """
        run.check()
        height, width = tile.shape[1:]
        shape = network.shape
        multiple = self.tile_needs(network).multiple
        sides = [-(-side // multiple) * multiple for side in (height, width)]
        enlarged = enlarged_window(ArrayReader(tile), (0, 0), tuple(sides), shape.scale)
        rate = network.schedule.rate(picture_of(enlarged.to(run.device)))
        return rate[0, :, : height * shape.scale, : width * shape.scale].cpu().numpy()
