"""The assays there are: an explicit list, and what other packages add.

scikit-image stays out until one is loaded.
"""

import logging
from collections.abc import Iterator
from difflib import get_close_matches
from importlib import import_module
from importlib.metadata import entry_points
from typing import Any

from superlens.assay.translocation.spec import TRANSLOCATION
from superlens.core.assay import Assay, AssaySpec
from superlens.core.errors import InvalidParameter

logger = logging.getLogger(__name__)

ENTRY_POINT_GROUP = "superlens.assays"
"""Under this group other packages name `module:SPEC` of theirs."""


def _added() -> Iterator[AssaySpec]:
    for entry in entry_points(group=ENTRY_POINT_GROUP):
        try:
            spec = entry.load()
        except (ImportError, AttributeError) as error:
            logger.warning("The assay %s could not be loaded: %s", entry.value, error)
            continue
        if isinstance(spec, AssaySpec):
            yield spec


ASSAYS: tuple[AssaySpec, ...] = (TRANSLOCATION, *_added())


def assay_spec(assay_id: str) -> AssaySpec:
    """Give the description of an assay.

    Raises:
        InvalidParameter: there is none of that id.
    """
    known = {spec.id: spec for spec in ASSAYS}
    if assay_id not in known:
        near = get_close_matches(assay_id, known, n=1)
        hint = f"Did you mean {near[0]!r}?" if near else f"Known are: {', '.join(known)}"
        raise InvalidParameter(f"There is no assay {assay_id!r}", hint)
    return known[assay_id]


def load_assay(assay_id: str) -> Assay:
    """Import the runtime of an assay, with scikit-image: for the engine only.

    Raises:
        InvalidParameter: there is none of that id.
    """
    module, _, name = assay_spec(assay_id).runtime.partition(":")
    runtime: Any = getattr(import_module(module), name)
    return runtime()
