"""Names that give nothing away, for scoring images without knowing what they are.

The code of an image depends on the seed and its id alone: images that are added later get codes
that say nothing about their order, and the codes of the others stay.
"""

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

from superlens.core.records import Number

_LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's 32 signs: nothing that is mistaken for another when read aloud."""
_SHORT, _LONG = 8, 16


@dataclass(frozen=True, slots=True)
class Blinding:
    """One seeded mapping from what is to be hidden to codes."""

    seed: int

    def code(self, identity: str) -> str:
        """Give the code of an image, plate, well or compound by its id, such as `K7QF-2MWD`."""
        return _grouped(self._letters(identity)[:_SHORT])

    def codes(self, identities: Iterable[str]) -> dict[str, str]:
        """Give the codes of several, each different; longer for those whose short codes agree."""
        wanted = dict.fromkeys(identities)
        by_code: dict[str, list[str]] = {}
        for identity in wanted:
            by_code.setdefault(self.code(identity), []).append(identity)
        return {
            identity: code if len(same) == 1 else _grouped(self._letters(identity)[:_LONG])
            for code, same in by_code.items()
            for identity in same
        }

    def order(self, identities: Iterable[str]) -> tuple[str, ...]:
        """Give ids in the order of their codes, so that a list gives nothing away either."""
        codes = self.codes(identities)
        return tuple(sorted(codes, key=codes.__getitem__))

    def _letters(self, identity: str) -> str:
        digest = hashlib.sha256(f"{self.seed}:{identity}".encode()).digest()
        return "".join(_LETTERS[byte % 32] for byte in digest)


@dataclass(frozen=True, slots=True)
class Mask:
    """Codes in place of names for what leaves a blinded project, the same as in its window."""

    seed: int
    files: dict[str, str] = field(default_factory=dict[str, str])
    """Codes of images by the absolute paths of their files."""

    def file(self, path: str) -> str:
        """Give the code of an image by its path, also of one that is in no project."""
        return self.files.get(path) or Blinding(self.seed).code(path)

    def text(self, text: str) -> str:
        """Give the code of a plate, well, compound or condition; empty stays empty."""
        return Blinding(self.seed).code(text) if text else ""


def with_code(number: Number, code: Callable[[str], str]) -> Number:
    """Give a headline number such as `Z′, wortmannin` with the code of the treatment."""
    title, comma, treatment = number.name.partition(", ")
    return replace(number, name=f"{title}, {code(treatment)}") if comma else number


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One thing that was done and has to be remembered, such as an unblinding."""

    at: str
    """ISO 8601, UTC."""
    who: str
    """Name of the user's account on the computer, and the computer."""
    action: str
    """Such as `blinded` or `unblinded`."""
    detail: str = ""


def _grouped(letters: str) -> str:
    return "-".join(letters[start : start + 4] for start in range(0, len(letters), 4))
