"""From pieces of known height to pages.

Knows neither what a piece shows nor what prints it.
"""

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Protocol

_ENOUGH_OF_NEXT = 60.0
"""How much of the next piece must fit below a piece that is kept with it."""


class Divisible(Protocol):
    """Content that can be cut between pages."""

    def cut(self, room: float) -> "tuple[Piece | None, Piece | None]":
        """Give what fits into some height, and the rest; None where there is nothing."""
        ...


@dataclass(frozen=True, slots=True)
class Piece:
    """Something of known height that is printed at one place."""

    height: float
    paint: Callable[[float, float], None] = field(compare=False)
    """Prints it with its top left corner at (x, y)."""
    gap: float = 0.0
    """Space above it, left out at the top of a page."""
    is_kept_with_next: bool = False
    is_separator: bool = False
    """Whether it only parts what is above from what is below: left out at the top of a page."""
    is_at_foot: bool = False
    """Whether it stands at the foot of its page."""
    divisible: Divisible | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Placed:
    """A piece and where its top lies on its page."""

    y: float
    piece: Piece


def paginate(pieces: Iterable[Piece], room: float) -> tuple[tuple[Placed, ...], ...]:
    """Give pages of pieces, each page at most `room` high unless a single piece is higher."""
    queue = deque(pieces)
    pages: list[list[Placed]] = [[]]
    y = 0.0
    while queue:
        piece = queue.popleft()
        if piece.is_separator and y == 0:
            continue
        top = y + (piece.gap if y > 0 else 0.0)
        if _fits(piece, queue, room - top) or (y == 0 and piece.divisible is None):
            if piece.is_at_foot:
                top = max(top, room - piece.height)
            pages[-1].append(Placed(top, piece))
            y = top + piece.height
            continue
        head, rest = (None, piece) if piece.divisible is None else piece.divisible.cut(room - top)
        if head is not None:
            pages[-1].append(Placed(top, head))
        if rest is not None:
            queue.appendleft(rest)
            pages.append([])
        y = 0.0 if rest is not None else top + (head.height if head is not None else 0.0)
    return tuple(tuple(page) for page in pages if page)


def _fits(piece: Piece, following: deque[Piece], room: float) -> bool:
    needed = piece.height
    last = piece
    for after in following:
        if not (last.is_kept_with_next or last.is_separator):
            break
        enough = after.height if after.divisible is None else _ENOUGH_OF_NEXT
        needed += after.gap + min(after.height, enough)
        last = after
    return needed <= room + 1e-6
