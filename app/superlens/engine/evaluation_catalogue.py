"""The measures of single pictures: their ids, names, units and what they say."""

from collections.abc import Sequence

from superlens.core.evaluation import Better, Measure
from superlens.quality.fidelity import MS_SSIM_SIDE, Mode, measure_name, ms_ssim_name
from superlens.quality.niqe import NiqeModel

SPREAD_LEVEL = 0.9
"""Of the interval whose coverage is measured."""

SPREAD_MEASURES: tuple[Measure, ...] = (
    Measure(
        "coverage_90",
        "Coverage at 90 %",
        "",
        Better.CLOSER,
        "Share of pixels whose truth lies within 1.645 spreads of the answer.",
        ideal=SPREAD_LEVEL,
    ),
    Measure(
        "ence",
        "ENCE",
        "",
        Better.LOWER,
        "Relative error of the spread's size, over 20 bins of equally many pixels.",
    ),
    Measure(
        "ence_floor",
        "ENCE floor",
        "",
        Better.LOWER,
        "What a perfect spread would still show, because independent pixels are few.",
    ),
    Measure(
        "ause",
        "AUSE",
        "",
        Better.LOWER,
        "How much worse the spread ranks pixels by error than the errors themselves do.",
    ),
)

_PLAIN: tuple[Measure, ...] = (
    Measure(
        "nrmse",
        measure_name("NRMSE", Mode.AFFINE),
        "",
        Better.LOWER,
        "Root mean square error over the truth's range, after the fit.",
        4,
    ),
    Measure(
        "mae",
        measure_name("MAE", Mode.AFFINE),
        "",
        Better.LOWER,
        "Mean absolute error over the truth's range, after the fit.",
        4,
    ),
    Measure("pearson", "Pearson", "", Better.HIGHER, "Correlation with the truth.", 4),
    Measure(
        "gmsd",
        measure_name("GMSD", Mode.AFFINE),
        "",
        Better.LOWER,
        "How unevenly the steepness of edges is kept, after the fit.",
        4,
    ),
    Measure(
        "haarpsi",
        measure_name("HaarPSI", Mode.AFFINE),
        "",
        Better.HIGHER,
        "Similarity of edges at three sizes, after the fit.",
        4,
    ),
    Measure(
        "vif",
        measure_name("VIF", Mode.AFFINE),
        "",
        Better.HIGHER,
        "Share of the truth's information that is left, after the fit.",
        4,
    ),
    Measure(
        "frc_cutoff",
        "Spectral fidelity cut-off",
        "cycles/px",
        Better.HIGHER,
        "Frequency up to which Fourier rings correlate with the truth above 0.5; at most 0.5.",
    ),
    Measure(
        "rsp",
        "RSP",
        "",
        Better.HIGHER,
        "Correlation of the blurred picture with the raw one (SQUIRREL), see the blind spot.",
        4,
    ),
    Measure(
        "nrse",
        "NRSE",
        "",
        Better.LOWER,
        "Error of the blurred picture against the raw one over its range (SQUIRREL).",
        4,
    ),
    Measure(
        "intensity_ratio",
        "Intensity ratio",
        "",
        Better.CLOSER,
        "Mean brightness over that of the raw picture.",
        ideal=1.0,
    ),
    Measure(
        "intensity_p5",
        "Intensity ratio, 5 %",
        "",
        Better.CLOSER,
        "5th percentile of that ratio over the brighter raw pixels.",
        ideal=1.0,
    ),
    Measure(
        "intensity_p95",
        "Intensity ratio, 95 %",
        "",
        Better.CLOSER,
        "95th percentile of that ratio over the brighter raw pixels.",
        ideal=1.0,
    ),
)

_MODE_WORDS = {
    Mode.RAW: "brightness as it is",
    Mode.AFFINE: "after the best straight-line fit of the brightness",
    Mode.CARE: "after the fit, in the truth's 0.1 to 99.9 percentiles",
}


def measures_for(
    smallest_side: int, niqe_model: NiqeModel | None, natural: NiqeModel | None = None
) -> tuple[Measure, ...]:
    """Give the measures of single pictures, in the order in which they are shown.

    Args:
        smallest_side: of all truths, in pixels: decides a name.
        niqe_model: names its measure; None leaves it out.
        natural: the published parameters of NIQE; None leaves it out.
    """
    found: list[Measure] = []
    for mode in Mode:
        said = _MODE_WORDS[mode]
        for id_, name, unit, decimals, meaning in (
            ("psnr", "PSNR", "dB", 2, "Peak signal over root mean square error"),
            ("ssim", "SSIM", "", 4, "Structural similarity"),
            (
                "ms_ssim",
                ms_ssim_name((smallest_side,)),
                "",
                4,
                "Structural similarity over several scales",
            ),
        ):
            title = measure_name(name, mode)
            found.append(
                Measure(
                    f"{id_}_{mode.value}",
                    title,
                    unit,
                    Better.HIGHER,
                    f"{meaning}, {said}.",
                    decimals,
                )
            )
    found += _PLAIN
    if niqe_model is not None:
        meaning = "Distance of the texture from the truths' sharpest parts; compare rows only."
        found.append(Measure("niqe", niqe_model.name, "", Better.LOWER, meaning, 2))
    if natural is not None:
        meaning = (
            "Distance of the texture from that of natural photographs, in 8 bit between the "
            "truth's 0.1 and 99.9 percentiles: fluorescence is none, so compare rows only."
        )
        found.append(Measure("niqe_natural", natural.name, "", Better.LOWER, meaning, 2))
    return tuple(found)


def multi_scale_note(sides: Sequence[int]) -> str:
    """Give how many scales the multi-scale similarity of pictures of these sides has."""
    small = sum(side < MS_SSIM_SIDE for side in sides)
    if not small:
        return "five scales"
    if small == len(sides):
        return f"three scales: all pictures are under {MS_SSIM_SIDE} px"
    return f"three scales for {small} of {len(sides)} pictures, those under {MS_SSIM_SIDE} px"
