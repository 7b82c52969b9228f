"""How honest a model's spread is on held-out fields, and the factor that makes it honest.

Torch-free. The factor is learnt on one half of the fields and measured on the other, so that it
cannot flatter itself.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from superlens.core.cards import Calibration
from superlens.core.errors import InvalidInput, InvalidParameter
from superlens.core.jobs import EvaluateRequest
from superlens.engine.evaluation_measures import Judged, spread_as_aligned
from superlens.engine.evaluation_pictures import field_of
from superlens.engine.sample_statistics import GAUSSIAN_HALF_WIDTH, INTERVAL_LEVEL
from superlens.quality.calibration import ause, conformal_factor, coverage, ence
from superlens.quality.fidelity import affine_align

LEVELS = (0.5, 0.68, 0.9, 0.95)
"""Of the intervals whose coverage is measured."""
_MOST_PIXELS = 1 << 17
"""Of a picture that are kept: neighbours err together, so that more would say little more."""
_FEWEST_FIELDS = 2

Pixels = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class _Picture:
    """What is kept of one picture: mean, spread and truth (N,) in the units of the truth."""

    field: str
    mean: Pixels
    spread: Pixels
    truth: Pixels


class SpreadCalibration:
    """Gathers pictures with known truth, then judges the spread of the model that made them."""

    def __init__(self, seed: int) -> None:
        """Begin.

        Args:
            seed: chooses pixels, and which fields make the factor.
        """
        self._rng = np.random.default_rng(seed)
        self._pictures: list[_Picture] = []

    def add(self, field: str, judged: Judged, factor: float) -> None:
        """Take a picture.

        Args:
            field: of view; pictures of one stay together.
            judged: with the spread as it is shown.
            factor: that this spread was multiplied by already.
        """
        aligned = affine_align(judged.picture, judged.truth)
        spread = spread_as_aligned(judged, aligned) / factor
        size = aligned.size
        chosen = self._rng.choice(size, min(size, _MOST_PIXELS), replace=False)
        mean, truth = aligned.ravel()[chosen], judged.truth.ravel()[chosen].astype(np.float64)
        self._pictures.append(_Picture(field, mean, spread.ravel()[chosen], truth))

    def result(self, request: EvaluateRequest, samples: int) -> Calibration:
        """Learn the factor from one half of the fields and measure the other half.

        The factor makes intervals of 90 % hold 90 % of the truth, whatever the errors' shape.

        Args:
            request: says what the pictures are.
            samples: behind each spread.

        Raises:
            InvalidInput: there are fewer than two fields, or they are too small.

        Source: split conformal prediction, Lei et al., J. Am. Stat. Assoc. 113, 1094 (2018),
        doi 10.1080/01621459.2017.1307116.
        """
        fields = sorted({picture.field for picture in self._pictures})
        _require_fields(len(fields))
        shuffled = self._rng.permutation(fields)
        makers = frozenset(shuffled[: (len(fields) + 1) // 2].tolist())
        factor = conformal_factor(*self._pooled(makers), INTERVAL_LEVEL) / GAUSSIAN_HALF_WIDTH
        mean, spread, truth = self._pooled(frozenset(fields) - makers)
        return Calibration(
            data=request.calibration_data,
            samples=samples,
            fields=len(fields),
            levels=LEVELS,
            coverage_before=coverage(mean, spread, truth, LEVELS),
            coverage_after=coverage(mean, factor * spread, truth, LEVELS),
            factor=factor,
            ence=ence(mean, factor * spread, truth),
            ause=ause(mean, spread, truth),
        )

    def _pooled(self, fields: frozenset[str]) -> tuple[Pixels, Pixels, Pixels]:
        chosen = [picture for picture in self._pictures if picture.field in fields]
        return (
            np.concatenate([picture.mean for picture in chosen]),
            np.concatenate([picture.spread for picture in chosen]),
            np.concatenate([picture.truth for picture in chosen]),
        )


def require_calibrating_sense(request: EvaluateRequest) -> None:
    """Refuse to calibrate a spread that is not there.

    Raises:
        InvalidParameter: fewer than two samples are asked for.
        InvalidInput: the pairs are of one field of view.
    """
    if not request.calibration_data:
        return
    if request.samples < 2:
        raise InvalidParameter(
            f"A spread of {request.samples} samples cannot be calibrated",
            "Ask for as many samples as will be drawn later, such as 16",
        )
    _require_fields(len({field_of(pair) for pair in request.pairs}))


def _require_fields(count: int) -> None:
    if count < _FEWEST_FIELDS:
        raise InvalidInput(
            f"The spread cannot be calibrated on {count} field{'' if count == 1 else 's'} of view",
            "Give pairs of at least two fields: one half makes the factor, one measures it",
        )
