"""What is known of the style vectors of a prior once it is trained: what searches begin with."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from superlens.core.errors import CorruptModel
from superlens.methods.latent.flow.maf import MaskedAutoregressiveFlow
from superlens.methods.latent.latent_generator import LatentGenerator
from superlens.methods.latent.pulse_transform import PulseTransform

MEAN_COUNT = 10_000
PULSE_COUNT = 100_000
BAND_QUANTILES = (0.01, 0.5, 0.99)
_DRAWN_AT_ONCE = 8192


@dataclass(frozen=True, slots=True)
class StyleStatistics:
    """Averages over style vectors drawn from the prior."""

    mean: Tensor
    """(d,)."""
    deviation: Tensor
    """(d,) standard deviation of each coordinate."""
    pulse: PulseTransform
    log_prob_band: tuple[float, float, float]
    """1 %, 50 % and 99 % quantile of the flow's log-density of held-out style vectors."""

    @property
    def spread(self) -> float:
        """Root mean squared distance of a style vector from the mean."""
        return float(self.deviation.square().sum().sqrt())

    def tensors(self) -> dict[str, Tensor]:
        """Give it as named tensors, for the weights of a model."""
        return {
            "mean": self.mean,
            "deviation": self.deviation,
            "pulse_mean": self.pulse.mean,
            "pulse_spread": self.pulse.spread,
            "log_prob_band": torch.tensor(self.log_prob_band),
        }

    @staticmethod
    def of(tensors: dict[str, Tensor]) -> "StyleStatistics":
        """Give the statistics that `tensors` gave.

        Raises:
            CorruptModel: something is missing.
        """
        try:
            low, middle, high = (float(value) for value in tensors["log_prob_band"])
            pulse = PulseTransform(tensors["pulse_mean"], tensors["pulse_spread"])
            return StyleStatistics(
                tensors["mean"], tensors["deviation"], pulse, (low, middle, high)
            )
        except (KeyError, ValueError) as error:
            raise CorruptModel(
                "The styles of this prior are not whole", "Install the model again", str(error)
            ) from error


@torch.no_grad()
def measure_styles(
    generator: LatentGenerator,
    flow: MaskedAutoregressiveFlow | None,
    draw: torch.Generator,
    pulse_count: int = PULSE_COUNT,
) -> StyleStatistics:
    """Measure the styles of a prior.

    Args:
        generator: the prior.
        flow: trained on its styles; None leaves the band of densities unknown (NaN).
        draw: a generator of the CPU.
        pulse_count: style vectors that PULSE's transform is fitted to; a million as published.
    """
    w = drawn_styles(generator, MEAN_COUNT, draw)
    band = (math.nan, math.nan, math.nan)
    if flow is not None:
        density = flow.log_prob(drawn_styles(generator, MEAN_COUNT, draw)).double()
        levels = torch.tensor(BAND_QUANTILES, dtype=torch.float64, device=density.device)
        low, middle, high = density.quantile(levels).tolist()
        band = (low, middle, high)
    pulse = PulseTransform.fitted(drawn_styles(generator, pulse_count, draw))
    return StyleStatistics(w.mean(0), w.std(0), pulse, band)


def drawn_styles(generator: LatentGenerator, count: int, draw: torch.Generator) -> Tensor:
    """Draw many style vectors (count, d), some at a time."""
    sizes = [min(_DRAWN_AT_ONCE, count - at) for at in range(0, count, _DRAWN_AT_ONCE)]
    return torch.cat([generator.sample_w(size, draw) for size in sizes])
