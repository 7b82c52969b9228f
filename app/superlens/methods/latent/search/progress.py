"""What a search knows of its pictures: those still searched, and what is remembered of all."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from superlens.methods.latent.search.objective import Terms
from superlens.methods.latent.search.variables import Variables


@dataclass(frozen=True, slots=True)
class Guide:
    """What a search begins with and is pulled to, beside its settings."""

    start: Tensor | None = None
    """(N, L, d) styles to begin with, instead of the settings' start."""
    anchor: Tensor | None = None
    """(N, L, d): outputs of the flow that styles are pulled to instead of to 0."""

    def taken(self, rows: slice) -> "Guide":
        """Give that of some pictures."""
        start, anchor = self.start, self.anchor
        return Guide(
            None if start is None else start[rows], None if anchor is None else anchor[rows]
        )


@dataclass(slots=True)
class Live:
    """The pictures that are still searched; every tensor has one row for each."""

    index: Tensor
    """(n,) their places among all pictures."""
    low: Tensor
    variables: Variables
    anchor: Tensor | None
    moments: list[tuple[Tensor, Tensor]]
    """First and second moment of each leaf."""
    stale: Tensor
    """(n,) iterations since the objective made progress."""
    reached: Tensor
    """(n,) objective at the last progress."""

    def taken(self, rows: Tensor) -> "Live":
        """Give some of them."""
        return Live(
            self.index[rows],
            self.low[rows],
            self.variables.taken(rows),
            None if self.anchor is None else self.anchor[rows],
            [(first[rows], second[rows]) for first, second in self.moments],
            self.stale[rows],
            self.reached[rows],
        )


@dataclass(slots=True)
class Remembered:
    """What is remembered of all pictures."""

    variables: Variables
    terms: Terms
    iteration: Tensor
    """(N,) at which the kept iterate was evaluated."""
    first_total: Tensor
    done: Tensor
    """(N,) iterations that were done."""


def first_live(
    low: Tensor, variables: Variables, varied: list[Tensor], anchor: Tensor | None
) -> Live:
    """Give all pictures as they are before the first iteration; `varied`: the leaves."""
    return Live(
        index=torch.arange(len(low), device=low.device),
        low=low,
        variables=variables,
        anchor=anchor,
        moments=[(torch.zeros_like(leaf), torch.zeros_like(leaf)) for leaf in varied],
        stale=low.new_zeros(len(low)),
        reached=low.new_full((len(low),), math.inf),
    )


def nothing_yet(count: int, like: Tensor) -> tuple[Terms, Tensor, Tensor, Tensor]:
    """Give what is remembered of pictures before the first iteration, beside their variables."""
    terms = Terms(*(like.new_full((count,), math.inf) for _ in range(5)))
    first_total = like.new_full((count,), math.inf)
    return terms, like.new_zeros(count), first_total, like.new_zeros(count)
