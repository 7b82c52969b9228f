"""How methods, assays and specimens are listed: by permanent id, open to other packages."""

import logging
from collections.abc import Collection, Sequence
from difflib import get_close_matches
from importlib import import_module
from importlib.metadata import entry_points
from typing import Any, Protocol, TypeVar

from superlens.core.errors import InvalidParameter

logger = logging.getLogger(__name__)


class Named(Protocol):
    """Whatever a catalogue lists."""

    @property
    def id(self) -> str:
        """Permanent name."""
        ...


NamedT = TypeVar("NamedT", bound=Named)


def with_added(built_in: Sequence[NamedT], group: str) -> tuple[NamedT, ...]:
    """Give the built-in entries and those that installed packages name under an entry-point group.

    An entry that cannot be loaded, or is of another type, is left out with a warning.
    """
    wanted = type(built_in[0])
    added: list[NamedT] = []
    for entry in entry_points(group=group):
        try:
            loaded = entry.load()
        except (ImportError, AttributeError) as error:
            logger.warning("%s of %s could not be loaded: %s", entry.value, group, error)
            continue
        if isinstance(loaded, wanted):
            added.append(loaded)
        else:
            logger.warning("%s of %s is not a %s", entry.value, group, wanted.__name__)
    return (*built_in, *added)


def entry_of(entries: Sequence[NamedT], wanted: str, kind: str) -> NamedT:
    """Give the entry with an id.

    Args:
        entries: the catalogue.
        wanted: the id.
        kind: what an entry is called in an error, such as `method`.

    Raises:
        InvalidParameter: there is none; the advice names the nearest id.
    """
    known = {entry.id: entry for entry in entries}
    if wanted not in known:
        raise unknown_name(kind, wanted, known)
    return known[wanted]


def runtime_of(reference: str) -> Any:
    """Import and make what a spec's `runtime` names as `module:Class`."""
    module, _, name = reference.partition(":")
    return getattr(import_module(module), name)()


def unknown_name(kind: str, wanted: str, known: Collection[str]) -> InvalidParameter:
    """Give the error for a name that is not known, with the nearest one or all as advice."""
    near = get_close_matches(wanted, known, n=1)
    hint = f"Did you mean {near[0]!r}?" if near else f"Known are: {', '.join(known) or 'none'}"
    return InvalidParameter(f"There is no {kind} {wanted!r}", hint)
