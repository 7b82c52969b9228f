"""What can be set when training and restoring with Pix2Pix, and the presets. Torch-free."""

from dataclasses import dataclass
from enum import StrEnum

from superlens.core.parameters import parameter


class Output(StrEnum):
    """How the network ends."""

    LINEAR = "linear"
    """Any value can be answered: -1 and +1 are the low and high percentile of the image."""
    TANH = "tanh"
    """As published: nothing beyond the darkest and brightest truth of the training is answered."""


@dataclass(frozen=True, slots=True)
class Pix2PixTrainParams:
    """Size of the two networks, and the course of their training against each other.

    Learning and restoring see the same network: when the learning rate begins to fall, its
    normalisation settles on the averages it has gathered, so that tiles agree.
    """

    levels: int | None = parameter(
        None,
        "Levels",
        "How often the U halves the picture; automatic leaves 4 x 4 pixels of a patch at the "
        "bottom, so that images larger than a patch are no news to it.",
        low=2,
        high=8,
    )
    features: int = parameter(64, "Features", "Width of the first level of the U.", low=2, high=256)
    discriminator_features: int = parameter(
        64,
        "Discriminator width",
        "Width of the first layer of the discriminator.",
        low=2,
        high=256,
        advanced=True,
    )
    output: Output = parameter(
        Output.LINEAR,
        "Output",
        "Whether any value can be answered, or, as published, only those between two bounds.",
        advanced=True,
    )
    dropout: bool = parameter(
        False,
        "Dropout",
        "Whether deep U's drop half of the values of their deep levels while they learn.",
        advanced=True,
    )
    patch: int = parameter(
        64,
        "Patch",
        "Side of the training patches: 128 divided by the scale is what was published.",
        unit="low-resolution px",
        low=4,
        high=512,
    )
    batch: int = parameter(
        16, "Batch", "Patches per step; less needs less memory.", low=1, high=256
    )
    iterations: int = parameter(20_000, "Steps", "Length of the training.", low=1, high=10_000_000)
    learning_rate: float = parameter(
        2e-4, "Learning rate", "Step size until it begins to fall.", low=1e-7, high=1e-2
    )
    falling_share: float = parameter(
        0.5,
        "Falling part",
        "Part of the training, at its end, in which the learning rate falls to 0 and the "
        "normalisation stays as it is.",
        low=0.1,
        high=1.0,
        advanced=True,
    )
    l1_weight: float = parameter(
        100.0,
        "Weight of L1",
        "Weight of the error of each pixel, beside the discriminator's 1.",
        low=0.0,
        high=1e6,
    )
    gan_weight: float = parameter(
        1.0,
        "Weight of the discriminator",
        "More looks more real and invents more; 0 trains for fidelity alone.",
        low=0.0,
        high=1e4,
    )
    ema_decay: float = parameter(
        0.999,
        "Averaging",
        "Decay of the average of the weights that is kept as the model; 0 keeps the last ones.",
        low=0.0,
        high=0.999999,
        advanced=True,
    )
    augment: bool = parameter(
        True, "Flips and rotations", "Whether each patch is shown in a random one of eight poses."
    )
    mixed_precision: bool = parameter(
        False,
        "Mixed precision",
        "Compute convolutions in bfloat16: faster where the processor knows it.",
        advanced=True,
    )
    validate_every: int = parameter(
        500,
        "Validation",
        "Steps between two validations.",
        unit="steps",
        low=1,
        high=100_000,
        advanced=True,
    )
    checkpoint_every: int = parameter(
        500,
        "Checkpoints",
        "Steps between two states from which training can resume.",
        unit="steps",
        low=1,
        high=100_000,
        advanced=True,
    )


@dataclass(frozen=True, slots=True)
class Pix2PixRestoreParams:
    """Restoring has nothing to set: the network gives one answer."""


SR = Pix2PixTrainParams()
"""For super-resolution: no dropout, flips and rotations alone, 16 patches a step, any value can be
answered."""

CANONICAL = Pix2PixTrainParams(
    levels=7,
    output=Output.TANH,
    dropout=True,
    batch=1,
    iterations=200_000,
    ema_decay=0.0,
    augment=False,
)
"""As published for pictures of 128 pixels (`patch` times the scale): seven levels, tanh, dropout,
one pair a step, 100 epochs and 100 more of a falling rate (here of 1,000 pairs).

Two things differ, so that one image has one answer whatever its tiles: dropout is off and the
normalisation fixed when restoring. The deepest levels have never seen neighbours: images much
larger than a patch are better served by `sr`.
"""

CPU = Pix2PixTrainParams(
    features=32,
    discriminator_features=32,
    batch=8,
    iterations=8_000,
    mixed_precision=True,
)
"""Trains on the processor of a laptop in about an hour."""

CPU_TOY = Pix2PixTrainParams(
    features=8,
    discriminator_features=8,
    patch=16,
    batch=4,
    iterations=200,
    learning_rate=1e-3,
    ema_decay=0.9,
    validate_every=100,
    checkpoint_every=100,
)
"""Small enough for a test: shows that everything works, restores nothing well."""

PRESETS = {"sr": SR, "canonical": CANONICAL, "cpu": CPU, "cpu_toy": CPU_TOY}
"""Name to parameters; `sr` is what is trained by default."""
