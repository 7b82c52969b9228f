"""What can be set when a flow is trained, and the presets. Torch-free."""

from dataclasses import dataclass

from superlens.core.parameters import parameter


@dataclass(frozen=True, slots=True)
class FlowTrainParams:
    """Size of the flow, and the course of its training on fresh style vectors."""

    blocks: int = parameter(
        5, "Blocks", "Autoregressive blocks one behind another.", low=1, high=20
    )
    hidden: int = parameter(
        1024, "Hidden width", "Width of the hidden layers of a block.", low=4, high=8192
    )
    hidden_layers: int = parameter(2, "Hidden layers", "Of each block.", low=1, high=4)
    steps: int = parameter(6000, "Steps", "Length of the training.", low=1, high=1_000_000)
    batch: int = parameter(512, "Batch", "Style vectors per step.", low=8, high=65536)
    learning_rate: float = parameter(
        1e-3, "Learning rate", "Step size, which falls to 0 as a cosine.", low=1e-6, high=0.1
    )
    weight_decay: float = parameter(
        1e-6, "Weight decay", "Pull of the weights to 0.", low=0.0, high=0.1, advanced=True
    )
    clip_norm: float = parameter(
        5.0, "Gradient limit", "Longer gradients are shortened.", low=1e-3, high=1e6, advanced=True
    )
    jitter: float = parameter(
        0.0,
        "Jitter",
        "Spread of noise added to whitened style vectors, which lie on a thin sheet.",
        low=0.0,
        high=0.05,
        advanced=True,
    )
    whitening_count: int = parameter(
        100_000,
        "Whitening sample",
        "Style vectors that mean and covariance are measured on.",
        low=100,
        high=10_000_000,
        advanced=True,
    )
    held_out: int = parameter(
        5000,
        "Held-out sample",
        "Style vectors to validate on.",
        low=10,
        high=1_000_000,
        advanced=True,
    )
    validate_every: int = parameter(
        250,
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


PAPER = FlowTrainParams()
"""Five blocks of hidden width 1024, as published."""

SMALL = FlowTrainParams(hidden=256, hidden_layers=1, steps=3000, whitening_count=60_000)
"""For style vectors of 64 to 256 numbers."""

CI = FlowTrainParams(
    hidden=128, hidden_layers=1, steps=1500, batch=256, whitening_count=20_000, held_out=2000
)
"""For style vectors of 32 numbers: a minute on a processor."""

PRESETS = {"ci": CI, "small": SMALL, "paper": PAPER}
"""Name to parameters."""
