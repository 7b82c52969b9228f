"""What can be set when training and sampling with CVDM, and the presets. Torch-free."""

from dataclasses import dataclass
from enum import StrEnum

from superlens.core.parameters import parameter


class Mode(StrEnum):
    """Where the noise schedule comes from."""

    CONSISTENT = "consistent"
    """Learnt; the noise rate is the derivative of the schedule that the network sees."""
    PAPER = "paper"
    """Learnt as published: rate and schedule are two networks, tied by a loss alone."""
    FIXED_LINEAR = "fixed_linear"
    """Not learnt: gamma = 1 - t, for comparison."""
    FIXED_COSINE = "fixed_cosine"
    """Not learnt: gamma = cos(pi t / 2) squared, for comparison."""


class Prediction(StrEnum):
    """What the network answers."""

    VELOCITY = "velocity"
    """sqrt(gamma) eps - sqrt(1 - gamma) y: as exact at the noisy end as at the clean one."""
    NOISE = "noise"
    """eps, as published."""


class Sampler(StrEnum):
    """How samples are drawn."""

    CALIBRATED = "calibrated"
    """Evenly in log-SNR, with the geometric mean of the two usual variances."""
    ANCESTRAL = "ancestral"
    """As published: along the schedule of the model, evenly in time."""


STEPS = {Sampler.CALIBRATED: 30, Sampler.ANCESTRAL: 200}
"""Steps of a sample where they are automatic."""


