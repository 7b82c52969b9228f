"""The choices of a latent search, and the four published searches as such choices. Torch-free."""

from dataclasses import dataclass, replace
from enum import StrEnum


class Norm(StrEnum):
    """How the distance from the low-resolution picture is measured."""

    L1 = "l1"
    L2 = "l2"
    """Squared."""


class Reduction(StrEnum):
    """Whether the distance is added or averaged over pixels and channels."""

    SUM = "sum"
    MEAN = "mean"


class StylePrior(StrEnum):
    """What keeps style vectors where the prior has them."""

    FLOW = "flow"
    """Minus the mean log-density of the flow."""
    GAUSSIAN = "gaussian"
    """Squared distance from the mean, in units of the spread."""
    NONE = "none"


class CrossTerm(StrEnum):
    """What keeps the style vectors of one picture together."""

    SQUARED = "squared"
    """Sum of squared distances of pairs."""
    GEODESIC = "geodesic"
    """Mean squared angle of pairs."""
    COSINE = "cosine"
    """Sum of 1 - cosine of pairs."""
    NONE = "none"


class Space(StrEnum):
    """What is varied."""

    STYLES = "styles"
    SPHERE = "sphere"
    """Nearly Gaussian numbers of constant length, from which styles follow."""


class Start(StrEnum):
    """Where a search begins."""

    MEAN = "mean"
    RANDOM = "random"


class SearchNoise(StrEnum):
    """What the noise maps of the generator do."""

    CONST = "const"
    """The frozen maps of the model."""
    NONE = "none"
    DRAWN = "drawn"
    """Drawn once for each picture, then frozen."""
    TRAINED = "trained"
    """The first five are searched too, the last is 0, the others are drawn once."""


class Schedule(StrEnum):
    """How the step size changes."""

    CONSTANT = "constant"
    COSINE = "cosine"
    CYCLE_AND_DROP = "cycle_and_drop"


class Kept(StrEnum):
    """Which iterate is the answer."""

    BEST = "best"
    LAST = "last"


class Kernel(StrEnum):
    """How a picture becomes a low-resolution one."""

    BICUBIC = "bicubic"
    """Anti-aliased cubic, weights normalised at the border."""
    BOX = "box"
    """Means over pixels: what a camera does."""
    MIRRORED_BICUBIC = "mirrored_bicubic"
    """As bicubic, the picture continued by reflection."""
    PLAIN_BICUBIC = "plain_bicubic"
    """Cubic interpolation of four pixels, not anti-aliased."""


@dataclass(frozen=True, slots=True)
class SearchSettings:
    """All choices of a search. Pictures are around -1..1 outside of it."""

    # What is minimised
    norm: Norm = Norm.L1
    reduction: Reduction = Reduction.SUM
    picture_scale: float = 1.0
    """Pictures are multiplied by it before they are compared: 1/2 for 0..1, 127.5 for 0..255."""
    data_weight: float = 1.0
    data_floor: float = 0.0
    """Smaller distances count as this one."""
    perception_weight: float = 0.0
    prior: StylePrior = StylePrior.FLOW
    prior_weight: float = 5e-5
    has_volume: bool = True
    """Whether the flow's determinant counts; without it the prior is that of the flow's output."""
    has_soft_tail: bool = False
    """Whether the flow's density falls off straight, not as a square, far off the data."""
    cross: CrossTerm = CrossTerm.SQUARED
    cross_weight: float = 0.01

    # How
    space: Space = Space.STYLES
    start: Start = Start.MEAN
    noise: SearchNoise = SearchNoise.CONST
    kernel: Kernel | None = None
    """None: the degradation as it is given; else its published replacement."""
    fits_offset: bool = False
    """Whether the place of the picture under the low-resolution grid is searched too."""
    iterations: int = 200
    rate: float = 0.5
    schedule: Schedule = Schedule.COSINE
    clip_norm: float | None = 10.0
    """Longest gradient of the styles of a picture; None: as it comes."""
    patience: int | None = None
    """Iterations without progress after which a picture is done; None: never before the end."""
    least_progress: float = 1e-3
    """Share of the objective that counts as progress."""
    kept: Kept = Kept.BEST


RLS = SearchSettings()
"""Regularised latent search, step size falling to 0, best iterate kept."""

RLS_PAPER = SearchSettings(schedule=Schedule.CONSTANT, clip_norm=None, kept=Kept.LAST)
"""As published: constant step size, last iterate.

Source: Gheisari, Genovesio, Biological Imaging, 2024; Eq. (5), section 4.
"""

UNREGULARISED = replace(
    RLS, prior=StylePrior.NONE, prior_weight=0.0, cross=CrossTerm.NONE, cross_weight=0.0
)
UNREGULARISED_PAPER = replace(
    RLS_PAPER, prior=StylePrior.NONE, prior_weight=0.0, cross=CrossTerm.NONE, cross_weight=0.0
)
"""The same search without either prior."""

PULSE_PAPER = SearchSettings(
    norm=Norm.L2,
    reduction=Reduction.MEAN,
    picture_scale=0.5,
    data_weight=100.0,
    data_floor=2e-3,
    prior=StylePrior.NONE,
    prior_weight=0.0,
    cross=CrossTerm.GEODESIC,
    cross_weight=0.05,
    space=Space.SPHERE,
    start=Start.RANDOM,
    noise=SearchNoise.TRAINED,
    kernel=Kernel.MIRRORED_BICUBIC,
    iterations=100,
    rate=0.4,
    schedule=Schedule.CYCLE_AND_DROP,
    clip_norm=None,
    kept=Kept.LAST,
)
"""Source: Menon, Damian, Hu, Ravi, Rudin, CVPR 2020, arXiv:2003.03808, and its code."""

PULSE = replace(PULSE_PAPER, noise=SearchNoise.CONST, kernel=None, kept=Kept.BEST)
"""With the common degradation, frozen noise, best iterate."""

BRGM_PAPER = SearchSettings(
    norm=Norm.L2,
    reduction=Reduction.MEAN,
    picture_scale=127.5,
    data_weight=1e-3,
    perception_weight=1e7,
    prior=StylePrior.GAUSSIAN,
    prior_weight=100.0,
    cross=CrossTerm.COSINE,
    cross_weight=0.1,
    noise=SearchNoise.DRAWN,
    kernel=Kernel.PLAIN_BICUBIC,
    iterations=501,
    rate=0.1,
    schedule=Schedule.CONSTANT,
    clip_norm=None,
    kept=Kept.LAST,
)
"""Source: Marinescu, Moyer, Golland, 2021, arXiv:2012.04567, and its code. The weight of the cross
term is that of factors up to 16; see `brgm_cross_weight`."""

BRGM = replace(BRGM_PAPER, noise=SearchNoise.CONST, kernel=None, kept=Kept.BEST)
"""With the common degradation, frozen noise, best iterate."""

VARIANTS = {
    "rls": RLS,
    "rls_paper": RLS_PAPER,
    "unregularised": UNREGULARISED,
    "unregularised_paper": UNREGULARISED_PAPER,
    "pulse": PULSE,
    "pulse_paper": PULSE_PAPER,
    "brgm": BRGM,
    "brgm_paper": BRGM_PAPER,
}
"""Permanent name to settings."""

_LARGE_FACTOR = 16


def brgm_cross_weight(factor: int) -> float:
    """Give the published weight of BRGM's cross term: ten times as much beyond a factor of 16."""
    return 1.0 if factor > _LARGE_FACTOR else 0.1
