"""Ways to damage a file, each seeded: the same number gives the same damage."""

import random
from collections.abc import Callable

_EXTREMES = (0, 1, 0x7F, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFE, 0xFFFFFFFF)
_STRUCTURE_BYTES = 4096
"""Headers and tables of contents lie within so much of the beginning or the end."""
_DIGITS = b"0123456789"


def damaged(content: bytes, chance: random.Random) -> bytes:
    """Give a damaged copy of a file that is not empty."""
    return chance.choice(_WAYS)(bytearray(content), chance)


def _cut(data: bytearray, chance: random.Random) -> bytes:
    return bytes(data[: chance.randrange(len(data))])


def _cut_near_the_end(data: bytearray, chance: random.Random) -> bytes:
    return bytes(data[: -chance.randint(1, min(len(data), _STRUCTURE_BYTES))])


def _flip_anywhere(data: bytearray, chance: random.Random) -> bytes:
    for _ in range(chance.randint(1, 64)):
        data[chance.randrange(len(data))] ^= chance.randint(1, 255)
    return bytes(data)


def _flip_in_the_structure(data: bytearray, chance: random.Random) -> bytes:
    for _ in range(chance.randint(1, 8)):
        data[_place_in_structure(data, chance)] ^= chance.randint(1, 255)
    return bytes(data)


def _put_extremes(data: bytearray, chance: random.Random) -> bytes:
    """Put numbers that a length, an offset or a count should not be."""
    for _ in range(chance.randint(1, 3)):
        width = chance.choice((1, 2, 4, 8))
        number = chance.choice(_EXTREMES) & ((1 << 8 * width) - 1)
        place = _place_in_structure(data, chance)
        data[place : place + width] = number.to_bytes(width, chance.choice(("little", "big")))
    return bytes(data)


def _change_digits(data: bytearray, chance: random.Random) -> bytes:
    """Change numbers that stand as text, in XML, JSON or settings."""
    places = [place for place, byte in enumerate(data) if byte in _DIGITS]
    for _ in range(chance.randint(1, 6) if places else 0):
        data[chance.choice(places)] = chance.choice(_DIGITS)
    return bytes(data)


def _lengthen_a_number(data: bytearray, chance: random.Random) -> bytes:
    """Make a number that stands as text much larger."""
    places = [place for place, byte in enumerate(data) if byte in _DIGITS]
    if places:
        place = chance.choice(places)
        data[place:place] = bytes(chance.choice(_DIGITS) for _ in range(chance.randint(1, 12)))
    return bytes(data)


def _wipe(data: bytearray, chance: random.Random) -> bytes:
    start = chance.randrange(len(data))
    count = min(len(data) - start, chance.choice((4, 64, 512, 4096)))
    data[start : start + count] = bytes([chance.choice((0, 255))]) * count
    return bytes(data)


def _leave_out(data: bytearray, chance: random.Random) -> bytes:
    start = chance.randrange(len(data))
    del data[start : start + chance.choice((1, 2, 16, 512))]
    return bytes(data)


def _repeat(data: bytearray, chance: random.Random) -> bytes:
    start, to = chance.randrange(len(data)), chance.randrange(len(data))
    piece = data[start : start + chance.choice((1, 8, 64, 512))]
    data[to:to] = piece
    return bytes(data)


def _exchange(data: bytearray, chance: random.Random) -> bytes:
    count = chance.choice((2, 4, 16, 512))
    one, other = chance.randrange(len(data)), chance.randrange(len(data))
    first, second = bytes(data[one : one + count]), bytes(data[other : other + count])
    shared = min(len(first), len(second))
    data[one : one + shared], data[other : other + shared] = second[:shared], first[:shared]
    return bytes(data)


def _place_in_structure(data: bytearray, chance: random.Random) -> int:
    reach = min(len(data), _STRUCTURE_BYTES)
    place = chance.randrange(reach)
    return place if chance.random() < 0.6 else len(data) - 1 - place


_WAYS: tuple[Callable[[bytearray, random.Random], bytes], ...] = (
    _cut,
    _cut_near_the_end,
    _flip_anywhere,
    _flip_in_the_structure,
    _flip_in_the_structure,
    _put_extremes,
    _put_extremes,
    _change_digits,
    _lengthen_a_number,
    _wipe,
    _leave_out,
    _repeat,
    _exchange,
)
"""Those that reach into headers stand twice: there is most to be broken."""
