"""The weight of the flow that leaves found styles where the prior has its own."""

import math
from dataclasses import dataclass, replace

from torch import Tensor

from superlens.core.errors import InvalidInput
from superlens.core.method import Run
from superlens.methods.latent.search.degradation import Degradation
from superlens.methods.latent.search.finding import search_all
from superlens.methods.latent.search.objective import Objective, SearchedModel
from superlens.methods.latent.search.settings import SearchSettings, StylePrior

PICTURES = 16
"""Enough for the mean log-density of a calibration."""
SMALLEST, LARGEST = 1e-7, 10.0
_MOST_TRIALS = 12


@dataclass(frozen=True, slots=True)
class Trial:
    """What one weight gave."""

    weight: float
    log_prob: float
    """Mean over pictures of the log-density of the styles that were found."""


@dataclass(frozen=True, slots=True)
class WeightCalibration:
    """The weight that was chosen, and how."""

    weight: float
    is_typical: bool
    """Whether the found styles are as likely as those of the prior."""
    band: tuple[float, float]
    """1 % and 99 % quantile of the log-density of the prior's own styles."""
    trials: tuple[Trial, ...]


def calibrate_prior_weight(
    model: SearchedModel,
    degradation: Degradation,
    settings: SearchSettings,
    low: Tensor,
    run: Run,
) -> WeightCalibration:
    """Search some pictures with weight after weight until their styles are typical of the prior.

    A bisection of the logarithm of the weight; the weight of the settings stays if it serves.

    Args:
        model: with a flow and a known band of densities.
        degradation: that of the pictures.
        settings: regularised by the flow.
        low: (N, C, m, m); about `PICTURES` are enough.
        run: asked at every iteration whether to go on.

    Raises:
        InvalidInput: the search is not regularised by a flow, or the band is not known.
        JobCancelled: the user asked to stop.
    """
    least, _, most = model.styles.log_prob_band
    if settings.prior is not StylePrior.FLOW or not math.isfinite(least):
        raise InvalidInput(
            "The weight of the flow cannot be calibrated: the search does not use a flow whose "
            "densities are known",
            "Train the flow of this prior first",
        )
    below, above = math.log(SMALLEST), math.log(LARGEST)
    weight = settings.prior_weight
    trials: list[Trial] = []
    while len(trials) < _MOST_TRIALS:
        objective = Objective(model, degradation, replace(settings, prior_weight=weight))
        found = search_all(objective, low, run, len(low))
        trials.append(Trial(weight, float(found.log_prob.mean())))
        if least <= trials[-1].log_prob <= most:
            break
        if trials[-1].log_prob < least:
            below = math.log(weight)
        else:
            above = math.log(weight)
        weight = math.exp((below + above) / 2)
    is_typical = least <= trials[-1].log_prob <= most
    return WeightCalibration(trials[-1].weight, is_typical, (least, most), tuple(trials))
