"""What a training begins with: the shape of its generator and its first weights."""

import math
from dataclasses import replace

import numpy as np
import torch

from superlens.core.errors import InvalidInput
from superlens.core.method import Batch, Run, TrainingData
from superlens.methods.pix2pix.generator import (
    FEWEST_LEVELS,
    MOST_LEVELS,
    Architecture,
    Generator,
)
from superlens.methods.pix2pix.parameters import Output, Pix2PixTrainParams

PART = "generator"
_BOTTOM_LEVELS = 2
"""Halvings left out by automatic levels: 4 x 4 pixels of a patch stay at the bottom of the U."""
_MARGIN = 0.1
"""Room beyond the darkest and brightest truth, as part of their distance, where a tanh bounds."""


def first_network(data: TrainingData, params: Pix2PixTrainParams, run: Run) -> Generator:
    """Give a generator with its first weights: random ones, or those of the model to start from.

    Raises:
        InvalidInput: the model to start from is of another shape than the recipe asks for.
    """
    architecture = _architecture(data, params, run)
    base = run.base()
    if base is None:
        network = Generator(architecture)
        network.initialise(torch.Generator().manual_seed(run.seed))
        return network
    if base.parts.keys() != {PART}:
        raise InvalidInput("The model to start from is not a Pix2Pix model", "Choose another base")
    # Its weights know their own range: that stays.
    own = {name: base.architecture.get(name) for name in ("black", "white")}
    wanted = {**architecture.plain(), **own}
    differing = [name for name, value in wanted.items() if base.architecture.get(name) != value]
    if differing:
        theirs = ", ".join(f"{name} {base.architecture.get(name)}" for name in differing)
        ours = ", ".join(f"{name} {wanted[name]}" for name in differing)
        raise InvalidInput(
            f"The model to start from has {theirs}; the recipe asks for {ours}",
            "Set the recipe to the shape of the model, or choose another one to start from",
        )
    network = Generator(replace(architecture, **own))
    tensors = {name: torch.from_numpy(value).float() for name, value in base.parts[PART].items()}
    network.load_state_dict(tensors)
    return network


def automatic_levels(side: int) -> int:
    """Give the levels of a U for patches of a side on the enlarged grid."""
    return min(max(int(math.log2(max(side, 1))) - _BOTTOM_LEVELS, FEWEST_LEVELS), MOST_LEVELS)


def _architecture(data: TrainingData, params: Pix2PixTrainParams, run: Run) -> Architecture:
    known = (*data.validation(), data.batch(0, params.batch))
    levels = params.levels or automatic_levels(params.patch * data.scale)
    plain = Architecture(
        scale=data.scale,
        channels=known[-1].low.shape[1],
        levels=levels,
        features=params.features,
        has_dropout=params.dropout,
    )
    return plain if params.output is Output.LINEAR else _bounded(plain, known, run)


def _bounded(architecture: Architecture, known: tuple[Batch, ...], run: Run) -> Architecture:
    """Put the ends of a tanh beyond every truth that can be seen before the training begins."""
    truths = [batch.high[np.isfinite(batch.high)] for batch in known]
    darkest = min(float(truth.min(initial=np.inf)) for truth in truths)
    brightest = max(float(truth.max(initial=-np.inf)) for truth in truths)
    if not darkest < brightest:
        raise InvalidInput(
            "The truth of the first training pairs is flat or not finite, so that no range of "
            "answers can be set",
            "Look at the pairs, or set `output` to linear",
        )
    room = _MARGIN * (brightest - darkest)
    black, white = darkest - room, brightest + room
    run.note(
        f"Answers lie between {black:.3g} and {white:.3g}, where 0 and 1 are the low and the high "
        "percentile of an image; brighter and darker truth cannot be answered"
    )
    return replace(architecture, is_bounded=True, black=black, white=white)
