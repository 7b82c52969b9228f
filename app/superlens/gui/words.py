"""What records are called in the window: claims, origins, sizes, times. No Qt."""

from dataclasses import dataclass
from datetime import UTC, datetime

from superlens.core.cards import Calibration, ModelCard
from superlens.core.method import Claim
from superlens.core.records import ImageRecord, ImageRole, SceneInfo
from superlens.core.units import PixelSizeOrigin
from superlens.gui.viewer.geometry import length_text
from superlens.io.image_names import without_ending


@dataclass(frozen=True, slots=True)
class ClaimWords:
    """What a claim means, in a few words and in a sentence."""

    short: str
    sentence: str


_CLAIMS = {
    Claim.SINGLE_ANSWER: ClaimWords(
        "Single answer",
        "One picture per image. Its spread shows where the network is unsure of itself, not "
        "how far it is from the truth.",
    ),
    Claim.POSTERIOR: ClaimWords(
        "Posterior samples",
        "Samples of the pictures that may lie behind the raw image, as likely as the training "
        "images made them; where they differ, the raw image leaves it open.",
    ),
    Claim.POPULATION_LEVEL: ClaimWords(
        "Population level",
        "Measure groups; do not interpret single structures.",
    ),
}
_ORIGINS = {
    PixelSizeOrigin.VERIFIED: "verified",
    PixelSizeOrigin.REPORTED: "reported",
    PixelSizeOrigin.DEFAULT: "default, not trusted",
    PixelSizeOrigin.UNKNOWN: "unknown",
}

SHOWN_LEVEL = 0.9
"""Of the intervals whose calibration is told."""
HONEST_WITHIN = 0.03
"""How far the coverage of such intervals may be off and still be called right."""

ROLE_NAMES = {
    ImageRole.IMAGE: "Image",
    ImageRole.LOW: "Low-res",
    ImageRole.HIGH: "High-res",
    ImageRole.CONTROL: "Control",
}
"""What people call the roles of images."""


def claim_words(claim: Claim) -> ClaimWords:
    """Give what may be said of a method's output."""
    return _CLAIMS[claim]


@dataclass(frozen=True, slots=True)
class CalibrationWords:
    """How honest the spread of a model was found."""

    numbers: str
    """In a line."""
    sentence: str
    """With what it was measured on and what the numbers mean."""
    is_honest: bool
    """Whether intervals hold the truth as often as they say, once corrected."""
    held: str = ""
    """Share of the truth inside corrected intervals of 90 %; empty where nobody measured it."""


NOT_CALIBRATED = CalibrationWords(
    "Not calibrated",
    "Not calibrated: whether the spread is as large as the errors was not measured for this model.",
    is_honest=False,
)


def calibration_words(card: ModelCard | None) -> CalibrationWords:
    """Give how honest the spread of a model was found on held-out fields."""
    found = None if card is None else card.calibration
    shares = None if found is None else _coverage_shown(found)
    if found is None or shares is None:
        return NOT_CALIBRATED
    before, after = (percent_text(share) for share in shares)
    held = f"{percent_text(SHOWN_LEVEL)} intervals hold {after} of the truth"
    numbers = (
        f"{held} ({before} uncorrected) · spread × {found.factor:.3g} · "
        f"ENCE {found.ence:.2g} · AUSE {found.ause:.2g}"
    )
    sentence = (
        f"Measured with {found.samples} samples on {plural(found.fields, 'held-out field')} "
        f"({found.data}): intervals of {percent_text(SHOWN_LEVEL)} held {before} of the true "
        f"values, and {after} once the spread was multiplied by {found.factor:.3g}, as it is "
        f"shown. Its size is then off by {percent_text(found.ence)} on average (ENCE). AUSE, "
        f"{found.ause:.2g}, says how badly it ranks the errors: 0 is perfect. On images of "
        "another kind all this may differ."
    )
    is_honest = abs(shares[1] - SHOWN_LEVEL) <= HONEST_WITHIN
    return CalibrationWords(numbers, sentence, is_honest, after)


