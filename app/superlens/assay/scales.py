"""From the lengths of a parameter form to the pixels of a field, and back to the unit of a table.

A length exists in µm, used when the pixel size is known, and in raw pixels, used when it is not;
on a super-resolved field raw pixels are counted, so that both mean the same place.
"""

from typing import Protocol

from superlens.assay.filtering import Labels
from superlens.assay.segmentation import NucleiSettings, segment_nuclei
from superlens.core.assay import Field


class NucleusParams(Protocol):
    """What the parameters of every assay of nuclei have."""

    @property
    def nucleus_diameter_um(self) -> float | None:
        """Typical short diameter; None estimates it."""
        ...

    @property
    def nucleus_diameter_px(self) -> float | None:
        """The same in raw pixels."""
        ...

    @property
    def smallest_nucleus(self) -> float:
        """Smallest area, as a share of that of a typical nucleus."""
        ...


def length_px(field: Field, um: float | None, raw_px: float) -> float:
    """Give a length in pixels of the field: from µm where possible, else from raw pixels."""
    if field.pixel_um is not None and um is not None:
        return um / field.pixel_um
    return raw_px * field.scale


def length_unit(field: Field) -> float:
    """Give how many µm one pixel of the field is long; raw pixels without a pixel size."""
    return 1.0 / field.scale if field.pixel_um is None else field.pixel_um


def area_unit(field: Field) -> float:
    """Give how many µm² one pixel of the field covers; raw square pixels without a pixel size."""
    return length_unit(field) ** 2


def diameter_px(field: Field, params: NucleusParams) -> float | None:
    """Give the typical diameter of a nucleus in pixels of the field, None to estimate it."""
    if field.pixel_um is not None and params.nucleus_diameter_um is not None:
        return params.nucleus_diameter_um / field.pixel_um
    if params.nucleus_diameter_px is not None:
        return params.nucleus_diameter_px * field.scale
    return None


def field_nuclei(field: Field, params: NucleusParams) -> Labels:
    """Find the nuclei in the channel `dna` of a field; see `segment_nuclei`."""
    settings = NucleiSettings(diameter_px(field, params), params.smallest_nucleus)
    return segment_nuclei(field.channels["dna"], settings)
