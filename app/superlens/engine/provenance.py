"""What a super-resolved picture says of itself, in whatever file it lies. Torch-free."""

from dataclasses import dataclass
from pathlib import PurePath

from superlens import __version__
from superlens.io.image_metadata import Facts

PERSISTENCE = "share of the samples in which a pixel is above Otsu's threshold of that sample"
"""What the picture of that role is."""


@dataclass(frozen=True, slots=True)
class Making:
    """What made the pictures of a restoration."""

    model_id: str
    model_sha256: str
    method: str
    scale: int
    seed: int
    samples: int
    input_path: str
    input_sha256: str
    version: str = __version__
    """Of the Superlens that did it."""

    @property
    def statement(self) -> str:
        """The sentence that every picture carries."""
        return (
            f"computationally super-resolved by Superlens {self.version}, "
            f"model {self.model_id} ({self.model_sha256[:12]}), {self.scale}x"
        )

    def facts(self, role: str) -> Facts:
        """Give all of it as names and values, for the picture of some role.

        The name of the input goes along, its folder does not: pictures are passed on.
        """
        return (
            ("Statement", self.statement),
            ("Picture", role),
            ("Software", f"Superlens {self.version}"),
            ("Model", self.model_id),
            ("Model SHA-256", self.model_sha256),
            ("Method", self.method),
            ("Scale", str(self.scale)),
            ("Samples", str(self.samples)),
            ("Seed", str(self.seed)),
            ("Input", PurePath(self.input_path.replace("\\", "/")).name),
            ("Input SHA-256", self.input_sha256),
        )


LABEL_NOTES = {
    "spread": "spread_label",
    "interval_low": "interval_label",
    "interval_high": "interval_label",
    "schedule": "schedule_label",
}
"""By role: the note of a run that says what its picture is."""


def describe_picture(role: str, number: str, label: str, statement: str) -> str:
    """Give the description of one of the pictures of a restoration.

    Args:
        role: `mean`, `spread`, `residual`, `interval_low`, `interval_high`, `persistence`,
            `schedule` or `sample`.
        number: of a sample.
        label: what the picture is, for the roles of `LABEL_NOTES`; else it is not used.
        statement: of the `Making`.
    """
    match role:
        case "mean":
            return f"Image, {statement}"
        case "spread":
            return f"Spread: {label}, {statement}"
        case "residual":
            return f"Residual in sigmas of the expected noise of an image {statement}"
        case "interval_low" | "interval_high":
            end = "Lower" if role == "interval_low" else "Upper"
            return f"{end} end of the 90 % interval: {label}, {statement}"
        case "persistence":
            return f"Persistence: {PERSISTENCE}, of an image {statement}"
        case "schedule":
            return f"Qualitative hint, not an uncertainty: {label}, of an image {statement}"
        case _:
            return f"Sample {number}, {statement}"
