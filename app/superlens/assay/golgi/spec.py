"""What Golgi dispersal is, needs and gives. Loads without scipy and scikit-image."""

from dataclasses import dataclass

from superlens.assay.nuclei_asked import DNA, NUCLEUS_AREA, PLACE_OF_NUCLEUS, NucleusParams
from superlens.core.assay import AssaySpec, ChannelRole, Direction, Feature
from superlens.core.method import Citation
from superlens.core.parameters import parameter


@dataclass(frozen=True, slots=True)
class GolgiParams(NucleusParams):
    """What a spot of Golgi is and which cell it belongs to."""

    reach_um: float | None = parameter(
        4.0,
        "Golgi half width",
        "What is wider than twice this is background; a compact Golgi must stay below it.",
        unit="µm",
        low=0.2,
        high=50.0,
    )
    reach_px: float = parameter(
        9.0,
        "Golgi half width",
        "The same in raw pixels, where no pixel size is known.",
        unit="px",
        low=1.0,
        high=500.0,
        advanced=True,
    )
    limit_um: float | None = parameter(
        10.0,
        "Reach of a cell",
        "A spot belongs to the nearest nucleus, if that is not further away than this.",
        unit="µm",
        low=0.5,
        high=200.0,
    )
    limit_px: float = parameter(
        30.0,
        "Reach of a cell",
        "The same in raw pixels, where no pixel size is known.",
        unit="px",
        low=1.0,
        high=2000.0,
        advanced=True,
    )
    smoothing_px: float = parameter(
        0.7,
        "Smoothing",
        "Standard deviation of the Gaussian that takes off noise, in raw pixels.",
        unit="px",
        low=0.0,
        high=10.0,
        advanced=True,
    )
    smallest_spot_px: float = parameter(
        4.0,
        "Smallest spot",
        "Spots of fewer raw pixels are noise.",
        unit="px²",
        low=1.0,
        high=10000.0,
        advanced=True,
    )


GOLGI = AssaySpec(
    id="golgi",
    title="Golgi dispersal",
    channels_required=(
        DNA,
        ChannelRole(
            "golgi",
            "Golgi",
            ("golgi", "gm130", "giantin", "galt", "manii", "tgn", "golgin", "grasp"),
        ),
    ),
    params=GolgiParams,
    features=(
        Feature(
            "mean_area",
            "Mean spot area",
            "µm²",
            Direction.DOWN,
            "Mean area of the spots of Golgi of a cell; falls as the Golgi breaks up",
        ),
        Feature(
            "median_area",
            "Median spot area",
            "µm²",
            Direction.DOWN,
            "Median area of the spots of Golgi of a cell",
        ),
        Feature("count", "Spots", "", Direction.UP, "Spots of Golgi of a cell"),
        Feature(
            "total_area",
            "Total spot area",
            "µm²",
            Direction.EITHER,
            "Area of all spots of Golgi of a cell together",
        ),
        Feature(
            "largest_share",
            "Largest spot",
            "",
            Direction.DOWN,
            "Area of the largest spot over the total area; 1 for a Golgi in one piece",
        ),
        Feature(
            "distance",
            "Distance to the nucleus",
            "µm",
            Direction.UP,
            "Mean distance of the centres of the spots to the centre of the nucleus",
        ),
        NUCLEUS_AREA,
        *PLACE_OF_NUCLEUS,
    ),
    source=Citation(
        "Gheisari M, Genovesio A",
        "Reconstructing interpretable features in computational super-resolution microscopy via "
        "regularized latent search",
        "Biological Imaging",
        2024,
    ),
    runtime="superlens.assay.golgi.runtime:GolgiDispersal",
)
