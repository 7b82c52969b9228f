"""What can be set when training and restoring with RESRGAN, and the presets. Torch-free."""

from dataclasses import dataclass

from superlens.core.parameters import parameter


@dataclass(frozen=True, slots=True)
class ResrganTrainParams:
    """Size of the network and course of its training for fidelity (L1 phase)."""

    blocks: int = parameter(
        23, "Blocks", "Dense blocks in the trunk: more see further and cost more.", low=1, high=64
    )
    features: int = parameter(
        64, "Features", "Width of the network.", low=8, high=256, advanced=True
    )
    growth: int = parameter(
        32, "Growth", "Maps that each layer of a dense block adds.", low=4, high=128, advanced=True
    )
    patch: int = parameter(
        64,
        "Patch",
        "Side of the training patches; large enough for the largest structure.",
        unit="low-resolution px",
        low=16,
        high=512,
    )
    batch: int = parameter(
        16, "Batch", "Patches per step; less needs less memory.", low=1, high=256
    )
    iterations: int = parameter(10_000, "Steps", "Length of the training.", low=1, high=10_000_000)
    learning_rate: float = parameter(
        2e-4, "Learning rate", "Largest step size, after the warm-up.", low=1e-7, high=1e-2
    )
    warmup: int = parameter(
        500,
        "Warm-up",
        "Steps over which the learning rate rises.",
        low=0,
        high=100_000,
        advanced=True,
    )
    ema_decay: float = parameter(
        0.999,
        "Averaging",
        "Decay of the average of the weights that is kept as the model.",
        low=0.0,
        high=0.999999,
        advanced=True,
    )
    clip_norm: float = parameter(
        1.0,
        "Gradient limit",
        "Norm to which large gradients are shortened.",
        low=1e-3,
        high=1e6,
        advanced=True,
    )
    augment: bool = parameter(
        True, "Flips and rotations", "Whether each patch is shown in a random one of eight poses."
    )
    mixed_precision: bool = parameter(
        False,
        "Mixed precision",
        "Compute convolutions in bfloat16: about twice as fast where the processor knows it.",
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
class ResrganRestoreParams:
    """Restoring has nothing to set: the network gives one answer."""


CPU_TOY = ResrganTrainParams(
    blocks=2,
    features=16,
    growth=8,
    patch=32,
    batch=4,
    iterations=200,
    learning_rate=1e-3,
    warmup=10,
    validate_every=100,
    checkpoint_every=100,
)
"""Small enough for a test: shows that everything works, restores nothing well."""

SMALL = ResrganTrainParams(
    blocks=4,
    features=32,
    growth=16,
    patch=48,
    batch=8,
    iterations=8_000,
    learning_rate=7e-4,
    warmup=300,
    mixed_precision=True,
    validate_every=500,
    checkpoint_every=500,
)
"""Trains on the processor of a laptop in about an hour."""

PRESETS = {"cpu_toy": CPU_TOY, "small": SMALL, "full": ResrganTrainParams()}
"""Name to parameters; `full` is the published size of the network."""
