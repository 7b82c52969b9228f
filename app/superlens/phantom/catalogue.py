"""The specimens there are: an explicit list."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from superlens.core.catalogue import entry_of
from superlens.phantom.filaments import filaments
from superlens.phantom.golgi import golgi
from superlens.phantom.membranes import membranes
from superlens.phantom.mitochondria import mitochondria
from superlens.phantom.nuclei import nuclei
from superlens.phantom.puncta import puncta
from superlens.phantom.red_cells import red_cells
from superlens.phantom.specimen import FineGrid, Specimen
from superlens.phantom.translocation import translocation


@dataclass(frozen=True, slots=True)
class SpecimenMaker:
    """One kind of specimen."""

    id: str
    title: str
    channels: tuple[str, ...]
    make: Callable[[FineGrid, np.random.Generator], Specimen]


SPECIMENS: tuple[SpecimenMaker, ...] = (
    SpecimenMaker("filaments", "Filaments", ("filaments",), filaments),
    SpecimenMaker("mitochondria", "Mitochondria", ("mitochondria",), mitochondria),
    SpecimenMaker("nuclei", "Nuclei", ("dna",), nuclei),
    SpecimenMaker("membranes", "Cell membranes", ("membrane",), membranes),
    SpecimenMaker("puncta", "Puncta", ("puncta",), puncta),
    SpecimenMaker("translocation", "Nuclear translocation", ("dna", "protein"), translocation),
    SpecimenMaker("golgi", "Nuclei and Golgi", ("dna", "golgi"), golgi),
    SpecimenMaker("red_cells", "Red cells with parasites", ("cells", "parasites"), red_cells),
)


def specimen_maker(specimen_id: str) -> SpecimenMaker:
    """Give the maker of that id.

    Raises:
        InvalidParameter: there is none.
    """
    return entry_of(SPECIMENS, specimen_id, "specimen")
