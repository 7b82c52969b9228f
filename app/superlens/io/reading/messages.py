"""What is said between an asker and its reader process: JSON, never a pickle.

A process that a broken file has confused can at worst say nonsense, which `parse` refuses.
"""

import dataclasses
import json
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from superlens.core.errors import ErrorInfo, InvalidInput
from superlens.core.records import ImageInfo
from superlens.io.codec import decode, encode
from superlens.io.images.source import PlaneRequest
from superlens.io.reading.limits import Allowance

Message = TypeVar("Message", "Question", "Answer")

LARGEST_MESSAGE = 64 << 20
"""In bytes: thousands of scenes with all that is known of them."""


class Wish(StrEnum):
    """What a reader process is asked for."""

    OPEN = "open"
    READ = "read"
    MORE = "more"
    """The next piece of the region that was read last."""
    CLOSE = "close"


@dataclass(frozen=True, slots=True)
class Question:
    """One wish; every question gets one answer of the same generation."""

    wish: Wish
    generation: int
    allowance: Allowance
    path: bytes = b""
    """To be opened, as the system spells it."""
    place: PlaneRequest | None = None
    """To be read."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of a question."""

    generation: int
    info: ImageInfo | None = None
    """Of the file that was opened, without its path, which the asker knows."""
    shape: tuple[int, ...] = ()
    """Of the region that was read."""
    dtype: str = ""
    """NumPy name of the type of its pixels."""
    count: int = 0
    """How many bytes of it lie in the shared memory now."""
    error: ErrorInfo | None = None


def written(message: "Question | Answer") -> bytes:
    """Give a message as JSON in UTF-8; what no UTF-8 can hold becomes a question mark."""
    try:
        return encode(message)
    except InvalidInput:  # names of files in another encoding
        text = json.dumps(dataclasses.asdict(message), ensure_ascii=False)
        return text.encode("utf-8", "replace")


def parse(cls: type[Message], data: bytes) -> Message:
    """Give the message that some JSON holds.

    Raises:
        InvalidInput: it is none.
    """
    return decode(cls, data, "a message")
