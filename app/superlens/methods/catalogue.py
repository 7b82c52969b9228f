"""The methods there are: an explicit list, and what other packages add.

Torch-free until a runtime is loaded.
"""

import logging
from collections.abc import Iterator
from difflib import get_close_matches
from importlib import import_module
from importlib.metadata import entry_points
from typing import Any

from superlens.core.errors import InvalidParameter
from superlens.core.method import Method, MethodSpec
from superlens.methods.resrgan.spec import RESRGAN

logger = logging.getLogger(__name__)

ENTRY_POINT_GROUP = "superlens.methods"
"""Under this group other packages name `module:SPEC` of theirs."""


def _added() -> Iterator[MethodSpec]:
    for entry in entry_points(group=ENTRY_POINT_GROUP):
        try:
            spec = entry.load()
        except (ImportError, AttributeError) as error:
            logger.warning("The method %s could not be loaded: %s", entry.value, error)
            continue
        if isinstance(spec, MethodSpec):
            yield spec


METHODS: tuple[MethodSpec, ...] = (RESRGAN, *_added())


def method_spec(method_id: str) -> MethodSpec:
    """Give the description of a method.

    Raises:
        InvalidParameter: there is none of that id.
    """
    known = {spec.id: spec for spec in METHODS}
    if method_id not in known:
        near = get_close_matches(method_id, known, n=1)
        hint = f"Did you mean {near[0]!r}?" if near else f"Known are: {', '.join(known)}"
        raise InvalidParameter(f"There is no method {method_id!r}", hint)
    return known[method_id]


def load_method(method_id: str) -> Method:
    """Import the runtime of a method, with torch: for the engine only.

    Raises:
        InvalidParameter: there is none of that id.
    """
    module, _, name = method_spec(method_id).runtime.partition(":")
    method: Any = getattr(import_module(module), name)
    return method()
