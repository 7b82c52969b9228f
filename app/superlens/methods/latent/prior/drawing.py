"""Random numbers of a training: a function of the seed, the step, its phase and the part alone."""

from enum import IntEnum

import numpy as np
import torch

_DOMAIN = 0x7072696F


class Phase(IntEnum):
    """What a step does, in order."""

    PLEASE = 0
    STRAIGHTEN = 1
    DISCERN = 2
    CALM = 3
    POSE = 4
    SHEET = 5
    VALIDATE = 6
    START = 7


def drawing(seed: int, step: int, phase: Phase, part: int = 0) -> torch.Generator:
    """Give a generator of the CPU for one phase of a step, from picture `part` of its batch on."""
    sequence = np.random.SeedSequence(seed, spawn_key=(_DOMAIN, step, int(phase), part))
    return torch.Generator().manual_seed(int(sequence.generate_state(1, np.uint64)[0] >> 1))
