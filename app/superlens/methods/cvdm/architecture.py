"""What a CVDM network is, as plain values: written into the card, read back with checks."""

from dataclasses import asdict, dataclass
from typing import Any

from superlens.core.errors import CorruptModel
from superlens.core.parameters import ParameterValue
from superlens.methods.cvdm.parameters import CvdmTrainParams, Mode, Prediction

_LATER = ("doubt",)
"""What older cards do not say; their networks have none of it."""
_FAR_PX = 3
"""Pixels of a level that joining and splitting squares may reach further."""


@dataclass(frozen=True, slots=True)
class Architecture:
    """Everything that decides the shape of the networks, and the units they answer in."""

    scale: int = 2
    channels: int = 1
    width: int = 32
    levels: int = 3
    blocks: int = 1
    fold: int = 2
    rate_width: int = 8
    mode: Mode = Mode.CONSISTENT
    prediction: Prediction = Prediction.VELOCITY
    residual: bool = True
    zero_mean: bool = False
    doubt: bool = False
    target_offset: float = 0.0
    target_std: float = 1.0
    """Mean and standard deviation of what is sampled, in units of the normalised image."""

    @property
    def lattice(self) -> int:
        """High-resolution pixels by which sides and places of tiles are divisible."""
        return self.fold * 2 ** (self.levels - 1)

    @property
    def reach(self) -> int:
        """High-resolution pixels around a pixel that can change the network's answer to it."""
        down_and_up = sum(
            (4 * self.blocks + _FAR_PX) * 2**level for level in range(self.levels - 1)
        )
        bottom = 2 * self.blocks * 2 ** (self.levels - 1)
        ends = 3 if self.doubt else 2
        return self.fold * (ends + down_and_up + bottom)

    def plain(self) -> dict[str, ParameterValue]:
        """Give the plain values that a card holds."""
        return {name: _plain(value) for name, value in asdict(self).items()}


def requested(params: CvdmTrainParams, scale: int, channels: int) -> Architecture:
    """Give what a recipe asks for, its units still open."""
    return Architecture(
        scale=scale,
        channels=channels,
        width=params.width,
        levels=params.levels,
        blocks=params.blocks,
        fold=params.fold,
        rate_width=params.rate_width,
        mode=params.mode,
        prediction=params.prediction,
        residual=params.residual,
        zero_mean=params.zero_mean,
        doubt=params.doubt,
    )


def read_architecture(known: dict[str, ParameterValue]) -> Architecture:
    """Give the architecture that a card describes.

    Raises:
        CorruptModel: a value is missing or of the wrong kind.
    """
    try:
        values = {
            name: _as(type(usual), known[name])
            for name, usual in asdict(Architecture()).items()
            if name in known or name not in _LATER
        }
    except (KeyError, TypeError, ValueError) as error:
        raise CorruptModel(
            "The card of this model does not describe its network",
            "Install the model again",
            f"architecture: {known!r}",
        ) from error
    return Architecture(**values)


def _plain(value: Any) -> ParameterValue:
    return value.value if isinstance(value, Mode | Prediction) else value


def _as(kind: type, value: Any) -> Any:
    """Give a value of a kind; a number is never taken for a truth, nor a truth for a number."""
    if issubclass(kind, str):
        return kind(value)
    if (kind is bool) != isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"{value!r} is not of type {kind.__name__}")
    return kind(value)
