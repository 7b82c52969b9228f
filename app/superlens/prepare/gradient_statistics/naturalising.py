"""A picture brought nearer to the gradients of photographs, and whether that is worth it.

NumPy alone. The whole of it is one straight line about the mean, v = (u - mean) factor + mean, with
the picture's own naturalness factor. As published it is then rounded to 8 bit and clipped, which
makes background black and bright structures white, and cannot be undone. Here a quantitative form
stands beside it, which does neither.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from superlens.core.jobs import TargetForm
from superlens.core.method import Array
from superlens.prepare.gradient_statistics.grey_levels import (
    LEVELS,
    GreyLevels,
    GreyScale,
    own_scale,
    require_picture,
)
from superlens.prepare.gradient_statistics.naturalness import Naturalness, measure_naturalness

MOST_FLAT = 0.6
"""A picture of which a larger share has no gradient at all says nothing about gradients."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """A straight line about the mean of a picture."""

    factor: float
    mean: float
    """In the units of the picture; it is mapped to itself."""

    def apply(self, picture: NDArray[Any]) -> Array:
        """Give the stretched picture, neither rounded nor clipped."""
        u = picture.astype(np.float64)
        return ((u - self.mean) * self.factor + self.mean).astype(np.float32)

    def invert(self, picture: NDArray[Any]) -> Array:
        """Give the picture of a stretched one."""
        v = picture.astype(np.float64)
        return ((v - self.mean) / self.factor + self.mean).astype(np.float32)


@dataclass(frozen=True, slots=True)
class Naturalised:
    """A picture with regularised gradients."""

    picture: Array
    """In the units of the original."""
    form: TargetForm
    stretch: Stretch
    """What was done, in the units of the original; of the plugin's form but for the clipping."""
    before: Naturalness
    after: Naturalness
    clipped_share: float
    """Share of pixels that the plugin's form made black or white; 0 in the other form."""

    @property
    def objection(self) -> str:
        """Why the picture must not be trained on in this form, as half a sentence; or nothing."""
        before, after = self.before, self.after
        if before.flat_share > MOST_FLAT:
            return (
                f"{100 * before.flat_share:.0f} % of it is constant, which says nothing about "
                f"gradients (at most {100 * MOST_FLAT:.0f} % may be)"
            )
        if before.is_at_bound:
            return (
                "its gradients are so weak that their scale cannot be fitted "
                f"(naturalness factor at least {before.factor:.2f})"
            )
        if abs(after.factor - 1) > abs(before.factor - 1):
            return (
                f"its naturalness factor goes from {before.factor:.2f} to {after.factor:.2f}, "
                "farther from 1 than it was"
            )
        return ""


def naturalise(
    picture: NDArray[Any], form: TargetForm, scale: GreyScale | None = None
) -> Naturalised:
    """Bring the gradients of a picture nearer to those of photographs.

    Args:
        picture: (Y, X) of any type, at least 3 x 3.
        form: the published one, or the one that can be undone.
        scale: which values are grey levels 0 and 255; None takes the extremes of the picture, and
            8-bit pictures as they are. Give one scale for a whole data set of which intensities are
            to stay comparable; the quantitative form counts gradients beyond it as well.

    Returns:
        The picture in its own units, and what was done; whether that is worth anything is told by
        its `objection`.

    Raises:
        InvalidInput: a picture that is too small, constant, or holds values that are no numbers.
    """
    require_picture(picture)
    scale = own_scale(picture) if scale is None else scale
    if form is TargetForm.PLUGIN:
        return _as_published(scale.eight_bit(picture), scale)
    return _unclipped(picture, scale)


def naturalise_levels(levels: GreyLevels, factor: float) -> GreyLevels:
    """Stretch 8-bit grey levels about their mean, round and clip them as the plugin does.

    Args:
        levels: (Y, X) in 0..255.
        factor: the naturalness factor.
    """
    mean = float(levels.mean())
    # Towards zero, as the plugin's cast does: the clipping follows.
    return np.clip(_stretched_levels(levels, factor, mean), 0, LEVELS)


def _as_published(levels: GreyLevels, scale: GreyScale) -> Naturalised:
    before = measure_naturalness(levels)
    mean = float(levels.mean())
    stretched = _stretched_levels(levels, before.factor, mean)
    clipped = np.clip(stretched, 0, LEVELS)
    step = (scale.white - scale.black) / LEVELS
    return Naturalised(
        picture=scale.values(clipped),
        form=TargetForm.PLUGIN,
        stretch=Stretch(before.factor, scale.black + mean * step),
        before=before,
        after=measure_naturalness(clipped),
        clipped_share=float(np.mean(stretched != clipped)),
    )


def _unclipped(picture: NDArray[Any], scale: GreyScale) -> Naturalised:
    before = measure_naturalness(scale.levels(picture))
    stretch = Stretch(before.factor, float(picture.mean(dtype=np.float64)))
    stretched = stretch.apply(picture)
    return Naturalised(
        picture=stretched,
        form=TargetForm.QUANTITATIVE,
        stretch=stretch,
        before=before,
        after=measure_naturalness(scale.levels(stretched)),
        clipped_share=0.0,
    )


def _stretched_levels(levels: GreyLevels, factor: float, mean: float) -> GreyLevels:
    return np.trunc((levels - mean) * factor + mean + 0.5).astype(np.int64)
