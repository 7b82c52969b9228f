"""The assays there are: an explicit list, and what other packages add.

scikit-image stays out until one is loaded.
"""

from superlens.assay.golgi.spec import GOLGI
from superlens.assay.spots_per_nucleus.spec import SPOTS_PER_NUCLEUS
from superlens.assay.translocation.spec import TRANSLOCATION
from superlens.core.assay import Assay, AssaySpec
from superlens.core.catalogue import entry_of, runtime_of, with_added

ENTRY_POINT_GROUP = "superlens.assays"
"""Under this group other packages name `module:SPEC` of theirs."""

ASSAYS: tuple[AssaySpec, ...] = with_added(
    (TRANSLOCATION, GOLGI, SPOTS_PER_NUCLEUS), ENTRY_POINT_GROUP
)


def assay_spec(assay_id: str) -> AssaySpec:
    """Give the description of an assay.

    Raises:
        InvalidParameter: there is none of that id.
    """
    return entry_of(ASSAYS, assay_id, "assay")


def load_assay(assay_id: str) -> Assay:
    """Import the runtime of an assay, with scikit-image: for the engine only.

    Raises:
        InvalidParameter: there is none of that id.
    """
    return runtime_of(assay_spec(assay_id).runtime)
