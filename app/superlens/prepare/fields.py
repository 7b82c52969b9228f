"""Fields of view as training material: normalised pairs, and a bounded memory of them."""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from superlens.core.cards import NormalisationRule
from superlens.core.method import Array
from superlens.prepare.normalisation import measure_normalisation


@dataclass(frozen=True, slots=True)
class NormalisedPair:
    """One field of view, ready to be cut into patches."""

    low: Array
    """(Y, X), normalised over the whole field, as the engine does with a whole image."""
    high: Array
    """(Y * scale, X * scale), mapped by the same numbers."""

    @property
    def scale(self) -> int:
        """High-resolution pixels per low-resolution pixel, along one side."""
        return self.high.shape[0] // self.low.shape[0]

    @property
    def nbytes(self) -> int:
        """Memory that the two pictures take."""
        return self.low.nbytes + self.high.nbytes


def normalised_pair(low: Array, high: Array, rule: NormalisationRule) -> NormalisedPair:
    """Map both pictures of a pair by what the rule measures on the low one.

    Args:
        low: (Y, X) camera counts.
        high: in the units of the low one, or of the answers where the rule has units for them.
        rule: how intensities are normalised.
    """
    measured = measure_normalisation(rule, low)
    return NormalisedPair(measured.apply(low), measured.apply_to_truth(high))


class Remembered(Protocol):
    """Whatever a field is made into."""

    @property
    def nbytes(self) -> int:
        """Memory that it takes."""
        ...


FieldT = TypeVar("FieldT", bound=Remembered)


class FieldMemory(Generic[FieldT]):
    """Fields by number, made when they are asked for; the longest unused is forgotten first."""

    def __init__(
        self, make: Callable[[int], FieldT], limit: int, limit_bytes: int | None = None
    ) -> None:
        """Begin empty.

        Args:
            make: gives a field anew, always the same for a number.
            limit: how many fields are remembered.
            limit_bytes: how much memory they may take together, the newest one alone excepted.
        """
        self._make = make
        self._limit = limit
        self._limit_bytes = limit_bytes
        self._fields: OrderedDict[int, FieldT] = OrderedDict()

    def __getstate__(self) -> dict[str, Any]:
        """Travel to another process without the fields: they can be made again there."""
        return {**self.__dict__, "_fields": OrderedDict()}

    def field(self, number: int) -> FieldT:
        """Give a field."""
        if number not in self._fields:
            while len(self._fields) >= self._limit:
                self._fields.popitem(last=False)
            self._fields[number] = self._make(number)
            self._shrink()
        self._fields.move_to_end(number)
        return self._fields[number]

    def _shrink(self) -> None:
        if self._limit_bytes is None:
            return
        used = sum(pair.nbytes for pair in self._fields.values())
        while used > self._limit_bytes and len(self._fields) > 1:
            used -= self._fields.popitem(last=False)[1].nbytes
