"""Fields of view as training material: normalised pairs, and a bounded memory of them."""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

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


def normalised_pair(low: Array, high: Array, rule: NormalisationRule) -> NormalisedPair:
    """Map both pictures of a pair, in the same units, by what the rule measures on the low one."""
    measured = measure_normalisation(rule, low)
    return NormalisedPair(measured.apply(low), measured.apply(high))


class FieldMemory:
    """Fields by number, made when they are asked for; the longest unused is forgotten first."""

    def __init__(self, make: Callable[[int], NormalisedPair], limit: int) -> None:
        self._make = make
        self._limit = limit
        self._fields: OrderedDict[int, NormalisedPair] = OrderedDict()

    def __getstate__(self) -> dict[str, Any]:
        """Travel to another process without the fields: they can be made again there."""
        return {"_make": self._make, "_limit": self._limit, "_fields": OrderedDict()}

    def field(self, number: int) -> NormalisedPair:
        """Give a field."""
        if number not in self._fields:
            while len(self._fields) >= self._limit:
                self._fields.popitem(last=False)
            self._fields[number] = self._make(number)
        self._fields.move_to_end(number)
        return self._fields[number]
