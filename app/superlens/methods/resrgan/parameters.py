"""What can be set when training and restoring with RESRGAN, and the presets. Torch-free."""

import dataclasses
from dataclasses import dataclass
from enum import StrEnum

from superlens.core.parameters import parameter


class GanMode(StrEnum):
    """How the discriminator judges."""

    VANILLA = "vanilla"
    """Each picture alone, as Real-ESRGAN was published."""
    RELATIVISTIC = "relativistic"
    """Each picture against the average of the other kind, as ESRGAN was."""


class PerceptualTerm(StrEnum):
    """By which features restored pictures are compared with the truth."""

    AUTO = "auto"
    """VGG19 where its weights are installed, else feature matching."""
    VGG19 = "vgg19"
    FEATURE_MATCHING = "feature_matching"
    """Features of the own discriminator."""
    OFF = "off"


@dataclass(frozen=True, slots=True)
class ResrganTrainParams:
    """Size of the network, and its training: first for fidelity, then against a discriminator."""

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
    iterations: int = parameter(
        10_000,
        "Fidelity steps",
        "Length of the first phase, which learns the most faithful picture; 0 leaves it out.",
        low=0,
        high=10_000_000,
    )
    learning_rate: float = parameter(
        2e-4, "Learning rate", "Largest step size, after the warm-up.", low=1e-7, high=1e-2
    )
    gan_iterations: int = parameter(
        0,
        "Realism steps",
        "Length of the second phase, which learns to look real against a discriminator; "
        "0 leaves it out.",
        low=0,
        high=10_000_000,
    )
    gan_learning_rate: float = parameter(
        1e-4,
        "Learning rate, realism",
        "Largest step size of the second phase.",
        low=1e-7,
        high=1e-2,
    )
    discriminator_learning_rate: float = parameter(
        1e-4,
        "Learning rate, discriminator",
        "Largest step size of the discriminator.",
        low=1e-7,
        high=1e-2,
        advanced=True,
    )
    discriminator_features: int = parameter(
        64,
        "Discriminator width",
        "Width of the first layer of the discriminator; less is faster.",
        low=4,
        high=128,
        advanced=True,
    )
    gan_mode: GanMode = parameter(
        GanMode.VANILLA,
        "Discriminator",
        "Whether it judges each picture alone or against the average of the other kind.",
        advanced=True,
    )
    pixel_weight: float = parameter(
        1.0,
        "Weight of L1",
        "Weight of the pixel error in the second phase.",
        low=0.0,
        high=1e4,
        advanced=True,
    )
    perceptual: PerceptualTerm = parameter(
        PerceptualTerm.AUTO,
        "Perceptual term",
        "Features by which pictures are compared in the second phase; VGG19 needs its weights.",
        advanced=True,
    )
    perceptual_weight: float = parameter(
        1.0,
        "Weight of the perceptual term",
        "For feature matching relative to a pull as strong as that of the pixel error.",
        low=0.0,
        high=1e4,
        advanced=True,
    )
    gan_weight: float = parameter(
        0.1,
        "Weight of the discriminator",
        "More looks more real and invents more.",
        low=0.0,
        high=1e4,
        advanced=True,
    )
    sharpen_targets: bool = parameter(
        False,
        "Sharpen targets",
        "Unsharp masking of the truth as published; it changes intensities, so leave it off.",
        advanced=True,
    )
    warmup: int = parameter(
        500,
        "Warm-up",
        "Steps of each phase over which the learning rate rises.",
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
        "Norm to which large gradients are shortened; a million is as good as never.",
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
    recompute: bool = parameter(
        False,
        "Save memory",
        "Compute the dense blocks again for their gradients: a third slower, far less memory.",
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
    patience_its: int = parameter(
        0,
        "Patience",
        "A phase ends early when no validation was better for this many steps; 0 never ends early.",
        unit="steps",
        low=0,
        high=10_000_000,
        advanced=True,
    )
    min_its: int = parameter(
        0,
        "Shortest phase",
        "Steps before which no phase ends early.",
        unit="steps",
        low=0,
        high=10_000_000,
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
    """Where between its two phases a model answers."""

    realism: float = parameter(
        1.0,
        "Fidelity - realism",
        "0 is the most faithful picture, 1 the most real-looking one, which may invent detail; "
        "only models trained in two phases offer a choice.",
        low=0.0,
        high=1.0,
        needs_part="fidelity",
    )


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

CPU = ResrganTrainParams(
    blocks=4,
    features=32,
    growth=16,
    patch=48,
    batch=8,
    iterations=8_000,
    learning_rate=7e-4,
    gan_iterations=2_000,
    gan_learning_rate=2e-4,
    discriminator_learning_rate=1e-3,
    discriminator_features=16,
    warmup=300,
    mixed_precision=True,
    validate_every=250,
    checkpoint_every=250,
)
"""Both phases on the processor of a laptop, in about an hour; a narrow discriminator learns slowly,
so its rate is larger."""

PSNR_ONLY = ResrganTrainParams()
"""The published network, trained for fidelity alone: the fidelity end of an interpolation."""

PAPER_B = ResrganTrainParams(
    iterations=0,
    gan_iterations=10_000,
    gan_learning_rate=5e-4,
    discriminator_learning_rate=5e-4,
    warmup=0,
    clip_norm=1e6,
    augment=False,
    validate_every=100,
    patience_its=500,
    min_its=1_000,
)
"""Fine-tuning of a trained model on real pairs as published; where the paper is silent (batch,
optimiser, averaging, evaluation interval), as its base, Real-ESRGAN.

Early stopping as it says: after 500 iterations, for high learning rates with 1000 to warm up.
"""

PAPER_S = PAPER_B
"""As `PAPER_B`; the data of its recipe are high-resolution pictures and a degradation."""

SAFE_B = dataclasses.replace(
    PAPER_B,
    gan_learning_rate=1e-4,
    discriminator_learning_rate=1e-4,
    warmup=500,
    clip_norm=1.0,
    augment=True,
    min_its=0,
)
"""As `PAPER_B` at the learning rate of Real-ESRGAN, a fifth of it, and with more guards."""

PRESETS = {
    "paper_B": PAPER_B,
    "paper_S": PAPER_S,
    "safe_B": SAFE_B,
    "psnr_only": PSNR_ONLY,
    "cpu": CPU,
    "cpu_toy": CPU_TOY,
}
"""Name to parameters."""


def preset_title(name: str, *, has_vgg: bool) -> str:
    """Give the name under which results of a preset may be shown.

    Args:
        name: one of `PRESETS`.
        has_vgg: whether the weights of VGG19 are installed.

    Returns:
        The name, with `-noVGG` where its perceptual term should be VGG19 and is not.
    """
    params = PRESETS[name]
    wants_vgg = params.gan_iterations > 0 and params.perceptual is PerceptualTerm.AUTO
    return f"{name}-noVGG" if wants_vgg and not has_vgg else name
