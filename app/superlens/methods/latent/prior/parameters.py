"""What can be set when a prior is trained, and the presets. Torch-free."""

from dataclasses import dataclass, replace

from superlens.core.parameters import parameter

_R1_FACTOR = 0.0002
_EMA_FACTOR = 10 / 32


@dataclass(frozen=True, slots=True)
class PriorTrainParams:
    """Size of generator and discriminator, and the course of their training.

    Side and channels are those of the crops.
    """

    base_width: int = parameter(
        16384,
        "Base width",
        "Maps of a layer times its side in pixels; fewer train faster and need less data.",
        low=64,
        high=65536,
    )
    widest: int = parameter(512, "Widest layer", "Most maps of a layer.", low=4, high=1024)
    style_width: int = parameter(512, "Style width", "Length of a style vector.", low=4, high=1024)
    mapping_layers: int = parameter(
        2, "Mapping layers", "Layers between random numbers and styles.", low=1, high=8
    )
    kimg: float = parameter(
        5000.0,
        "Length",
        "Pictures shown to the discriminator: about 5,000 thousand for a usable prior, 25,000 for "
        "a finished one, 1,000 when starting from a trained one.",
        unit="thousand pictures",
        low=0.001,
        high=1e6,
    )
    batch: int = parameter(
        32, "Batch", "Crops per step; below 16 the training is unstable.", low=4, high=512
    )
    group: int = parameter(
        4,
        "Group",
        "Crops of a batch whose variety the discriminator sees together.",
        low=1,
        high=64,
        advanced=True,
    )
    learning_rate: float = parameter(
        0.0025, "Learning rate", "Step size of both networks.", low=1e-6, high=0.1
    )
    r1_weight: float | None = parameter(
        None,
        "R1 weight",
        "How calm the discriminator is kept; automatic is 0.0002 side^2 / batch. If the pictures "
        "do not improve, a quarter or four times of it is worth a try.",
        low=0.0,
        high=1e4,
    )
    r1_every: int = parameter(
        16, "R1 interval", "Steps between two of R1.", unit="steps", low=1, high=64, advanced=True
    )
    path_weight: float = parameter(
        2.0,
        "Path length weight",
        "How evenly pictures change with their styles; the search relies on it.",
        low=0.0,
        high=100.0,
        advanced=True,
    )
    path_every: int = parameter(
        4,
        "Path length interval",
        "Steps between two of the path length.",
        unit="steps",
        low=1,
        high=64,
        advanced=True,
    )
    mixing: float = parameter(
        0.9,
        "Style mixing",
        "Share of pictures made of two styles.",
        low=0.0,
        high=1.0,
        advanced=True,
    )
    ema_kimg: float | None = parameter(
        None,
        "Averaging",
        "Pictures after which the average of the generator has half forgotten; automatic grows "
        "with the batch.",
        unit="thousand pictures",
        low=0.0,
        high=1e4,
        advanced=True,
    )
    ema_ramp: float | None = parameter(
        0.05,
        "Averaging ramp",
        "Share of the pictures seen so far that the average may go back to.",
        low=1e-4,
        high=1.0,
        advanced=True,
    )
    poses: bool = parameter(
        True,
        "Flips and rotations",
        "Whether each crop is shown in a random one of eight poses: cells have no upper side.",
    )
    adaptive: bool = parameter(
        True,
        "Adaptive augmentation",
        "Whether the discriminator sees moved and dimmed crops once it knows the crops by heart.",
    )
    ada_target: float = parameter(
        0.6,
        "Target of the augmentation",
        "Mean sign of the verdicts on real crops that it aims at.",
        low=0.0,
        high=1.0,
        advanced=True,
    )
    ada_kimg: float = parameter(
        500.0,
        "Speed of the augmentation",
        "Pictures in which its probability can go from 0 to 1.",
        unit="thousand pictures",
        low=0.1,
        high=1e5,
        advanced=True,
    )
    background: float = parameter(
        -1.0,
        "Background",
        "Value of empty places of the crops, which augmentation leaves as they are.",
        low=-10.0,
        high=10.0,
        advanced=True,
    )
    evaluate_every: int = parameter(
        1000,
        "Validation",
        "Steps between two validations and sample sheets.",
        unit="steps",
        low=1,
        high=1_000_000,
        advanced=True,
    )
    evaluate_count: int = parameter(
        2000,
        "Validation samples",
        "Generated crops per validation.",
        low=4,
        high=100_000,
        advanced=True,
    )
    checkpoint_every: int = parameter(
        1000,
        "Checkpoints",
        "Steps between two states from which training can resume.",
        unit="steps",
        low=1,
        high=1_000_000,
        advanced=True,
    )

    @property
    def steps(self) -> int:
        """Steps of the whole training."""
        return max(1, -(-round(1000 * self.kimg) // self.batch))

    def gamma(self, side: int) -> float:
        """Give the weight of R1 for pictures of a side."""
        return _R1_FACTOR * side**2 / self.batch if self.r1_weight is None else self.r1_weight

    def ema_decay(self, seen: int) -> float:
        """Give what the average keeps of itself in a step, after `seen` pictures.

        Source: Karras et al., NeurIPS 2020, arXiv:2006.06676; appendix C.
        """
        kimg = self.batch * _EMA_FACTOR if self.ema_kimg is None else self.ema_kimg
        half_life = 1000 * kimg
        if self.ema_ramp is not None:
            half_life = min(half_life, self.ema_ramp * seen)
        return 0.5 ** (self.batch / half_life) if half_life > 0 else 0.0


PAPER = PriorTrainParams(kimg=25_000.0)
"""The automatic settings of StyleGAN2-ADA below 512 pixels on one accelerator."""

SMALL = PriorTrainParams(base_width=8192, widest=256, style_width=256)
"""A quarter of the parameters; for accelerators of laptops."""

TINY = PriorTrainParams(base_width=4096, widest=128, style_width=128, kimg=1000.0)
"""1.4 million parameters: hours on a small accelerator."""

CI = PriorTrainParams(
    base_width=2048,
    widest=64,
    style_width=64,
    kimg=63.0,
    batch=16,
    path_every=8,
    evaluate_every=250,
    evaluate_count=200,
    checkpoint_every=250,
)
"""For 32 pixels on a processor: recognisable toy cells after half an hour."""

STYLEGAN2 = replace(
    PAPER,
    base_width=32768,
    mapping_layers=8,
    learning_rate=0.002,
    r1_weight=10.0,
    ema_kimg=10.0,
    ema_ramp=None,
)
"""Configuration F, published for 1024 pixels."""

PAPER256 = replace(
    PAPER, mapping_layers=8, batch=64, group=8, r1_weight=1.0, ema_kimg=20.0, ema_ramp=None
)
PAPER512 = replace(PAPER256, base_width=32768, r1_weight=0.5)
PAPER1024 = replace(PAPER512, batch=32, group=4, learning_rate=0.002, r1_weight=2.0, ema_kimg=10.0)
"""As published for pictures of 256, 512 and 1024 pixels."""

PRESETS = {
    "ci": CI,
    "tiny": TINY,
    "small": SMALL,
    "paper": PAPER,
    "stylegan2": STYLEGAN2,
    "paper256": PAPER256,
    "paper512": PAPER512,
    "paper1024": PAPER1024,
}
"""Name to parameters. The one without path lengths, for tiny natural images, is left out: the
search relies on them."""
