"""What every assay that finds nuclei first asks and gives alike: channel, sizes, place.

Loads without scipy and scikit-image.
"""

from dataclasses import dataclass

from superlens.core.assay import ChannelRole, Direction, Feature
from superlens.core.parameters import parameter

DNA = ChannelRole(
    "dna",
    "DNA stain",
    ("dna", "dapi", "hoechst", "draq", "nuclei", "nucleus", "nuclear", "h2b", "histone"),
    is_restored=False,
)
"""The channel in which nuclei are found, on the raw image."""

NUCLEUS_AREA = Feature(
    "nucleus_area", "Nucleus area", "µm²", Direction.EITHER, "Area of the whole nucleus"
)
PLACE_OF_NUCLEUS = (
    Feature("centre_x", "Centre x", "px", Direction.EITHER, "Of the nucleus, in raw pixels"),
    Feature("centre_y", "Centre y", "px", Direction.EITHER, "Of the nucleus, in raw pixels"),
)


@dataclass(frozen=True, slots=True)
class NucleusParams:
    """How large nuclei are; the first parameters of every assay that finds them.

    Every length exists twice: in µm, used when the pixel size of the image is known, and in pixels
    of the raw image, used when it is not (or when the one in µm is left out). On a super-resolved
    image the raw pixels are counted, so that both mean the same.
    """

    nucleus_diameter_um: float | None = parameter(
        None,
        "Nucleus diameter",
        "Typical short diameter of a nucleus; automatic estimates it from each field.",
        unit="µm",
        low=1.0,
        high=100.0,
    )
    nucleus_diameter_px: float | None = parameter(
        None,
        "Nucleus diameter",
        "The same in raw pixels, where no pixel size is known; automatic estimates it.",
        unit="px",
        low=4.0,
        high=1000.0,
        advanced=True,
    )
    smallest_nucleus: float = parameter(
        0.25,
        "Smallest nucleus",
        "Objects below this share of the area of a typical nucleus are debris.",
        low=0.0,
        high=1.0,
        advanced=True,
    )
