"""What spots per nucleus are, need and give. Loads without scipy and scikit-image."""

from dataclasses import dataclass

from superlens.assay.nuclei_asked import DNA, NUCLEUS_AREA, PLACE_OF_NUCLEUS, NucleusParams
from superlens.core.assay import AssaySpec, ChannelRole, Direction, Feature
from superlens.core.method import Citation
from superlens.core.parameters import parameter


@dataclass(frozen=True, slots=True)
class SpotsParams(NucleusParams):
    """What a spot in a nucleus is."""

    spot_diameter_um: float | None = parameter(
        0.8,
        "Spot diameter",
        "Typical diameter of a spot; what is wider than twice this is background.",
        unit="µm",
        low=0.1,
        high=20.0,
    )
    spot_diameter_px: float = parameter(
        6.0,
        "Spot diameter",
        "The same in raw pixels, where no pixel size is known.",
        unit="px",
        low=1.5,
        high=200.0,
        advanced=True,
    )
    contrast: float = parameter(
        0.25,
        "Contrast",
        "A spot is higher than its surroundings by this share of the level of the nucleus.",
        low=0.0,
        high=100.0,
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
        3.0,
        "Smallest spot",
        "Spots of fewer raw pixels are noise.",
        unit="px²",
        low=1.0,
        high=10000.0,
        advanced=True,
    )
    background_percentile: float = parameter(
        1.0,
        "Background percentile",
        "The background of a field is this percentile of its smoothed image of spots; "
        "lower it where cells cover almost everything.",
        unit="%",
        low=0.0,
        high=50.0,
        advanced=True,
    )


SPOTS_PER_NUCLEUS = AssaySpec(
    id="spots_per_nucleus",
    title="Spots per nucleus",
    channels_required=(
        DNA,
        ChannelRole(
            "spots",
            "Spots",
            ("spots", "foci", "speckles", "puncta", "h2ax", "53bp1", "rad51", "pml", "fish"),
        ),
    ),
    params=SpotsParams,
    features=(
        Feature(
            "count",
            "Spots per nucleus",
            "",
            Direction.EITHER,
            "Number of spots in the nucleus; touching ones are parted where a valley lies between",
        ),
        Feature(
            "mean_area",
            "Mean spot area",
            "µm²",
            Direction.EITHER,
            "Mean area of the spots of the nucleus, each at half its own height",
        ),
        Feature(
            "mean_intensity",
            "Mean in the spots",
            "grey levels",
            Direction.EITHER,
            "Mean of the spot channel in all spots of the nucleus, background subtracted",
        ),
        Feature(
            "intensity_share",
            "Light in spots",
            "",
            Direction.EITHER,
            "Light of all spots over the light of the nucleus, background subtracted from both",
        ),
        Feature(
            "nucleus_mean",
            "Mean in the nucleus",
            "grey levels",
            Direction.EITHER,
            "Mean of the spot channel in the nucleus, background subtracted",
        ),
        NUCLEUS_AREA,
        *PLACE_OF_NUCLEUS,
    ),
    source=Citation(
        "Meyer F",
        "Topographic distance and watershed lines",
        "Signal Processing",
        1994,
        "10.1016/0165-1684(94)90060-4",
    ),
    runtime="superlens.assay.spots_per_nucleus.runtime:SpotsPerNucleus",
)