def percent_text(share: float) -> str:
    """Give a share as `90 %`."""
    return f"{100 * share:.0f} %"


def pixel_size_text(scene: SceneInfo) -> str:
    """Give the pixel size with its origin: `96.8 nm (reported)`."""
    um = scene.pixel_sizes.lateral_um
    if um is None:
        return "unknown"
    return f"{length_text(um)} ({_ORIGINS[scene.pixel_sizes.origin]})"


def size_text(scene: SceneInfo) -> str:
    """Give the size of the planes: `256²` or `640 × 480`."""
    width, height = scene.size("X"), scene.size("Y")
    return f"{width}²" if width == height else f"{width} × {height}"


def image_name(image: ImageRecord) -> str:
    """Give the name of an image's file without its ending."""
    return without_ending(image.path.replace("\\", "/").rsplit("/", 1)[-1])


def scene_names(image: ImageRecord) -> tuple[str, ...]:
    """Give the names of an image's scenes; one without a name is counted from 1."""
    return tuple(scene.name or f"Scene {n + 1}" for n, scene in enumerate(image.info.scenes))


def scene_title(image: ImageRecord, scene: int) -> str:
    """Give the name of a scene of a file that holds several, else nothing."""
    return scene_names(image)[scene] if len(image.info.scenes) > 1 else ""


def channel_names(scene: SceneInfo) -> tuple[str, ...]:
    """Give the names of a scene's channels; one without a name is counted from 1."""
    named = dict(enumerate(channel.name for channel in scene.channels))
    return tuple(named.get(n) or f"Channel {n + 1}" for n in range(scene.size("C")))


def image_facts(image: ImageRecord, number: int = 0) -> str:
    """Give what a scene of an image is in a line: format, size, channels, planes."""
    scene = image.info.scenes[number]
    parts = [image.info.format, f"{size_text(scene)} px", plural(scene.size("C"), "channel")]
    for axis, noun in (("Z", "Z plane"), ("T", "time point")):
        if scene.size(axis) > 1:
            parts.append(plural(scene.size(axis), noun))
    return "  ·  ".join(parts)


def image_caption(image: ImageRecord) -> str:
    """Give the second line of an image's row: size and pixel size."""
    scene = image.info.scenes[image.chosen_scenes[0]]
    um = scene.pixel_sizes.lateral_um
    return f"{size_text(scene)} · {length_text(um) if um is not None else 'px'}"


def clock_text(seconds: float) -> str:
    """Give a duration as `00:46` or `1:02:30`."""
    whole = max(0, round(seconds))
    hours, rest = divmod(whole, 3600)
    minutes, left = divmod(rest, 60)
    return f"{hours}:{minutes:02d}:{left:02d}" if hours else f"{minutes:02d}:{left:02d}"


def bytes_text(count: int) -> str:
    """Give a memory size in GB or MB."""
    return f"{count / 1e9:.0f} GB" if count >= 1e9 else f"{count / 1e6:.0f} MB"


def seconds_between(started: str, ended: str) -> float:
    """Give the seconds from one ISO time to another; an empty end means now."""
    if not started:
        return 0.0
    end = datetime.fromisoformat(ended) if ended else datetime.now(UTC)
    return max(0.0, (end - datetime.fromisoformat(started)).total_seconds())


def day_text(when: datetime, now: datetime) -> str:
    """Give a day as a person would: `Today, 14:02`, `Yesterday`, `12 Nov`."""
    days = (now.date() - when.date()).days
    if days == 0:
        return f"Today, {when:%H:%M}"
    if days == 1:
        return "Yesterday"
    return f"{when.day} {when:%b}" if when.year == now.year else f"{when.day} {when:%b %Y}"


def plural(count: int, noun: str) -> str:
    """Give `1 image`, `7 images`."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _coverage_shown(found: Calibration) -> tuple[float, float] | None:
    """Give the share of the truth inside 90 % intervals before and after the correction."""
    rows = zip(found.levels, found.coverage_before, found.coverage_after, strict=True)
    return next(
        ((before, after) for level, before, after in rows if abs(level - SHOWN_LEVEL) < 1e-6), None
    )
