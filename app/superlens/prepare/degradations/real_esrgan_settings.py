"""What can be set of the published two-stage pipeline; the defaults are the published values."""

from dataclasses import dataclass

from superlens.core.errors import InvalidParameter
from superlens.core.parameters import parameter
from superlens.prepare.degradations.ranges import Range, checked_range

_LARGEST_RESIZE = 4.0


def _share(default: float, label: str, help: str) -> float:
    return parameter(default, label, help, low=0.0, high=1.0, advanced=True)


def _sigma(default: float, label: str, help: str) -> float:
    return parameter(default, label, help, unit="px", low=0.05, high=10.0, advanced=True)


def _factor(default: float, label: str, help: str) -> float:
    return parameter(default, label, help, unit="×", low=0.05, high=_LARGEST_RESIZE, advanced=True)


def _gray_levels(default: float, label: str, help: str) -> float:
    return parameter(default, label, help, unit="8-bit levels", low=0.0, high=128.0, advanced=True)


def _strength(default: float, label: str, help: str) -> float:
    return parameter(default, label, help, low=0.0, high=20.0, advanced=True)


def _quality(default: float, label: str, help: str) -> float:
    return parameter(default, label, help, low=1.0, high=100.0, advanced=True)


@dataclass(frozen=True, slots=True)
class RealEsrganSettings:
    """Two rounds of blur, resizing, noise and JPEG compression, then a low-pass with ringing."""

    crop: int = parameter(
        400,
        "Crop",
        "Side of the piece of a picture that is degraded before the patch is cut out of it; "
        "smaller pictures are degraded whole.",
        unit="px",
        low=32,
        high=4096,
    )
    sharpen_first: bool = parameter(
        False,
        "Sharpen first",
        "Degrade a sharpened copy of the picture, as published for photographs; it makes edges "
        "that are not in the specimen.",
    )
    pair_pool: bool = parameter(
        True,
        "Mix the batch",
        "Draw kind of noise, resizing and order for each patch on its own, which is what the "
        "published pool of 180 pairs is for; else once for the whole batch.",
    )
    sinc_share: float = _share(0.1, "Sinc kernels", "How often a blur is a sinc kernel.")
    blur_1_low: float = _sigma(0.2, "First blur, least", "Narrowest first blur.")
    blur_1_high: float = _sigma(3.0, "First blur, most", "Widest first blur.")
    enlarge_1_share: float = _share(0.2, "First enlarging", "How often the picture is enlarged.")
    shrink_1_share: float = _share(0.7, "First shrinking", "How often the picture is shrunk.")
    resize_1_low: float = _factor(0.15, "First resizing, least", "Strongest shrinking.")
    resize_1_high: float = _factor(1.5, "First resizing, most", "Strongest enlarging.")
    gaussian_1_share: float = _share(
        0.5, "First Gaussian noise", "How often the first noise is Gaussian, else Poisson."
    )
    gaussian_1_low: float = _gray_levels(1.0, "First Gaussian, least", "Weakest Gaussian noise.")
    gaussian_1_high: float = _gray_levels(30.0, "First Gaussian, most", "Strongest.")
    poisson_1_low: float = _strength(0.05, "First Poisson, least", "Weakest Poisson noise.")
    poisson_1_high: float = _strength(3.0, "First Poisson, most", "Strongest.")
    jpeg_low: float = _quality(30.0, "JPEG, least", "Lowest quality of both compressions.")
    jpeg_high: float = _quality(95.0, "JPEG, most", "Highest quality of both compressions.")
    blur_2_share: float = _share(0.8, "Second blur", "How often there is a second blur.")
    blur_2_low: float = _sigma(0.2, "Second blur, least", "Narrowest second blur.")
    blur_2_high: float = _sigma(1.5, "Second blur, most", "Widest second blur.")
    enlarge_2_share: float = _share(0.3, "Second enlarging", "How often it is enlarged again.")
    shrink_2_share: float = _share(0.4, "Second shrinking", "How often it is shrunk again.")
    resize_2_low: float = _factor(
        0.3, "Second resizing, least", "Smallest size, relative to the low-resolution one."
    )
    resize_2_high: float = _factor(
        1.2, "Second resizing, most", "Largest size, relative to the low-resolution one."
    )
    gaussian_2_share: float = _share(
        0.5, "Second Gaussian noise", "How often the second noise is Gaussian, else Poisson."
    )
    gaussian_2_low: float = _gray_levels(1.0, "Second Gaussian, least", "Weakest.")
    gaussian_2_high: float = _gray_levels(25.0, "Second Gaussian, most", "Strongest.")
    poisson_2_low: float = _strength(0.05, "Second Poisson, least", "Weakest Poisson noise.")
    poisson_2_high: float = _strength(2.5, "Second Poisson, most", "Strongest.")
    final_sinc_share: float = _share(
        0.8, "Final sinc", "How often the result is low-passed by a sinc kernel, which rings."
    )
    compress_last_share: float = _share(
        0.5, "JPEG last", "How often the second compression comes after the final low-pass."
    )

    def __post_init__(self) -> None:
        for name in ("blur_1", "gaussian_1", "poisson_1", "resize_1", "jpeg"):
            self.range_of(name)
        for name in ("blur_2", "gaussian_2", "poisson_2", "resize_2"):
            self.range_of(name)
        for stage in (1, 2):
            self._check_resizing(stage)

    def range_of(self, name: str) -> Range:
        """Give the range between `<name>_low` and `<name>_high`."""
        return checked_range(name, getattr(self, f"{name}_low"), getattr(self, f"{name}_high"))

    def resize_shares(self, stage: int) -> tuple[float, float, float]:
        """Give how often the picture is enlarged, shrunk and left alone in a stage, 1 or 2."""
        up = float(getattr(self, f"enlarge_{stage}_share"))
        down = float(getattr(self, f"shrink_{stage}_share"))
        return up, down, max(0.0, 1.0 - up - down)

    def _check_resizing(self, stage: int) -> None:
        up, down, _ = self.resize_shares(stage)
        if up + down > 1.0:
            raise InvalidParameter(
                f"enlarge_{stage}_share and shrink_{stage}_share are {up:g} and {down:g}, "
                "more than 1 together",
                "Make one of them smaller",
            )
        if not getattr(self, f"resize_{stage}_low") <= 1.0 <= getattr(self, f"resize_{stage}_high"):
            raise InvalidParameter(
                f"resize_{stage}_low and resize_{stage}_high do not enclose 1",
                "Shrinking is drawn from below 1, enlarging from above",
            )
