"""What a training begins with: the units of what is sampled, and the first weights."""

from dataclasses import replace

import numpy as np
import torch

from superlens.core.errors import InvalidInput
from superlens.core.method import Run, TrainingData
from superlens.methods.cvdm.architecture import Architecture, requested
from superlens.methods.cvdm.diffusion import Diffusion
from superlens.methods.cvdm.parameters import CvdmTrainParams
from superlens.methods.cvdm.units import enlarged_patch, target_of

PART = "diffusion"
_MEASURED = 64
"""Patches over which the spread of what is sampled is measured."""
_UNITS = ("target_offset", "target_std")
_FREE = (*_UNITS, "doubt")
"""What a model to start from may have otherwise."""
_DOUBT = "denoiser.doubt."


def first_network(data: TrainingData, params: CvdmTrainParams, run: Run) -> Diffusion:
    """Give the networks with their first weights: random ones, or those of the model to start from.

    Raises:
        InvalidInput: there is nothing to learn in the pairs, or the model to start from is of
            another shape than the recipe asks for.
    """
    base = run.base()
    low = data.batch(0, params.batch).low
    shape = requested(params, data.scale, low.shape[1])
    _check_patch(shape, params)
    if base is None:
        shape = _in_units_of(data, shape, params, run)
        network = Diffusion(shape, is_mixed=params.mixed_precision)
        network.initialise(torch.Generator().manual_seed(run.seed))
        return network
    if base.parts.keys() != {PART}:
        raise InvalidInput("The model to start from is not a CVDM model", "Choose another base")
    # Its weights know their own units: those stay.
    known = base.architecture
    wanted = {name: value for name, value in shape.plain().items() if name not in _FREE}
    differing = [name for name, value in wanted.items() if known.get(name) != value]
    if differing:
        theirs = ", ".join(f"{name} {known.get(name)}" for name in differing)
        ours = ", ".join(f"{name} {wanted[name]}" for name in differing)
        raise InvalidInput(
            f"The model to start from has {theirs}; the recipe asks for {ours}",
            "Set the recipe to the shape of the model, or choose another one to start from",
        )
    units = {name: float(known[name] or 0.0) for name in _UNITS}
    network = Diffusion(replace(shape, **units), is_mixed=params.mixed_precision)
    network.initialise(torch.Generator().manual_seed(run.seed))
    tensors = {
        name: torch.from_numpy(value).float()
        for name, value in base.parts[PART].items()
        if shape.doubt or not name.startswith(_DOUBT)
    }
    # Doubt can be learnt later: it changes nothing of the rest.
    fresh = {n: v for n, v in network.state_dict().items() if n.startswith(_DOUBT)}
    network.load_state_dict({**fresh, **tensors})
    return network


def _check_patch(shape: Architecture, params: CvdmTrainParams) -> None:
    side = params.patch * shape.scale
    if side % shape.lattice:
        fitting = max(1, round(side / shape.lattice)) * shape.lattice
        raise InvalidInput(
            f"A patch of {params.patch} pixels ({side} enlarged) cannot be halved "
            f"{shape.levels - 1} times in squares of {shape.fold}",
            f"Set `patch` to {-(-fitting // shape.scale)}, or fewer `levels`",
        )


def _in_units_of(
    data: TrainingData, shape: Architecture, params: CvdmTrainParams, run: Run
) -> Architecture:
    """Measure mean and spread of what is sampled: differences to the enlarged image are small.

    In units of the image they would be drowned in noise at once.
    """
    batch = data.batch(0, max(_MEASURED, params.batch))
    low, high = torch.from_numpy(batch.low), torch.from_numpy(batch.high)
    found = target_of(enlarged_patch(low, shape.scale), high, shape).numpy()
    known = found[np.isfinite(found)].astype(np.float64)
    spread = float(known.std()) if known.size else 0.0
    if not spread > 0:
        raise InvalidInput(
            "The truth of the first training pairs does not differ from the enlarged images",
            "Look at the pairs, or set `residual` to false",
        )
    # With the difference to the image a constant offset would not be what is learnt.
    offset = 0.0 if shape.residual else float(known.mean())
    run.note(f"Samples are drawn in units of {spread:.4g} of the normalised image")
    return replace(shape, target_offset=round(offset, 6), target_std=float(f"{spread:.6g}"))