@dataclass(frozen=True, slots=True)
class CvdmTrainParams:
    """Size of the networks, what the schedule is, and the course of the training."""

    mode: Mode = parameter(
        Mode.CONSISTENT,
        "Schedule",
        "Learnt consistently, learnt as published, or one of two fixed ones for comparison.",
    )
    prediction: Prediction = parameter(
        Prediction.VELOCITY,
        "Prediction",
        "What the network answers: a mixture that is exact at every noise level, or, as published, "
        "the noise.",
        advanced=True,
    )
    residual: bool = parameter(
        True,
        "Residual",
        "Whether the difference to the enlarged image is sampled instead of the image itself.",
        advanced=True,
    )
    zero_mean: bool = parameter(
        False,
        "Zero-mean option",
        "Whether a second network gives the mean and only what is left of it is sampled.",
        advanced=True,
    )
    doubt: bool = parameter(
        True,
        "Doubt",
        "Whether the network also learns how far off it is, pixel by pixel and level by level, so "
        "that few steps add as much noise as many would.",
        advanced=True,
    )
    width: int = parameter(32, "Width", "Features at the finest level.", low=4, high=256)
    levels: int = parameter(3, "Levels", "Levels of resolution of the U-Net.", low=1, high=5)
    blocks: int = parameter(
        1, "Blocks", "Residual blocks at each level, on the way down and up.", low=1, high=4
    )
    fold: int = parameter(
        2,
        "Folding",
        "Squares of so many pixels a side are worked on as one pixel with more channels: 2 is four "
        "times as fast as 1.",
        low=1,
        high=4,
    )
    rate_width: int = parameter(
        8,
        "Width of the schedule network",
        "Features of the small network that decides how early each pixel is drowned in noise.",
        low=2,
        high=128,
        advanced=True,
    )
    patch: int = parameter(
        32, "Patch", "Side of the training patches.", unit="low-resolution px", low=4, high=512
    )
    batch: int = parameter(8, "Batch", "Patches per step; less needs less memory.", low=1, high=256)
    iterations: int = parameter(20_000, "Steps", "Length of the training.", low=1, high=10_000_000)
    learning_rate: float = parameter(
        5e-4, "Learning rate", "Highest step size of the cosine schedule.", low=1e-7, high=1e-2
    )
    warmup: int = parameter(
        200,
        "Warm-up",
        "Steps over which the learning rate rises.",
        low=0,
        high=100_000,
        advanced=True,
    )
    alpha: float = parameter(
        1e-3,
        "Alpha",
        "Weight of the curvature of the schedule; more is closer to a straight line.",
        low=0.0,
        high=10.0,
        advanced=True,
    )
    snr_terms: int = parameter(
        1,
        "Terms of the curvature",
        "How many powers of gamma stand for the signal-to-noise ratio in the curvature.",
        low=1,
        high=10,
        advanced=True,
    )
    time_steps: int = parameter(
        200,
        "Ends of the schedule",
        "The schedule is held at 1 and 0 at one part in so many from its ends.",
        low=10,
        high=10_000,
        advanced=True,
    )
    aux_weight: float = parameter(
        1.0,
        "Weight of all noise levels",
        "Weight of the error at noise levels drawn evenly in log-SNR, whatever the schedule: the "
        "calibrated sampler needs it. 0 is as published.",
        low=0.0,
        high=100.0,
    )
    ema_decay: float = parameter(
        0.999,
        "Averaging",
        "Decay of the average of the weights that is kept as the model; 0 keeps the last ones.",
        low=0.0,
        high=0.999999,
        advanced=True,
    )
    clip_norm: float = parameter(
        1.0,
        "Gradient limit",
        "Longer gradients are shortened to this.",
        low=1e-3,
        high=1e9,
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
    sample_every: int = parameter(
        2500,
        "Validation by samples",
        "Steps between two validations that draw samples, which takes longer.",
        unit="steps",
        low=1,
        high=1_000_000,
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
class CvdmRestoreParams:
    """How samples are drawn."""

    sampler: Sampler = parameter(
        Sampler.CALIBRATED,
        "Sampler",
        "The one whose spread can be trusted in few steps, or the published one.",
    )
    steps: int | None = parameter(
        None,
        "Steps",
        "Evaluations of the network per sample; automatic is 30, and 200 for the published "
        "sampler.",
        low=2,
        high=2000,
    )

    @property
    def step_count(self) -> int:
        """Steps of a sample."""
        return STEPS[self.sampler] if self.steps is None else self.steps


STANDARD = CvdmTrainParams(
    width=64,
    levels=4,
    blocks=2,
    rate_width=16,
    patch=64,
    batch=16,
    iterations=200_000,
    learning_rate=2e-4,
    warmup=1000,
    ema_decay=0.9999,
    mixed_precision=True,
    validate_every=1000,
    sample_every=10_000,
    checkpoint_every=1000,
)
"""For a graphics processor, some hours."""

PAPER = CvdmTrainParams(
    mode=Mode.PAPER,
    prediction=Prediction.NOISE,
    doubt=False,
    width=64,
    levels=5,
    blocks=3,
    fold=1,
    rate_width=32,
    patch=128,
    batch=2,
    iterations=500_000,
    learning_rate=1e-4,
    warmup=0,
    aux_weight=0.0,
    ema_decay=0.0,
    clip_norm=1e9,
    validate_every=5000,
    sample_every=50_000,
    checkpoint_every=5000,
)
"""As published where the two publications say it: all losses, both schedule networks, no averaging.

What stays of this program: normalisation per pixel, so that tiles agree, and the residual in units
of its own spread.
"""

CPU = CvdmTrainParams(mixed_precision=True)
"""Trains on the processor of a laptop in an hour or two."""

CI = CvdmTrainParams(
    width=8,
    levels=2,
    rate_width=4,
    patch=16,
    batch=4,
    iterations=200,
    learning_rate=2e-3,
    warmup=0,
    ema_decay=0.9,
    validate_every=100,
    sample_every=200,
    checkpoint_every=100,
)
"""Small enough for a test: shows that everything works, restores nothing well."""

PRESETS = {"standard": STANDARD, "cpu": CPU, "paper": PAPER, "ci": CI}
"""Name to parameters; `standard` is what is trained where there is a graphics processor."""
