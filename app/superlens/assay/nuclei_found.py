"""What every assay does first: find the nuclei of a field, or say why nothing can be measured."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from superlens.assay.filtering import Labels
from superlens.assay.labelled import areas, touching_border
from superlens.assay.nuclei_asked import NucleusParams
from superlens.assay.scales import field_nuclei
from superlens.core.assay import Field

NO_NUCLEI = "No nuclei were found in the DNA channel"
ONLY_AT_BORDER = "Every nucleus touches the edge of the field"
BLANK = "No value is finite in the {} channel"

_MARGIN_RAW_PX = 2
"""Cameras give dark rows and columns at the edge, where cut nuclei seem to end."""


def nuclei_or_reason(
    field: Field, named: Mapping[str, str], params: NucleusParams, reference: Labels | None
) -> tuple[Labels, str]:
    """Give the nuclei of a field as labels, and why it cannot be measured, or an empty text.

    Args:
        field: the channels of one field.
        named: what a sentence calls each channel that the assay needs, by its role.
        params: how large nuclei are.
        reference: nuclei found before; None finds them in the DNA channel.
    """
    for role, name in named.items():
        image = field.channels[role]
        if not np.isfinite(image).any():
            return np.zeros(image.shape, np.int32), BLANK.format(name)
    nuclei = field_nuclei(field, params) if reference is None else reference
    return nuclei, "" if nuclei.any() else NO_NUCLEI


def inner_nuclei(field: Field, nuclei: Labels) -> NDArray[np.intp]:
    """Give the indices (label - 1) of the nuclei that are there and that no edge cuts."""
    count = int(nuclei.max())
    at_edge = touching_border(nuclei, count, _MARGIN_RAW_PX * field.scale)
    return np.flatnonzero(~at_edge & (areas(nuclei, count) > 0))
