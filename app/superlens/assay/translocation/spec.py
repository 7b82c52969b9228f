"""What nuclear translocation is, needs and gives. Loads without scipy and scikit-image."""

from dataclasses import dataclass

from superlens.assay.nuclei_asked import DNA, NUCLEUS_AREA, PLACE_OF_NUCLEUS, NucleusParams
from superlens.core.assay import AssaySpec, ChannelRole, Direction, Feature
from superlens.core.method import Citation
from superlens.core.parameters import parameter


@dataclass(frozen=True, slots=True)
class TranslocationParams(NucleusParams):
    """Where the nucleus' inside and the cytoplasm beside it are measured."""

    core_erosion_um: float | None = parameter(
        1.0,
        "Rim left out",
        "Rim of the nucleus that is not measured, because blur mixes cytoplasm into it.",
        unit="µm",
        low=0.0,
        high=10.0,
    )
    core_erosion_px: float = parameter(
        1.0,
        "Rim left out",
        "The same in raw pixels, where no pixel size is known.",
        unit="px",
        low=0.0,
        high=100.0,
        advanced=True,
    )
    ring_gap_um: float | None = parameter(
        0.5,
        "Gap to the ring",
        "Distance from the nucleus at which the cytoplasm ring begins.",
        unit="µm",
        low=0.0,
        high=10.0,
    )
    ring_gap_px: float = parameter(
        1.0,
        "Gap to the ring",
        "The same in raw pixels, where no pixel size is known.",
        unit="px",
        low=0.0,
        high=100.0,
        advanced=True,
    )
    ring_width_um: float | None = parameter(
        2.0,
        "Ring width",
        "Width of the cytoplasm ring; make it smaller where cells are thin or crowded.",
        unit="µm",
        low=0.2,
        high=30.0,
    )
    ring_width_px: float = parameter(
        3.0,
        "Ring width",
        "The same in raw pixels, where no pixel size is known.",
        unit="px",
        low=1.0,
        high=300.0,
        advanced=True,
    )
    smallest_ring_px: int = parameter(
        30,
        "Smallest ring",
        "A cell whose ring has fewer raw pixels left between its neighbours is not measured.",
        unit="px",
        low=1,
        high=100000,
        advanced=True,
    )
    background_percentile: float = parameter(
        1.0,
        "Background percentile",
        "The background of a field is this percentile of its smoothed protein image; "
        "lower it where cells cover almost everything.",
        unit="%",
        low=0.0,
        high=50.0,
        advanced=True,
    )


TRANSLOCATION = AssaySpec(
    id="translocation",
    title="Nuclear translocation",
    channels_required=(
        DNA,
        ChannelRole(
            "protein",
            "Protein of interest",
            ("protein", "gfp", "fitc", "fkhr", "nfkb", "nf-kb", "p65", "rela", "foxo", "cy3"),
        ),
    ),
    params=TranslocationParams,
    features=(
        Feature(
            "ratio",
            "Nucleus / cytoplasm",
            "",
            Direction.EITHER,
            "Median of the nucleus' core over median of the ring, background subtracted from both",
        ),
        Feature("log2_ratio", "log2 ratio", "", Direction.EITHER, "log2 of the ratio"),
        Feature(
            "difference",
            "Nucleus - cytoplasm",
            "grey levels",
            Direction.EITHER,
            "Median of the core minus median of the ring",
        ),
        Feature(
            "nucleus_mean",
            "Mean in the nucleus",
            "grey levels",
            Direction.EITHER,
            "Mean of the protein in the core, background subtracted",
        ),
        Feature(
            "ring_mean",
            "Mean in the ring",
            "grey levels",
            Direction.EITHER,
            "Mean of the protein in the ring, background subtracted",
        ),
        NUCLEUS_AREA,
        Feature("ring_area", "Ring area", "µm²", Direction.EITHER, "Area of the ring measured"),
        *PLACE_OF_NUCLEUS,
    ),
    source=Citation(
        "Gheisari M, Genovesio A",
        "Reconstructing interpretable features in computational super-resolution microscopy via "
        "regularized latent search",
        "Biological Imaging",
        2024,
    ),
    runtime="superlens.assay.translocation.runtime:Translocation",
)
